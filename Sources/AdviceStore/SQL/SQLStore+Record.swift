import AdviceCore

extension SQLStore {
    /// Writes a group, inside a transaction.
    func put(_ group: OutcomeGroup, _ now: Instant) throws(StoreError) -> Instant? {
        try writeRows(group.records, now)
        // Another series' attempt may have brought an endpoint to be suspended meanwhile.
        // By place: a copy of a record is several counted references.
        for place in group.records.indices {
            guard let health = group.records[place].health else { continue }
            try write(health, of: group.records[place].key, now)
        }
        let waiting = group.records.indices.filter { group.records[$0].state == .waiting }
            .map { group.records[$0].key }
        if !waiting.isEmpty {
            let suspended = try suspended(among: waiting.map(\.subscriber))
            for key in waiting where suspended.contains(key.subscriber) { try hold(key) }
        }
        if !group.finishedBatches.isEmpty { try finish(group.finishedBatches) }
        let left = life.after(group)
        if left != life { try writeLife(left) }
        return try follow(group, now)
    }

    /// What the outcomes mean for other deliveries of their subscribers: the next is set free, a superseded
    /// text is followed by its correction. Costs nothing where nothing is held or superseded.
    private func follow(_ group: OutcomeGroup, _ now: Instant) throws(StoreError) -> Instant? {
        var first: Instant?
        func due(_ instant: Instant?) {
            if let instant { first = min(first ?? instant, instant) }
        }
        // First of all: what settles in this group may set free what it holds.
        if group.records.contains(where: { $0.state == .held }) { holdsSome = true }
        for place in group.records.indices {
            let release = try releaseRow(group.records[place].release)
            if !release.isSuperseded, !holdsSome, group.records[place].health == nil { continue }
            let record = group.records[place]
            if release.isSuperseded { due(try supersede(record.key, of: release, now)) }
            // The endpoint has taken something again: what was held for it goes on.
            if record.health == .healthy { due(try resume(record.key.subscriber, now)) }
            guard holdsSome, mayBeHeld(record.key.subscriber) else { continue }
            if record.state == .held, try isSuspended(record.key.subscriber) { continue }
            if release.kind == .correction || release.kind == .alert {
                // Held for an endpoint that has come back meanwhile.
                if record.state == .held { due(try resume(record.key.subscriber, now)) }
                continue
            }
            if record.state == .held {
                due(try free(of: record.key.subscriber, in: release.info.series, at: now))
            } else if let next = record.nextHeldAt {
                due(try free(of: record.key.subscriber, in: release.info.series, at: next))
            }
        }
        if holdsSome, first != nil { try lookForHeld() }
        return first
    }

    /// The places of `records`, with their slots, as their rows lie: neighbours share a page, and the
    /// processor still has it at hand. Records of one delivery keep their order.
    private func inKeyOrder(_ records: [DeliveryRecord]) throws(StoreError) -> [(slot: Int64, place: Int)] {
        var order: [(slot: Int64, place: Int)] = []
        order.reserveCapacity(records.count)
        for place in records.indices { order.append((try slot(of: records[place].key), place)) }
        order.sort { $0 < $1 }
        return order
    }

    private func writeRows(_ records: [DeliveryRecord], _ now: Instant) throws(StoreError) {
        let deliveries = try database.insertion(SQLStore.deliveries)
        let attempts = try database.insertion(SQLStore.attempts)
        deliveries.expect(records.count)
        attempts.expect(0)
        for (slot, place) in try inKeyOrder(records) {
            let record = records[place]
            precondition(
                record.state != .waiting || record.nextAttemptAt != nil,
                "a waiting delivery has a next attempt")
            try bind(record, slot, now, to: deliveries)
            try deliveries.run()
            // The one attempt of a delivery that went through at once is all in its row.
            if let attempt = record.attempt,
                record.state != .delivered || attempt.number > 1 || record.attempts > 1
                    || inFlight[record.key]?.replay ?? 0 > 0
            {
                bind(attempt, record.key, slot, to: attempts)
                try attempts.run()
            }
        }
        try deliveries.finish()
        try attempts.finish()
    }

    private func hold(_ key: DeliveryKey) throws(StoreError) {
        let slot = try slot(of: key)
        try database.query(
            """
            UPDATE delivery SET state = \(DeliveryState.held.code), next_attempt_at = NULL
            WHERE subject = $1 AND slot = $2 AND subscriber = $3 AND state = \(DeliveryState.waiting.code)
            """, [.integer(key.subject), .integer(slot), .integer(key.subscriber)])
        holdsSome = true
    }

    /// The whole row anew. What was delivered stays delivered (P7), whatever comes later.
    private static let deliveries = SQLInsertion(
        table: "delivery",
        columns: [
            .init("subject"), .init("slot"), .init("subscriber"), .init("release"), .init("state"),
            .init("attempts"), .init("status"), .init("latency_ms"), .init("after_ms"),
            .init("next_attempt_at"), .init("gone_at"), .init("error", .text),
        ], key: 3,
        conflict: """
            ON CONFLICT(subject, slot, subscriber) DO UPDATE SET release = excluded.release,
                state = excluded.state, attempts = excluded.attempts,
                status = coalesce(excluded.status, delivery.status),
                latency_ms = coalesce(excluded.latency_ms, delivery.latency_ms),
                after_ms = excluded.after_ms, next_attempt_at = excluded.next_attempt_at,
                gone_at = excluded.gone_at, error = excluded.error
            WHERE delivery.state <> 1 OR excluded.state = 1
            """)

    private func bind(
        _ record: DeliveryRecord, _ slot: Int64, _ now: Instant, to statement: any SQLStatement
    ) throws(StoreError) {
        let release = try releaseRow(record.release)
        let changed = record.attempt.map { $0.at + $0.latency } ?? now
        statement.bind(1, record.key.subject)
        statement.bind(2, slot)
        statement.bind(3, record.key.subscriber)
        statement.bind(4, record.release)
        statement.bind(5, record.state.code)
        statement.bind(6, Int64(record.attempts))
        statement.bind(7, (record.attempt?.status).map(Int64.init))
        statement.bind(8, record.attempt?.latency.milliseconds)
        statement.bind(9, changed.milliseconds - release.info.releasedAt.milliseconds)
        statement.bind(10, record.state == .waiting ? record.nextAttemptAt?.nanoseconds : nil)
        statement.bind(11, record.goneAt?.nanoseconds)
        statement.bind(12, record.error)
    }

    /// An attempt that was not charged is made again under its number: the last of them is kept.
    private static let attempts = SQLInsertion(
        table: "attempt",
        columns: [
            .init("subject"), .init("slot"), .init("subscriber"), .init("replay"), .init("number"),
            .init("at"), .init("status"), .init("error", .text), .init("latency"), .init("address", .text),
            .init("reply", .bytes), .init("arrived"),
        ], key: 5,
        conflict: """
            ON CONFLICT(subject, slot, subscriber, replay, number) DO UPDATE SET at = excluded.at,
                status = excluded.status, error = excluded.error, latency = excluded.latency,
                address = excluded.address, reply = excluded.reply,
                arrived = CASE WHEN attempt.error = '\(SQLStore.noAnswerYet)' THEN excluded.arrived
                    WHEN attempt.arrived = 1 THEN 1 ELSE excluded.arrived END
            """)

    private func bind(
        _ attempt: AttemptRecord, _ key: DeliveryKey, _ slot: Int64, to statement: any SQLStatement
    ) {
        statement.bind(1, key.subject)
        statement.bind(2, slot)
        statement.bind(3, key.subscriber)
        statement.bind(4, inFlight[key]?.replay ?? 0)
        statement.bind(5, Int64(attempt.number))
        statement.bind(6, attempt.at.nanoseconds)
        statement.bind(7, Int64(attempt.status))
        statement.bind(8, attempt.error)
        statement.bind(9, attempt.latency.nanoseconds)
        statement.bind(10, attempt.address)
        statement.bind(11, attempt.reply)
        statement.bind(12, Int64(attempt.mayHaveArrived ? 1 : 0))
    }

    /// Remembered of what was handed out, worked out for what was not.
    func slot(of key: DeliveryKey) throws(StoreError) -> Int64 {
        if let delivery = inFlight[key] { return delivery.slot }
        let rows = try database.query(
            """
            SELECT j.series, s.id FROM subject j JOIN subscriber s ON s.number = $2 WHERE j.number = $1
            """, [.integer(key.subject), .integer(key.subscriber)])
        guard let row = rows.first, let series = row[0].text, let id = row[1].text else {
            throw .internalFault("an outcome for a delivery that cannot be: \(key)")
        }
        return SlotHash(series: series, subscriber: id).slot
    }
}
