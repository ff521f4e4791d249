public import AdviceCore

/// What operators decide about one subscriber.
extension SQLStore {
    public func decide(
        _ decision: SubscriberDecision, words: String, now: Instant
    ) throws(StoreError) -> Bool {
        let found = try database.query(
            "SELECT number FROM subscriber WHERE id = $1 AND removed_at IS NULL",
            [.text(decision.subscriber)])
        guard let subscriber = found.first?[0].integer else { return false }
        try write(now) { () throws(StoreError) in
            switch decision.what {
            case .pause(let until):
                try database.query(
                    "UPDATE subscriber SET paused_from = $2, paused_until = $3 WHERE number = $1",
                    [
                        .integer(subscriber), .integer(now.nanoseconds), .optional(until.map { "\($0)" }),
                    ])
            case .resume(let withMissed):
                try database.query(
                    "UPDATE subscriber SET paused_from = NULL, paused_until = NULL WHERE number = $1",
                    [.integer(subscriber)])
                try reopen(subscriber, now)
                if withMissed { try sendMissed(of: subscriber, decision.subscriber, now) }
            }
            try note(words, now)
        }
        return true
    }

    /// What a pause has cancelled since the last point that was settled otherwise waits again, in order.
    private func sendMissed(of subscriber: Int64, _ id: String, _ now: Instant) throws(StoreError) {
        let all = try database.query(
            """
            SELECT DISTINCT c.series FROM member m JOIN cohort c ON c.number = m.cohort
            WHERE m.subscriber = $1
            """,
            [.integer(subscriber)])
        for series in all.compactMap({ $0[0].text }) {
            let slot = SlotHash(series: series, subscriber: id).slot
            let rows = try database.query(
                """
                SELECT d.subject, d.state, d.error, d.release FROM subject v CROSS JOIN delivery d
                    ON d.subject = v.number AND d.slot = $2 AND d.subscriber = $3
                    CROSS JOIN release r ON r.number = d.release
                WHERE v.series = $1 AND v.type = '\(ReleaseRow.type)'
                ORDER BY r.released_at, r.slot_date, r.sequence
                """, [.text(series), .integer(slot), .integer(subscriber)])
            let missed = rows.reversed().prefix { row in
                let isOpen =
                    row[1].integer == DeliveryState.waiting.code
                    || row[1].integer == DeliveryState.held.code
                return isOpen || row[2].text == "paused"
            }.reversed().filter { $0[1].integer == DeliveryState.cancelled.code }
            var isBehind = try isBehind(subscriber, in: series)
            for row in missed {
                try database.query(
                    """
                    UPDATE delivery SET state = $4, next_attempt_at = $5, due_at = $6, error = NULL
                    WHERE subject = $1 AND slot = $2 AND subscriber = $3
                    """,
                    [
                        row[0], .integer(slot), .integer(subscriber),
                        .integer((isBehind ? DeliveryState.held : .waiting).code),
                        isBehind ? .null : .integer(now.nanoseconds), .integer(now.nanoseconds),
                    ])
                if isBehind { holdsSome = true }
                isBehind = true
                // A text that was corrected meanwhile is not what is sent.
                guard let subject = row[0].integer, let number = row[3].integer else { continue }
                let release = try releaseRow(number)
                if release.isSuperseded {
                    let key = DeliveryKey(subject: subject, subscriber: subscriber)
                    _ = try supersede(key, of: release, now)
                    isBehind = try self.isBehind(subscriber, in: series)
                }
            }
        }
    }
}
