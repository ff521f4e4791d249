import AdviceCore
import Glibc
import Testing

@testable import AdviceStore

/// A database of an earlier version is brought to this one's, and nothing of it is lost.
@Suite("a migration")
struct MigrationTests {
    let scratch = ScratchDirectory()

    /// A database as version 1 left it: two cohorts, a released point and an inherited one, deliveries in
    /// three states, a batch that is not finished.
    private func versionOne() throws {
        try SQLiteFile(path: scratch.database).prepare()
        let connection = try SQLiteConnection(path: scratch.database, mode: .readWrite)
        try connection.execute("PRAGMA journal_mode = WAL")
        try connection.execute(VersionOne.schema)
        try connection.execute(
            """
            PRAGMA application_id = \(Schema.applicationID); PRAGMA user_version = 1;
            INSERT INTO meta VALUES ('generation', 1), ('mark', \(World.t0.nanoseconds));
            INSERT INTO series VALUES ('s', 1, '2026-07-01', '2026-07-01', 'running', '2026-07-01', '[]');
            INSERT INTO subscriber(number, id, url, format, paused, limit_key, shares_host,
                fingerprint, digest)
            VALUES (1, 'ann', 'https://ann.example/', 'standard', 0, 'ann.example:443', 0, 1, 1),
                (2, 'bob', 'https://bob.example/', 'standard', 0, 'bob.example:443', 0, 2, 2);
            INSERT INTO cohort VALUES (1, 's', 'America/New_York 09:00', 2, 1), (2, 's', 'UTC 09:00', 0, 1);
            INSERT INTO subject VALUES (1, 'advice.point.released', 's', '2026-07-01', 'p1');
            INSERT INTO release VALUES
                (1, 's', '2026-07-01', 1, 'p1', 1, 15, 1, 'released', '2026-07-01',
                    \(World.t0.nanoseconds), \(World.t0.nanoseconds), 1, 1),
                (2, 's', '2026-07-01', 2, 'p1', NULL, NULL, 1, 'inherited', '2026-07-01',
                    \(World.t0.nanoseconds), \(World.t0.nanoseconds), NULL, NULL);
            INSERT INTO content VALUES (1, x'7b7d', x'00');
            INSERT INTO batch(release, first_hash, last_hash, due) VALUES (1, \(Int64.min), \(Int64.max), 1);
            INSERT INTO delivery VALUES (1, \(slot("ann")), 1, 1, 0, 1, 503, 40, 10, 5, NULL, 'no');
            INSERT INTO attempt VALUES (1, \(slot("ann")), 1, 1, 5, 503, 'no', 40, NULL, x'');
            """)
        for (id, number) in [("ann", 1), ("bob", 2)] {
            let hash = SlotHash(series: "s", subscriber: id).ordered
            try connection.execute("INSERT INTO member VALUES (1, \(hash), \(number), 1, NULL)")
        }
        connection.close()
    }

    private func slot(_ id: String) -> Int64 { SlotHash(series: "s", subscriber: id).slot }

    @Test("from 1 keeps the ledger, the deliveries and the batches")
    func fromOne() throws {
        try versionOne()
        let store = try SQLiteStore(path: scratch.database)
        let knowledge = try store.load()
        #expect(knowledge.series.map(\.id) == ["s"])
        #expect(knowledge.series[0].details == SeriesRecord.Details())
        #expect(knowledge.ledgers.map { $0.rows.map(\.kind) } == [[.released], [.inherited]])
        #expect(knowledge.mark == World.t0)
        let claim = try store.claim(limit: 100, now: World.t0)
        #expect(claim.subscribers == ["ann", "bob"])
        #expect(claim.deliveries.first { $0.subscriberID == "ann" }?.attempts == 1)
        // The ledger's constraints are there.
        let cohort = knowledge.cohorts[0]
        #expect(try store.release(World.draft(1, day: 5, cohort: cohort)) == nil)
        #expect(try store.release(World.draft(2, day: 1, cohort: cohort)) == nil)
        #expect(try store.release(World.draft(2, cohort: cohort)) != nil)
        store.close()
    }

    @Test("from 2 keeps the attempts, as those of before any replay")
    func fromTwo() throws {
        try versionOne()
        let connection = try SQLiteConnection(path: scratch.database, mode: .readWrite)
        try connection.execute("PRAGMA foreign_keys = OFF; BEGIN")
        try connection.execute(try #require(Schema.migrations[2]))
        try connection.execute("UPDATE attempt SET arrived = 1; PRAGMA user_version = 2; COMMIT")
        connection.close()
        let store = try SQLiteStore(path: scratch.database)
        let attempts = "SELECT replay, number, at, status, error, latency, reply, arrived FROM attempt"
        #expect(try store.connection.query(attempts) == [[0, 1, 5, 503, "no", 40, .bytes([]), 1]])
        #expect(try store.connection.query("SELECT * FROM replay").isEmpty)
        store.close()
    }

    private var aside: String { scratch.database + ".before-v\(Schema.version)" }

    /// As version `version` left it: what each brought is what its migration does.
    private func version(_ version: Int64) throws {
        try versionOne()
        guard version > 1 else { return }
        let connection = try SQLiteConnection(path: scratch.database, mode: .readWrite)
        try connection.execute("PRAGMA foreign_keys = OFF; BEGIN")
        for step in 2...version { try connection.execute(try #require(Schema.migrations[step])) }
        try connection.execute("PRAGMA user_version = \(version); COMMIT")
        connection.close()
    }

    @Test("opens a database of every earlier version, with a copy of it aside", arguments: 1..<Schema.version)
    func each(_ from: Int64) throws {
        try version(from)
        let store = try SQLiteStore(path: scratch.database)
        #expect(try store.connection.query("PRAGMA user_version") == [[.integer(Schema.version)]])
        #expect(try store.load().ledgers.map { $0.rows.map(\.kind) } == [[.released], [.inherited]])
        let claim = try store.claim(limit: 100, now: World.t0)
        #expect(claim.subscribers == ["ann", "bob"])
        try store.record(claim.delivered(at: World.t0), now: World.t0)
        let fresh = try SQLiteStore.inMemory()
        #expect(try tables(store) == tables(fresh))
        store.close()
        let copy = try SQLiteConnection(path: aside, mode: .readOnly)
        #expect(try copy.query("PRAGMA user_version") == [[.integer(from)]])
        copy.close()
    }

    @Test("leaves the database as it was beside it, to its owner alone")
    func copy() throws {
        try versionOne()
        try SQLiteStore(path: scratch.database).close()
        var entry = stat()
        #expect(stat(aside, &entry) == 0)
        #expect(entry.st_mode & 0o777 == 0o600)
        let copy = try SQLiteConnection(path: aside, mode: .readOnly)
        #expect(try copy.query("PRAGMA user_version") == [[1]])
        #expect(try copy.query("SELECT count(*) FROM release") == [[2]])
        copy.close()
        // A second start finds nothing to do.
        unlink(aside)
        try SQLiteStore(path: scratch.database).close()
        #expect(stat(aside, &entry) != 0)
    }

    @Test("makes the same tables as a new database has")
    func sameShape() throws {
        try versionOne()
        let migrated = try SQLiteStore(path: scratch.database)
        let fresh = try SQLiteStore.inMemory()
        for table in try tables(fresh) {
            let columns =
                "SELECT name, type, \"notnull\", pk FROM pragma_table_info('\(table)') ORDER BY name"
            #expect(try migrated.connection.query(columns) == fresh.connection.query(columns), "\(table)")
        }
        #expect(try tables(migrated) == tables(fresh))
        migrated.close()
    }

    private func tables(_ store: SQLiteStore) throws -> [String] {
        try store.connection.query(
            """
            SELECT name FROM sqlite_schema WHERE type IN ('table', 'index', 'view')
                AND name NOT LIKE 'sqlite_%' ORDER BY name
            """
        ).compactMap { $0[0].text }
    }
}
