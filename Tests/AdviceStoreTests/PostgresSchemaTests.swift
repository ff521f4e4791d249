import AdviceCore
import TestTools
import Testing

@testable import AdviceStore

@Suite("the tables on PostgreSQL")
struct PostgresSchemaTests {
    @Test("have the columns of those on SQLite, and say besides which daemon has what")
    func parity() throws {
        let address = PostgresServer.shared.schema()
        try PostgresStore(address, instance: "one").close()
        let theirs = try PostgresConnection(address).query(
            """
            SELECT CAST(table_name || '.' || column_name AS text) FROM information_schema.columns
            WHERE table_schema = current_schema()
            """
        ).compactMap { $0[0].text }
        let ours = try SQLiteStore.inMemory().connection.query(
            """
            SELECT t.name || '.' || c.name FROM sqlite_schema t, pragma_table_info(t.name) c
            WHERE t.type IN ('table', 'view') AND t.name NOT LIKE 'sqlite%'
            """
        ).compactMap { $0[0].text }
        #expect(ours.count > 80)
        #expect(Set(ours).subtracting(theirs).isEmpty)
        #expect(
            Set(theirs).subtracting(ours) == [
                "daemon.number", "daemon.instance", "daemon.lease", "delivery.owner",
            ])
    }

    @Test("of the version before are brought to this one's, and those of a newer one refused, naming both")
    func migrated() throws {
        let address = PostgresServer.shared.schema()
        let store = try PostgresStore(address, instance: "one", clock: .caller)
        try store.subscribe(["ann"])
        store.close()
        let connection = try PostgresConnection(address)
        try connection.execute(
            """
            DROP TABLE forgotten; DROP INDEX attempt_reply; DROP INDEX subscriber_removed;
            UPDATE meta SET value = '3' WHERE key = 'schema'
            """)
        let again = try PostgresStore(address, instance: "one", clock: .caller)
        #expect(try again.erasedNames().isEmpty)
        #expect(try connection.number("schema") == PostgresSchema.version)
        let indexes = try connection.query(
            """
            SELECT count(*) FROM pg_class WHERE relnamespace = current_schema()::regnamespace
                AND relname IN ('attempt_reply', 'subscriber_removed')
            """)
        #expect(indexes == [[2]])
        again.close()
        try connection.execute("UPDATE meta SET value = '99' WHERE key IN ('schema', 'oldest')")
        do {
            try PostgresStore(address, instance: "one", clock: .caller).close()
            Issue.record("it was opened")
        } catch {
            #expect("\(error)".contains("version 99"))
            #expect("\(error)".contains("up to \(PostgresSchema.version)"))
        }
        connection.close()
    }

    @Test("of a newer version are opened by this one as long as they say that they may be")
    func besideNewer() throws {
        let address = PostgresServer.shared.schema()
        try PostgresStore(address, instance: "one", clock: .caller).close()
        let connection = try PostgresConnection(address)
        defer { connection.close() }
        let newer = PostgresSchema.version + 1
        try connection.execute("UPDATE meta SET value = '\(newer)' WHERE key = 'schema'")
        let store = try PostgresStore(address, instance: "one", clock: .caller)
        try store.subscribe(["ann"])
        store.close()
        #expect(try connection.number("schema") == newer)
        try connection.execute("UPDATE meta SET value = '\(newer)' WHERE key = 'oldest'")
        #expect(throws: StoreError.self) {
            try PostgresStore(address, instance: "one", clock: .caller).close()
        }
    }

    @Test("did ann get point 1, when, and with what answer? is one plain query")
    func question() throws {
        let address = PostgresServer.shared.schema()
        let store = try PostgresStore(address, instance: "one", clock: .caller)
        let cohort = try store.subscribe(["ann", "bob"])
        try store.release(World.draft(1, cohort: cohort))
        let claim = try store.claimAll(at: World.t0)
        try store.record(claim.delivered(at: World.t0 + .milliseconds(2)), now: World.t0)
        let rows = try store.connection.query(
            """
            SELECT series, day, state, status, at, latency_ms, attempts, error
            FROM delivery_log WHERE subscriber = 'ann' AND number = 1
            """)
        #expect(
            rows == [
                ["s", "2026-07-01", "delivered", 200, "2026-07-01T13:00:00.042Z", 40, 1, nil]
            ])
    }
}
