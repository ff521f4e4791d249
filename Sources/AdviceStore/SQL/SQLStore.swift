public import AdviceCore

/// What the stores on SQL have in common: all that is decided by rows. The verbs stand in files of their own:
/// Roster, Release, Claim, Record and so on. An engine overrides what it does in another way, which is
/// little: how deliveries are handed out, and what is known of those that are out.
///
/// Holds in memory what this process has in flight: the batches and deliveries it has handed out.
public class SQLStore: Store {
    public let engine: String
    let database: any SQLDatabase
    var inFlight = InFlight()
    /// As it stands in the database.
    var life = Life()
    /// What it is called in `meta`.
    var lifeKey: String { "life" }
    /// What claims need to know of the releases they meet.
    var releases: [Int64: ReleaseRow] = [:] {
        didSet { lastRelease = nil }
    }
    /// The one that was asked for last: those that follow are mostly of the same.
    var lastRelease: ReleaseRow?
    /// Some delivery is held behind another: what is settled may set it free.
    var holdsSome = false
    public var trustsClock = false
    /// Subscribers that this process has forgotten: attempts of theirs may still be on the wire.
    var erased: Set<Int64> = []

    init(engine: String, _ database: any SQLDatabase) {
        self.engine = engine
        self.database = database
    }

    // MARK: What an engine may do in its own way

    public func claim(limit: Int, now: Instant) throws(StoreError) -> Claim {
        preconditionFailure("an engine hands out in its own way")
    }

    @discardableResult
    public func record(_ group: OutcomeGroup, now: Instant) throws(StoreError) -> Instant? {
        let freed = try write(now) { () throws(StoreError) in try put(group, now) }
        settle(group)
        return freed
    }

    /// What may run beside other daemons' transactions on the same database, and what may not.
    enum Access {
        /// Beside others: rows are taken by lock, and what two could do to one row is harmless.
        case shared
        case alone
        /// As `shared`, and of no interest to others.
        case unheard
        /// As `alone`, and of no interest to others.
        case aloneUnheard
    }

    /// One transaction, which also raises the mark. A result of nil undoes it.
    func writeOrNothing<Result>(
        _ now: Instant, _ access: Access, _ body: () throws(StoreError) -> Result?
    ) throws(StoreError) -> Result? {
        try database.transactionOrNothing { () throws(StoreError) in
            guard let result = try body() else { return nil }
            try raiseMark(now)
            return result
        }
    }

    /// Subjects of what is in flight for a subscriber, from this daemon or another.
    func subjectsInFlight(of subscriber: Int64) throws(StoreError) -> [Int64] {
        inFlight.subjects(of: subscriber)
    }

    /// Those of whom something is in flight, from this daemon or another.
    func subscribersInFlight() throws(StoreError) -> Set<Int64> { inFlight.subscribers }

    func isInFlight(_ key: DeliveryKey) throws(StoreError) -> Bool { inFlight[key] != nil }

    /// What is in flight of a release and came from a batch: it may have no row yet. `owner` is the daemon
    /// that has it, where there may be several.
    func inFlightFromBatches(
        of release: Int64, _ subject: Int64
    ) throws(StoreError) -> [(key: DeliveryKey, slot: Int64, owner: Int64?)] {
        inFlight.fromBatches(of: subject).map { (key: $0.key, slot: $0.slot, owner: nil) }
    }

    /// Those of `subscribers` whose endpoint is suspended.
    func suspended(among subscribers: [Int64]) throws(StoreError) -> Set<Int64> {
        var suspended: Set<Int64> = []
        for subscriber in subscribers where try isSuspended(subscriber) { suspended.insert(subscriber) }
        return suspended
    }

    /// Whether something may be held for the subscriber. True where it is not worth asking.
    func mayBeHeld(_ subscriber: Int64) -> Bool { true }

    /// True of a delivery `d` that no daemon has in flight, where that is in its row: further on in a WHERE.
    var notOwned: String { "" }

    /// Throws `outdated` where another daemon has taken newer files.
    func checkFiles() throws(StoreError) {}

    /// Notes with the delivery's row that daemon `owner` has it in flight.
    func note(_ owner: Int64, of key: DeliveryKey, _ slot: Int64) throws(StoreError) {}

    /// Inside the transaction of an import.
    func tookRoster(_ now: Instant) throws(StoreError) {}

    func finish(_ batches: [Int64]) throws(StoreError) {
        let finish = try database.statement("DELETE FROM batch WHERE number = $1")
        for batch in batches {
            finish.bind(1, batch)
            try finish.run()
        }
    }

    /// Keeps `count` numbers for new subscribers, and gives the first.
    func reserveSubscribers(_ count: Int) throws(StoreError) -> Int64 {
        let rows = try database.query("SELECT seq FROM sqlite_sequence WHERE name = 'subscriber'")
        return (rows.first?[0].integer ?? 0) + 1
    }

    /// Before and after many rows are inserted into the roster.
    func prepareManyRows() throws(StoreError) {}
    func settleManyRows() throws(StoreError) {}

    /// What is kept of releases is no longer so, here and in other daemons.
    func forgetReleases() throws(StoreError) { releases = [:] }

    /// The mark is the highest wall time of the clock that is believed.
    func raiseMark(_ now: Instant) throws(StoreError) {
        guard trustsClock else { return }
        let mark = try database.statement(
            """
            INSERT INTO meta(key, value) VALUES ('mark', $1)
            ON CONFLICT(key) DO UPDATE SET value = excluded.value
            WHERE CAST(meta.value AS BIGINT) < CAST(excluded.value AS BIGINT)
            """)
        mark.bind(1, now.nanoseconds)
        try mark.run()
    }

    /// Runs `body` so that what it deletes is overwritten where it lay, as far as the engine does that.
    func overwriting<Result>(_ body: () throws(StoreError) -> Result) throws(StoreError) -> Result {
        try body()
    }

    /// After that: has what was overwritten leave the log too. False where somebody reads it just now.
    func wipe() throws(StoreError) -> Bool { true }

    // MARK: For a copy

    /// Nobody else writes from now on until this store is closed.
    func freeze() throws(StoreError) {}

    /// The highest number that each of the numbered tables has given out.
    func lastNumbers() throws(StoreError) -> [String: Int64] {
        var last: [String: Int64] = [:]
        for table in StoreCopy.numbered {
            last[table] = try database.query("SELECT max(number) FROM \(table)").first?[0].integer ?? 0
        }
        return last
    }

    /// Numbers up to these are given out no more.
    func take(lastNumbers last: [String: Int64]) throws(StoreError) {}

    /// As the engine keeps it in `meta`.
    func metaValue(_ text: String) -> SQLValue { .text(text) }

    public func shiftWaits(now: Instant) throws(StoreError) { try shift(now) }

    public func close() {
        database.close()
    }

    /// One transaction, which also raises the mark.
    final func write<Result>(
        _ now: Instant, _ access: Access = .alone, _ body: () throws(StoreError) -> Result
    ) throws(StoreError) -> Result {
        let result = try writeOrNothing(now, access) { () throws(StoreError) -> Result? in try body() }
        guard let result else { preconditionFailure("a body that must give a result gave one") }
        return result
    }

    /// Whether some delivery is held, as the rows have it.
    final func lookForHeld() throws(StoreError) {
        holdsSome = try database.query("SELECT 1 FROM delivery WHERE state = 2 LIMIT 1").count > 0
    }
}

extension SQLStore {
    /// The number of the roster, in a statement.
    static let generation = "(SELECT CAST(value AS BIGINT) FROM meta WHERE key = 'generation')"

    public func load() throws(StoreError) -> StoreKnowledge {
        try database.moment { () throws(StoreError) in
            var knowledge = try database.knowledge()
            knowledge.life = try readLife()
            return knowledge
        }
    }

    public func save(_ record: SeriesRecord, decision: String?, now: Instant) throws(StoreError) {
        try write(now) { () throws(StoreError) in
            try put(record)
            if let decision { try note(decision, now) }
        }
    }

    func put(_ record: SeriesRecord) throws(StoreError) {
        try database.query(
            """
            INSERT INTO series(id, first_seen, configured_start, edition, state, begin, passed, details)
            VALUES ($1, $2, $3, $4, $5, $6, $7, $8)
            ON CONFLICT(id) DO UPDATE SET first_seen = excluded.first_seen,
                configured_start = excluded.configured_start, edition = excluded.edition,
                state = excluded.state, begin = excluded.begin, passed = excluded.passed,
                details = excluded.details
            """,
            [
                .text(record.key), .integer(record.firstSeen.nanoseconds),
                .text("\(record.configuredStart)"), .text("\(record.edition)"),
                .text(record.state.rawValue),
                .optional(record.begin.map { "\($0)" }), .text(RosterText.text(record.passed)),
                .text(RosterText.text(record.details)),
            ])
    }

    func note(_ decision: String, _ now: Instant) throws(StoreError) {
        try database.query(
            "INSERT INTO decision(at, what) VALUES ($1, $2)", [.integer(now.nanoseconds), .text(decision)])
    }

    public func note(_ hold: ClockHold?, decision: String?, now: Instant) throws(StoreError) {
        try write(now) { () throws(StoreError) in
            if let hold {
                try database.query(
                    """
                    INSERT INTO meta(key, value) VALUES ('hold', $1)
                    ON CONFLICT(key) DO UPDATE SET value = excluded.value
                    """, [.text(RosterText.text(hold))])
            } else {
                try database.query("DELETE FROM meta WHERE key = 'hold'")
            }
            if let decision { try note(decision, now) }
        }
    }

    func shift(_ now: Instant) throws(StoreError) {
        try write(now) { () throws(StoreError) in
            // What was written by a time that is still to come waits from now on for what was left then.
            try database.query(
                """
                UPDATE delivery SET
                    next_attempt_at = CAST($1 AS BIGINT) + next_attempt_at
                        - 1000000 * (r.released_at / 1000000 + delivery.after_ms),
                    due_at = CASE WHEN delivery.due_at > CAST($1 AS BIGINT)
                        THEN CAST($1 AS BIGINT) ELSE delivery.due_at END,
                    after_ms = CAST($1 AS BIGINT) / 1000000 - r.released_at / 1000000
                FROM release r
                WHERE r.number = delivery.release AND delivery.state = 0
                    AND r.released_at / 1000000 + delivery.after_ms > CAST($1 AS BIGINT) / 1000000
                """, [.integer(now.nanoseconds)])
            try database.query(
                """
                UPDATE batch SET due = CAST($1 AS BIGINT) + batch.due - r.released_at FROM release r
                WHERE r.number = batch.release AND r.released_at > CAST($1 AS BIGINT)
                """, [.integer(now.nanoseconds)])
            try forgetReleases()
        }
    }

    public func content(release: Int64) throws(StoreError) -> (neutral: [UInt8], digest: [UInt8])? {
        let rows = try database.query(
            "SELECT neutral, digest FROM content WHERE release = $1", [.integer(release)])
        guard let neutral = rows.first?[0].bytes, let digest = rows.first?[1].bytes else { return nil }
        return (neutral, digest)
    }

    public func keep(_ bytes: [UInt8], release: Int64, format: Format, now: Instant) throws(StoreError) {
        try write(now, .shared) { () throws(StoreError) in
            try keep(bytes, release: release, format: format)
        }
    }

    func keep(_ bytes: [UInt8], release: Int64, format: Format) throws(StoreError) {
        try database.query(
            """
            INSERT INTO rendering(release, format, body, digest) VALUES ($1, $2, $3, $4)
            ON CONFLICT DO NOTHING
            """,
            [
                .integer(release), .text(format.rawValue), .bytes(bytes), .integer(Checksum(bytes).signed),
            ])
    }

    public func rendering(release: Int64, format: Format) throws(StoreError) -> [UInt8]? {
        let rows = try database.query(
            "SELECT body, digest FROM rendering WHERE release = $1 AND format = $2",
            [.integer(release), .text(format.rawValue)])
        guard let row = rows.first, let body = row[0].bytes else { return nil }
        guard row[1].integer == Checksum(body).signed else {
            throw .damaged(
                "\(database.path): the frozen body of release \(release) for \(format.rawValue) is not "
                    + "what was written: \(database.howToGoOn)")
        }
        return body
    }
}
