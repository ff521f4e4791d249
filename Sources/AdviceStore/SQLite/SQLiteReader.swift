import Glibc

/// The reader on SQLite.
public final class SQLiteReader: SQLReader {
    /// Opens the database at `path`; nil where there is none yet, or nothing in it, which is no error:
    /// nothing has happened. Throws as `SQLiteStore.init` does for one that cannot be used.
    public static func open(path: String) throws(StoreError) -> SQLiteReader? {
        guard access(path, F_OK) == 0 || errno != ENOENT else { return nil }
        let connection = try SQLiteConnection(path: path, mode: .readOnly)
        do throws(StoreError) {
            if try !SchemaVersion.isNew(connection) {
                try connection.refuseUnfinishedCopy()
                return SQLiteReader(connection)
            }
            connection.close()
            return nil
        } catch {
            connection.close()
            throw error
        }
    }

    public override func writes() throws(StoreError) -> Int64 {
        try database.query("PRAGMA data_version").first?.first?.integer ?? 0
    }
}
