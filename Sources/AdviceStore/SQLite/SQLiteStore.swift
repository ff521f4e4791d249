public import AdviceCore

/// The store on this machine's disk.
///
/// One daemon writes (the state directory's lock sees to that), so nothing of a claim need be on the disk.
public final class SQLiteStore: SQLStore {
    let connection: SQLiteConnection

    /// A store that is forgotten with the process: for simulations.
    public static func inMemory() throws(StoreError) -> SQLiteStore {
        let connection = try SQLiteConnection(path: ":memory:", mode: .readWrite)
        try SchemaVersion.make(connection)
        return SQLiteStore(connection)
    }

    private init(_ connection: SQLiteConnection) {
        self.connection = connection
        super.init(engine: "sqlite", connection)
    }

    /// On the copy of a backup, which is whole.
    convenience init(restored connection: SQLiteConnection) throws(StoreError) {
        self.init(connection)
        try lookForHeld()
    }

    /// Opens the database at `path`, made where there is none.
    ///
    /// Throws `damaged` where the file is no database or a broken one, and leaves it as it is; `refused`
    /// where it was written by a newer version, or cannot be kept durable where it lies. Only `forCopy` is
    /// one opened that a copy is being made into.
    public init(path: String, forCopy: Bool = false) throws(StoreError) {
        try SQLiteFile(path: path).prepare()
        connection = try SQLiteConnection(path: path, mode: .readWrite)
        super.init(engine: "sqlite", connection)
        do throws(StoreError) {
            // First of all what writes nothing, so that a file that is not ours stays as it is.
            let isNew = try SchemaVersion.isNew(connection)
            try connection.settle()
            if isNew { try SchemaVersion.make(connection) } else { try SchemaVersion.migrate(connection) }
            if !forCopy { try connection.refuseUnfinishedCopy() }
            try lookForHeld()
        } catch {
            connection.close()
            throw error
        }
    }

    public override func claim(limit: Int, now: Instant) throws(StoreError) -> Claim {
        var claim = Claim()
        try claimProbes(limit: limit, now: now, into: &claim)
        try claimRows(limit: limit, now: now, into: &claim)
        try claimBatches(limit: limit, now: now, into: &claim)
        return claim
    }

    /// The usual cache is too small for the indexes of what is inserted, which come in no order: with it a
    /// million entries take twice the time and write four times as much.
    override func prepareManyRows() throws(StoreError) { try connection.query("PRAGMA cache_size = -64000") }
    override func settleManyRows() throws(StoreError) { try connection.shrinkCache() }

    override func lastNumbers() throws(StoreError) -> [String: Int64] {
        var last = try super.lastNumbers()
        for row in try connection.query("SELECT name, seq FROM sqlite_sequence") {
            if let name = row[0].text, let number = row[1].integer { last[name] = number }
        }
        return last
    }

    override func take(lastNumbers last: [String: Int64]) throws(StoreError) {
        // The tables of which a number is never given out twice.
        for table in ["subscriber", "batch"] {
            let number = SQLValue.integer(last[table] ?? 0)
            try connection.query("DELETE FROM sqlite_sequence WHERE name = $1", [.text(table)])
            try connection.query(
                "INSERT INTO sqlite_sequence(name, seq) VALUES ($1, $2)", [.text(table), number])
        }
    }

    /// A number is kept as one.
    override func metaValue(_ text: String) -> SQLValue { Int64(text).map(SQLValue.integer) ?? .text(text) }

    override func overwriting<Result>(
        _ body: () throws(StoreError) -> Result
    ) throws(StoreError) -> Result {
        try connection.query("PRAGMA secure_delete = ON")
        defer { try? connection.execute("PRAGMA secure_delete = OFF") }
        return try body()
    }

    override func wipe() throws(StoreError) -> Bool {
        // A page is read in less; whoever reads for longer is not waited for, as deliveries would be too.
        try connection.hurrying(250) { () throws(StoreError) in
            try connection.query("PRAGMA wal_checkpoint(TRUNCATE)").first?.first?.integer == 0
        }
    }
}

extension SQLiteConnection {
    /// Sets what durability and speed need, and reads back what durability rests on.
    func settle() throws(StoreError) {
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
