import AdviceCore
import Glibc
import TestTools
import Testing

@testable import AdviceStore

@Suite("the connection to PostgreSQL")
struct PostgresConnectionTests {
    private let t0 = World.t0
    private let address = PostgresServer.shared.schema()

    private func label(_ error: StoreError) -> String {
        Mirror(reflecting: error).children.first?.label ?? ""
    }

    private func refusal(_ body: () throws -> Void) -> StoreError? {
        do {
            try body()
            return nil
        } catch { return error as? StoreError }
    }

    @Test(
        "tells SQLSTATEs in the store's words",
        arguments: [
            ("", "unreachable"), ("08006", "unreachable"), ("57P01", "unreachable"), ("57P03", "unreachable"),
            ("57014", "unreachable"), ("25006", "unreachable"), ("53100", "unreachable"),
            ("53300", "unreachable"), ("40P01", "unreachable"), ("XX001", "damaged"),
            ("28P01", "refused"), ("3D000", "refused"), ("42501", "refused"), ("58030", "inputOutput"),
            ("42601", "internalFault"), ("23505", "internalFault"),
        ])
    func codes(_ code: String, _ name: String) {
        #expect(label(PostgresConnection.error(code, "text")) == name)
    }

    @Test("has every value back as it was written, one by one and many at once")
    func values() throws {
        let connection = try PostgresConnection(address)
        try connection.execute(
            "CREATE TABLE v(n bigint, t text, b bytea, f boolean); CREATE TABLE w(LIKE v)")
        let texts = ["", "a", "NULL", "null", "\"{,}\\\"", "\\x41", "a\nb\t'", "ü – 日本", "{1,2}"]
        let bytes: [[UInt8]] = [[], [0], [0x5c, 0x78], Array(0...255), [0x22, 0x2c, 0x7d], [0x27]]
        let numbers: [Int64] = [0, 1, -1, 10, -90, .max, .min]
        let one = try connection.statement("INSERT INTO v VALUES ($1, $2, $3, $4)")
        let insertion = SQLInsertion(
            table: "w",
            columns: [.init("n"), .init("t", .text), .init("b", .bytes), .init("f", .truth)])
        let many = try connection.insertion(insertion)
        var wanted: [[SQLValue]] = []
        for place in 0..<9 {
            let number = place < numbers.count ? numbers[place] : nil
            let byte = place < bytes.count ? bytes[place] : nil
            for statement in [one, many] {
                statement.bind(1, number)
                statement.bind(2, text: texts[place])
                if let byte { statement.bind(3, byte) } else { statement.bindNull(3) }
                statement.bind(4, Int64(place % 2))
                try statement.run()
            }
            wanted.append([
                .optional(number), .text(texts[place]), byte.map(SQLValue.bytes) ?? .null,
                .integer(Int64(place % 2)),
            ])
        }
        try many.finish()
        #expect(try connection.query("SELECT * FROM v") == wanted)
        #expect(try connection.query("SELECT * FROM w") == wanted)
        #expect(try connection.query("SELECT $1 || ''", [.text("a\0b")]) == [["ab"]])
    }

    @Test("replaces a row that comes twice in one group, the last of them for good")
    func twice() throws {
        let connection = try PostgresConnection(address)
        try connection.execute("CREATE TABLE v(n bigint PRIMARY KEY, t text)")
        let insertion = SQLInsertion(
            table: "v", columns: [.init("n"), .init("t", .text)], key: 1,
            conflict: "ON CONFLICT(n) DO UPDATE SET t = excluded.t")
        let many = try connection.insertion(insertion)
        for number in 0..<10_000 {
            many.bind(1, Int64(number % 600))
            many.bind(2, text: "\(number)")
            try many.run()
        }
        try many.finish()
        let rows = try connection.query("SELECT count(*), max(CAST(t AS int)), min(CAST(t AS int)) FROM v")
        #expect(rows == [[600, 9999, 9400]])
    }

    @Test("is durable where the database says otherwise")
    func durable() throws {
        let connection = try PostgresConnection(
            address.replacing("-c ", with: "-c synchronous_commit=off -c "))
        #expect(try connection.query("SHOW synchronous_commit") == [["on"]])
        #expect(try connection.query("SHOW statement_timeout") == [["1min"]])
    }

    @Test("says where no server is, and keeps passwords to itself")
    func nobody() {
        let none = refusal { _ = try PostgresStore("host=/nowhere password=hush", instance: "one") }
        #expect(none.map(label) == "unreachable")
        #expect(none?.description.contains("/nowhere") == true)
        let odd = refusal { _ = try PostgresStore("password=hush nonsense", instance: "one") }
        #expect(odd.map(label) == "refused")
        for error in [none, odd] { #expect(error?.description.contains("hush") == false) }
        let database = refusal {
            _ = try PostgresStore(address.replacing("dbname=postgres", with: "dbname=none"), instance: "one")
        }
        #expect(database.map(label) == "unreachable")
    }

    @Test("refuses another program's tables, and a newer version's")
    func foreign() throws {
        let connection = try PostgresConnection(address)
        try connection.execute("CREATE TABLE theirs(x int)")
        #expect(refusal { _ = try PostgresStore(address, instance: "one") }.map(label) == "refused")
        #expect(
            try connection.query("SELECT count(*) FROM pg_tables WHERE schemaname = current_schema()") == [
                [1]
            ])
        try connection.execute("DROP TABLE theirs")
        #expect(try PostgresReader.open(address) == nil)
        try PostgresStore(address, instance: "one").close()
        try connection.execute("UPDATE meta SET value = '7' WHERE key IN ('schema', 'oldest')")
        let newer = refusal { _ = try PostgresStore(address, instance: "one") }
        #expect(newer.map(label) == "refused" && newer?.description.contains("version 7") == true)
    }

    /// Ends all connections to the schema but our own, as a server does that goes down.
    private func endAll() throws {
        let schema = address.split(separator: "=").last?.dropLast() ?? ""
        try PostgresConnection(address).query(
            """
            SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity
            WHERE pid <> pg_backend_pid() AND application_name = $1
            """, [.text("lost-\(schema)")])
    }

    @Test("loses its server, says so, and goes on when that is back")
    func lost() throws {
        let schema = address.split(separator: "=").last?.dropLast() ?? ""
        let store = try PostgresStore(
            address + " application_name=lost-\(schema)", instance: "one", clock: .caller)
        let cohort = try store.subscribe(["ann", "bob"])
        try endAll()
        // A release that finds the connection gone is made by the second call.
        #expect(refusal { try store.release(World.draft(1, cohort: cohort)) }.map(label) == "unreachable")
        #expect(try store.release(World.draft(1, cohort: cohort)) != nil)
        let claim = try store.claimAll(at: t0)
        try endAll()
        let group = claim.delivered(at: t0)
        #expect(refusal { try store.record(group, now: t0) }.map(label) == "unreachable")
        try store.record(group, now: t0)
        // And once more: it may have been committed when the answer was lost.
        try store.record(group, now: t0)
        #expect(try PostgresReader.open(address)?.counts().delivered == 2)
        #expect(try store.claimAll(at: t0 + .days(1)).deliveries.isEmpty)
    }

    @Test("keeps what was recorded when the server crashes in a fan-out, and goes on with the rest")
    func crash() throws {
        let server = PostgresServer("crashing")
        defer { server.end() }
        let address = server.schema()
        let store = try PostgresStore(address, instance: "one", clock: .caller)
        let ids = (0..<1200).map { "member-\($0)" }
        let cohort = try store.subscribe(ids)
        try store.release(World.draft(1, cohort: cohort))
        let first = try store.claim(limit: 300, now: t0)
        let second = try store.claim(limit: 300, now: t0)
        try store.record(first.delivered(at: t0), now: t0)
        server.crash()
        let group = second.delivered(at: t0)
        #expect(refusal { try store.record(group, now: t0) }.map(label) == "unreachable")
        #expect(try PostgresReader.open(address)?.counts().delivered == first.deliveries.count)
        try store.record(group, now: t0)
        let third = try store.claimAll(at: t0)
        // Nobody a second time, and nobody left out.
        #expect((first.subscribers + second.subscribers + third.subscribers).sorted() == ids.sorted())
        try store.record(third.delivered(at: t0), now: t0)
        #expect(try PostgresReader.open(address)?.counts().delivered == ids.count)
        store.close()
    }

    @Test("gives back a claim whose answer was lost")
    func lostClaim() throws {
        let schema = address.split(separator: "=").last?.dropLast() ?? ""
        let store = try PostgresStore(
            address + " application_name=lost-\(schema)", instance: "one", clock: .caller)
        let cohort = try store.subscribe(["ann"])
        try store.release(World.draft(1, cohort: cohort))
        // As if its commit had reached the server, and the answer had not come.
        try store.connection.execute("UPDATE batch SET owner = \(store.me)")
        #expect(try store.claimAll(at: t0).deliveries.isEmpty)
        try endAll()
        #expect(refusal { _ = try store.claimAll(at: t0) }.map(label) == "unreachable")
        #expect(try store.claimAll(at: t0).deliveries.count == 1)
    }

    @Test("hears what another daemon says, and not what its own store writes")
    func hears() throws {
        let one = try PostgresStore(address, instance: "one", clock: .caller)
        let two = try PostgresStore(address, instance: "two", clock: .caller)
        let listener = try one.listen()
        defer { listener.close() }
        var poll = pollfd(fd: try #require(listener.socket), events: Int16(POLLIN), revents: 0)
        func hear() throws -> PostgresListener.News {
            #expect(Glibc.poll(&poll, 1, 5000) == 1)
            return try listener.hear()
        }
        #expect(try listener.hear() == .nothing)
        let cohort = try two.subscribe(["ann"])
        #expect(try hear() == .knowledge)
        #expect(try listener.hear() == .nothing)
        try two.release(World.draft(1, cohort: cohort))
        #expect(try hear() == .work)
        try one.subscribe(["ann", "bob"])
        #expect(try hear() == .nothing)
        // That who has left long ago is erased is no news; what comes after it is.
        try two.subscribe(["bob"])
        #expect(try hear() == .knowledge)
        let step = Prune(deliveriesBefore: t0, repliesBefore: t0, removedBefore: t0 + .days(1), from: nil)
        _ = try two.prune(step, now: t0 + .days(1))
        #expect(try two.connection.query("SELECT count(*) FROM subscriber") == [[1]])
        try two.release(World.draft(2, cohort: cohort))
        #expect(try hear() == .work)
    }
}
