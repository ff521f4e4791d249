/// Copies a store into another that is empty, in small transactions. How far it has come stands in the new
/// store, which is no store to a daemon until it is whole: what was broken off goes on where it was.
public struct StoreCopy {
    private let source: SQLStore
    private let target: SQLStore
    private var from: any SQLDatabase { source.database }
    private var to: any SQLDatabase { target.database }
    private let rowsAtOnce: Int

    /// Nobody else may write to either meanwhile. `target` was opened for a copy.
    public init(from source: SQLStore, to target: SQLStore) {
        self.init(from: source, to: target, rowsAtOnce: 2000)
    }

    init(from source: SQLStore, to target: SQLStore, rowsAtOnce: Int) {
        self.source = source
        self.target = target
        self.rowsAtOnce = rowsAtOnce
    }

    /// Copies all that is left; `progress` is told the share that is done, 0 to 1, and says whether to go on.
    ///
    /// Throws `refused` where the new store holds something else, or the old one was written to since the
    /// copy was begun.
    /// - Returns: how many rows there are, nil where it was broken off.
    public func run(_ progress: (Double) -> Bool) throws(StoreError) -> Int64? {
        try source.freeze()
        let fingerprint = try fingerprint()
        var place = try begun(fingerprint)
        var total: Int64 = 0
        for table in StoreCopy.tables {
            total += try from.query("SELECT count(*) FROM \(table.name)").first?[0].integer ?? 0
        }
        while place.table < StoreCopy.tables.count {
            guard progress(Double(place.rows) / Double(max(1, total))) else { return nil }
            place = try step(place, fingerprint)
        }
        try finish()
        _ = progress(1)
        return place.rows
    }

    // MARK: How far it has come

    /// Up to where the rows are in the new store.
    private struct Place {
        var table = 0
        /// The last row's key; empty before the first.
        var key: [SQLValue] = []
        var rows: Int64 = 0

        init() {}

        /// As `text` wrote it, without the fingerprint.
        init?(_ words: [Substring]) {
            guard words.count >= 2, let table = Int(words[0]), let rows = Int64(words[1]) else { return nil }
            self.table = table
            self.rows = rows
            for word in words.dropFirst(2) {
                switch word.first {
                case "i": key.append(.integer(Int64(word.dropFirst()) ?? 0))
                case "t": key.append(.text(String(word.dropFirst())))
                case "b": key.append(.bytes(word.dropFirst().split(separator: ".").compactMap { UInt8($0) }))
                default: return nil
                }
            }
        }

        func text(_ fingerprint: String) -> String {
            let values = key.map { value in
                switch value {
                case .integer(let number): "i\(number)"
                case .text(let text): "t\(text)"
                case .bytes(let bytes): "b" + bytes.map(String.init).joined(separator: ".")
                default: preconditionFailure("keys are numbers, names and digests")
                }
            }
            return ([fingerprint, "\(table)", "\(rows)"] + values).joined(separator: " ")
        }
    }

    /// Tells that the old store was not written to. Every write of a daemon's raises the mark.
    private func fingerprint() throws(StoreError) -> String {
        var sum = Checksum()
        for row in try from.query("SELECT key, CAST(value AS TEXT) FROM meta ORDER BY key") {
            sum.mix(row[0].text)
            sum.mix(row[1].text)
        }
        for table in ["release", "batch", "decision", "subscriber"] {
            sum.mix(try from.query("SELECT max(number) FROM \(table)").first?[0].integer ?? 0)
        }
        return "\(sum.value)"
    }

    private func begun(_ fingerprint: String) throws(StoreError) -> Place {
        let noted = try to.query("SELECT value FROM meta WHERE key = '\(StoreCopy.key)'").first?[0].text
        if let words = noted?.split(separator: " ") {
            guard words.first.map(String.init) == fingerprint, let place = Place(Array(words.dropFirst()))
            else {
                throw .refused(
                    "\(to.path): holds the beginning of a copy of another store, or of this one before it "
                        + "was written to: empty it, and begin anew")
            }
            return place
        }
        for table in ["series", "subscriber", "release", "decision"] {
            guard try to.query("SELECT 1 FROM \(table) LIMIT 1").isEmpty else {
                throw .refused("\(to.path): holds a store already: a copy goes into an empty one")
            }
        }
        try to.transaction { () throws(StoreError) in try note(Place(), fingerprint) }
        return Place()
    }

    static let key = "copy"

    private func note(_ place: Place, _ fingerprint: String) throws(StoreError) {
        try to.query(
            """
            INSERT INTO meta(key, value) VALUES ('\(StoreCopy.key)', $1)
            ON CONFLICT(key) DO UPDATE SET value = excluded.value
            """, [.text(place.text(fingerprint))])
    }

    // MARK: Rows

    private func step(_ place: Place, _ fingerprint: String) throws(StoreError) -> Place {
        let table = StoreCopy.tables[place.table]
        let keys = table.columns.prefix(table.key).map(\.name)
        let list = keys.joined(separator: ", ")
        let parameters = keys.indices.map { "$\($0 + 1)" }.joined(separator: ", ")
        let after = place.key.isEmpty ? "" : "WHERE (\(list)) > (\(parameters))"
        let columns = table.columns.map(\.name).joined(separator: ", ")
        let read = try from.statement(
            "SELECT \(columns) FROM \(table.name) \(after) ORDER BY \(list) LIMIT \(rowsAtOnce)")
        read.bind(place.key)
        var rows: [[SQLValue]] = []
        try read.walk { () throws(StoreError) in
            rows.append(read.row())
            return true
        }
        var next = place
        if rows.count == rowsAtOnce, let last = rows.last {
            next.key = Array(last.prefix(table.key))
        } else {
            next.table += 1
            next.key = []
        }
        next.rows += Int64(rows.count)
        try to.transaction { () throws(StoreError) in
            let insert = try to.insertion(SQLInsertion(table: table.name, columns: table.columns))
            insert.expect(rows.count)
            for row in rows {
                insert.bind(row)
                try insert.run()
            }
            try insert.finish()
            try note(next, fingerprint)
        }
        return next
    }

    /// What is left at the end: numbers that are not given out again, and what `meta` says of the store. With
    /// that it is one.
    private func finish() throws(StoreError) {
        let kept = try from.query("SELECT key, CAST(value AS TEXT) FROM meta ORDER BY key")
        let last = try source.lastNumbers()
        try to.transaction { () throws(StoreError) in
            try target.take(lastNumbers: last)
            for row in kept {
                guard let key = row[0].text, let value = row[1].text, !StoreCopy.ofAnEngine.contains(key)
                else { continue }
                try to.query(
                    """
                    INSERT INTO meta(key, value) VALUES ($1, $2)
                    ON CONFLICT(key) DO UPDATE SET value = excluded.value
                    """, [.text(key), target.metaValue(value)])
            }
            try to.query("DELETE FROM meta WHERE key = '\(StoreCopy.key)'")
        }
    }

    /// Keys of `meta` that say something of one engine's database.
    private static let ofAnEngine: Set<String> = [
        "application", "schema", "epoch", "files", "files_number", key,
    ]

    // MARK: Tables

    struct Table {
        var name: String
        /// So many of the columns are the key, by which it is read in order.
        var key: Int
        var columns: [SQLInsertion.Column]

        init(_ name: String, key: Int, _ columns: String) {
            self.name = name
            self.key = key
            self.columns = columns.split(separator: " ").map { word in
                let parts = word.split(separator: ":")
                let kind = parts.count == 2 ? SQLInsertion.Kind(rawValue: String(parts[1])) : .integer
                guard let kind else { preconditionFailure("a column's kind is one that there is") }
                return .init(String(parts[0]), kind)
            }
        }
    }

    /// In the order in which rows may refer to others.
    static let tables = [
        Table("decision", key: 1, "number at what:text"),
        Table(
            "series", key: 1,
            "id:text first_seen configured_start:text edition:text state:text begin:text passed:text "
                + "details:text"),
        Table(
            "subscriber", key: 1,
            "number id:text url:text secrets:text format:text paused:truth limit_key:text "
                + "shares_host:truth options:text zone:text at:text joined:text fingerprint digest "
                + "removed_at first_day paused_from paused_until:text"),
        Table("cohort", key: 1, "number series:text cohort:text members since since_generation"),
        Table("subject", key: 1, "number type:text series:text edition:text subject:text"),
        Table(
            "release", key: 1,
            "number series:text edition:text cohort point:text point_number of_points sequence kind:text "
                + "slot_date:text scheduled_for released_at cut subject revision why:text"),
        Table("earlier", key: 2, "release subject"),
        Table("content", key: 1, "release neutral:bytes digest:bytes"),
        Table("rendering", key: 2, "release format:text body:bytes digest"),
        Table("member", key: 4, "cohort slot_hash subscriber active_from active_until"),
        Table("joiner", key: 2, "cohort subscriber moved"),
        Table("batch", key: 1, "number release first_hash last_hash due audience"),
        Table(
            "delivery", key: 3,
            "subject slot subscriber release state attempts status latency_ms after_ms next_attempt_at "
                + "gone_at error:text due_at"),
        Table(
            "attempt", key: 5,
            "subject slot subscriber replay number at status error:text latency address:text reply:bytes "
                + "arrived"),
        Table("replay", key: 3, "subject slot subscriber number ids had"),
        Table(
            "endpoint", key: 1,
            "subscriber fingerprint state:text since failing_since failures refusals probe_at"),
        Table("forgotten", key: 1, "digest:bytes salt:bytes at"),
    ]

    /// Tables whose rows are numbered by the engine.
    static let numbered = ["decision", "subscriber", "cohort", "subject", "release", "batch"]
}

extension SQLDatabase {
    /// Throws where a copy into this database was begun and not finished.
    func refuseUnfinishedCopy() throws(StoreError) {
        guard try query("SELECT 1 FROM meta WHERE key = '\(StoreCopy.key)'").isEmpty else {
            throw .refused(
                "\(path): a copy into it is not finished: run the same `advised store copy` again, "
                    + "or empty it")
        }
    }
}
