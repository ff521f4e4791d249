import AdviceCore

/// What is remembered of endpoints that are not healthy (delivery.md §1).
extension SQLStore {
    /// Writes what an attempt has made of the endpoint that it was claimed for, not of one that the roster
    /// has changed it to meanwhile.
    func write(_ health: EndpointHealth, of key: DeliveryKey, _ now: Instant) throws(StoreError) {
        let fingerprint = inFlight[key]?.fingerprint
        if health == .healthy {
            try database.query(
                "DELETE FROM endpoint WHERE subscriber = $1 AND fingerprint = coalesce($2, fingerprint)",
                [.integer(key.subscriber), .optional(fingerprint)])
            return
        }
        // Two series may have asked at once: what is further from healthy stays.
        try database.query(
            """
            INSERT INTO endpoint(subscriber, fingerprint, state, since, failing_since, failures, refusals,
                probe_at)
            SELECT number, fingerprint, $3, CAST($4 AS BIGINT), CAST($5 AS BIGINT), CAST($6 AS BIGINT),
                CAST($7 AS BIGINT), CAST($8 AS BIGINT)
            FROM subscriber WHERE number = $1 AND fingerprint = coalesce($2, fingerprint)
            ON CONFLICT(subscriber) DO UPDATE SET
                state = CASE WHEN endpoint.fingerprint = excluded.fingerprint AND excluded.state = 'open'
                    THEN endpoint.state ELSE excluded.state END,
                since = CASE WHEN endpoint.state = excluded.state THEN endpoint.since
                    ELSE excluded.since END,
                failing_since = CASE WHEN endpoint.fingerprint = excluded.fingerprint
                        AND endpoint.failing_since < excluded.failing_since
                    THEN endpoint.failing_since ELSE excluded.failing_since END,
                failures = excluded.failures, refusals = excluded.refusals,
                probe_at = coalesce(excluded.probe_at, endpoint.probe_at),
                fingerprint = excluded.fingerprint
            """,
            [
                .integer(key.subscriber), .optional(fingerprint), .text(health.state.rawValue),
                .integer(now.nanoseconds), .optional(health.failingSince?.nanoseconds),
                .integer(Int64(health.failures)), .integer(Int64(health.refusals)),
                .optional(health.probeAt?.nanoseconds),
            ])
        switch health.state {
        case .open, .unconfirmed: break
        case .suspended: try holdAll(of: key.subscriber, .suspended)
        case .closed: try cancelAll(of: key.subscriber, now)
        }
    }

    func isSuspended(_ subscriber: Int64) throws(StoreError) -> Bool {
        let statement = try database.statement(
            """
            SELECT 1 FROM endpoint e JOIN subscriber s ON s.number = e.subscriber
                AND s.fingerprint = e.fingerprint
            WHERE e.subscriber = $1 AND e.state IN \(EndpointHealth.holding)
            """)
        statement.bind(1, subscriber)
        defer { statement.reset() }
        return try statement.step()
    }

    /// What waits for an endpoint that takes nothing is held; no attempt of it is charged until then.
    private func holdAll(of subscriber: Int64, _ why: EndpointHealth.State) throws(StoreError) {
        try database.query(
            """
            UPDATE delivery SET state = \(DeliveryState.held.code), next_attempt_at = NULL, error = $2
            WHERE subscriber = $1 AND state = \(DeliveryState.waiting.code)
            """, [.integer(subscriber), .text(why.rawValue)])
        holdsSome = true
    }

    private func cancelAll(of subscriber: Int64, _ now: Instant) throws(StoreError) {
        try database.query(
            """
            UPDATE delivery SET state = \(DeliveryState.cancelled.code), next_attempt_at = NULL,
                error = 'closed', after_ms = $2 - (SELECT released_at / 1000000 FROM release
                    WHERE release.number = delivery.release)
            WHERE subscriber = $1 AND state IN (0, 2)
            """, [.integer(subscriber), .integer(now.milliseconds)])
    }

    /// Forgets what was wrong with an endpoint, and sets free what was held for it.
    /// One that has not been confirmed is asked again.
    func reopen(_ subscriber: Int64, _ now: Instant) throws(StoreError) {
        let asked = try database.query(
            """
            UPDATE endpoint SET probe_at = $2 WHERE subscriber = $1 AND state = 'unconfirmed'
                AND fingerprint = (SELECT fingerprint FROM subscriber WHERE number = $1)
            RETURNING subscriber
            """, [.integer(subscriber), .integer(now.nanoseconds)])
        guard asked.isEmpty else { return }
        try database.query("DELETE FROM endpoint WHERE subscriber = $1", [.integer(subscriber)])
        _ = try resume(subscriber, now)
    }

    /// Nothing is sent before the endpoint, which is new or another now, has answered a challenge.
    func challenge(_ subscriber: Int64, _ now: Instant) throws(StoreError) {
        try database.query(
            """
            INSERT INTO endpoint(subscriber, fingerprint, state, since, probe_at)
            SELECT number, fingerprint, 'unconfirmed', CAST($2 AS BIGINT), CAST($2 AS BIGINT)
            FROM subscriber WHERE number = $1
            """, [.integer(subscriber), .integer(now.nanoseconds)])
        try holdAll(of: subscriber, .unconfirmed)
    }

    /// The first of each series that is held, and all that keeps no order.
    /// - Returns: when the first of them is due.
    func resume(_ subscriber: Int64, _ now: Instant) throws(StoreError) -> Instant? {
        guard holdsSome else { return nil }
        let series = try database.query(
            """
            SELECT DISTINCT v.series, v.type FROM delivery d CROSS JOIN subject v ON v.number = d.subject
            WHERE d.subscriber = $1 AND d.state = \(DeliveryState.held.code) ORDER BY 1
            """, [.integer(subscriber)])
        guard !series.isEmpty else { return nil }
        try database.query(
            """
            UPDATE delivery SET state = \(DeliveryState.waiting.code), next_attempt_at = $2, error = NULL
            WHERE subscriber = $1 AND state = \(DeliveryState.held.code)
                AND subject IN (SELECT number FROM subject WHERE type <> '\(ReleaseRow.type)')
            """, [.integer(subscriber), .integer(now.nanoseconds)])
        for row in series where row[1].text == ReleaseRow.type {
            guard let id = row[0].text, try !isOut(subscriber, id) else { continue }
            _ = try free(of: subscriber, in: id, at: now)
        }
        return now
    }
}

extension SQLStore {
    /// True of an endpoint `e` that is to be tried when its time comes: what is held for it is not on its
    /// way. One for which nothing is held has nothing to be tried with, and is not in the way of others.
    /// Both states are named where one is asked for: that is the index by subscriber.
    static let isProbed = """
        e.state IN \(EndpointHealth.holding)
            AND EXISTS (SELECT 1 FROM delivery d WHERE d.subscriber = e.subscriber AND d.state = 2)
            AND NOT EXISTS (SELECT 1 FROM delivery d WHERE d.subscriber = e.subscriber
                AND d.state IN (0, 2) AND d.state = 0)
        """
}

extension EndpointHealth {
    /// The states in which it holds what is sent to it, as SQL lists them.
    static let holding = "('\(State.suspended.rawValue)', '\(State.unconfirmed.rawValue)')"
}
