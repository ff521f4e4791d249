import AdviceCore

/// Recording beside other daemons: what was delivered always, anything else only by who still owns it.
extension PostgresStore {
    func recordShared(_ group: OutcomeGroup, now: Instant) throws(StoreError) -> Instant? {
        defer { heldAmong = nil }
        // What touches other deliveries of its subscriber, or its endpoint, is written alone. Whether it does
        // is seen inside: nobody can make it so while this transaction runs beside others.
        let isPlain = group.records.allSatisfy { $0.state != .held && $0.health == nil }
        if isPlain, let freed = try recordOnce(group, .shared, now) { return done(group, freed) }
        guard let freed = try recordOnce(group, .alone, now) else {
            preconditionFailure("who writes alone writes")
        }
        return done(group, freed)
    }

    private struct Freed {
        var at: Instant?
    }

    private func done(_ group: OutcomeGroup, _ freed: Freed) -> Instant? {
        settle(group)
        return freed.at
    }

    /// Nil, and nothing written, where it must be done alone and is not.
    private func recordOnce(
        _ group: OutcomeGroup, _ access: Access, _ now: Instant
    ) throws(StoreError) -> Freed? {
        try transaction(now, access) { (at) throws(StoreError) -> Freed? in
            let held = try held(among: group.records)
            if access == .shared {
                if !held.isEmpty { return nil }
                for release in Set(group.records.map(\.release)) where try releaseRow(release).isSuperseded {
                    return nil
                }
            }
            heldAmong = access == .shared ? held : nil
            let (mine, rows) = try leased(group)
            let freed = try put(mine, now)
            try disown(rows)
            try renew(at)
            try raiseMark(at)
            return Freed(at: freed)
        }
    }

    /// Those of whom something is held.
    private func held(among records: [DeliveryRecord]) throws(StoreError) -> Set<Int64> {
        guard holdsSome else { return [] }
        let rows = try connection.query(
            """
            SELECT subscriber FROM delivery
            WHERE state = 2 AND subscriber = ANY(CAST($1 AS bigint[])) LIMIT 1
            """, [PostgresStore.array(records.map(\.key.subscriber))])
        return Set(rows.compactMap { $0[0].integer })
    }

    /// What of the group may be written, and which of its deliveries are owned by a row of their own.
    private func leased(
        _ group: OutcomeGroup
    ) throws(StoreError) -> (OutcomeGroup, [(key: DeliveryKey, slot: Int64)]) {
        let batches = Set(group.records.compactMap(\.batch) + group.finishedBatches).sorted()
        var mine: Set<Int64> = []
        if !batches.isEmpty {
            // Locked, so that it is not given to another before this is committed.
            let rows = try connection.query(
                """
                SELECT number FROM batch WHERE number = ANY(CAST($1 AS bigint[])) AND owner = $2
                ORDER BY number FOR UPDATE
                """, [PostgresStore.array(batches), .integer(me)])
            mine = Set(rows.compactMap { $0[0].integer })
        }
        var single: [(key: DeliveryKey, slot: Int64)] = []
        for record in group.records where record.batch.map({ !mine.contains($0) }) ?? true {
            single.append((key: record.key, slot: try slot(of: record.key)))
        }
        let owned = try owned(single)
        let ownedKeys = Set(owned.map(\.key))
        var result = group
        result.records = group.records.filter { record in
            record.state == .delivered || record.batch.map { mine.contains($0) } ?? false
                || ownedKeys.contains(record.key)
        }
        result.finishedBatches = group.finishedBatches.filter { mine.contains($0) }
        return (result, owned)
    }

    /// Those of `rows` that this daemon owns.
    private func owned(
        _ rows: [(key: DeliveryKey, slot: Int64)]
    ) throws(StoreError) -> [(key: DeliveryKey, slot: Int64)] {
        guard !rows.isEmpty else { return [] }
        return try connection.query(
            """
            SELECT d.subject, d.slot, d.subscriber
            FROM unnest(CAST($2 AS bigint[]), CAST($3 AS bigint[]), CAST($4 AS bigint[])) k(j, l, s)
                JOIN delivery d ON d.subject = k.j AND d.slot = k.l AND d.subscriber = k.s
            WHERE d.owner = $1 ORDER BY d.subject, d.slot, d.subscriber FOR UPDATE OF d
            """, [.integer(me)] + PostgresStore.arrays(rows)
        ).compactMap { row in
            guard let subject = row[0].integer, let slot = row[1].integer, let subscriber = row[2].integer
            else { return nil }
            return (key: DeliveryKey(subject: subject, subscriber: subscriber), slot: slot)
        }
    }

    private func disown(_ rows: [(key: DeliveryKey, slot: Int64)]) throws(StoreError) {
        guard !rows.isEmpty else { return }
        try connection.query(
            """
            UPDATE delivery SET owner = NULL
            FROM unnest(CAST($2 AS bigint[]), CAST($3 AS bigint[]), CAST($4 AS bigint[])) k(j, l, s)
            WHERE delivery.subject = k.j AND delivery.slot = k.l AND delivery.subscriber = k.s
                AND delivery.owner = $1
            """, [.integer(me)] + PostgresStore.arrays(rows))
    }
}
