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

    /// Brings a database of an earlier version to this program's, in one transaction; a copy of it as it was
    /// is left beside it, as `FILE.v1`.
    static func migrate(_ connection: SQLiteConnection) throws(StoreError) {
        let found = try connection.query("PRAGMA user_version").first?.first?.integer ?? 0
        guard found < Schema.version else { return }
        try SQLiteFile(path: connection.path).makeEmptyCopy(named: "v\(found)")
        try connection.query("VACUUM INTO $1", [.text("\(connection.path).v\(found)")])
        try connection.execute("PRAGMA foreign_keys = OFF")
        try connection.transaction { () throws(StoreError) in
            for version in (found + 1)...Schema.version {
                guard let script = Schema.migrations[version] else {
                    throw .refused("\(connection.path): nothing leads to schema version \(version)")
                }
                try connection.execute(script)
            }
            try connection.execute("PRAGMA user_version = \(Schema.version)")
        }
        guard try connection.query("PRAGMA foreign_key_check").isEmpty else {
            throw .damaged("\(connection.path): rows refer to none after the migration")
        }
        try connection.execute("PRAGMA foreign_keys = ON")
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
