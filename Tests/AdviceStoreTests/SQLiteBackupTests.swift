import AdviceCore
import Glibc
import Testing

@testable import AdviceStore

@Suite("a backup")
struct SQLiteBackupTests {
    let scratch = ScratchDirectory()
    private let t0 = World.t0

    private var file: String { scratch.path + "/other" }

    /// Two points, of which ann has the first; bob's is on its way and the second is not sent at all.
    private func store() throws -> SQLiteStore {
        let store = try SQLiteStore(path: scratch.database)
        let cohort = try store.subscribe(["ann", "bob"])
        try store.save(World.record(), decision: nil, now: t0)
        try store.release(World.draft(1, cohort: cohort))
        let claim = try store.claimAll(at: t0)
        let records = claim.deliveries.map { delivery in
            delivery.subscriberID == "ann"
                ? delivery.settled(.delivered, at: t0)
                : delivery.settled(.waiting, at: t0, status: 503, error: "503", next: t0 + .hours(1))
        }
        try store.record(
            OutcomeGroup(records: records, finishedBatches: claim.batches.map(\.number)), now: t0)
        try store.release(World.draft(2, cohort: cohort))
        return store
    }

    private func mode(_ path: String) -> mode_t {
        var entry = stat()
        return stat(path, &entry) == 0 ? entry.st_mode & 0o777 : 0
    }

    private func contents(_ path: String) throws -> [UInt8] {
        let file = open(path, O_RDONLY)
        try #require(file >= 0)
        defer { close(file) }
        var bytes: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 1 << 16)
        while true {
            let count = read(file, &buffer, buffer.count)
            guard count > 0 else { return bytes }
            bytes += buffer[..<count]
        }
    }

    @Test("one that has not taken in its own log takes nobody's place")
    func logLeft() throws {
        try store().close()
        try SQLiteBackup.write(scratch.database, to: file)
        let log = open(file + "-wal", O_WRONLY | O_CREAT, 0o600)
        try #require(log >= 0)
        close(log)
        let before = try contents(scratch.database)
        #expect(throws: StoreError.self) {
            try SQLiteReplacement.replace(scratch.database, by: file, stamp: "x")
        }
        #expect(try contents(scratch.database) == before && access(file, F_OK) == 0)
    }

    @Test("is a whole database, to its owner alone, made while the store is written to")
    func whole() throws {
        let store = try store()
        try SQLiteBackup.write(scratch.database, to: file)
        #expect(mode(file) == 0o600)
        let restored = try SQLiteStore.restoring(file, named: "the backup")
        #expect(try restored.load().ledgers.map { $0.rows.map(\.point) } == [["p1", "p2"]])
        restored.close()
        store.close()
    }

    @Test("replaces no file, and leaves nothing of one that cannot be made")
    func noReplacing() throws {
        try store().close()
        for path in [file, scratch.path + "/none/file"] {
            if path == file { close(open(file, O_CREAT | O_WRONLY, 0o600)) }
            #expect(throws: StoreError.self) { try SQLiteBackup.write(scratch.database, to: path) }
        }
        #expect(try contents(file).isEmpty)
        #expect(access("\(file).partial-\(getpid())", F_OK) != 0)
        #expect(throws: StoreError.self) {
            try SQLiteBackup.write(scratch.path + "/none.db", to: scratch.path + "/copy")
        }
        #expect(access(scratch.path + "/copy", F_OK) != 0)
    }

    @Test("what was due by the restore counts as sent, and what is due later goes out")
    func counted() throws {
        try store().close()
        let restored = try SQLiteStore.restoring(scratch.database, named: "the backup")
        let now = t0 + .days(3)
        let ledger = CohortLedger(
            series: "s", edition: World.edition, cohort: 1, rows: [World.row(3, day: 3, kind: .inherited)])
        #expect(try restored.countAsSent([ledger], decision: "store restore", now: now) == 3)
        #expect(try restored.claimAll(at: now + .days(30)).deliveries.isEmpty)
        #expect(try restored.load().ledgers.map { $0.rows.map(\.point) } == [["p1", "p2", "p3"]])
        let reader = try #require(try SQLiteReader.open(path: scratch.database))
        let counts = try reader.counts()
        #expect(counts.delivered == 1 && counts.cancelled == 3 && counts.waiting == 0)
        #expect(try reader.deliveries(DeliveryQuery()).count { $0.error == "restored" } == 3)
        reader.close()
        // An attempt that is due only after the restore is still made.
        let cohort = try restored.load().cohorts[0]
        try restored.release(World.draft(4, cohort: cohort))
        let claim = try restored.claimAll(at: t0 + .days(3))
        #expect(claim.subscribers == ["ann", "bob"])
        restored.close()
    }

    @Test("that is broken, another program's, newer or empty is refused and says why")
    func refused() throws {
        try store().close()
        let good = try contents(scratch.database)
        func refusal(_ change: (SQLiteConnection) throws -> Void) throws -> String {
            write(good, to: file)
            let connection = try SQLiteConnection(path: file, mode: .readWrite)
            try change(connection)
            connection.close()
            return refusalOf(file)
        }
        let newer = try refusal { try $0.execute("PRAGMA user_version = 99") }
        #expect(newer.contains("version 99") && newer.contains("up to \(Schema.version)"))
        #expect(try refusal { try $0.execute("PRAGMA application_id = 7") }.contains("another program"))
        #expect(try refusal { try $0.execute("UPDATE rendering SET body = x'00'") }.contains("frozen body"))
        #expect(
            try refusal {
                try $0.execute("PRAGMA foreign_keys = OFF; DELETE FROM cohort")
            }.contains("refer to none"))
        write(Array("no database at all".utf8), to: file)
        #expect(refusalOf(file).contains("not a database"))
        write([], to: file)
        #expect(refusalOf(file).contains("no backup"))
        var broken = good
        for place in 4096 * 3..<4096 * 5 where place < broken.count { broken[place] = 0xee }
        write(broken, to: file)
        #expect(!refusalOf(file).isEmpty)
    }

    private func refusalOf(_ path: String) -> String {
        do {
            try SQLiteStore.restoring(path, named: "the backup").close()
            return ""
        } catch {
            return "\(error)"
        }
    }

    private func write(_ bytes: [UInt8], to path: String) {
        for ending in ["", "-wal", "-shm"] { unlink(path + ending) }
        let file = open(path, O_CREAT | O_WRONLY, 0o600)
        precondition(Glibc.write(file, bytes, bytes.count) == bytes.count, "a file is written")
        close(file)
    }

    @Test("takes the place of the database, which is kept beside it whole, log and all")
    func replaced() throws {
        let store = try store()
        try SQLiteBackup.write(scratch.database, to: file)
        try store.release(World.draft(3, cohort: try store.load().cohorts[0]))
        // As a kill leaves it: the last release is in the log alone.
        let kept = scratch.database + ".replaced-1"
        let descriptor = open(file, O_RDONLY)
        defer { close(descriptor) }
        let copy = try SQLiteReplacement.stage(descriptor, named: "the backup", for: scratch.database)
        #expect(mode(copy) == 0o600)
        // Somebody who has it open is not robbed of it.
        #expect(throws: StoreError.self) {
            try SQLiteReplacement.replace(scratch.database, by: copy, stamp: "1")
        }
        store.close()
        #expect(try SQLiteReplacement.replace(scratch.database, by: copy, stamp: "1") == kept)
        let before = try SQLiteStore(path: kept)
        #expect(try before.load().ledgers.map { $0.rows.count } == [3])
        before.close()
        let now = try SQLiteStore(path: scratch.database)
        #expect(try now.load().ledgers.map { $0.rows.count } == [2])
        now.close()
        #expect(try SQLiteReplacement.replace(scratch.database, by: nil, stamp: "2") != nil)
        #expect(access(scratch.database, F_OK) != 0)
        for name in ["1", "2"] { unlink(scratch.database + ".replaced-\(name)") }
    }

    @Test("a broken database is replaced too, and kept as it is")
    func brokenReplaced() throws {
        try store().close()
        try SQLiteBackup.write(scratch.database, to: file)
        write(Array("broken".utf8), to: scratch.database)
        let descriptor = open(file, O_RDONLY)
        defer { close(descriptor) }
        let copy = try SQLiteReplacement.stage(descriptor, named: "the backup", for: scratch.database)
        let kept = try #require(
            try SQLiteReplacement.replace(scratch.database, by: copy, stamp: "1"))
        #expect(try contents(kept) == Array("broken".utf8))
        try SQLiteStore(path: scratch.database).close()
        unlink(kept)
    }

    @Test("erasure leaves neither the name nor the URL in the database or its log")
    func erased() throws {
        let store = try SQLiteStore(path: scratch.database)
        let cohort = try store.subscribe(["ann-of-the-marsh", "bob"])
        try store.release(World.draft(1, cohort: cohort))
        try store.record(try store.claimAll(at: t0).delivered(at: t0), now: t0)
        let name = Array("ann-of-the-marsh".utf8)
        func isThere() throws -> Bool {
            for ending in ["", "-wal"] {
                let bytes = try contents(scratch.database + ending)
                for start in bytes.indices.dropLast(name.count - 1)
                where bytes[start] == name[0] && Array(bytes[start..<start + name.count]) == name {
                    return true
                }
            }
            return false
        }
        #expect(try isThere())
        let erased = ErasedName(salt: [1], digest: [2])
        let erasure = try store.forget("ann-of-the-marsh", name: erased, decision: "x", now: t0)
        #expect(erasure?.isWiped == true)
        #expect(try !isThere())
        #expect(try store.connection.query("PRAGMA secure_delete") == [[0]])
        store.close()
    }

    @Test("erasure does not wait for who reads for long, and says that the log is not empty yet")
    func erasedBesideReader() throws {
        let store = try SQLiteStore(path: scratch.database)
        try store.subscribe(["ann", "bob"])
        let reader = try SQLiteConnection(path: scratch.database, mode: .readOnly)
        try reader.execute("BEGIN")
        #expect(try reader.query("SELECT count(*) FROM subscriber") == [[2]])
        let erased = ErasedName(salt: [1], digest: [2])
        let begun = ContinuousClock.now
        let erasure = try store.forget("ann", name: erased, decision: "x", now: t0)
        #expect(ContinuousClock.now - begun < .seconds(3))
        #expect(erasure?.isWiped == false && erasure?.deliveries == 0)
        try reader.execute("COMMIT")
        reader.close()
        store.close()
    }
}
