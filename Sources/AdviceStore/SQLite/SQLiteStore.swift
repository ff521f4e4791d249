public import AdviceCore

/// The store on this machine's disk. Its verbs stand in files of their own: Roster, Release, Claim, Record.
///
/// Holds in memory only what is in flight: the batches and deliveries it has handed out. One daemon writes
/// (the state directory's lock sees to that), so nothing of a claim need be on the disk.
public final class SQLiteStore: Store {
    public let engine = "sqlite"
    let connection: SQLiteConnection
    var inFlight = InFlight()
    /// What claims need to know of the releases they meet.
    var releases: [Int64: ReleaseRow] = [:]
    /// Some delivery is held behind another: what is settled may set it free.
    var holdsSome = false
    public var trustsClock = false

    /// A store that is forgotten with the process: for simulations.
    public static func inMemory() throws(StoreError) -> SQLiteStore {
        try SQLiteStore(try SQLiteConnection(path: ":memory:", mode: .readWrite))
    }

    private init(_ connection: SQLiteConnection) throws(StoreError) {
        self.connection = connection
        try SchemaVersion.make(connection)
    }

    /// Opens the database at `path`, made where there is none.
    ///
    /// Throws `damaged` where the file is no database or a broken one, and leaves it as it is; `refused`
    /// where it was written by a newer version, or cannot be kept durable where it lies.
    public init(path: String) throws(StoreError) {
        try SQLiteFile(path: path).prepare()
        connection = try SQLiteConnection(path: path, mode: .readWrite)
        do throws(StoreError) {
            // First of all what writes nothing, so that a file that is not ours stays as it is.
            let isNew = try SchemaVersion.isNew(connection)
            try connection.settle()
            if isNew { try SchemaVersion.make(connection) } else { try SchemaVersion.migrate(connection) }
            holdsSome = try connection.query("SELECT 1 FROM delivery WHERE state = 2 LIMIT 1").count > 0
        } catch {
            connection.close()
            throw error
        }
    }

    public func load() throws(StoreError) -> StoreKnowledge {
        try connection.knowledge()
    }

    public func save(_ record: SeriesRecord, decision: String?, now: Instant) throws(StoreError) {
        try write(now) { () throws(StoreError) in
            try put(record)
            if let decision { try note(decision, now) }
        }
    }

    func put(_ record: SeriesRecord) throws(StoreError) {
        try connection.query(
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
        try connection.query(
            "INSERT INTO decision(at, what) VALUES ($1, $2)", [.integer(now.nanoseconds), .text(decision)])
    }

    public func note(_ hold: ClockHold?, decision: String?, now: Instant) throws(StoreError) {
        try write(now) { () throws(StoreError) in
            if let hold {
                try connection.query(
                    """
                    INSERT INTO meta(key, value) VALUES ('hold', $1)
                    ON CONFLICT(key) DO UPDATE SET value = excluded.value
                    """, [.text(RosterText.text(hold))])
            } else {
                try connection.query("DELETE FROM meta WHERE key = 'hold'")
            }
            if let decision { try note(decision, now) }
        }
    }

    public func shiftWaits(now: Instant) throws(StoreError) {
        try write(now) { () throws(StoreError) in
            // What was written by a time that is still to come waits from now on for what was left then.
            try connection.query(
                """
                UPDATE delivery SET
                    next_attempt_at = $1 + next_attempt_at
                        - 1000000 * (r.released_at / 1000000 + delivery.after_ms),
                    due_at = min(delivery.due_at, $1), after_ms = $1 / 1000000 - r.released_at / 1000000
                FROM release r
                WHERE r.number = delivery.release AND delivery.state = 0
                    AND r.released_at / 1000000 + delivery.after_ms > $1 / 1000000
                """, [.integer(now.nanoseconds)])
            try connection.query(
                """
                UPDATE batch SET due = min(batch.due, $1 + batch.due - r.released_at) FROM release r
                WHERE r.number = batch.release AND r.released_at > $1
                """, [.integer(now.nanoseconds)])
            releases = [:]
        }
    }

    public func rendering(release: Int64, format: Format) throws(StoreError) -> [UInt8]? {
        let rows = try connection.query(
            "SELECT body, digest FROM rendering WHERE release = $1 AND format = $2",
            [.integer(release), .text(format.rawValue)])
        guard let row = rows.first, let body = row[0].bytes else { return nil }
        guard row[1].integer == Checksum(body).signed else {
            throw .damaged(
                "\(connection.path): the frozen body of release \(release) for \(format.rawValue) is not "
                    + "what was written: \(SQLiteConnection.howToGoOn)")
        }
        return body
    }

    public func close() {
        connection.close()
    }

    /// One transaction, which also raises the mark.
    func write<Result>(
        _ now: Instant, _ body: () throws(StoreError) -> Result
    ) throws(StoreError) -> Result {
        try connection.transaction { () throws(StoreError) in
            let result = try body()
            try raiseMark(now)
            return result
        }
    }

    func raiseMark(_ now: Instant) throws(StoreError) {
        guard trustsClock else { return }
        let mark = try connection.statement(
            """
            INSERT INTO meta(key, value) VALUES ('mark', $1)
            ON CONFLICT(key) DO UPDATE SET value = excluded.value WHERE meta.value < excluded.value
            """)
        mark.bind(1, now.nanoseconds)
        try mark.run()
    }
}

extension SQLiteConnection {
    /// Sets what durability and speed need, and reads back what durability rests on.
    fileprivate func settle() throws(StoreError) {
        try require("PRAGMA journal_mode = WAL", gives: .text("wal"))
        try execute(
            """
            PRAGMA synchronous = FULL; PRAGMA foreign_keys = ON; PRAGMA secure_delete = OFF;
            PRAGMA journal_size_limit = 16777216; PRAGMA wal_autocheckpoint = 4000;
            PRAGMA temp_store = MEMORY; PRAGMA trusted_schema = OFF
            """)
        try shrinkCache()
        try require("PRAGMA synchronous", gives: 2)
        try require("PRAGMA foreign_keys", gives: 1)
    }

    /// The cache's usual size, 8 MB; what it had grown to is given back.
    func shrinkCache() throws(StoreError) {
        try execute("PRAGMA cache_size = -8000; PRAGMA shrink_memory")
    }

    private func require(_ pragma: String, gives wanted: SQLValue) throws(StoreError) {
        let value = try query(pragma).first?.first
        guard value == wanted else {
            throw .refused(
                "\(path): `\(pragma)` gave \(value ?? .null) where \(wanted) is needed to be durable")
        }
    }
}
