public import AdviceCore

/// What an operator has sent again.
extension SQLStore {
    public func replay(
        _ replay: Replay, words: String, now: Instant
    ) throws(StoreError) -> ReplayCount? {
        guard try database.knows(replay.subscriber) else { return nil }
        let result = try writeOrNothing(now, .alone) { () throws(StoreError) -> ReplayCount? in
            let count = try choose(replay, now)
            guard count.replayed > 0 else { return nil }
            try renew(now)
            try keepAttempts()
            try remember(replay)
            try holdChosen(now)
            try freeChosen(now)
            try note("\(words): \(count.words)", now)
            try database.query("DELETE FROM chosen")
            return count
        }
        if let result { return result }
        return try database.replayCount(replay, now: now)
    }

    public func replayCount(_ replay: Replay, now: Instant) throws(StoreError) -> ReplayCount? {
        guard try database.knows(replay.subscriber) else { return nil }
        return try database.replayCount(replay, now: now)
    }

    /// Writes down which deliveries are to be sent again, for the steps that follow: a replay changes what it
    /// chooses by.
    private func choose(_ replay: Replay, _ now: Instant) throws(StoreError) -> ReplayCount {
        try database.query(
            """
            CREATE TEMP TABLE IF NOT EXISTS chosen(
                subject BIGINT NOT NULL, slot BIGINT NOT NULL, subscriber BIGINT NOT NULL,
                verdict TEXT NOT NULL, PRIMARY KEY(subject, slot, subscriber))
            """)
        try database.query(
            "INSERT INTO chosen SELECT subject, slot, subscriber, verdict FROM (\(Replay.candidates)) c",
            replay.values(now))
        let count = ReplayCount(try database.query("SELECT verdict, count(*) FROM chosen GROUP BY 1"))
        try database.query("DELETE FROM chosen WHERE verdict NOT IN ('replayed', 'renewed')")
        return count
    }

    /// Who never had a text that was corrected since is sent the newest of it as the release: for the first
    /// time, so under its own webhook-id.
    private func renew(_ now: Instant) throws(StoreError) {
        try database.query(
            """
            CREATE TEMP TABLE IF NOT EXISTS renewed(
                subject BIGINT NOT NULL, slot BIGINT NOT NULL, subscriber BIGINT NOT NULL,
                release BIGINT NOT NULL, PRIMARY KEY(subject, slot, subscriber))
            """)
        try database.query(
            """
            INSERT INTO renewed
            SELECT n.subject, d.slot, d.subscriber, n.number
            FROM chosen h CROSS JOIN delivery d
                ON d.subject = h.subject AND d.slot = h.slot AND d.subscriber = h.subscriber
                CROSS JOIN release r ON r.number = d.release
                CROSS JOIN release n ON n.number = \(Replay.newestText)
            WHERE h.verdict = 'renewed' ON CONFLICT DO NOTHING
            """)
        try database.query(
            """
            INSERT INTO delivery(subject, slot, subscriber, release, state, attempts, after_ms)
            SELECT subject, slot, subscriber, release, 2, 0, 0 FROM renewed WHERE true ON CONFLICT DO NOTHING
            """)
        try database.query("DELETE FROM chosen WHERE verdict = 'renewed'")
        try database.query(
            """
            INSERT INTO chosen SELECT subject, slot, subscriber, 'renewed' FROM renewed WHERE true
            ON CONFLICT DO NOTHING
            """)
        try database.query("DELETE FROM renewed")
    }

    /// What was delivered at once has no row of its attempt: it gets one now, for the delivery's row begins
    /// anew. It also says that somebody has this text.
    private func keepAttempts() throws(StoreError) {
        try database.query(
            """
            INSERT INTO attempt(subject, slot, subscriber, replay, number, at, status, latency, reply,
                arrived)
            SELECT d.subject, d.slot, d.subscriber, coalesce(y.number, 0), d.attempts,
                1000000 * (r.released_at / 1000000 + d.after_ms - coalesce(d.latency_ms, 0)),
                coalesce(d.status, 0), 1000000 * CAST(coalesce(d.latency_ms, 0) AS BIGINT), $1, 1
            FROM chosen h CROSS JOIN delivery d
                ON d.subject = h.subject AND d.slot = h.slot AND d.subscriber = h.subscriber
                CROSS JOIN release r ON r.number = d.release
                LEFT JOIN replay y
                    ON y.subject = d.subject AND y.slot = d.slot AND y.subscriber = d.subscriber
            WHERE h.verdict = 'replayed' AND d.state = \(DeliveryState.delivered.code)
            ON CONFLICT(subject, slot, subscriber, replay, number) DO UPDATE SET arrived = 1
            """, [.bytes([])])
    }

    private func remember(_ replay: Replay) throws(StoreError) {
        try database.query(
            """
            INSERT INTO replay(subject, slot, subscriber, number, ids, had)
            SELECT d.subject, d.slot, d.subscriber, 1, CAST($1 AS BIGINT),
                CASE WHEN d.state = \(DeliveryState.delivered.code) THEN 1 ELSE 0 END
            FROM chosen h CROSS JOIN delivery d
                ON d.subject = h.subject AND d.slot = h.slot AND d.subscriber = h.subscriber
            WHERE h.verdict = 'replayed'
            ON CONFLICT(subject, slot, subscriber) DO UPDATE SET number = replay.number + 1,
                ids = replay.ids + excluded.ids,
                had = CASE WHEN replay.had = 1 THEN 1 ELSE excluded.had END
            """, [.integer(replay.hasNewID ? 1 : 0)])
    }

    /// All of it begins anew, and is held; what keeps no order waits, but at a suspended endpoint.
    private func holdChosen(_ now: Instant) throws(StoreError) {
        let waits = """
            v.type <> '\(ReleaseRow.type)' AND NOT EXISTS (SELECT 1 FROM endpoint e
                JOIN subscriber s ON s.number = e.subscriber AND s.fingerprint = e.fingerprint
                WHERE e.subscriber = h.subscriber AND e.state IN \(EndpointHealth.holding))
            """
        try database.query(
            """
            UPDATE delivery SET
                state = CASE WHEN \(waits) THEN 0 ELSE 2 END,
                next_attempt_at = CASE WHEN \(waits) THEN CAST($1 AS BIGINT) END,
                attempts = 0, status = NULL, latency_ms = NULL, gone_at = NULL, error = NULL,
                due_at = CAST($1 AS BIGINT),
                after_ms = CAST($2 AS BIGINT) - (SELECT r.released_at / 1000000 FROM release r
                    WHERE r.number = delivery.release)
            FROM chosen h JOIN subject v ON v.number = h.subject
            WHERE delivery.subject = h.subject AND delivery.slot = h.slot
                AND delivery.subscriber = h.subscriber
            """, [.integer(now.nanoseconds), .integer(now.milliseconds)])
        holdsSome = true
    }

    /// The first of each series, where nothing of it waits or is on its way, and the endpoint takes things.
    private func freeChosen(_ now: Instant) throws(StoreError) {
        let rows = try database.query(
            """
            SELECT DISTINCT h.subscriber, v.series FROM chosen h CROSS JOIN subject v ON v.number = h.subject
            WHERE v.type = '\(ReleaseRow.type)' ORDER BY 1, 2
            """)
        let busy = try subscribersInFlight()
        for row in rows {
            guard let subscriber = row[0].integer, let series = row[1].text else { continue }
            if busy.contains(subscriber), try isOut(subscriber, series) { continue }
            if try isSuspended(subscriber) { continue }
            _ = try free(of: subscriber, in: series, at: now)
        }
    }
}

extension SQLDatabase {
    /// Whether there is somebody of that name in the roster, or was; so too where nobody is named.
    func knows(_ subscriber: String?) throws(StoreError) -> Bool {
        guard let subscriber else { return true }
        return try !query("SELECT 1 FROM subscriber WHERE id = $1", [.text(subscriber)]).isEmpty
    }

    /// What a replay would come to at `now`, for readers and writers alike.
    func replayCount(_ replay: Replay, now: Instant) throws(StoreError) -> ReplayCount {
        ReplayCount(
            try query(
                "SELECT verdict, count(*) FROM (\(Replay.candidates)) c GROUP BY 1", replay.values(now)))
    }
}

extension Replay {
    /// What `candidates` is bound to.
    fileprivate func values(_ now: Instant) -> [SQLValue] {
        [
            .optional(subscriber), .optional(series), .optional(point), .optional(from.map { "\($0)" }),
            .optional(to.map { "\($0)" }), .optional(state?.code),
            .text("\(ZoneRules.utc.local(of: now).date)"),
        ]
    }

    /// Of the point of release r in its cohort, a later text.
    private static let later = """
        x.series = r.series AND x.edition = r.edition AND x.cohort = r.cohort AND x.point = r.point
            AND x.revision > r.revision
        """

    /// The newest correction of release r: its type; NULL where there is none.
    private static let corrected = """
        (SELECT w.type FROM release x JOIN subject w ON w.number = x.subject
            WHERE \(later) AND x.kind = 'correction' ORDER BY x.revision DESC LIMIT 1)
        """

    /// The newest text of release r that goes out as the release: its number.
    fileprivate static let newestText = """
        (SELECT x.number FROM release x WHERE \(later) AND x.kind = 'rerelease'
            ORDER BY x.revision DESC LIMIT 1)
        """

    /// Whether delivery d's subscriber has one of a later text.
    private static let hasLater = """
        EXISTS (SELECT 1 FROM release x JOIN delivery n
            ON n.subject = x.subject AND n.slot = d.slot AND n.subscriber = d.subscriber WHERE \(later))
        """

    /// Whether a release is of the point and the days that are asked for.
    private static func isMeant(_ release: String) -> String {
        """
        (CAST($3 AS TEXT) IS NULL OR \(release).point = $3)
            AND (CAST($4 AS TEXT) IS NULL OR \(release).slot_date >= $4)
            AND (CAST($5 AS TEXT) IS NULL OR \(release).slot_date <= $5)
        """
    }

    /// The deliveries that a replay means, each with what becomes of it: a field of `ReplayCount`, or
    /// `renewed`. Of points and their corrections; alerts and what was rehearsed are never sent again.
    fileprivate static let candidates = """
        SELECT d.subject, d.slot, d.subscriber, CASE
            WHEN d.state IN (0, 2) THEN 'unsettled'
            WHEN s.removed_at IS NOT NULL OR NOT EXISTS (
                SELECT 1 FROM member m JOIN cohort c ON c.number = m.cohort
                WHERE m.subscriber = s.number AND m.active_until IS NULL AND c.series = v.series)
                THEN 'removed'
            WHEN \(corrected) = 'advice.point.withdrawn' THEN 'withdrawn'
            WHEN \(corrected) IS NOT NULL AND \(hasLater) THEN 'superseded'
            WHEN e.state = 'closed' THEN 'closed'
            WHEN s.paused OR s.paused_from IS NOT NULL AND coalesce(s.paused_until, '9999') > CAST($7 AS TEXT)
                THEN 'paused'
            WHEN \(corrected) IS NULL THEN 'replayed'
            WHEN v.type <> '\(ReleaseRow.type)' OR \(SQLStore.mayHaveArrived) THEN 'unsettled'
            ELSE 'renewed' END AS verdict
        FROM subject v CROSS JOIN delivery d ON d.subject = v.number
                AND (CAST($1 AS TEXT) IS NULL OR d.slot IN (
                    SELECT m.slot_hash >> \(Schema.slotShift) FROM member m
                    JOIN subscriber o ON o.number = m.subscriber WHERE o.id = $1))
            CROSS JOIN release r ON r.number = d.release
            CROSS JOIN subscriber s ON s.number = d.subscriber
            LEFT JOIN endpoint e ON e.subscriber = s.number AND e.fingerprint = s.fingerprint
        WHERE v.type IN ('\(ReleaseRow.type)', 'advice.point.revised', 'advice.point.withdrawn')
            AND v.edition NOT LIKE '%.shadow' AND (CAST($1 AS TEXT) IS NULL OR s.id = $1)
            AND (CAST($2 AS TEXT) IS NULL OR v.series = $2)
            AND (CAST($6 AS BIGINT) IS NULL OR d.state = $6) AND \(isMeant("r"))
            AND EXISTS (SELECT 1 FROM release q WHERE q.subject = v.number AND \(isMeant("q")))
        """
}

extension ReplayCount {
    /// From rows of a verdict and how often it was given.
    fileprivate init(_ rows: [[SQLValue]]) {
        self.init()
        for row in rows {
            let count = Int(row[1].integer ?? 0)
            switch row[0].text {
            case "replayed", "renewed": replayed += count
            case "unsettled": unsettled += count
            case "removed": removed += count
            case "withdrawn": withdrawn += count
            case "paused": paused += count
            case "closed": closed += count
            default: superseded += count
            }
        }
    }
}
