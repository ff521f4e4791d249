import AdviceCore

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
    /// is left beside it first, as `FILE.before-v5`.
    static func migrate(_ connection: SQLiteConnection, copiesAside: Bool = true) throws(StoreError) {
        let found = try connection.query("PRAGMA user_version").first?.first?.integer ?? 0
        guard found < Schema.version else { return }
        if copiesAside {
            let name = "before-v\(Schema.version)"
            try SQLiteFile(path: connection.path).makeEmptyCopy(named: name)
            try connection.query("VACUUM INTO $1", [.text("\(connection.path).\(name)")])
            try SQLiteFile.sync("\(connection.path).\(name)")
        }
        try connection.execute("PRAGMA foreign_keys = OFF")
        try connection.transaction { () throws(StoreError) in
            for version in (found + 1)...Schema.version {
                guard let script = Schema.migrations[version] else {
                    throw .refused("\(connection.path): nothing leads to schema version \(version)")
                }
                try connection.execute(script)
                if version == 2 { try mixSlots(connection) }
            }
            try connection.execute("PRAGMA user_version = \(Schema.version)")
            // Before it is on the disk: a file that a migration has broken would be taken for sound later.
            guard try connection.query("PRAGMA foreign_key_check").isEmpty else {
                throw .damaged("\(connection.path): rows refer to none after the migration")
            }
        }
        try connection.execute("PRAGMA foreign_keys = ON")
    }

    /// Version 1 cut batches by a hash whose upper bits were no good; what was placed by it is placed anew.
    /// What of a batch was not finished becomes one whole batch of its release: those who have a row are
    /// passed over.
    private static func mixSlots(_ connection: SQLiteConnection) throws(StoreError) {
        try connection.execute(
            """
            CREATE TEMP TABLE placed(
                series TEXT, subscriber INTEGER, hash INTEGER, slot INTEGER, PRIMARY KEY(series, subscriber)
            ) WITHOUT ROWID
            """)
        let names = try connection.query(
            """
            SELECT DISTINCT c.series, s.number, s.id FROM subscriber s
                JOIN member m ON m.subscriber = s.number JOIN cohort c ON c.number = m.cohort
            """)
        for row in names {
            guard let series = row[0].text, let id = row[2].text else { continue }
            let hash = SlotHash(series: series, subscriber: id)
            try connection.query(
                "INSERT INTO placed VALUES ($1, $2, $3, $4)",
                [row[0], row[1], .integer(hash.ordered), .integer(hash.slot)])
        }
        for table in ["delivery", "attempt"] {
            try connection.execute(
                """
                CREATE TEMP TABLE moved AS SELECT * FROM \(table);
                DELETE FROM \(table);
                UPDATE moved SET slot = (
                    SELECT p.slot FROM placed p JOIN subject j ON j.number = moved.subject
                    WHERE p.series = j.series AND p.subscriber = moved.subscriber);
                INSERT INTO \(table) SELECT * FROM moved WHERE slot IS NOT NULL;
                DROP TABLE moved
                """)
        }
        try connection.execute(
            """
            CREATE TEMP TABLE moved AS SELECT m.cohort, p.hash, m.subscriber, m.active_from, m.active_until
                FROM member m JOIN cohort c ON c.number = m.cohort
                JOIN placed p ON p.series = c.series AND p.subscriber = m.subscriber;
            DELETE FROM member;
            INSERT INTO member(cohort, slot_hash, subscriber, active_from, active_until) SELECT * FROM moved;
            DROP TABLE moved;
            DELETE FROM batch WHERE number NOT IN (SELECT min(number) FROM batch GROUP BY release);
            UPDATE batch SET first_hash = \(SlotHash(value: .min).ordered),
                last_hash = \(SlotHash(value: .max).ordered);
            DROP TABLE placed
            """)
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
