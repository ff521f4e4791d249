import AdviceCore

/// One point after the other for each subscriber of a series (schedule.md R17). What is sent after the fact
/// is a chain: the first waits, the others are held behind it.
extension SQLStore {
    /// True of a subscriber of whom an earlier point of the series is unsettled. Corrections neither hold nor
    /// are held.
    static func isBehind(_ subscriber: String, _ series: String) -> String {
        """
        EXISTS (SELECT 1 FROM delivery u CROSS JOIN subject v ON v.number = u.subject
            WHERE u.subscriber = \(subscriber) AND u.state IN (0, 2) AND v.series = \(series)
                AND v.type = '\(ReleaseRow.type)')
        """
    }

    func isBehind(_ subscriber: Int64, in series: String) throws(StoreError) -> Bool {
        try database.query(
            "SELECT \(SQLStore.isBehind("$1", "$2"))", [.integer(subscriber), .text(series)]
        ).first?[0].integer == 1
    }

    /// Whether a point of the series is in flight for the subscriber, with or without a row.
    func isOut(_ subscriber: Int64, _ series: String) throws(StoreError) -> Bool {
        for subject in try subjectsInFlight(of: subscriber) {
            let rows = try database.query(
                "SELECT 1 FROM subject WHERE number = $1 AND series = $2 AND type = '\(ReleaseRow.type)'",
                [.integer(subject), .text(series)])
            if !rows.isEmpty { return true }
        }
        return false
    }

    /// Sets the earliest held point free, where nothing of the series waits for the subscriber any more.
    /// - Returns: `instant`, when it is due; nil where there is none.
    func free(
        of subscriber: Int64, in series: String, at instant: Instant
    ) throws(StoreError) -> Instant? {
        let rows = try database.query(
            """
            SELECT d.subject, d.slot, d.state FROM delivery d
                CROSS JOIN subject v ON v.number = d.subject CROSS JOIN release r ON r.number = d.release
            WHERE d.subscriber = $1 AND d.state IN (0, 2) AND v.series = $2 AND v.type = '\(ReleaseRow.type)'
            ORDER BY d.state, r.slot_date, r.sequence, r.number LIMIT 1
            """, [.integer(subscriber), .text(series)])
        guard let row = rows.first, row[2].integer == DeliveryState.held.code else { return nil }
        // What is sent after the fact becomes due to its subscriber when its turn has come, and its day.
        try database.query(
            """
            UPDATE delivery SET state = 0, error = NULL,
                next_attempt_at = CASE WHEN due_at > $4 THEN due_at ELSE $4 END,
                due_at = CASE WHEN due_at < $4 THEN $4 ELSE due_at END
            WHERE subject = $1 AND slot = $2 AND subscriber = $3
            """, [row[0], row[1], .integer(subscriber), .integer(instant.nanoseconds)])
        return instant
    }

    /// Makes deliveries of `releases`, in their order, for one subscriber of `series`: those that it has no
    /// delivery of.
    /// With `areArrears` they are sent after the fact, not what an unfinished batch owes anyway.
    func owe(
        _ releases: [ReleaseRow], to subscriber: Int64, _ id: String, areArrears: Bool,
        notBefore: [String: Instant] = [:], now: Instant
    ) throws(StoreError) {
        guard let series = releases.first?.info.series else { return }
        let slot = SlotHash(series: series, subscriber: id).slot
        var isBehind = try isBehind(subscriber, in: series)
        if !isBehind { isBehind = try isOut(subscriber, series) }
        if !isBehind { isBehind = try isSuspended(subscriber) }
        for release in releases where try !hasDelivery(of: release, slot, subscriber) {
            // What is on its way is owed by its batch, and comes back to it.
            let key = DeliveryKey(subject: release.subject, subscriber: subscriber)
            if try isInFlight(key) { continue }
            let state: DeliveryState = isBehind ? .held : .waiting
            let due = max(now, notBefore[release.point] ?? now)
            try database.query(
                """
                INSERT INTO delivery(subject, slot, subscriber, release, state, attempts, after_ms,
                    next_attempt_at, due_at)
                VALUES ($1, $2, $3, $4, $5, 0, $6, $7, $8)
                """,
                [
                    .integer(release.subject), .integer(slot), .integer(subscriber),
                    .integer(release.info.number), .integer(state.code),
                    .integer(now.milliseconds - release.info.releasedAt.milliseconds),
                    isBehind ? .null : .integer(due.nanoseconds),
                    areArrears ? .integer(due.nanoseconds) : .null,
                ])
            if isBehind { holdsSome = true }
            isBehind = true
        }
    }

    /// Whether the subscriber has a delivery of the release's point, under any of its revisions.
    private func hasDelivery(
        of release: ReleaseRow, _ slot: Int64, _ subscriber: Int64
    ) throws(StoreError) -> Bool {
        let own = try database.query(
            """
            SELECT 1 FROM subject v CROSS JOIN delivery d
                ON d.subject = v.number AND d.slot = $5 AND d.subscriber = $6
            WHERE v.type = $1 AND v.series = $2 AND v.edition = $3
                AND (v.subject = $4 OR v.subject LIKE $4 || '.%') LIMIT 1
            """,
            [
                .text(ReleaseRow.type), .text(release.info.series), .text(release.info.edition),
                .text(release.point), .integer(slot), .integer(subscriber),
            ])
        if !own.isEmpty { return true }
        return try hadEarlier(release, slot, subscriber)
    }

    /// Of delivery `d`: its subscriber has the point, or will, or had it before it was replayed.
    static let isHad = """
        (d.state IN (0, 1, 2) OR EXISTS (SELECT 1 FROM replay y WHERE y.subject = d.subject
            AND y.slot = d.slot AND y.subscriber = d.subscriber AND y.had = 1))
        """

    /// True where the subscriber had the release's point in an edition that --rebase has left behind: by its
    /// delivery, or, where that is pruned, by its membership then.
    static func hadEarlier(_ release: String, _ slot: String, _ subscriber: String) -> String {
        """
        EXISTS (SELECT 1 FROM earlier p WHERE p.release = \(release) AND (
            EXISTS (SELECT 1 FROM delivery d WHERE d.subject = p.subject AND d.slot = \(slot)
                AND d.subscriber = \(subscriber) AND \(isHad))
            OR \(wasOwed("r.subject = p.subject", by: subscriber))))
        """
    }

    private func hadEarlier(
        _ release: ReleaseRow, _ slot: Int64, _ subscriber: Int64
    ) throws(StoreError) -> Bool {
        guard release.isRebased else { return false }
        return try database.query(
            """
            SELECT 1 WHERE \(SQLStore.hadEarlier("$1", "$2", "$3"))
            """, [.integer(release.info.number), .integer(slot), .integer(subscriber)]
        ).isEmpty == false
    }
}
