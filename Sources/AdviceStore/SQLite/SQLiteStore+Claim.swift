public import AdviceCore

extension SQLiteStore {
    public func claim(limit: Int, now: Instant) throws(StoreError) -> Claim {
        var claim = Claim()
        try claimRows(limit: limit, now: now, into: &claim)
        try claimBatches(limit: limit, now: now, into: &claim)
        return claim
    }

    // MARK: Deliveries that have a row

    /// Takes what is waiting and due, oldest first, and looks one further for `nextDue`.
    private func claimRows(limit: Int, now: Instant, into claim: inout Claim) throws(StoreError) {
        let statement = try connection.statement(
            """
            SELECT \(ClaimRow.columns(isMember: "false", now: "$1")), d.slot, d.subject, d.release,
                d.attempts, d.gone_at, d.next_attempt_at, d.due_at
            FROM delivery d CROSS JOIN subject j ON j.number = d.subject
                CROSS JOIN subscriber s ON s.number = d.subscriber
                LEFT JOIN endpoint e ON e.subscriber = s.number
            WHERE d.state = 0 ORDER BY d.next_attempt_at
            """)
        statement.bind(1, now.nanoseconds)
        defer { statement.reset() }
        while try statement.step() {
            let key = DeliveryKey(subject: statement.integer(13), subscriber: statement.integer(0))
            if inFlight[key] != nil { continue }
            let due = Instant(nanoseconds: statement.integer(17))
            guard due <= now, claim.deliveries.count < limit else {
                claim.see(due: due)
                return
            }
            let release = try releaseRow(statement.integer(14))
            let row = ClaimRow(statement)
            let dueAt = statement.optionalInteger(18).map(Instant.init(nanoseconds:))
            inFlight.take(key, InFlight.Delivery(slot: statement.integer(12), fingerprint: row.fingerprint))
            claim.deliveries.append(
                ClaimedDelivery(
                    key: key, batch: nil, release: release.info, subscriberID: row.id,
                    attempts: Int(statement.integer(15)), due: dueAt ?? release.info.releasedAt,
                    isArrears: dueAt != nil,
                    replaces: try replaced(by: release, statement.integer(12), statement.integer(0)),
                    goneAt: statement.optionalInteger(16).map(Instant.init(nanoseconds:)),
                    standing: row.standing, endpoint: try row.endpoint()))
        }
    }

    // MARK: Batches

    private func claimBatches(limit: Int, now: Instant, into claim: inout Claim) throws(StoreError) {
        let statement = try connection.statement(
            "SELECT number, release, first_hash, last_hash, due, audience FROM batch ORDER BY due, number")
        var earlier: [Int64: [Int64]] = [:]
        defer { statement.reset() }
        while try statement.step() {
            let number = statement.integer(0)
            if inFlight.holds(batch: number) { continue }
            let release = try releaseRow(statement.integer(1))
            let range = statement.integer(2)...statement.integer(3)
            let due = Instant(nanoseconds: statement.integer(4))
            // A batch behind an unfinished one waits for a record, not for the clock.
            let isCorrection = statement.integer(5) == 1
            if !isCorrection, try isBlocked(range, of: release, &earlier) { continue }
            guard due <= now, claim.deliveries.count < limit else {
                claim.see(due: due)
                return
            }
            let count = claim.deliveries.count
            if isCorrection {
                try claimReceivers(of: number, range, release, due: due, now: now, into: &claim)
            } else {
                try claimMembers(of: number, range, release, due: due, now: now, into: &claim)
            }
            claim.batches.append(Claim.Batch(number: number, count: claim.deliveries.count - count))
        }
    }

    /// Whether an earlier release of the same cohort has an unfinished batch for some of the same members.
    /// `earlier` remembers, for this claim, which releases those are.
    private func isBlocked(
        _ range: ClosedRange<Int64>, of release: ReleaseRow, _ earlier: inout [Int64: [Int64]]
    ) throws(StoreError) -> Bool {
        let releases: [Int64]
        if let known = earlier[release.info.number] {
            releases = known
        } else {
            releases = try connection.query(
                """
                SELECT r.number FROM release r
                WHERE r.series = $3 AND r.cohort = $1 AND r.number < $2
                    AND EXISTS (SELECT 1 FROM batch b WHERE b.release = r.number AND b.audience = 0)
                """,
                [.integer(release.cohort), .integer(release.info.number), .text(release.info.series)]
            ).compactMap { $0[0].integer }
            earlier[release.info.number] = releases
        }
        // The batches of one release do not overlap, so the last that begins before our end is the one to
        // look at.
        let before = try connection.statement(
            """
            SELECT last_hash FROM batch WHERE release = $1 AND first_hash <= $2
            ORDER BY first_hash DESC LIMIT 1
            """)
        for release in releases {
            before.bind(1, release)
            before.bind(2, range.upperBound)
            defer { before.reset() }
            if try before.step(), before.integer(0) >= range.lowerBound { return true }
        }
        return false
    }

    /// The members that a batch is for, less those who have a row, by slot hash.
    private func claimMembers(
        of batch: Int64, _ range: ClosedRange<Int64>, _ release: ReleaseRow, due: Instant, now: Instant,
        into claim: inout Claim
    ) throws(StoreError) {
        // Only a new edition that --rebase has made looks at what went out in the one before.
        // Of a corrected point somebody may have had another text, from another cohort.
        let hadOther =
            release.hasRevisions
            ? """
            AND NOT EXISTS (SELECT 1 FROM subject v JOIN delivery d ON d.subject = v.number
                AND d.slot = m.slot_hash >> \(Schema.slotShift) AND d.subscriber = m.subscriber
                WHERE v.type = j.type AND v.series = j.series AND v.edition = j.edition
                    AND (v.subject = $7 OR v.subject LIKE $7 || '.%'))
            """ : ""
        let others = release.hasRevisions ? try subjects(ofPointOf: release) : []
        let hadEarlier =
            release.isRebased
            ? """
            AND NOT EXISTS (SELECT 1 FROM earlier p JOIN delivery d ON d.subject = p.subject
                AND d.slot = m.slot_hash >> \(Schema.slotShift) AND d.subscriber = m.subscriber
                WHERE p.release = \(release.info.number) AND d.state IN (0, 1, 2))
            """ : ""
        let statement = try connection.statement(
            """
            SELECT \(ClaimRow.columns(isMember: "m.active_until IS NULL", now: "$6")),
                m.slot_hash >> \(Schema.slotShift), \(SQLiteStore.isBehind("m.subscriber", "j.series"))
            FROM member m CROSS JOIN subscriber s ON s.number = m.subscriber
                CROSS JOIN subject j ON j.number = $5
                LEFT JOIN endpoint e ON e.subscriber = s.number
            WHERE m.cohort = $1 AND m.slot_hash BETWEEN $2 AND $3 AND m.active_from <= $4
                AND (m.active_until IS NULL OR m.active_until > $4)
                AND NOT EXISTS (SELECT 1 FROM delivery d WHERE d.subject = $5
                    AND d.slot = m.slot_hash >> \(Schema.slotShift) AND d.subscriber = m.subscriber)
                \(hadEarlier) \(hadOther)
            ORDER BY m.slot_hash, m.subscriber
            """)
        statement.bind(1, release.cohort)
        statement.bind(2, range.lowerBound)
        statement.bind(3, range.upperBound)
        statement.bind(4, release.cut)
        statement.bind(5, release.subject)
        statement.bind(6, now.nanoseconds)
        if release.hasRevisions { statement.bind(7, release.point) }
        inFlight.take(batch: batch)
        try statement.walk { () throws(StoreError) in
            let row = ClaimRow(statement)
            let key = DeliveryKey(subject: release.subject, subscriber: row.subscriber)
            if others.contains(where: {
                inFlight[DeliveryKey(subject: $0, subscriber: row.subscriber)] != nil
            }) {
                return true
            }
            // Who moved between cohorts can be owed the same point by both.
            if inFlight[key] != nil { return true }
            inFlight.take(
                key,
                InFlight.Delivery(slot: statement.integer(12), batch: batch, fingerprint: row.fingerprint))
            claim.deliveries.append(
                ClaimedDelivery(
                    key: key, batch: batch, release: release.info, subscriberID: row.id, attempts: 0,
                    due: due,
                    standing: row.standing == .active && statement.integer(13) == 1 ? .behind : row.standing,
                    endpoint: try row.endpoint()))
            return true
        }
    }

    /// The subjects of a point's texts.
    private func subjects(ofPointOf release: ReleaseRow) throws(StoreError) -> [Int64] {
        try connection.query(
            """
            SELECT number FROM subject WHERE type = $1 AND series = $2 AND edition = $3
                AND (subject = $4 OR subject LIKE $4 || '.%')
            """,
            [
                .text(release.info.type), .text(release.info.series), .text(release.info.edition),
                .text(release.point),
            ]
        ).compactMap { $0[0].integer }
    }

    /// Those in the range who had, or may have had, an earlier revision of what the batch corrects: the
    /// newest that each of them had is what it replaces.
    private func claimReceivers(
        of batch: Int64, _ range: ClosedRange<Int64>, _ release: ReleaseRow, due: Instant, now: Instant,
        into claim: inout Claim
    ) throws(StoreError) {
        let statement = try connection.statement(
            """
            SELECT \(ClaimRow.columns(isMember: "false", now: "$6")), d.slot, v.type, v.subject
            FROM release r CROSS JOIN delivery d ON d.subject = r.subject AND d.slot BETWEEN $2 AND $3
                AND d.release = r.number
                CROSS JOIN subscriber s ON s.number = d.subscriber
                CROSS JOIN subject j ON j.number = $5 CROSS JOIN subject v ON v.number = r.subject
                LEFT JOIN endpoint e ON e.subscriber = s.number
            WHERE \(SQLiteStore.isPrior(to: "$4")) AND \(SQLiteStore.mayHaveArrived)
                AND NOT EXISTS (SELECT 1 FROM delivery x WHERE x.subject = $5 AND x.slot = d.slot
                    AND x.subscriber = d.subscriber)
                AND $1 IS NOT NULL
            ORDER BY d.slot, d.subscriber, r.revision DESC
            """)
        statement.bind(1, batch)
        statement.bind(2, range.lowerBound >> Schema.slotShift)
        statement.bind(3, range.upperBound >> Schema.slotShift)
        statement.bind(4, release.info.number)
        statement.bind(5, release.subject)
        statement.bind(6, now.nanoseconds)
        inFlight.take(batch: batch)
        try statement.walk { () throws(StoreError) in
            let row = ClaimRow(statement)
            let key = DeliveryKey(subject: release.subject, subscriber: row.subscriber)
            if inFlight[key] != nil { return true }
            inFlight.take(
                key,
                InFlight.Delivery(slot: statement.integer(12), batch: batch, fingerprint: row.fingerprint))
            claim.deliveries.append(
                ClaimedDelivery(
                    key: key, batch: batch, release: release.info, subscriberID: row.id, attempts: 0,
                    due: due,
                    replaces: .init(type: statement.text(13), subject: statement.text(14)),
                    standing: row.standing, endpoint: try row.endpoint()))
            return true
        }
    }

    /// What a correction that has a row of its own replaces for its subscriber; nil for a release.
    private func replaced(
        by release: ReleaseRow, _ slot: Int64, _ subscriber: Int64
    ) throws(StoreError) -> ClaimedDelivery.Replaced? {
        guard release.kind == .correction else { return nil }
        let rows = try connection.query(
            """
            SELECT v.type, v.subject FROM release r CROSS JOIN delivery d ON d.subject = r.subject
                AND d.slot = $2 AND d.subscriber = $3 AND d.release = r.number
                CROSS JOIN subject v ON v.number = r.subject
            WHERE \(SQLiteStore.isPrior(to: "$1")) AND \(SQLiteStore.mayHaveArrived)
            ORDER BY r.revision DESC LIMIT 1
            """, [.integer(release.info.number), .integer(slot), .integer(subscriber)])
        guard let row = rows.first, let type = row[0].text, let subject = row[1].text else { return nil }
        return .init(type: type, subject: subject)
    }

    // MARK: Releases

    /// Kept, for it never changes; there are few that anything is still due of.
    func releaseRow(_ number: Int64) throws(StoreError) -> ReleaseRow {
        if let row = releases[number] { return row }
        let rows = try connection.query(
            """
            SELECT r.series, r.edition, r.point, r.point_number, r.released_at, r.scheduled_for, r.cohort,
                r.cut, r.subject, j.type, r.kind, r.revision, j.subject,
                EXISTS (SELECT 1 FROM earlier p WHERE p.release = r.number),
                EXISTS (SELECT 1 FROM release x WHERE x.series = r.series AND x.edition = r.edition
                    AND x.cohort = r.cohort AND x.point = r.point AND x.revision > r.revision
                    AND x.kind = 'correction'),
                EXISTS (SELECT 1 FROM release x WHERE x.series = r.series AND x.edition = r.edition
                    AND x.point = r.point AND x.revision <> r.revision)
            FROM release r JOIN subject j ON j.number = r.subject WHERE r.number = $1
            """, [.integer(number)])
        guard let row = rows.first.flatMap({ ReleaseRow(number: number, columns: $0) }) else {
            throw .internalFault("there is no release \(number)")
        }
        if releases.count == 256 { releases = [:] }
        releases[number] = row
        return row
    }
}

/// A release as claims and records need it.
struct ReleaseRow {
    /// Of a point as it goes out; what corrects it has a type of its own.
    static let type = "advice.point.released"

    /// What a row of the table stands for, of those that somebody is sent.
    enum Kind: String {
        case released, correction
        /// A corrected text as the release, for those who never had the old one.
        case rerelease
    }

    var info: ReleaseInfo
    var kind: Kind
    var cohort: Int64
    /// It is for those who were members at this generation of the roster.
    var cut: Int64
    var subject: Int64
    /// The point's id, whatever the revision.
    var point: String
    /// Some may have had it in an edition that was left behind.
    var isRebased: Bool
    /// A correction of it was sent.
    var isSuperseded: Bool
    /// The point went out with another text too, here or in another cohort.
    var hasRevisions: Bool

    /// In the order of `releaseRow`'s query; nil where a column is not what it must be.
    fileprivate init?(number: Int64, columns: [SQLValue]) {
        guard let series = columns[0].text, let edition = columns[1].text, let point = columns[2].text,
            let pointNumber = columns[3].integer, let releasedAt = columns[4].integer,
            let scheduledFor = columns[5].integer, let cohort = columns[6].integer,
            let cut = columns[7].integer, let subject = columns[8].integer, let type = columns[9].text,
            let kind = columns[10].text.flatMap(Kind.init), let revision = columns[11].integer,
            let name = columns[12].text, let isRebased = columns[13].integer,
            let isSuperseded = columns[14].integer, let hasRevisions = columns[15].integer
        else { return nil }
        info = ReleaseInfo(
            number: number, type: type, series: series, edition: edition, subject: name,
            pointNumber: Int(pointNumber), releasedAt: Instant(nanoseconds: releasedAt),
            scheduledFor: Instant(nanoseconds: scheduledFor), cohort: cohort, revision: Int(revision))
        self.kind = kind
        self.cohort = cohort
        self.cut = cut
        self.subject = subject
        self.point = point
        self.isRebased = isRebased == 1
        self.isSuperseded = isSuperseded == 1
        self.hasRevisions = hasRevisions == 1
    }
}

/// The columns of a subscriber that is claimed for, of tables s, e and j. Those that few need are read late.
private struct ClaimRow {
    /// `isMember` is an expression that is true only of who is in the series now; where it is false, all of
    /// the subscriber's cohorts are looked through.
    static func columns(isMember: String, now: String) -> String {
        """
        s.number, s.id, s.url, s.secrets, s.format,
            s.paused OR (s.paused_from IS NOT NULL AND coalesce(s.paused_until > \(now), 1)), s.limit_key,
            s.shares_host, s.options,
            s.fingerprint, CASE WHEN \(isMember) THEN 1 ELSE EXISTS (
                SELECT 1 FROM member n CROSS JOIN cohort c ON c.number = n.cohort
                WHERE n.subscriber = s.number AND n.active_until IS NULL AND c.series = j.series) END,
            e.fingerprint IS NOT NULL AND e.fingerprint = s.fingerprint
        """
    }

    let statement: SQLiteStatement

    init(_ statement: SQLiteStatement) { self.statement = statement }

    var subscriber: Int64 { statement.integer(0) }
    var id: String { statement.text(1) }
    var fingerprint: Int64 { statement.integer(9) }

    var standing: ClaimedDelivery.Standing {
        if statement.integer(10) == 0 { return .removed }
        if statement.integer(11) == 1 { return .closed }
        return statement.integer(5) == 1 ? .paused : .active
    }

    func endpoint() throws(StoreError) -> Endpoint {
        guard let format = Format(rawValue: statement.text(4)) else {
            throw .damaged("'\(statement.text(4))' is no format: \(SQLiteConnection.howToGoOn)")
        }
        return Endpoint(
            url: try RosterText.value(statement.text(2)),
            secrets: try RosterText.values(statement.optionalText(3)), format: format,
            limitKey: statement.text(6), sharesHost: statement.integer(7) == 1,
            options: try RosterText.options(statement.optionalText(8)))
    }
}

extension Claim {
    /// Takes note of unclaimed work that is due at `instant`.
    mutating func see(due instant: Instant) {
        nextDue = min(nextDue ?? instant, instant)
    }
}
