import AdviceCore
import TestTools
import Testing

@testable import AdviceStore

@Suite("a copy of a store")
struct StoreCopyTests {
    private let t0 = World.t0

    /// Something in every table.
    private func fill(_ store: SQLStore) throws {
        store.trustsClock = true
        let cohort = try store.subscribe(["ann", "bob", "cyn", "dan"])
        try store.save(World.record(), decision: "start s", now: t0)
        for number in 1...3 {
            let now = t0 + .days(Int64(number - 1))
            try store.release(World.draft(number, cohort: cohort))
            let claim = try store.claimAll(at: now)
            let records = claim.deliveries.map { delivery in
                switch delivery.subscriberID {
                case "ann":
                    delivery.settled(
                        .waiting, at: now, status: 503, error: "it's \"no\"", next: now + .days(50))
                case "bob": delivery.settled(.exhausted, at: now, status: 410, error: "gone", closes: true)
                default: delivery.settled(.delivered, at: now)
                }
            }
            try store.record(
                OutcomeGroup(records: records, finishedBatches: claim.batches.map(\.number)), now: now)
        }
        try store.database.query("INSERT INTO earlier(release, subject) VALUES (3, 1)")
        _ = try store.replay(Replay(subscriber: "cyn"), words: "replay", now: t0 + .days(3))
        let name = ErasedName(salt: [0, 255], digest: [7, 0, 9])
        _ = try store.forget("dan", name: name, decision: "forget a subscriber", now: t0 + .days(3))
        for digest in [[8], [6, 255]] as [[UInt8]] {
            try store.database.query(
                "INSERT INTO forgotten(at, digest, salt) SELECT at, $1, salt FROM forgotten LIMIT 1",
                [.bytes(digest)])
        }
        try store.note(ClockHold(since: t0, leap: .days(3)), decision: nil, now: t0 + .days(3))
        try store.database.query("INSERT INTO joiner(cohort, subscriber, moved) VALUES (1, 1, 0)")
        // The highest numbers are in no row: they must not come again.
        try store.release(World.draft(4, cohort: cohort))
    }

    private func store(_ engine: Engine, _ scratch: ScratchDirectory, forCopy: Bool = false) throws
        -> SQLStore
    {
        switch engine {
        case .sqlite: try SQLiteStore(path: scratch.database, forCopy: forCopy)
        case .postgres:
            try PostgresStore(
                PostgresServer.shared.schema(), instance: "one", clock: .caller, forCopy: forCopy)
        }
    }

    private func rows(_ store: SQLStore, _ table: StoreCopy.Table) throws -> [[SQLValue]] {
        let columns = table.columns.map(\.name).joined(separator: ", ")
        let keys = table.columns.prefix(table.key).map(\.name).joined(separator: ", ")
        return try store.database.query("SELECT \(columns) FROM \(table.name) ORDER BY \(keys)")
    }

    @Test(
        "holds every row of every table, of one engine or the other",
        arguments: Engine.allCases, Engine.allCases)
    func whole(_ from: Engine, _ to: Engine) throws {
        let (here, there) = (ScratchDirectory(), ScratchDirectory())
        let source = try store(from, here)
        try fill(source)
        let target = try store(to, there, forCopy: true)
        var shares: [Double] = []
        let count = try StoreCopy(from: source, to: target, rowsAtOnce: 2).run { share in
            shares.append(share)
            return true
        }
        #expect((count ?? 0) > 30)
        #expect(shares == shares.sorted() && shares.last == 1)
        for table in StoreCopy.tables {
            let theirs = try rows(target, table)
            #expect(!theirs.isEmpty, "\(table.name)")
            #expect(try rows(source, table) == theirs, "\(table.name)")
        }
        // It is a store now, and goes on where the other was.
        let before = try source.load()
        let after = try target.load()
        #expect(after.mark == before.mark && after.hold == before.hold && after.cohorts == before.cohorts)
        #expect(after.ledgers == before.ledgers && after.mark != nil)
        target.trustsClock = true
        let claim = try target.claimAll(at: t0 + .days(3))
        #expect(claim.subscribers.contains("cyn"))
        let change = try target.importRoster(
            ["ann", "bob", "cyn", "eve"].map { World.entry($0) }, cohorts: [("s", World.newYork)],
            now: t0 + .days(4))
        #expect(change.added == ["eve"] && change.changed.isEmpty)
        let eve = try target.database.query("SELECT number FROM subscriber WHERE id = 'eve'")
        #expect((eve[0][0].integer ?? 0) > 4)
        #expect(try target.release(World.draft(5, cohort: after.cohorts[0])) != nil)
        source.close()
        target.close()
    }

    @Test("that was broken off is no store, and goes on where it was", arguments: Engine.allCases)
    func resumed(_ to: Engine) throws {
        let (here, there) = (ScratchDirectory(), ScratchDirectory())
        let source = try store(.sqlite, here)
        try fill(source)
        let address = to == .postgres ? PostgresServer.shared.schema() : ""
        func open(forCopy: Bool) throws -> SQLStore {
            to == .sqlite
                ? try SQLiteStore(path: there.database, forCopy: forCopy)
                : try PostgresStore(address, instance: "one", clock: .caller, forCopy: forCopy)
        }
        var runs = 0
        var isDone = false
        while !isDone {
            let target = try open(forCopy: true)
            var steps = 0
            isDone =
                try StoreCopy(from: source, to: target, rowsAtOnce: 2).run { _ in
                    steps += 1
                    return steps <= 7
                } != nil
            target.close()
            runs += 1
            try #require(runs < 50)
            guard !isDone else { break }
            #expect(throws: StoreError.self) { try open(forCopy: false) }
        }
        #expect(runs > 2)
        let target = try open(forCopy: false)
        for table in StoreCopy.tables {
            #expect(try rows(source, table) == rows(target, table), "\(table.name)")
        }
        target.close()
        source.close()
    }

    @Test("goes into an empty store only, and on only where the old one is as it was")
    func refused() throws {
        let (here, there) = (ScratchDirectory(), ScratchDirectory())
        let source = try store(.sqlite, here)
        try fill(source)
        let target = try store(.sqlite, there, forCopy: true)
        let broken = try StoreCopy(from: source, to: target, rowsAtOnce: 2).run { $0 < 0.5 }
        #expect(broken == nil)
        try source.save(World.record(), decision: "another", now: t0 + .days(9))
        #expect(throws: StoreError.self) { try StoreCopy(from: source, to: target).run { _ in true } }
        target.close()
        let other = ScratchDirectory()
        let full = try store(.sqlite, other, forCopy: true)
        try fill(full)
        #expect(throws: StoreError.self) { try StoreCopy(from: source, to: full).run { _ in true } }
        full.close()
        source.close()
    }

    @Test("knows every table and every column that there is, but what one engine alone has")
    func complete() throws {
        let known = try SQLiteStore.inMemory().connection.query(
            """
            SELECT t.name || '.' || c.name FROM sqlite_schema t, pragma_table_info(t.name) c
            WHERE t.type = 'table' AND t.name NOT LIKE 'sqlite%' AND t.name <> 'meta'
            """
        ).compactMap { $0[0].text }
        let copied = StoreCopy.tables.flatMap { table in table.columns.map { "\(table.name).\($0.name)" } }
        #expect(Set(known).subtracting(copied) == ["batch.owner"])
        #expect(Set(copied).subtracting(known).isEmpty)
    }
}
