/// The reader on PostgreSQL: a connection of its own, that never writes.
public final class PostgresReader: SQLReader {
    /// Connects to the database that `string` says; nil where it has no tables yet. Throws as
    /// `PostgresStore.init` does for one that cannot be used.
    public static func open(_ string: String) throws(StoreError) -> PostgresReader? {
        let connection = try PostgresConnection(string)
        do throws(StoreError) {
            try connection.connect()
            if try !PostgresSchemaVersion.isNew(connection) {
                try connection.refuseUnfinishedCopy()
                return PostgresReader(connection)
            }
            connection.close()
            return nil
        } catch {
            connection.close()
            throw error
        }
    }

    /// Whether a server that takes over may lack what was committed last: it has standbys, and waits for none
    /// of them. Throws as `open` does.
    public static func hasLateStandbys(_ string: String) throws(StoreError) -> Bool {
        let connection = try PostgresConnection(string)
        defer { connection.close() }
        try connection.connect()
        _ = try PostgresSchemaVersion.isNew(connection)
        return try connection.query(
            """
            SELECT 1 FROM pg_stat_replication
            WHERE current_setting('synchronous_standby_names') = ''
                OR current_setting('synchronous_commit') = 'local' LIMIT 1
            """) != []
    }

    /// Of which transactions are seen: another one where one was committed.
    public override func writes() throws(StoreError) -> Int64 {
        try database.query("SELECT hashtextextended(CAST(pg_current_snapshot() AS text), 0)")
            .first?.first?.integer ?? 0
    }
}
