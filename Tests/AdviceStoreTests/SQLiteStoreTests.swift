import AdviceCore
import CSQLite
import Glibc
import Testing

@testable import AdviceStore

@Suite("the store on SQLite")
struct SQLiteStoreTests {
    let scratch = ScratchDirectory()

    private func bytes(_ path: String) -> [UInt8] {
        let file = open(path, O_RDONLY)
        defer { close(file) }
        var bytes = [UInt8](repeating: 0, count: 1 << 20)
        let count = read(file, &bytes, bytes.count)
        return Array(bytes.prefix(max(0, count)))
    }

    private func write(_ bytes: [UInt8], at offset: Int = 0, to path: String) {
        let file = open(path, O_RDWR | O_CREAT, 0o600)
        defer { close(file) }
        #expect(pwrite(file, bytes, bytes.count, off_t(offset)) == bytes.count)
    }

    /// Opens the store and gives what it throws.
    private func refusal() -> StoreError? {
        do {
            try SQLiteStore(path: scratch.database).close()
            return nil
        } catch { return error }
    }

    @Test("remembers what its roster was taken from, over a restart, until the roster changes")
    func rosterSource() throws {
        let store = try SQLiteStore(path: scratch.database)
        #expect(try store.rosterSource() == nil)
        try store.subscribe(["ann"])
        var source = RosterSource(
            origin: RosterOrigin(file: nil, contents: "cd34"), count: 1, longestTimeout: .seconds(20),
            formats: [.standard, .slack])
        try store.note(source, now: World.t0)
        #expect(try store.rosterSource() == source)
        source.origin.file = "ab12"
        try store.note(source, now: World.t0)
        store.close()
        let again = try SQLiteStore(path: scratch.database)
        #expect(try again.rosterSource() == source)
        #expect(try again.load().generation == 1)
        try again.subscribe(["ann"])
        #expect(try again.rosterSource() == source, "the same roster is no change")
        try again.subscribe(["ann", "bob"])
        #expect(try again.rosterSource() == nil)
        again.close()
    }

    // MARK: The file

    @Test("is readable to its owner alone, whatever the umask")
    func mode() throws {
        let store = try SQLiteStore(path: scratch.database)
        try store.subscribe(["ann"])
        for suffix in ["", "-wal", "-shm"] {
            var entry = stat()
            #expect(stat(scratch.database + suffix, &entry) == 0)
            #expect(entry.st_mode & 0o777 == 0o600)
        }
        store.close()
    }

    @Test("syncs each commit, in a write-ahead log")
    func pragmas() throws {
        let store = try SQLiteStore(path: scratch.database)
        let wanted: [(String, SQLValue)] = [
            ("journal_mode", "wal"), ("synchronous", 2), ("foreign_keys", 1), ("secure_delete", 0),
            ("journal_size_limit", 16_777_216), ("user_version", .integer(Schema.version)),
            ("application_id", 1_633_973_865),
        ]
        for (pragma, value) in wanted {
            #expect(try store.connection.query("PRAGMA \(pragma)") == [[value]], "\(pragma)")
        }
        let cache = try store.connection.query("PRAGMA cache_size")[0][0].integer ?? 0
        #expect((-8192..<0).contains(cache))
    }

    @Test("refuses what is no database, and leaves it as it is")
    func notADatabase() throws {
        let text = Array(String(repeating: "not a database, but long enough to be one. ", count: 50).utf8)
        write(text, to: scratch.database)
        guard case .damaged(let why) = refusal() else {
            Issue.record("it was opened")
            return
        }
        #expect(why.contains("advised store restore"))
        #expect(bytes(scratch.database) == text)
        #expect(access(scratch.database + "-wal", F_OK) != 0)
    }

    @Test("refuses a database with a broken header, and leaves it as it is")
    func brokenHeader() throws {
        let store = try SQLiteStore(path: scratch.database)
        try store.subscribe(["ann"])
        store.close()
        write(Array("SQLite format 4".utf8), to: scratch.database)
        let before = bytes(scratch.database)
        guard case .damaged = refusal() else {
            Issue.record("it was opened")
            return
        }
        #expect(bytes(scratch.database) == before)
    }

    @Test("refuses a database that a newer version wrote, naming both")
    func newer() throws {
        let store = try SQLiteStore(path: scratch.database)
        try store.connection.execute("PRAGMA user_version = 7")
        store.close()
        guard case .refused(let why) = refusal() else {
            Issue.record("it was opened")
            return
        }
        #expect(why.contains("version 7") && why.contains("up to \(Schema.version)"))
        #expect(throws: StoreError.self) { try SQLiteReader.open(path: scratch.database) }
    }

    @Test("refuses the database of another program")
    func foreign() throws {
        try SQLiteFile(path: scratch.database).prepare()
        let other = try SQLiteConnection(path: scratch.database, mode: .readWrite)
        try other.execute("CREATE TABLE theirs(x)")
        other.close()
        guard case .refused = refusal() else {
            Issue.record("it was opened")
            return
        }
    }

    @Test("refuses a symbolic link and a second name")
    func names() throws {
        try SQLiteStore(path: scratch.database).close()
        let other = scratch.path + "/other"
        #expect(link(scratch.database, other) == 0)
        guard case .refused(let why) = refusal() else {
            Issue.record("it was opened")
            return
        }
        #expect(why.contains("2 names"))
        unlink(scratch.database)
        #expect(symlink(other, scratch.database) == 0)
        guard case .refused = refusal() else {
            Issue.record("it was opened")
            return
        }
    }

    @Test(
        "knows the file systems that are on another machine",
        arguments: [
            (0x6969, "NFS"), (0xff53_4d42, "CIFS"), (0xfe53_4d42, "SMB2"), (0x5346_414f, "AFS"),
            (0xef53, nil), (0x9123_683e, nil), (0x5846_5342, nil), (0x0102_1994, nil), (0x0102_1997, nil),
        ] as [(UInt32, String?)])
    func networkFileSystems(_ magic: UInt32, _ name: String?) {
        #expect(SQLiteFile.networkFileSystem(magic) == name)
    }

    @Test("cannot be made where there is no directory")
    func noDirectory() {
        #expect(throws: StoreError.self) { try SQLiteStore(path: scratch.path + "/none/advised.db") }
    }

    // MARK: Transactions

    @Test(
        "leaves nothing of a release that broke off", arguments: ["content", "rendering", "batch", "subject"])
    func halfRelease(_ table: String) throws {
        let store = try SQLiteStore(path: scratch.database)
        let cohort = try store.subscribe(["ann"])
        try store.save(World.record(), decision: nil, now: World.t0)
        try store.connection.execute(
            "CREATE TEMP TRIGGER broken BEFORE INSERT ON \(table) BEGIN SELECT raise(ABORT, 'broken'); END")
        let draft = World.draft(2, cohort: cohort, missed: [World.row(1, day: 1, kind: .missed)])
        #expect(throws: StoreError.self) { try store.release(draft) }
        for table in ["release", "content", "rendering", "batch", "subject"] {
            #expect(try store.connection.query("SELECT count(*) FROM \(table)") == [[0]], "\(table)")
        }
        #expect(try store.load().mark == World.t0)
        try store.connection.execute("DROP TRIGGER broken")
        #expect(try store.release(draft) != nil)
    }

    @Test("hands out again nothing of a group that broke off, and all of it after a restart")
    func halfRecord() throws {
        let store = try SQLiteStore(path: scratch.database)
        let cohort = try store.subscribe(["ann", "bob"])
        try store.release(World.draft(1, cohort: cohort))
        let claim = try store.claimAll(at: World.t0)
        try store.connection.execute(
            "CREATE TEMP TRIGGER broken BEFORE DELETE ON batch BEGIN SELECT raise(ABORT, 'broken'); END")
        #expect(throws: StoreError.self) {
            try store.record(claim.delivered(at: World.t0), now: World.t0)
        }
        #expect(try store.claimAll(at: World.t0).deliveries.isEmpty)
        store.close()
        let next = try SQLiteStore(path: scratch.database)
        #expect(try next.claimAll(at: World.t0).subscribers == ["ann", "bob"])
    }

    @Test("stops for good after the disk has refused once")
    func failStop() throws {
        let store = try SQLiteStore(path: scratch.database)
        let cohort = try store.subscribe(["ann"])
        // No page more than there are: SQLite takes the disk to be full.
        let pages = try store.connection.query("PRAGMA page_count")[0][0].integer ?? 0
        try store.connection.execute("PRAGMA max_page_count = \(pages)")
        let body = [UInt8](repeating: 65, count: 100_000)
        let content = FrozenContent(neutral: body, digest: [], renderings: [])
        let first = #expect(throws: StoreError.self) {
            try store.release(World.draft(1, cohort: cohort), content: content, now: World.t0)
        }
        guard case .inputOutput(let why) = first else {
            Issue.record("not told as a fault of the disk: \(String(describing: first))")
            return
        }
        try? store.connection.execute("PRAGMA max_page_count = 100000")
        let second = #expect(throws: StoreError.self) { try store.subscribe(["ann", "bob"]) }
        #expect(second?.description == why)
        #expect(throws: StoreError.self) { try store.load() }
    }

    @Test(
        "tells SQLite's codes in the store's words",
        arguments: [
            (SQLITE_IOERR | 4 << 8, "inputOutput"), (SQLITE_FULL, "inputOutput"),
            (SQLITE_READONLY, "inputOutput"), (SQLITE_CANTOPEN, "inputOutput"), (SQLITE_NOTADB, "damaged"),
            (SQLITE_CORRUPT | 1 << 8, "damaged"), (SQLITE_BUSY, "locked"), (SQLITE_ERROR, "internalFault"),
            (SQLITE_CONSTRAINT, "internalFault"),
        ] as [(Int32, String)])
    func codes(_ code: Int32, _ kind: String) throws {
        try SQLiteFile(path: scratch.database).prepare()
        let connection = try SQLiteConnection(path: scratch.database, mode: .readWrite)
        #expect("\(Mirror(reflecting: connection.fault(code)).children.first?.label ?? "")" == kind)
        let stops = kind == "inputOutput" || kind == "damaged"
        #expect((try? connection.query("SELECT 1")) == (stops ? nil : [[1]]))
    }

    // MARK: What is kept

    @Test("sees that a frozen body is not what was written")
    func flippedByte() throws {
        let store = try SQLiteStore(path: scratch.database)
        let cohort = try store.subscribe(["ann"])
        let number = try #require(try store.release(World.draft(1, cohort: cohort)))
        try store.connection.execute("UPDATE rendering SET body = x'7b7d' WHERE format = 'standard'")
        let error = #expect(throws: StoreError.self) {
            try store.rendering(release: number, format: .standard)
        }
        guard case .damaged = error else {
            Issue.record("told as \(String(describing: error))")
            return
        }
    }

    @Test("does not write entries that did not change, nor count a new roster")
    func unchanged() throws {
        let store = try SQLiteStore(path: scratch.database)
        try store.subscribe(["ann", "bob"])
        let before = try store.connection.query("SELECT value FROM meta WHERE key = 'generation'")
        try store.connection.execute(
            """
            CREATE TEMP TRIGGER s BEFORE UPDATE ON subscriber BEGIN SELECT raise(ABORT, 'written'); END;
            CREATE TEMP TRIGGER m BEFORE UPDATE ON member BEGIN SELECT raise(ABORT, 'written'); END
            """)
        #expect(try store.subscribe(["bob", "ann"]).members == 2)
        #expect(try store.connection.query("SELECT value FROM meta WHERE key = 'generation'") == before)
    }

    @Test("keeps the number of who goes and comes back, and gives it to nobody else")
    func numbers() throws {
        let store = try SQLiteStore(path: scratch.database)
        try store.subscribe(["ann"])
        let number = try store.connection.query("SELECT number FROM subscriber WHERE id = 'ann'")
        try store.subscribe(["bob"])
        try store.subscribe(["ann", "bob"])
        let rows = try store.connection.query(
            "SELECT number, removed_at FROM subscriber WHERE id = 'ann'")
        #expect(rows == [[number[0][0], .null]])
    }

    @Test("writes operators' decisions down")
    func decisions() throws {
        let store = try SQLiteStore(path: scratch.database)
        try store.save(World.record(), decision: "start s --after p2", now: World.t0)
        try store.save(World.record(), decision: nil, now: World.t0)
        let rows = try store.connection.query("SELECT at, what FROM decision")
        #expect(rows == [[.integer(World.t0.nanoseconds), "start s --after p2"]])
    }
}
