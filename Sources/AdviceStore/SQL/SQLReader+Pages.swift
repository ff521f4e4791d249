import AdviceCore

/// What the pages, the feeds and the metrics read.
extension SQLReader {
    public func published(_ series: String) throws(StoreError) -> [PublishedRow] {
        let statement = try database.statement(
            """
            SELECT r.number, r.edition, r.point, j.type, r.revision, r.slot_date, r.scheduled_for,
                r.released_at
            FROM release r JOIN subject j ON j.number = r.subject
            WHERE r.series = $1 AND r.kind IN ('released', 'correction')
            ORDER BY r.released_at, r.number
            """)
        statement.bind([.text(series)])
        var rows: [PublishedRow] = []
        try statement.walk { () throws(StoreError) in
            let edition = try database.parsed(Edition.init, statement.text(1))
            if edition.shadow { return true }
            let kind: PublishedRow.Kind =
                switch statement.text(3) {
                case "advice.point.revised": .revised
                case "advice.point.withdrawn": .withdrawn
                default: .released
                }
            rows.append(
                PublishedRow(
                    release: statement.integer(0), edition: edition, point: statement.text(2), kind: kind,
                    revision: Int(statement.integer(4)),
                    slotDate: try database.parsed(CivilDate.init, statement.text(5)),
                    scheduledFor: Instant(nanoseconds: statement.integer(6)),
                    releasedAt: Instant(nanoseconds: statement.integer(7))))
            return true
        }
        return rows
    }

    public func neutralContent(_ release: Int64) throws(StoreError) -> [UInt8]? {
        let statement = try database.statement("SELECT neutral FROM content WHERE release = $1")
        statement.bind([.integer(release)])
        var bytes: [UInt8]?
        try statement.walk { () throws(StoreError) in
            bytes = statement.bytes(0)
            return false
        }
        return bytes
    }

    public func unhealthyEndpoints(limit: Int) throws(StoreError) -> [EndpointRow] {
        try database.query(
            """
            SELECT s.id, e.state, e.since, e.failures, e.failing_since FROM endpoint e
            JOIN subscriber s ON s.number = e.subscriber AND s.fingerprint = e.fingerprint
            WHERE e.state <> 'open' AND s.removed_at IS NULL ORDER BY s.id LIMIT $1
            """, [.integer(Int64(limit))]
        ).compactMap(EndpointRow.init)
    }

    public func pending() throws(StoreError) -> PendingCounts {
        try database.moment { () throws(StoreError) in
            var pending = PendingCounts()
            func count(_ state: DeliveryState) throws(StoreError) -> Int {
                let rows = try database.query(
                    "SELECT count(*) FROM delivery WHERE state = \(state.code)")
                return Int(rows.first?.first?.integer ?? 0)
            }
            pending.waiting = try count(.waiting) + owed()
            pending.held = try count(.held)
            pending.oldest = try database.query(
                """
                SELECT min(r.released_at) FROM release r WHERE r.number IN (
                    SELECT release FROM batch WHERE audience = 0
                    UNION SELECT release FROM delivery WHERE state IN (0, 2))
                """
            ).first?.first?.integer.map(Instant.init(nanoseconds:))
            return pending
        }
    }

    // MARK: The operator's listing

    public func grid(
        _ series: String, points count: Int, from place: PagePlace, limit: Int
    ) throws(StoreError) -> DeliveryGrid {
        try database.moment { () throws(StoreError) in
            var grid = DeliveryGrid(points: try columns(series, count), rows: [])
            for (number, id, isPaused) in try page(of: series, place, limit, &grid) {
                let slot = SlotHash(series: series, subscriber: id).slot
                var row = DeliveryGrid.Row(subscriber: id, isPaused: isPaused, cells: [])
                for column in grid.points { row.cells.append(try cell(column, slot, number)) }
                row.endpoint = try endpoint(of: number)
                grid.rows.append(row)
            }
            return grid
        }
    }

    /// The last points that went out, with all the subjects under which each did.
    private func columns(_ series: String, _ count: Int) throws(StoreError) -> [DeliveryGrid.Column] {
        let rows = try database.query(
            """
            SELECT r.edition, r.point, r.subject, min(r.point_number), min(r.slot_date),
                sum(CASE WHEN EXISTS (
                    SELECT 1 FROM batch b WHERE b.release = r.number AND b.audience = 0) THEN 1 ELSE 0 END),
                min(r.released_at)
            FROM release r JOIN subject j ON j.number = r.subject
            WHERE r.series = $1 AND j.type = 'advice.point.released'
            GROUP BY r.edition, r.point, r.subject ORDER BY min(r.released_at), r.subject
            """, [.text(series)])
        var columns: [DeliveryGrid.Column] = []
        for row in rows {
            guard let edition = row[0].text, let point = row[1].text, let subject = row[2].integer,
                let day = row[4].text
            else { continue }
            let isUnderWay = row[5].integer ?? 0 != 0
            if let known = columns.firstIndex(where: { $0.edition == edition && $0.point == point }) {
                columns[known].subjects.insert(subject, at: 0)
                columns[known].isUnderWay = columns[known].isUnderWay || isUnderWay
            } else {
                columns.append(
                    DeliveryGrid.Column(
                        edition: edition, point: point, number: Int(row[3].integer ?? 0),
                        day: try database.parsed(CivilDate.init, day), subjects: [subject],
                        isUnderWay: isUnderWay))
            }
        }
        return Array(columns.suffix(count))
    }

    /// So many subscribers from `place` on, in order of id, and whether there are others around them.
    private func page(
        of series: String, _ place: PagePlace, _ limit: Int, _ grid: inout DeliveryGrid
    ) throws(StoreError) -> [(number: Int64, id: String, isPaused: Bool)] {
        let (condition, order, id): (String, String, String)
        switch place {
        case .first: (condition, order, id) = ("CAST($2 AS TEXT) = ''", "ASC", "")
        case .after(let last): (condition, order, id) = ("s.id > $2", "ASC", last)
        case .before(let first): (condition, order, id) = ("s.id < $2", "DESC", first)
        }
        let rows = try database.query(
            """
            SELECT s.number, s.id, s.paused OR (s.paused_from IS NOT NULL AND s.paused_until IS NULL)
            FROM subscriber s
            WHERE \(condition) AND s.removed_at IS NULL AND EXISTS (
                SELECT 1 FROM member m JOIN cohort c ON c.number = m.cohort
                WHERE m.subscriber = s.number AND m.active_until IS NULL AND c.series = $1)
            ORDER BY s.id \(order) LIMIT $3
            """, [.text(series), .text(id), .integer(Int64(limit + 1))])
        var page: [(number: Int64, id: String, isPaused: Bool)] = []
        for row in rows.prefix(limit) {
            guard let number = row[0].integer, let id = row[1].text else { continue }
            page.append((number, id, row[2].integer == 1))
        }
        let isCut = rows.count > limit
        if case .before = place {
            page.reverse()
            (grid.hasEarlier, grid.hasMore) = (isCut, true)
        } else {
            (grid.hasEarlier, grid.hasMore) = (place != .first, isCut)
        }
        return page
    }

    private func cell(
        _ column: DeliveryGrid.Column, _ slot: Int64, _ subscriber: Int64
    ) throws(StoreError) -> DeliveryGrid.Cell? {
        let statement = try database.statement(
            """
            SELECT state, attempts, status, latency_ms, error, next_attempt_at FROM delivery
            WHERE subject = $1 AND slot = $2 AND subscriber = $3
            """)
        var cell: DeliveryGrid.Cell?
        for subject in column.subjects where cell == nil {
            statement.bind([.integer(subject), .integer(slot), .integer(subscriber)])
            try statement.walk { () throws(StoreError) in
                guard let state = DeliveryState(code: statement.integer(0)) else {
                    throw .damaged("\(database.path): a delivery is in no state that there is")
                }
                cell = DeliveryGrid.Cell(
                    state: state, attempts: Int(statement.integer(1)),
                    status: Int(statement.optionalInteger(2) ?? 0),
                    latency: statement.optionalInteger(3).map(Span.milliseconds),
                    error: statement.optionalText(4),
                    nextAttemptAt: statement.optionalInteger(5).map(Instant.init(nanoseconds:)))
                return false
            }
        }
        // Who has no row while the point is going out is about to get it.
        if cell == nil, column.isUnderWay {
            cell = DeliveryGrid.Cell(state: .waiting, attempts: 0, status: 0)
        }
        return cell
    }

    private func endpoint(of subscriber: Int64) throws(StoreError) -> EndpointRow? {
        try database.query(
            """
            SELECT s.id, e.state, e.since, e.failures, e.failing_since FROM endpoint e
            JOIN subscriber s ON s.number = e.subscriber AND s.fingerprint = e.fingerprint
            WHERE e.subscriber = $1
            """, [.integer(subscriber)]
        ).first.flatMap(EndpointRow.init)
    }
}

extension EndpointRow {
    /// From id, state, since, failures and the first failure.
    fileprivate init?(_ row: [SQLValue]) {
        guard let id = row[0].text, let state = row[1].text.flatMap(EndpointHealth.State.init),
            let since = row[2].integer
        else { return nil }
        self.init(
            subscriber: id, state: state, since: Instant(nanoseconds: since),
            failures: Int(row[3].integer ?? 0),
            failingSince: row[4].integer.map(Instant.init(nanoseconds:)))
    }
}
