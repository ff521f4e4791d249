public import AdviceCore

/// Forgetting what is over, in steps that look at a bounded number of rows.
extension SQLStore {
    public func prune(_ step: Prune, now: Instant) throws(StoreError) -> Prune.Place? {
        var place = step.from ?? .replies
        var left = step.limit
        while true {
            switch place {
            case .replies:
                left -= try quietly(now) { () throws(StoreError) in try pruneReplies(step, left) }
                if left <= 0 { return .replies }
                place = .removed
            case .removed:
                let isThrough = try pruneRemoved(step, now)
                if !isThrough { return .removed }
                place = .deliveries(subject: 0, slot: SQLStore.beforeSlots, subscriber: 0)
            case .deliveries(let subject, let slot, let subscriber):
                let after = RowPlace(subject: subject, slot: slot, subscriber: subscriber)
                let next = try quietly(now) { () throws(StoreError) in
                    try pruneDeliveries(step, after: after, &left)
                }
                if let next {
                    return .deliveries(subject: next.subject, slot: next.slot, subscriber: next.subscriber)
                }
                place = .alerts
            case .alerts:
                let isThrough = try quietly(now) { () throws(StoreError) in try pruneAlerts(step) }
                return isThrough ? nil : .alerts
            }
        }
    }

    /// A transaction of which nobody needs to hear.
    private func quietly<Result>(
        _ now: Instant, _ body: () throws(StoreError) -> Result
    ) throws(StoreError) -> Result {
        try write(now, .unheard, body)
    }

    /// What receivers answered; that they were tried stays. Gives how many rows that were.
    private func pruneReplies(_ step: Prune, _ limit: Int) throws(StoreError) -> Int {
        try database.query(
            """
            UPDATE attempt SET reply = $3 WHERE (subject, slot, subscriber, replay, number) IN (
                SELECT subject, slot, subscriber, replay, number FROM attempt
                WHERE at < $1 AND length(reply) > 0 ORDER BY at LIMIT $2)
            RETURNING 1
            """, [.integer(step.repliesBefore.nanoseconds), .integer(Int64(limit)), .bytes([])]
        ).count
    }

    // MARK: Subscribers

    /// So many in a step: of each all deliveries are looked up.
    private static let removedAtOnce = 8

    /// Those who are gone from the roster for so long, with all that is kept of them. False where more are
    /// left.
    private func pruneRemoved(_ step: Prune, _ now: Instant) throws(StoreError) -> Bool {
        let rows = try database.query(
            """
            SELECT number, id FROM subscriber WHERE removed_at IS NOT NULL AND removed_at < $1
            ORDER BY removed_at LIMIT $2
            """,
            [.integer(step.removedBefore.nanoseconds), .integer(Int64(SQLStore.removedAtOnce))])
        if rows.isEmpty { return true }
        return try write(now, .aloneUnheard) { () throws(StoreError) in
            var erased = 0
            for row in rows {
                guard let number = row[0].integer, let id = row[1].text,
                    try subjectsInFlight(of: number).isEmpty
                else { continue }
                _ = try erase(number, id)
                erased += 1
            }
            return erased == 0
        }
    }

    // MARK: Deliveries

    /// The key of a delivery's row.
    struct RowPlace {
        var subject: Int64
        var slot: Int64
        var subscriber: Int64
    }

    /// Less than every slot.
    private static let beforeSlots = Int64.min >> Schema.slotShift - 1

    /// Settled deliveries of texts that went out before `step.deliveriesBefore`, settled before it too, and
    /// of which no batch is left: those who have a row are passed over by it. Gives the place to go on from;
    /// nil where nothing is left.
    private func pruneDeliveries(
        _ step: Prune, after: RowPlace, _ left: inout Int
    ) throws(StoreError) -> RowPlace? {
        // A correction that is on its way looks at what it corrects.
        guard try database.query("SELECT 1 FROM batch WHERE audience = 1 LIMIT 1").isEmpty else { return nil }
        try notePruned(step)
        var place = after
        while left > 0 {
            guard let subject = try nextSubject(from: place.subject, step) else { return nil }
            if subject != place.subject {
                place = RowPlace(subject: subject, slot: SQLStore.beforeSlots, subscriber: 0)
            }
            let last = try lastPlace(after: place, limit: left)
            try delete(step, after: place, through: last)
            guard let last else {
                // The rest of this subject was fewer than that.
                place = RowPlace(subject: subject + 1, slot: SQLStore.beforeSlots, subscriber: 0)
                left -= max(1, left / 4)
                continue
            }
            return last
        }
        return place
    }

    private func nextSubject(from subject: Int64, _ step: Prune) throws(StoreError) -> Int64? {
        try database.query(
            """
            SELECT j.number FROM subject j WHERE j.number >= $1
                AND EXISTS (SELECT 1 FROM delivery d WHERE d.subject = j.number)
                AND NOT EXISTS (SELECT 1 FROM release r WHERE r.subject = j.number AND (r.released_at >= $2
                    OR EXISTS (SELECT 1 FROM batch b WHERE b.release = r.number)))
            ORDER BY j.number LIMIT 1
            """, [.integer(subject), .integer(step.deliveriesBefore.nanoseconds)]
        ).first?[0].integer
    }

    /// The place of the row that is `limit` further on; nil where there are not so many.
    private func lastPlace(after place: RowPlace, limit: Int) throws(StoreError) -> RowPlace? {
        let row = try database.query(
            """
            SELECT slot, subscriber FROM delivery WHERE subject = $1 AND (slot, subscriber) > ($2, $3)
            ORDER BY slot, subscriber LIMIT 1 OFFSET $4
            """,
            [
                .integer(place.subject), .integer(place.slot), .integer(place.subscriber),
                .integer(Int64(limit - 1)),
            ]
        ).first
        guard let slot = row?[0].integer, let subscriber = row?[1].integer else { return nil }
        return RowPlace(subject: place.subject, slot: slot, subscriber: subscriber)
    }

    private func delete(
        _ step: Prune, after place: RowPlace, through last: RowPlace?
    ) throws(StoreError) {
        var range = "subject = $1 AND (slot, subscriber) > ($2, $3)"
        var values: [SQLValue] = [
            .integer(place.subject), .integer(place.slot), .integer(place.subscriber),
        ]
        if let last {
            range += " AND (slot, subscriber) <= ($4, $5)"
            values += [.integer(last.slot), .integer(last.subscriber)]
        }
        try database.query(
            """
            DELETE FROM delivery WHERE \(range) AND state IN \(SQLStore.settled)
                AND after_ms < $\(values.count + 1) - (
                    SELECT released_at / 1000000 FROM release WHERE release.number = delivery.release)
            """, values + [.integer(step.deliveriesBefore.milliseconds)])
        for table in ["attempt", "replay"] {
            try database.query(
                """
                DELETE FROM \(table) WHERE \(range) AND NOT EXISTS (SELECT 1 FROM delivery d
                    WHERE d.subject = \(table).subject AND d.slot = \(table).slot
                        AND d.subscriber = \(table).subscriber)
                """, values)
        }
    }

    /// The states that a delivery ends in.
    private static let settled =
        "(\(DeliveryState.allCases.filter(\.isSettled).map { "\($0.code)" }.joined(separator: ", ")))"

    /// Of what was released before this it is no longer known who had it by their deliveries.
    static let prunedBefore = "coalesce((SELECT CAST(value AS BIGINT) FROM meta WHERE key = 'pruned'), 0)"

    /// True where the subscriber of that number was a member when it went out, so long ago that its delivery
    /// may be pruned. `which` says of release `r` which it is.
    static func wasOwed(_ which: String, by subscriber: String) -> String {
        """
        EXISTS (SELECT 1 FROM member n CROSS JOIN release r ON r.cohort = n.cohort AND \(which)
            WHERE n.subscriber = \(subscriber) AND r.kind = 'released' AND r.released_at < \(prunedBefore)
                AND n.active_from <= r.cut AND (n.active_until IS NULL OR n.active_until > r.cut))
        """
    }

    private func notePruned(_ step: Prune) throws(StoreError) {
        try database.query(
            """
            INSERT INTO meta(key, value) VALUES ('pruned', $1)
            ON CONFLICT(key) DO UPDATE SET value = excluded.value
            WHERE CAST(meta.value AS BIGINT) < CAST(excluded.value AS BIGINT)
            """, [.integer(step.deliveriesBefore.nanoseconds)])
    }

    // MARK: Alerts

    private static let alertsAtOnce = 100

    /// Alerts are of no ledger: with their deliveries they go themselves. False where more are left.
    private func pruneAlerts(_ step: Prune) throws(StoreError) -> Bool {
        let rows = try database.query(
            """
            SELECT number, subject FROM release WHERE series = '' AND kind = 'alert' AND released_at < $1
                AND NOT EXISTS (SELECT 1 FROM delivery d WHERE d.subject = release.subject)
            LIMIT $2
            """,
            [.integer(step.deliveriesBefore.nanoseconds), .integer(Int64(SQLStore.alertsAtOnce))])
        for row in rows { try deleteAlert(row[0], subject: row[1]) }
        return rows.count < SQLStore.alertsAtOnce
    }

    func deleteAlert(_ release: SQLValue, subject: SQLValue) throws(StoreError) {
        for table in ["delivery", "attempt", "replay"] {
            try database.query("DELETE FROM \(table) WHERE subject = $1", [subject])
        }
        for table in ["rendering", "content"] {
            try database.query("DELETE FROM \(table) WHERE release = $1", [release])
        }
        try database.query("DELETE FROM release WHERE number = $1", [release])
        try database.query("DELETE FROM subject WHERE number = $1", [subject])
        if let number = release.integer { releases[number] = nil }
    }
}
