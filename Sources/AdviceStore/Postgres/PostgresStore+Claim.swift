import AdviceCore

/// Handing out beside other daemons: rows that another has locked are passed over, and what is taken is owned
/// when the transaction ends.
extension PostgresStore {
    func claimShared(limit: Int, now: Instant) throws(StoreError) -> Claim {
        var claim = Claim()
        do throws(StoreError) {
            _ = try transaction(now, .shared) { (at) throws(StoreError) -> Bool? in
                try checkClock()
                try reap(at)
                try claimProbes(limit: limit, at, into: &claim)
                try claimRows(limit: limit, at, into: &claim)
                while claim.deliveries.count < limit, try claimBatch(at, into: &claim) {}
                if !(claim.deliveries.isEmpty && claim.batches.isEmpty) { try renew(at) }
                claim.nextDue = try nextDue(at, now, after: claim, limit: limit)
                return true
            }
        } catch {
            inFlight.forget(claim)
            throw error
        }
        return claim
    }

    /// Of each endpoint whose time has come, the oldest that is held (R17). The endpoint's row is
    /// locked, so that two daemons do not try it at once.
    private func claimProbes(limit: Int, _ at: Instant, into claim: inout Claim) throws(StoreError) {
        guard holdsSome, limit > 0 else { return }
        let due = try connection.query(
            """
            SELECT e.subscriber FROM endpoint e
                JOIN subscriber s ON s.number = e.subscriber AND s.fingerprint = e.fingerprint
            WHERE \(SQLStore.isProbed) AND e.probe_at <= $1
            ORDER BY e.probe_at LIMIT $2 FOR UPDATE OF e SKIP LOCKED
            """, [.integer(at.nanoseconds), .integer(Int64(limit))])
        let oldest = try connection.statement(
            """
            \(SQLStore.claimedRow)
            WHERE d.subscriber = $1 AND d.state = \(DeliveryState.held.code)
            ORDER BY r.slot_date, r.sequence, r.number LIMIT 1
            """)
        for row in due where claim.deliveries.count < limit {
            guard let subscriber = row[0].integer, try subjectsInFlight(of: subscriber).isEmpty
            else { continue }
            oldest.bind(1, subscriber)
            defer { oldest.reset() }
            if try oldest.step() { try takeOwned(oldest, into: &claim) }
        }
    }

    /// What is waiting and due, oldest first.
    private func claimRows(limit: Int, _ at: Instant, into claim: inout Claim) throws(StoreError) {
        guard claim.deliveries.count < limit else { return }
        let due = try connection.statement(
            """
            \(SQLStore.claimedRow)
            WHERE d.state = 0 AND d.owner IS NULL AND d.next_attempt_at <= $1
            ORDER BY d.next_attempt_at, d.subject, d.slot, d.subscriber LIMIT $2 FOR UPDATE OF d SKIP LOCKED
            """)
        due.bind(1, at.nanoseconds)
        due.bind(2, Int64(limit - claim.deliveries.count))
        var taken: [(key: DeliveryKey, slot: Int64)] = []
        try due.walk { () throws(StoreError) in
            taken.append(SQLStore.place(of: due))
            try takeRow(due, into: &claim)
            return true
        }
        try own(taken)
    }

    private func takeOwned(_ row: any SQLStatement, into claim: inout Claim) throws(StoreError) {
        try takeRow(row, into: &claim)
        try own([SQLStore.place(of: row)])
    }

    /// An earlier release of the same cohort has an unfinished batch for some of the members of batch b, of
    /// release r.
    private static let isBlocked = """
        b.audience = 0 AND EXISTS (
            SELECT 1 FROM release y JOIN batch x ON x.release = y.number AND x.audience = 0
                AND x.first_hash <= b.last_hash AND x.last_hash >= b.first_hash
            WHERE y.series = r.series AND y.cohort = r.cohort
                AND (y.slot_date, y.sequence, y.number) < (r.slot_date, r.sequence, r.number))
        """

    /// Takes the next batch; false where there is none. One that this process still has in memory is not
    /// taken again, whoever owns it by now.
    private func claimBatch(_ at: Instant, into claim: inout Claim) throws(StoreError) -> Bool {
        let rows = try connection.query(
            """
            UPDATE batch SET owner = $3 WHERE number = (
                SELECT b.number FROM batch b JOIN release r ON r.number = b.release
                WHERE b.owner IS NULL AND b.due <= $1 AND b.number <> ALL(CAST($2 AS bigint[]))
                    AND NOT (\(PostgresStore.isBlocked))
                ORDER BY b.due, b.number LIMIT 1 FOR UPDATE OF b SKIP LOCKED)
            RETURNING number, release, first_hash, last_hash, due, audience
            """,
            [
                .integer(at.nanoseconds), PostgresStore.array(inFlight.heldBatches), .integer(me),
            ])
        guard let row = rows.first else { return false }
        let values = row.compactMap(\.integer)
        guard values.count == 6 else { throw .internalFault("a batch has no numbers") }
        let release = try releaseRow(values[1])
        let count = claim.deliveries.count
        let due = Instant(nanoseconds: values[4])
        if values[5] == 1 {
            try claimReceivers(of: values[0], values[2]...values[3], release, due: due, now: at, into: &claim)
        } else {
            try claimMembers(of: values[0], values[2]...values[3], release, due: due, now: at, into: &claim)
        }
        claim.batches.append(Claim.Batch(number: values[0], count: claim.deliveries.count - count))
        return true
    }

    /// When there is something to take that was not taken now, or that another daemon may lose; by this
    /// machine's clock.
    private func nextDue(
        _ at: Instant, _ now: Instant, after claim: Claim, limit: Int
    ) throws(StoreError) -> Instant? {
        let rows = try connection.query(
            """
            SELECT (SELECT next_attempt_at FROM delivery WHERE state = 0 AND owner IS NULL
                    ORDER BY next_attempt_at LIMIT 1),
                (SELECT b.due FROM batch b JOIN release r ON r.number = b.release
                    WHERE b.owner IS NULL AND b.number <> ALL(CAST($2 AS bigint[]))
                        AND NOT (\(PostgresStore.isBlocked)) ORDER BY b.due, b.number LIMIT 1),
                (SELECT min(e.probe_at) FROM endpoint e
                    JOIN subscriber s ON s.number = e.subscriber AND s.fingerprint = e.fingerprint
                    WHERE \(SQLStore.isProbed) AND (e.probe_at > $1 OR $4 = 0)),
                (SELECT min(o.lease) FROM daemon o WHERE o.lease > 0 AND o.number <> $3
                    AND (EXISTS (SELECT 1 FROM batch WHERE owner = o.number)
                        OR EXISTS (SELECT 1 FROM delivery WHERE owner = o.number)))
            """,
            [
                .integer(at.nanoseconds), PostgresStore.array(inFlight.heldBatches), .integer(me),
                .integer(claim.deliveries.count < limit ? 1 : 0),
            ])
        guard let next = (rows.first ?? []).compactMap(\.integer).min() else { return nil }
        let due = now + (Instant(nanoseconds: next) - at)
        // What is due and was not handed out though there was room is in another's hands at this moment.
        return claim.deliveries.count < limit ? max(due, now + .milliseconds(50)) : due
    }
}
