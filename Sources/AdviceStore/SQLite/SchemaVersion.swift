/// Which schema a file holds, and the making of it.
enum SchemaVersion {
    /// Whether the file is empty. Throws for one that is not ours or is newer than this program.
    static func isNew(_ connection: SQLiteConnection) throws(StoreError) -> Bool {
        let version = try connection.query("PRAGMA user_version").first?.first?.integer ?? 0
        let application = try connection.query("PRAGMA application_id").first?.first?.integer ?? 0
        let tables = try connection.query("SELECT count(*) FROM sqlite_schema").first?.first?.integer ?? 0
        if version == 0, application == 0, tables == 0 { return true }
        guard application == Schema.applicationID else {
            throw .refused("\(connection.path): is a database of another program: move it away")
        }
        guard version <= Schema.version else {
            throw .refused(
                "\(connection.path): has schema version \(version), and this program knows up to "
                    + "\(Schema.version): run the newer advised that wrote it")
        }
        return false
    }

    static func make(_ connection: SQLiteConnection) throws(StoreError) {
        try connection.transaction { () throws(StoreError) in
            try connection.execute(Schema.tables)
            try connection.execute(
                """
                PRAGMA application_id = \(Schema.applicationID); PRAGMA user_version = \(Schema.version);
                INSERT INTO meta(key, value) VALUES ('generation', 0)
                """)
        }
    }
}
