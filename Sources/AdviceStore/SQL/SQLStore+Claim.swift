import AdviceCore

extension SQLStore {
    // MARK: Deliveries that have a row

    /// The columns of a delivery's row that is claimed.
    static let claimedRow = """
        SELECT \(ClaimRow.columns(member: nil)), d.slot, d.subject, d.release,
            d.attempts, d.gone_at, d.next_attempt_at, d.due_at, y.number, y.ids, d.error
        FROM delivery d CROSS JOIN subject j ON j.number = d.subject
            CROSS JOIN subscriber s ON s.number = d.subscriber
            CROSS JOIN release r ON r.number = d.release
            LEFT JOIN endpoint e ON e.subscriber = s.number AND e.fingerprint = s.fingerprint
            LEFT JOIN replay y ON y.subject = d.subject AND y.slot = d.slot AND y.subscriber = d.subscriber
        """

    /// The key of a row that `claimedRow` gives, with its slot.
    static func place(of row: any SQLStatement) -> (key: DeliveryKey, slot: Int64) {
        let key = DeliveryKey(subject: row.integer(ClaimRow.count + 1), subscriber: row.integer(0))
        return (key: key, slot: row.integer(ClaimRow.count))
    }

    func takeRow(_ statement: any SQLStatement, into claim: inout Claim) throws(StoreError) {
        let first = ClaimRow.count
        let row = ClaimRow(statement)
        let key = DeliveryKey(subject: statement.integer(first + 1), subscriber: row.subscriber)
        let release = try releaseRow(statement.integer(first + 2))
        let slot = statement.integer(first)
        let dueAt = statement.optionalInteger(first + 6).map(Instant.init(nanoseconds:))
        // Of what was taken from a batch another may have made a row meanwhile.
        guard inFlight[key] == nil else { return }
        let replay = statement.optionalInteger(first + 7) ?? 0
        inFlight.take(key, InFlight.Delivery(slot: slot, fingerprint: row.fingerprint, replay: replay))
        var delivery = ClaimedDelivery(
            key: key, batch: nil, release: release.info, subscriberID: row.id,
            attempts: Int(statement.integer(first + 3)), due: dueAt ?? release.info.releasedAt,
            isArrears: dueAt != nil, replaces: try replaced(by: release, slot, row.subscriber),
            goneAt: statement.optionalInteger(first + 4).map(Instant.init(nanoseconds:)),
            standing: release.kind == .alert ? row.alertStanding : row.standing, endpoint: try row.endpoint())
        delivery.release = release.info.named(
            Replay.subject(release.info.subject, count: statement.optionalInteger(first + 8) ?? 0))
        row.complete(&delivery)
        delivery.hasCrashed = statement.optionalText(first + 9) == ClaimedDelivery.crashed
        // What has a row that waits is the one of the day.
        if delivery.standing == .suspended { delivery.standing = .probe }
        claim.deliveries.append(delivery)
    }

    // MARK: Batches

    /// The members that a batch is for, less those who have a row, by slot hash.
    func claimMembers(
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
                    AND (v.subject = $6 OR v.subject LIKE $6 || '.%'))
            """ : ""
        let others = release.hasRevisions ? try subjects(ofPointOf: release) : []
        let number = release.hasRevisions ? "$7" : "$6"
        let slot = "m.slot_hash >> \(Schema.slotShift)"
        let hadEarlier =
            release.isRebased ? "AND NOT " + SQLStore.hadEarlier(number, slot, "m.subscriber") : ""
        let look = try whatToLookAt(range, release)
        let statement = try database.statement(
            """
            SELECT \(look.columns),
                m.slot_hash >> \(Schema.slotShift), \(look.behind)
            FROM member m CROSS JOIN subscriber s ON s.number = m.subscriber
                \(release.hasRevisions ? "CROSS JOIN subject j ON j.number = $5" : "") \(look.endpoint)
            WHERE m.cohort = $1 AND m.slot_hash BETWEEN $2 AND $3 AND m.active_from <= $4
                AND (m.active_until IS NULL OR m.active_until > $4) \(look.rows)
                \(look.pruned) \(hadEarlier) \(hadOther)
            ORDER BY m.slot_hash, m.subscriber
            """)
        statement.bind(1, release.cohort)
        statement.bind(2, range.lowerBound)
        statement.bind(3, range.upperBound)
        statement.bind(4, release.cut)
        statement.bind(5, release.subject)
        if release.hasRevisions { statement.bind(6, release.point) }
        if release.isRebased { statement.bind(release.hasRevisions ? 7 : 6, release.info.number) }
        inFlight.take(batch: batch)
        var taken = 0
        defer { inFlight.count(taken, of: batch) }
        try statement.walk { () throws(StoreError) in
            let row = ClaimRow(statement)
            let key = DeliveryKey(subject: release.subject, subscriber: row.subscriber)
            if !others.isEmpty,
                others.contains(where: {
                    inFlight[DeliveryKey(subject: $0, subscriber: row.subscriber)] != nil
                })
            {
                return true
            }
            // Who moved between cohorts can be owed the same point by both.
            let out = InFlight.Delivery(
                slot: statement.integer(ClaimRow.count), batch: batch, fingerprint: row.fingerprint)
            guard inFlight.takeNew(key, out) else { return true }
            taken += 1
            let isBehind = row.standing == .active && statement.integer(ClaimRow.count + 1) == 1
            // Completed where it is: a copy of it is ten counted references.
            claim.deliveries.append(
                ClaimedDelivery(
                    key: key, batch: batch, release: release.info, subscriberID: row.id, attempts: 0,
                    due: due, standing: isBehind ? .behind : row.standing, endpoint: try row.endpoint()))
            row.complete(&claim.deliveries[claim.deliveries.count - 1])
            return true
        }
    }

    /// The series of a batch's release, whose subject is $5.
    private static let batchSeries = "(SELECT i.series FROM subject i WHERE i.number = $5)"

    /// What a batch's claim looks at beside the members: nothing of what the tables have no row of. Three
    /// questions for the batch save three look-ups for each member.
    private struct Look {
        var behind = "0"
        var columns = ""
        var endpoint = ""
        var rows = ""
        var pruned = ""
    }

    private func whatToLookAt(
        _ range: ClosedRange<Int64>, _ release: ReleaseRow
    ) throws(StoreError) -> Look {
        let found = try database.statement(
            """
            SELECT EXISTS (SELECT 1 FROM delivery WHERE state IN (0, 2)), EXISTS (SELECT 1 FROM endpoint),
                EXISTS (SELECT 1 FROM delivery WHERE subject = $1 AND slot BETWEEN $2 AND $3),
                EXISTS (SELECT 1 FROM release WHERE subject = $1 AND cohort <> $4
                    AND released_at < \(SQLStore.prunedBefore))
            """)
        found.bind(1, release.subject)
        found.bind(2, range.lowerBound >> Schema.slotShift)
        found.bind(3, range.upperBound >> Schema.slotShift)
        found.bind(4, release.cohort)
        defer { found.reset() }
        guard try found.step() else { throw .internalFault("a question had no answer") }
        var look = Look()
        if found.integer(0) == 1 { look.behind = SQLStore.isBehind("m.subscriber", SQLStore.batchSeries) }
        let hasEndpoint = found.integer(1) == 1
        look.columns = ClaimRow.columns(
            member: "m", series: SQLStore.batchSeries, hasEndpoint: hasEndpoint)
        if hasEndpoint {
            look.endpoint =
                "LEFT JOIN endpoint e ON e.subscriber = s.number AND e.fingerprint = s.fingerprint"
        }
        if found.integer(2) == 1 {
            look.rows = """
                AND NOT EXISTS (SELECT 1 FROM delivery d WHERE d.subject = $5
                    AND d.slot = m.slot_hash >> \(Schema.slotShift) AND d.subscriber = m.subscriber)
                """
        }
        // Who came from another cohort may have had it there, and of that only the membership is left.
        if found.integer(3) == 1 {
            look.pruned =
                "AND NOT " + SQLStore.wasOwed("r.subject = $5 AND r.cohort <> $1", by: "m.subscriber")
        }
        return look
    }

    /// The subjects of a point's texts.
    private func subjects(ofPointOf release: ReleaseRow) throws(StoreError) -> [Int64] {
        try database.query(
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
    func claimReceivers(
        of batch: Int64, _ range: ClosedRange<Int64>, _ release: ReleaseRow, due: Instant, now: Instant,
        into claim: inout Claim
    ) throws(StoreError) {
        let statement = try database.statement(
            """
            SELECT \(ClaimRow.columns(member: nil)), d.slot, v.type, \(SQLStore.sentAs), r.subject
            FROM \(SQLStore.priors(to: "$4")) CROSS JOIN delivery d
                ON d.subject = r.subject AND d.slot BETWEEN $2 AND $3 AND d.release = r.number
                CROSS JOIN subscriber s ON s.number = d.subscriber
                CROSS JOIN subject j ON j.number = $1 CROSS JOIN subject v ON v.number = r.subject
                LEFT JOIN endpoint e ON e.subscriber = s.number AND e.fingerprint = s.fingerprint
            WHERE \(SQLStore.mayHaveArrived) \(notOwned)
                AND NOT EXISTS (SELECT 1 FROM delivery x WHERE x.subject = $1 AND x.slot = d.slot
                    AND x.subscriber = d.subscriber)
            ORDER BY d.slot, d.subscriber, r.revision DESC
            """)
        statement.bind(1, release.subject)
        statement.bind(2, range.lowerBound >> Schema.slotShift)
        statement.bind(3, range.upperBound >> Schema.slotShift)
        statement.bind(4, release.info.number)
        inFlight.take(batch: batch)
        try statement.walk { () throws(StoreError) in
            let row = ClaimRow(statement)
            let key = DeliveryKey(subject: release.subject, subscriber: row.subscriber)
            if inFlight[key] != nil { return true }
            // What is on the wire just now is followed when its answer is in.
            let prior = DeliveryKey(
                subject: statement.integer(ClaimRow.count + 3), subscriber: row.subscriber)
            if inFlight[prior] != nil { return true }
            inFlight.take(
                key,
                InFlight.Delivery(
                    slot: statement.integer(ClaimRow.count), batch: batch, fingerprint: row.fingerprint))
            var delivery = ClaimedDelivery(
                key: key, batch: batch, release: release.info, subscriberID: row.id, attempts: 0, due: due,
                replaces: .init(
                    type: statement.text(ClaimRow.count + 1), subject: statement.text(ClaimRow.count + 2)),
                standing: row.standing, endpoint: try row.endpoint())
            row.complete(&delivery)
            claim.deliveries.append(delivery)
            return true
        }
    }

    /// What a correction that has a row of its own replaces for its subscriber; nil for a release.
    private func replaced(
        by release: ReleaseRow, _ slot: Int64, _ subscriber: Int64
    ) throws(StoreError) -> ClaimedDelivery.Replaced? {
        guard release.kind == .correction else { return nil }
        let rows = try database.query(
            """
            SELECT v.type, \(SQLStore.sentAs) FROM \(SQLStore.priors(to: "$1")) CROSS JOIN delivery d
                ON d.subject = r.subject AND d.slot = $2 AND d.subscriber = $3 AND d.release = r.number
                CROSS JOIN subject v ON v.number = r.subject
            WHERE \(SQLStore.mayHaveArrived)
            ORDER BY r.revision DESC LIMIT 1
            """, [.integer(release.info.number), .integer(slot), .integer(subscriber)])
        guard let row = rows.first, let type = row[0].text, let subject = row[1].text else { return nil }
        return .init(type: type, subject: subject)
    }

    // MARK: Releases

    /// Kept, for it never changes; there are few that anything is still due of.
    func releaseRow(_ number: Int64) throws(StoreError) -> ReleaseRow {
        if let row = lastRelease, row.info.number == number { return row }
        if let row = releases[number] {
            lastRelease = row
            return row
        }
        let rows = try database.query(
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
        lastRelease = row
        return row
    }
}

/// A release as claims and records need it. One object for all that is looked at of it.
final class ReleaseRow {
    /// Of a point as it goes out; what corrects it has a type of its own.
    static let type = "advice.point.released"

    /// What a row of the table stands for, of those that somebody is sent.
    enum Kind: String {
        case released, correction
        /// To operators: of no series.
        case alert
        /// A corrected text as the release, for those who never had the old one.
        case rerelease
    }

    let info: ReleaseInfo
    let kind: Kind
    let cohort: Int64
    /// It is for those who were members at this generation of the roster.
    let cut: Int64
    let subject: Int64
    /// The point's id, whatever the revision.
    let point: String
    /// Some may have had it in an edition that was left behind.
    let isRebased: Bool
    /// A correction of it was sent.
    let isSuperseded: Bool
    /// The point went out with another text too, here or in another cohort.
    let hasRevisions: Bool

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
    /// The cohort in which the subscriber is now is that of `member`, a table's name, where it is active
    /// there; else all of its cohorts of `series` are looked through. Without `hasEndpoint` all are healthy,
    /// and there is no table e.
    static func columns(
        member: String?, series: String = "j.series", hasEndpoint: Bool = true
    ) -> String {
        let looked = """
            (SELECT n.cohort FROM member n CROSS JOIN cohort c ON c.number = n.cohort
                WHERE n.subscriber = s.number AND n.active_until IS NULL AND c.series = \(series))
            """
        let health = ["state", "failing_since", "failures", "refusals", "probe_at"].map {
            hasEndpoint ? "e.\($0)" : "NULL"
        }
        let cohort =
            member.map { "CASE WHEN \($0).active_until IS NULL THEN \($0).cohort ELSE \(looked) END" }
            ?? looked
        return """
            s.number, s.id, s.url, s.secrets, s.format,
                s.paused OR (s.paused_from IS NOT NULL AND s.paused_until IS NULL), s.limit_key,
                s.shares_host, s.options, s.fingerprint, \(cohort), \(health[0]), s.paused_until,
                \(health.dropFirst().joined(separator: ", ")), s.removed_at IS NOT NULL
            """
    }

    /// How many there are: what a statement selects besides comes after them.
    static let count: Int32 = 18

    let statement: any SQLStatement
    let health: EndpointHealth

    init(_ statement: any SQLStatement) {
        self.statement = statement
        health = ClaimRow.health(statement)
    }

    var subscriber: Int64 { statement.integer(0) }
    var id: String { statement.text(1) }
    var fingerprint: Int64 { statement.integer(9) }

    var standing: ClaimedDelivery.Standing {
        if statement.optionalInteger(10) == nil { return .removed }
        return statement.integer(5) == 1 && health.state != .closed ? .paused : endpointStanding
    }

    /// Alerts go to people, whatever series those are in and whether their points are paused.
    var alertStanding: ClaimedDelivery.Standing {
        statement.integer(17) == 1 ? .removed : endpointStanding
    }

    private var endpointStanding: ClaimedDelivery.Standing {
        switch health.state {
        case .open: .active
        case .suspended, .unconfirmed: .suspended
        case .closed: .closed
        }
    }

    private static func health(_ statement: any SQLStatement) -> EndpointHealth {
        guard let state = statement.optionalText(11).flatMap(EndpointHealth.State.init) else {
            return .healthy
        }
        return EndpointHealth(
            state: state, failingSince: statement.optionalInteger(13).map(Instant.init(nanoseconds:)),
            failures: Int(statement.integer(14)), refusals: Int(statement.integer(15)),
            probeAt: statement.optionalInteger(16).map(Instant.init(nanoseconds:)))
    }

    /// What few deliveries have.
    func complete(_ delivery: inout ClaimedDelivery) {
        delivery.memberCohort = statement.optionalInteger(10)
        delivery.pausedUntil = statement.optionalText(12).flatMap { CivilDate($0) }
        delivery.health = health
    }

    /// The commonest without a string.
    private func format() throws(StoreError) -> Format {
        let name = statement.utf8(4)
        if name.elementsEqual(Format.standard.rawValue.utf8) { return .standard }
        guard let format = Format(rawValue: String(decoding: name, as: UTF8.self)) else {
            throw .damaged("'\(statement.text(4))' is no format: \(RosterText.howToGoOn)")
        }
        return format
    }

    func endpoint() throws(StoreError) -> Endpoint {
        return Endpoint(
            url: try RosterText.value(statement.text(2)),
            secrets: try statement.isNull(3) ? [] : RosterText.values(statement.utf8(3)),
            format: try format(),
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
