public import AdviceCore

/// What the commands read: a connection that never writes, while a daemon holds the database or while none
/// does. Each call sees one moment.
public class SQLReader: StoreReader {
    let database: any SQLDatabase

    init(_ database: any SQLDatabase) { self.database = database }

    public func close() { database.close() }

    public func load() throws(StoreError) -> StoreKnowledge {
        try database.moment { () throws(StoreError) in try database.knowledge() }
    }

    public func cohorts(of subscriber: String) throws(StoreError) -> [Int64] {
        try database.query(
            """
            SELECT m.cohort FROM member m JOIN subscriber s ON s.number = m.subscriber
            WHERE s.id = $1 AND m.active_until IS NULL
            """, [.text(subscriber)]
        ).compactMap { $0[0].integer }
    }

    public func endpoints(_ state: EndpointHealth.State) throws(StoreError) -> [String] {
        try database.query(
            """
            SELECT s.id FROM endpoint e
            JOIN subscriber s ON s.number = e.subscriber AND s.fingerprint = e.fingerprint
            WHERE e.state = $1 AND s.removed_at IS NULL ORDER BY s.id
            """, [.text(state.rawValue)]
        ).compactMap { $0[0].text }
    }

    public func counts() throws(StoreError) -> DeliveryCounts {
        try database.moment { () throws(StoreError) in
            var counts = DeliveryCounts()
            func count(_ state: DeliveryState) -> String { "count(*) FILTER (WHERE state = \(state.code))" }
            let states: [DeliveryState] = [.waiting, .held, .delivered, .exhausted, .cancelled]
            let row = try database.query(
                "SELECT \(states.map(count).joined(separator: ", ")) FROM delivery")[0]
            counts.waiting = Int(row[0].integer ?? 0)
            counts.held = Int(row[1].integer ?? 0)
            counts.delivered = Int(row[2].integer ?? 0)
            counts.exhausted = Int(row[3].integer ?? 0)
            counts.cancelled = Int(row[4].integer ?? 0)
            counts.waiting += try owed()
            return counts
        }
    }

    /// Members of unfinished batches who have no row yet. Someone whom two cohorts owe the same point counts
    /// once.
    func owed() throws(StoreError) -> Int {
        let rows = try database.query(
            """
            SELECT count(*) FROM (
                SELECT DISTINCT r.subject, m.subscriber
                FROM batch b CROSS JOIN release r ON r.number = b.release
                CROSS JOIN member m ON m.cohort = r.cohort
                    AND m.slot_hash BETWEEN b.first_hash AND b.last_hash
                WHERE b.audience = 0 AND m.active_from <= r.cut
                    AND (m.active_until IS NULL OR m.active_until > r.cut)
                    AND NOT EXISTS (SELECT 1 FROM delivery d WHERE d.subject = r.subject
                        AND d.slot = m.slot_hash >> \(Schema.slotShift) AND d.subscriber = m.subscriber)) owed
            """)
        return Int(rows.first?.first?.integer ?? 0)
    }

    public func replayCount(_ replay: Replay, now: Instant) throws(StoreError) -> ReplayCount? {
        guard try database.knows(replay.subscriber) else { return nil }
        return try database.replayCount(replay, now: now)
    }

    public func writes() throws(StoreError) -> Int64 {
        preconditionFailure("an engine tells in its own way")
    }

    // MARK: The log

    public func deliveries(_ query: DeliveryQuery) throws(StoreError) -> [DeliveryLogEntry] {
        try database.moment { () throws(StoreError) in
            var entries: [DeliveryLogEntry] = []
            guard let subscriber = try number(of: query.subscriber) else { return [] }
            for subject in try subjects(query) where entries.count < query.limit {
                let slot = query.subscriber.map { SlotHash(series: subject.series, subscriber: $0).slot }
                try read(query, subject, slot, subscriber.number, into: &entries)
            }
            return entries
        }
    }

    /// Nil where there is nobody of that name; a number of nil where nobody is asked for.
    private func number(of id: String?) throws(StoreError) -> (number: Int64?, Void)? {
        guard let id else { return (nil, ()) }
        let rows = try database.query("SELECT number FROM subscriber WHERE id = $1", [.text(id)])
        guard let number = rows.first?[0].integer else { return nil }
        return (number, ())
    }

    private struct Subject {
        var number: Int64
        var type: String
        var series: String
        var edition: String
        var point: String
        var subject: String
    }

    /// Those asked for, what was released last first.
    private func subjects(_ query: DeliveryQuery) throws(StoreError) -> [Subject] {
        let rows = try database.query(
            """
            SELECT j.number, j.type, j.series, j.edition,
                (SELECT r.point FROM release r WHERE r.subject = j.number LIMIT 1), j.subject
            FROM subject j WHERE (CAST($2 AS TEXT) IS NULL OR j.series = $2)
                AND (CAST($1 AS TEXT) IS NULL OR EXISTS (
                    SELECT 1 FROM release r WHERE r.subject = j.number AND r.point = $1))
            ORDER BY coalesce(
                (SELECT max(r.released_at) FROM release r WHERE r.subject = j.number), 0) DESC, j.number DESC
            """, [.optional(query.point?.id), .optional(query.point?.series)])
        return rows.compactMap { row in
            guard let number = row[0].integer, let type = row[1].text, let series = row[2].text,
                let edition = row[3].text, let point = row[4].text, let subject = row[5].text
            else { return nil }
            return Subject(
                number: number, type: type, series: series, edition: edition, point: point, subject: subject)
        }
    }

    private func read(
        _ query: DeliveryQuery, _ subject: Subject, _ slot: Int64?, _ subscriber: Int64?,
        into entries: inout [DeliveryLogEntry]
    ) throws(StoreError) {
        // With a subscriber this is one look-up by the key.
        let whose =
            slot == nil
            ? "CAST($2 AS BIGINT) IS NULL AND CAST($3 AS BIGINT) IS NULL"
            : "d.slot = $2 AND d.subscriber = $3"
        let statement = try database.statement(
            """
            SELECT s.id, r.point_number, r.slot_date, d.state, d.attempts, d.next_attempt_at,
                r.released_at / 1000000 + d.after_ms AS changed, d.status, d.latency_ms, d.error, d.slot,
                d.subscriber, y.number, y.ids
            FROM delivery d JOIN release r ON r.number = d.release
                JOIN subscriber s ON s.number = d.subscriber
                LEFT JOIN replay y
                    ON y.subject = d.subject AND y.slot = d.slot AND y.subscriber = d.subscriber
            WHERE d.subject = $1 AND \(whose) AND (CAST($4 AS BIGINT) IS NULL OR d.state = $4)
                AND (CAST($5 AS BIGINT) IS NULL OR r.released_at / 1000000 + d.after_ms >= $5)
            ORDER BY changed DESC, d.subscriber LIMIT $6
            """)
        statement.bind([
            .integer(subject.number), .optional(slot), .optional(subscriber),
            .optional(query.state?.code), .optional(query.since?.milliseconds),
            .integer(Int64(query.limit - entries.count)),
        ])
        try statement.walk { () throws(StoreError) in
            entries.append(try entry(statement, subject))
            return true
        }
    }

    private func entry(
        _ row: any SQLStatement, _ subject: Subject
    ) throws(StoreError) -> DeliveryLogEntry {
        guard let state = DeliveryState(code: row.integer(3)) else {
            throw .damaged("\(database.path): a delivery is in no state that there is")
        }
        let attempts = Int(row.integer(4))
        let log =
            state == .delivered && attempts == 1 && row.optionalInteger(12) == nil
            ? [] : try attemptLog(subject.number, slot: row.integer(10), subscriber: row.integer(11))
        let changed = Instant(nanoseconds: row.integer(6) * 1_000_000)
        var entry = DeliveryLogEntry(
            type: subject.type, subscriber: row.text(0), series: subject.series, edition: subject.edition,
            point: subject.point,
            subject: Replay.subject(subject.subject, count: row.optionalInteger(13) ?? 0),
            number: Int(row.integer(1)),
            day: try database.parsed(CivilDate.init, row.text(2)), state: state, attempts: attempts,
            nextAttemptAt: row.optionalInteger(5).map(Instant.init(nanoseconds:)),
            settledAt: state.isSettled ? changed : nil,
            status: Int(row.integer(7)), latency: row.optionalInteger(8).map(Span.milliseconds),
            error: row.optionalText(9), attemptLog: log)
        entry.changedAt = changed
        return entry
    }

    private func attemptLog(
        _ subject: Int64, slot: Int64, subscriber: Int64
    ) throws(StoreError) -> [AttemptRecord] {
        let statement = try database.statement(
            """
            SELECT number, at, status, error, latency, address, reply, arrived, replay FROM attempt
            WHERE subject = $1 AND slot = $2 AND subscriber = $3 ORDER BY replay, number
            """)
        statement.bind([.integer(subject), .integer(slot), .integer(subscriber)])
        var attempts: [AttemptRecord] = []
        try statement.walk { () throws(StoreError) in
            var attempt = AttemptRecord(
                number: Int(statement.integer(0)), at: Instant(nanoseconds: statement.integer(1)),
                status: Int(statement.integer(2)), error: statement.optionalText(3),
                latency: Span(nanoseconds: statement.integer(4)), address: statement.optionalText(5),
                reply: statement.bytes(6), mayHaveArrived: statement.integer(7) == 1)
            attempt.replay = Int(statement.integer(8))
            attempts.append(attempt)
            return true
        }
        return attempts
    }
}
