public import AdviceCore

/// Who has what in flight, in the database: what one daemon knows in memory, others have to know too.
extension PostgresStore {
    public func renewLease(now: Instant) throws(StoreError) {
        _ = try transaction(now, .shared) { (at) throws(StoreError) -> Bool? in
            try renew(at, always: true)
            return true
        }
    }

    public func freeLease() throws(StoreError) {
        guard me != 0 else { return }
        try connection.transaction { () throws(StoreError) in try disown(keepingBatches: [], rows: []) }
        leaseEnd = nil
    }

    /// On a new connection: this daemon owns what it has in memory, and nothing else. At its start that is
    /// nothing; later, what a claim took whose commit was on its way when the server was lost.
    func reconcile() throws(StoreError) {
        let held = inFlight.heldBatches
        let rows = inFlight.heldRows
        me = try connection.transaction { () throws(StoreError) in
            let number = try connection.query(
                """
                INSERT INTO daemon(instance, lease) VALUES ($1, 0)
                ON CONFLICT(instance) DO UPDATE SET lease = daemon.lease RETURNING number
                """, [.text(instance)])
            me = number.first?[0].integer ?? 0
            try disown(keepingBatches: held, rows: rows)
            return me
        }
    }

    private func disown(
        keepingBatches batches: [Int64], rows: [(key: DeliveryKey, slot: Int64)]
    ) throws(StoreError) {
        try connection.query(
            "UPDATE batch SET owner = NULL WHERE owner = $1 AND number <> ALL(CAST($2 AS bigint[]))",
            [.integer(me), PostgresStore.array(batches)])
        try connection.query(
            """
            UPDATE delivery SET owner = NULL WHERE owner = $1 AND (subject, slot, subscriber) NOT IN (
                SELECT * FROM unnest(CAST($2 AS bigint[]), CAST($3 AS bigint[]), CAST($4 AS bigint[])))
            """, [.integer(me)] + PostgresStore.arrays(rows))
    }

    static func arrays(_ rows: [(key: DeliveryKey, slot: Int64)]) -> [SQLValue] {
        [array(rows.map(\.key.subject)), array(rows.map(\.slot)), array(rows.map(\.key.subscriber))]
    }

    /// Inside a transaction. Writes where a third of the lease is over; what ran out and nobody has taken is
    /// taken back.
    func renew(_ at: Instant, always: Bool = false) throws(StoreError) {
        let end = at + PostgresStore.leaseTime
        if !always, let leaseEnd, leaseEnd > at + PostgresStore.leaseTime - PostgresStore.renewalInterval,
            leaseEnd <= end
        {
            return
        }
        try connection.query(
            "UPDATE daemon SET lease = $2 WHERE number = $1", [.integer(me), .integer(end.nanoseconds)])
        let ranOut = leaseEnd.map { $0 <= at } ?? false
        leaseEnd = end
        guard ranOut else { return }
        try connection.query(
            "UPDATE batch SET owner = $1 WHERE owner IS NULL AND number = ANY(CAST($2 AS bigint[]))",
            [.integer(me), PostgresStore.array(inFlight.heldBatches)])
        try own(inFlight.heldRows)
    }

    /// Takes rows that nobody has.
    func own(_ rows: [(key: DeliveryKey, slot: Int64)]) throws(StoreError) {
        guard !rows.isEmpty else { return }
        try connection.query(
            """
            UPDATE delivery SET owner = $1
            FROM unnest(CAST($2 AS bigint[]), CAST($3 AS bigint[]), CAST($4 AS bigint[])) k(j, l, s)
            WHERE delivery.subject = k.j AND delivery.slot = k.l AND delivery.subscriber = k.s
                AND delivery.owner IS NULL
            """, [.integer(me)] + PostgresStore.arrays(rows))
    }

    /// Sets free what daemons owned whose lease has run out.
    func reap(_ at: Instant) throws(StoreError) {
        // An update of one's own row that others want too would make them wait for this transaction.
        let gone = try connection.query(
            """
            SELECT number FROM daemon WHERE lease > 0 AND lease <= $1 AND number <> $2
            FOR UPDATE SKIP LOCKED
            """, [.integer(at.nanoseconds), .integer(me)]
        ).compactMap { $0[0].integer }
        guard !gone.isEmpty else { return }
        let change = [
            "batch SET owner = NULL WHERE owner", "delivery SET owner = NULL WHERE owner",
            "daemon SET lease = 0 WHERE number",
        ]
        for rows in change {
            try connection.query(
                "UPDATE \(rows) = ANY(CAST($1 AS bigint[]))", [PostgresStore.array(gone)])
        }
    }

    // MARK: What others have in flight

    func allSubjectsInFlight(of subscriber: Int64) throws(StoreError) -> [Int64] {
        let theirs = try connection.query(
            """
            SELECT d.subject FROM delivery d
            WHERE d.subscriber = $1 AND d.state IN (0, 2) AND d.owner IS NOT NULL
            UNION SELECT r.subject FROM member m JOIN release r ON r.cohort = m.cohort
                AND m.active_from <= r.cut AND (m.active_until IS NULL OR m.active_until > r.cut)
                JOIN batch b ON b.release = r.number AND b.audience = 0 AND b.owner IS NOT NULL
                    AND m.slot_hash BETWEEN b.first_hash AND b.last_hash
            WHERE m.subscriber = $1 AND NOT EXISTS (SELECT 1 FROM delivery d WHERE d.subject = r.subject
                AND d.slot = m.slot_hash >> \(Schema.slotShift) AND d.subscriber = m.subscriber)
            """, [.integer(subscriber)]
        ).compactMap { $0[0].integer }
        return theirs + inFlight.subjects(of: subscriber).filter { !theirs.contains($0) }
    }

    func allSubscribersInFlight() throws(StoreError) -> Set<Int64> {
        let theirs = try connection.query(
            """
            SELECT d.subscriber FROM delivery d WHERE d.owner IS NOT NULL
            UNION SELECT m.subscriber FROM batch b JOIN release r ON r.number = b.release
                JOIN member m ON m.cohort = r.cohort AND m.slot_hash BETWEEN b.first_hash AND b.last_hash
            WHERE b.audience = 0 AND b.owner IS NOT NULL
            """
        ).compactMap { $0[0].integer }
        return inFlight.subscribers.union(theirs)
    }

    func allInFlightFromBatches(
        of release: Int64, _ subject: Int64
    ) throws(StoreError) -> [(key: DeliveryKey, slot: Int64, owner: Int64?)] {
        let mine = inFlight.fromBatches(of: subject)
        let known = Set(mine.map(\.key))
        let theirs = try connection.query(
            """
            SELECT m.subscriber, m.slot_hash >> \(Schema.slotShift), b.owner
            FROM batch b JOIN release r ON r.number = b.release
                JOIN member m ON m.cohort = r.cohort AND m.slot_hash BETWEEN b.first_hash AND b.last_hash
                    AND m.active_from <= r.cut AND (m.active_until IS NULL OR m.active_until > r.cut)
            WHERE b.release = $1 AND b.audience = 0 AND b.owner IS NOT NULL
                AND NOT EXISTS (SELECT 1 FROM delivery d WHERE d.subject = r.subject
                    AND d.slot = m.slot_hash >> \(Schema.slotShift) AND d.subscriber = m.subscriber)
            """, [.integer(release)])
        let others = theirs.compactMap { row -> (key: DeliveryKey, slot: Int64, owner: Int64?)? in
            guard let subscriber = row[0].integer, let slot = row[1].integer, let owner = row[2].integer,
                owner != me
            else { return nil }
            let key = DeliveryKey(subject: subject, subscriber: subscriber)
            return known.contains(key) ? nil : (key: key, slot: slot, owner: owner)
        }
        return mine.map { (key: $0.key, slot: $0.slot, owner: me) } + others
    }

    func writeOwner(_ owner: Int64, of key: DeliveryKey, _ slot: Int64) throws(StoreError) {
        try connection.query(
            """
            UPDATE delivery SET owner = $4 WHERE subject = $1 AND slot = $2 AND subscriber = $3
                AND owner IS NULL
            """, [.integer(key.subject), .integer(slot), .integer(key.subscriber), .integer(owner)])
    }
}
