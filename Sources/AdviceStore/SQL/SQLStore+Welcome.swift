public import AdviceCore

extension SQLStore {
    public func welcome(_ welcome: Welcome, now: Instant) throws(StoreError) {
        try write(now) { () throws(StoreError) in
            let joiners = try database.query(
                """
                SELECT j.subscriber, s.id, j.moved FROM joiner j JOIN subscriber s ON s.number = j.subscriber
                WHERE j.cohort = $1 ORDER BY j.subscriber
                """, [.integer(welcome.cohort)])
            if !joiners.isEmpty {
                let points = try released(in: welcome)
                for row in joiners {
                    guard let subscriber = row[0].integer, let id = row[1].text else { continue }
                    let owed = try owed(points, to: subscriber, hasMoved: row[2].integer == 1, welcome)
                    try owe(
                        owed.map(\.release), to: subscriber, id, areArrears: true,
                        notBefore: welcome.notBefore, now: now)
                }
            }
            try database.query("DELETE FROM joiner WHERE cohort = $1", [.integer(welcome.cohort)])
        }
    }

    private struct ReleasedPoint {
        var id: String
        var release: ReleaseRow
    }

    /// The cohort's points that went out, in order, each with the newest text that was released of it.
    private func released(in welcome: Welcome) throws(StoreError) -> [ReleasedPoint] {
        let withdrawn = try withdrawn(welcome.series, welcome.edition)
        let ledger = try database.ledger(welcome.series, welcome.edition, welcome.cohort)
        var points: [ReleasedPoint] = []
        for row in ledger.rows where row.kind != .missed && !withdrawn.contains(row.point) {
            // An inherited row has no text of its own: another cohort's is the same.
            let found = try database.query(
                """
                SELECT number FROM release WHERE series = $1 AND edition = $2 AND point = $3
                    AND kind IN ('released', 'rerelease')
                ORDER BY cohort = $4 DESC, revision DESC, number LIMIT 1
                """,
                [
                    .text(welcome.series), .text("\(welcome.edition)"), .text(row.point),
                    .integer(welcome.cohort),
                ])
            guard let number = found.first?[0].integer else { continue }
            points.append(ReleasedPoint(id: row.point, release: try releaseRow(number)))
        }
        return points
    }

    private func withdrawn(_ series: String, _ edition: Edition) throws(StoreError) -> [String] {
        let key = edition.shadow ? series + ".shadow" : series
        let rows = try database.query("SELECT details FROM series WHERE id = $1", [.text(key)])
        guard let details = rows.first?[0].text else { return [] }
        return try RosterText.details(details).withdrawn
    }

    private func owed(
        _ points: [ReleasedPoint], to subscriber: Int64, hasMoved: Bool, _ welcome: Welcome
    ) throws(StoreError) -> [ReleasedPoint] {
        if hasMoved {
            let known = try pointsBefore(subscriber, welcome)
            return points.filter { !known.contains($0.id) }
        }
        switch welcome.join {
        case .next: return []
        case .latest: return try notHad(Array(points.suffix(1)), by: subscriber)
        case .all, .fromStart: return try notHad(points, by: subscriber)
        }
    }

    /// Those points that were not released to the subscriber in an earlier membership, as far as only that is
    /// left to tell: deliveries of then are pruned.
    private func notHad(
        _ points: [ReleasedPoint], by subscriber: Int64
    ) throws(StoreError) -> [ReleasedPoint] {
        let statement = try database.statement(
            """
            SELECT 1 FROM release o WHERE o.number = $1 AND \(SQLStore.wasOwed(
                "r.series = o.series AND r.edition = o.edition AND r.point = o.point", by: "$2"))
            """)
        var owed: [ReleasedPoint] = []
        for point in points {
            statement.bind(1, point.release.info.number)
            statement.bind(2, subscriber)
            defer { statement.reset() }
            if try !statement.step() { owed.append(point) }
        }
        return owed
    }

    /// What had gone out, or was passed over, in the cohorts that the subscriber was in, up to when it left.
    private func pointsBefore(
        _ subscriber: Int64, _ welcome: Welcome
    ) throws(StoreError) -> Set<String> {
        let rows = try database.query(
            """
            SELECT DISTINCT r.point FROM member m CROSS JOIN release r ON r.cohort = m.cohort
            WHERE m.subscriber = $1 AND m.active_until IS NOT NULL AND r.series = $2 AND r.edition = $3
                AND r.kind IN ('released', 'missed', 'inherited')
                AND (r.cut IS NULL OR r.cut < m.active_until)
            """,
            [.integer(subscriber), .text(welcome.series), .text("\(welcome.edition)")])
        return Set(rows.compactMap { $0[0].text })
    }
}
