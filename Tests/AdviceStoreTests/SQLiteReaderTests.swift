import AdviceCore
import AdviceStore
import Glibc
import Testing

@Suite("the reader on SQLite")
struct SQLiteReaderTests {
    let scratch = ScratchDirectory()

    @Test("is nil where there is no database yet, and makes none")
    func missing() throws {
        #expect(try SQLiteReader.open(path: scratch.database) == nil)
        #expect(access(scratch.database, F_OK) != 0)
        // As a daemon leaves it that was killed before its first commit.
        close(open(scratch.database, O_CREAT | O_RDWR, 0o600))
        #expect(try SQLiteReader.open(path: scratch.database) == nil)
    }

    @Test("reads while a daemon writes, and sees what was committed since")
    func beside() throws {
        let store = try SQLiteStore(path: scratch.database)
        let cohort = try store.subscribe(["ann"])
        let reader = try #require(try SQLiteReader.open(path: scratch.database))
        #expect(try reader.load().cohorts.map(\.members) == [1])
        try store.save(World.record(), decision: nil, now: World.t0)
        try store.release(World.draft(1, cohort: cohort))
        #expect(try reader.load().ledgers.map { $0.rows.map(\.point) } == [["p1"]])
        #expect(try reader.counts().waiting == 1)
        store.close()
        #expect(try reader.counts().waiting == 1)
    }

    @Test("reads when no daemon runs")
    func alone() throws {
        let store = try SQLiteStore(path: scratch.database)
        try store.subscribe(["ann", "bob"])
        store.close()
        let reader = try #require(try SQLiteReader.open(path: scratch.database))
        #expect(try reader.load().cohorts.map(\.members) == [2])
        #expect(try reader.load().mark == World.t0)
        reader.close()
        #expect(throws: StoreError.self) { try reader.load() }
    }
}
