import AdviceCore

/// What is handed out where one daemon has the database: what is out is known in memory.
extension SQLiteStore {
    // MARK: Endpoints that take nothing

    /// Those for which something is held and nothing waits, in the order in which they are to be tried.
    static let probes = """
        SELECT e.subscriber, e.probe_at FROM endpoint e
            CROSS JOIN subscriber s ON s.number = e.subscriber AND s.fingerprint = e.fingerprint
        WHERE \(SQLStore.isProbed) ORDER BY e.probe_at
        """

    /// Of each endpoint whose time has come, the oldest that is held: that one is tried (R17).
    func claimProbes(limit: Int, now: Instant, into claim: inout Claim) throws(StoreError) {
        guard holdsSome else { return }
        let due = try database.statement(SQLiteStore.probes)
        var subscribers: [Int64] = []
        try due.walk { () throws(StoreError) in
            let at = Instant(nanoseconds: due.integer(1))
            guard at <= now, claim.deliveries.count + subscribers.count < limit else {
                claim.see(due: at)
                return false
            }
            subscribers.append(due.integer(0))
            return true
        }
        let oldest = try database.statement(
            """
            \(SQLStore.claimedRow)
            WHERE d.subscriber = $1 AND d.state = \(DeliveryState.held.code)
            ORDER BY r.slot_date, r.sequence, r.number LIMIT 1
            """)
        for subscriber in subscribers where inFlight.subjects(of: subscriber).isEmpty {
            oldest.bind(1, subscriber)
            defer { oldest.reset() }
            if try oldest.step() { try takeRow(oldest, into: &claim) }
        }
    }

    // MARK: Deliveries that have a row

    /// Takes what is waiting and due, oldest first, and looks one further for `nextDue`.
    func claimRows(limit: Int, now: Instant, into claim: inout Claim) throws(StoreError) {
        // What is in flight is due too, and walked over each time: by keys alone, which are all in the index.
        let keys = try database.statement(
            "SELECT subject, subscriber, next_attempt_at, slot FROM delivery WHERE state = 0 ORDER BY 3")
        let row = try database.statement(
            "\(SQLStore.claimedRow) WHERE d.subject = $1 AND d.slot = $2 AND d.subscriber = $3")
        defer { keys.reset() }
        while try keys.step() {
            let key = DeliveryKey(subject: keys.integer(0), subscriber: keys.integer(1))
            if inFlight[key] != nil { continue }
            let due = Instant(nanoseconds: keys.integer(2))
            guard due <= now, claim.deliveries.count < limit else {
                claim.see(due: due)
                return
            }
            row.bind(1, key.subject)
            row.bind(2, keys.integer(3))
            row.bind(3, key.subscriber)
            defer { row.reset() }
            guard try row.step() else { throw .internalFault("a delivery that is due is not there: \(key)") }
            try takeRow(row, into: &claim)
        }
    }

    // MARK: Batches

    func claimBatches(limit: Int, now: Instant, into claim: inout Claim) throws(StoreError) {
        let statement = try database.statement(
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
            releases = try database.query(
                """
                SELECT r.number FROM release s CROSS JOIN release r
                WHERE s.number = $2 AND r.series = $3 AND r.cohort = $1
                    AND r.number IN (SELECT b.release FROM batch b WHERE b.audience = 0)
                    AND (r.slot_date, r.sequence, r.number) < (s.slot_date, s.sequence, s.number)
                """,
                [.integer(release.cohort), .integer(release.info.number), .text(release.info.series)]
            ).compactMap { $0[0].integer }
            earlier[release.info.number] = releases
        }
        // The batches of one release do not overlap, so the last that begins before our end is the one to
        // look at.
        let before = try database.statement(
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
}
