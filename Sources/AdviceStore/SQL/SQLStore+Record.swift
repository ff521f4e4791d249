import AdviceCore

extension SQLStore {
    /// Writes a group, inside a transaction.
    func put(_ all: OutcomeGroup, _ now: Instant) throws(StoreError) -> Instant? {
        var group = all
        if !erased.isEmpty { group.records.removeAll { erased.contains($0.key.subscriber) } }
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
        if group.records.indices.contains(where: { group.records[$0].state == .held }) { holdsSome = true }
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

    /// Where a record's row lies, and how often its delivery was replayed.
    private struct Lying {
        var slot: Int64
        var place: Int
        var replay: Int64
    }

    /// The places of `records` as their rows lie: neighbours share a page, and the processor still has it at
    /// hand. Records of one delivery keep their order.
    private func inKeyOrder(_ records: [DeliveryRecord]) throws(StoreError) -> [Lying] {
        var order: [Lying] = []
        order.reserveCapacity(records.count)
        for place in records.indices {
            let key = records[place].key
            if let known = inFlight[key] {
                order.append(Lying(slot: known.slot, place: place, replay: known.replay))
            } else {
                order.append(Lying(slot: try slot(of: key), place: place, replay: 0))
            }
        }
        order.sort { ($0.slot, $0.place) < ($1.slot, $1.place) }
        return order
    }

    private func writeRows(_ records: [DeliveryRecord], _ now: Instant) throws(StoreError) {
        let deliveries = try database.insertion(SQLStore.deliveries)
        let attempts = try database.insertion(SQLStore.attempts)
        deliveries.expect(records.count)
        attempts.expect(0)
        // By place, as above.
        for lying in try inKeyOrder(records) {
            let place = lying.place
            precondition(
                records[place].state != .waiting || records[place].nextAttemptAt != nil,
                "a waiting delivery has a next attempt")
            try bind(records, lying, now, to: deliveries)
            try deliveries.run()
            // The one attempt of a delivery that went through at once is all in its row.
            let isPlain =
                records[place].state == .delivered && records[place].attempts <= 1 && lying.replay == 0
            if isPlain, records[place].attempt?.number ?? 0 <= 1 { continue }
            guard let attempt = records[place].attempt else { continue }
            bind(attempt, records[place].key, lying, to: attempts)
            try attempts.run()
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
        _ records: [DeliveryRecord], _ lying: Lying, _ now: Instant, to statement: any SQLStatement
    ) throws(StoreError) {
        let place = lying.place
        let release = try releaseRow(records[place].release)
        var changed = now
        statement.bind(1, records[place].key.subject)
        statement.bind(2, lying.slot)
        statement.bind(3, records[place].key.subscriber)
        statement.bind(4, records[place].release)
        statement.bind(5, records[place].state.code)
        statement.bind(6, Int64(records[place].attempts))
        if let latency = records[place].attempt?.latency, let at = records[place].attempt?.at {
            changed = at + latency
            statement.bind(7, (records[place].attempt?.status).map(Int64.init))
            statement.bind(8, latency.milliseconds)
        } else {
            statement.bindNull(7)
            statement.bindNull(8)
        }
        statement.bind(9, changed.milliseconds - release.info.releasedAt.milliseconds)
        let isWaiting = records[place].state == .waiting
        statement.bind(10, isWaiting ? records[place].nextAttemptAt?.nanoseconds : nil)
        statement.bind(11, records[place].goneAt?.nanoseconds)
        statement.bind(12, records[place].error)
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
        _ attempt: AttemptRecord, _ key: DeliveryKey, _ lying: Lying, to statement: any SQLStatement
    ) {
        statement.bind(1, key.subject)
        statement.bind(2, lying.slot)
        statement.bind(3, key.subscriber)
        statement.bind(4, lying.replay)
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
