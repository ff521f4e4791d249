public import AdviceCore

extension SQLiteStore {
    @discardableResult
    public func record(_ group: OutcomeGroup, now: Instant) throws(StoreError) -> Instant? {
        let freed = try write(now) { () throws(StoreError) -> Instant? in
            let delivery = try connection.statement(SQLiteStore.upsert)
            for (slot, place) in try inKeyOrder(group.records) {
                try write(group.records[place], slot, delivery, now)
            }
            let finish = try connection.statement("DELETE FROM batch WHERE number = $1")
            for batch in group.finishedBatches {
                finish.bind(1, batch)
                try finish.run()
            }
            return try follow(group, now)
        }
        inFlight.settle(group)
        return freed
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
        for record in group.records {
            let release = try releaseRow(record.release)
            if release.isSuperseded { due(try supersede(record.key, of: release, now)) }
            // The endpoint has taken something again: what was held for it goes on.
            if record.health == .healthy { due(try resume(record.key.subscriber, now)) }
            guard holdsSome else { continue }
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
        if holdsSome, first != nil {
            holdsSome = try connection.query("SELECT 1 FROM delivery WHERE state = 2 LIMIT 1").count > 0
        }
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

    private func write(
        _ record: DeliveryRecord, _ slot: Int64, _ delivery: SQLiteStatement, _ now: Instant
    ) throws(StoreError) {
        precondition(
            record.state != .waiting || record.nextAttemptAt != nil, "a waiting delivery has a next attempt")
        try bind(record, slot, now, to: delivery)
        try delivery.run()
        // The one attempt of a delivery that went through at once is all in its row.
        if let attempt = record.attempt,
            record.state != .delivered || attempt.number > 1 || record.attempts > 1
                || inFlight[record.key]?.replay ?? 0 > 0
        {
            try writeAttempt(attempt, record.key, slot)
        }
        if let health = record.health { try write(health, of: record.key, now) }
        // Another series' attempt has brought the endpoint to be suspended meanwhile.
        if record.state == .waiting, try isSuspended(record.key.subscriber) { try hold(record.key, slot) }
    }

    private func hold(_ key: DeliveryKey, _ slot: Int64) throws(StoreError) {
        try connection.query(
            """
            UPDATE delivery SET state = \(DeliveryState.held.code), next_attempt_at = NULL
            WHERE subject = $1 AND slot = $2 AND subscriber = $3
            """, [.integer(key.subject), .integer(slot), .integer(key.subscriber)])
        holdsSome = true
    }

    /// The whole row anew. What was delivered stays delivered (P7), whatever comes later.
    private static let upsert = """
        INSERT INTO delivery(subject, slot, subscriber, release, state, attempts, status, latency_ms,
            after_ms, next_attempt_at, gone_at, error)
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)
        ON CONFLICT(subject, slot, subscriber) DO UPDATE SET release = excluded.release,
            state = excluded.state, attempts = excluded.attempts,
            status = coalesce(excluded.status, status),
            latency_ms = coalesce(excluded.latency_ms, latency_ms), after_ms = excluded.after_ms,
            next_attempt_at = excluded.next_attempt_at, gone_at = excluded.gone_at, error = excluded.error
        WHERE delivery.state <> 1 OR excluded.state = 1
        """

    private func bind(
        _ record: DeliveryRecord, _ slot: Int64, _ now: Instant, to statement: SQLiteStatement
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

    private func writeAttempt(
        _ attempt: AttemptRecord, _ key: DeliveryKey, _ slot: Int64
    ) throws(StoreError) {
        // An attempt that was not charged is made again under its number: the last of them is kept.
        let statement = try connection.statement(
            """
            INSERT INTO attempt(subject, slot, subscriber, number, at, status, error, latency, address, reply,
                arrived, replay)
            VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)
            ON CONFLICT(subject, slot, subscriber, replay, number) DO UPDATE SET at = excluded.at,
                status = excluded.status, error = excluded.error, latency = excluded.latency,
                address = excluded.address, reply = excluded.reply,
                arrived = CASE WHEN error = '\(SQLiteStore.noAnswerYet)' THEN excluded.arrived
                    ELSE max(arrived, excluded.arrived) END
            """)
        statement.bind(1, key.subject)
        statement.bind(2, slot)
        statement.bind(3, key.subscriber)
        statement.bind(4, Int64(attempt.number))
        statement.bind(5, attempt.at.nanoseconds)
        statement.bind(6, Int64(attempt.status))
        statement.bind(7, attempt.error)
        statement.bind(8, attempt.latency.nanoseconds)
        statement.bind(9, attempt.address)
        statement.bind(10, attempt.reply)
        statement.bind(11, attempt.mayHaveArrived ? 1 : 0)
        statement.bind(12, inFlight[key]?.replay ?? 0)
        try statement.run()
    }

    /// Remembered of what was handed out, worked out for what was not.
    func slot(of key: DeliveryKey) throws(StoreError) -> Int64 {
        if let delivery = inFlight[key] { return delivery.slot }
        let rows = try connection.query(
            """
            SELECT j.series, s.id FROM subject j JOIN subscriber s ON s.number = $2 WHERE j.number = $1
            """, [.integer(key.subject), .integer(key.subscriber)])
        guard let row = rows.first, let series = row[0].text, let id = row[1].text else {
            throw .internalFault("an outcome for a delivery that cannot be: \(key)")
        }
        return SlotHash(series: series, subscriber: id).slot
    }
}
