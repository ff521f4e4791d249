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

    /// Of which transactions are seen: another one where one was committed.
    public override func writes() throws(StoreError) -> Int64 {
        try database.query("SELECT hashtextextended(CAST(pg_current_snapshot() AS text), 0)")
            .first?.first?.integer ?? 0
    }
}
