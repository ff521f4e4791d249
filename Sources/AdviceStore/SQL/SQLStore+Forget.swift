public import AdviceCore

/// What stays of a subscriber who was forgotten: it tells when the same name comes back, and does not tell
/// the name.
public struct ErasedName: Hashable, Sendable {
    /// Of this store, the same for all its names.
    public var salt: [UInt8]
    /// SHA-256 of the salt and the id.
    public var digest: [UInt8]

    public init(salt: [UInt8], digest: [UInt8]) {
        self.salt = salt
        self.digest = digest
    }
}

extension SQLStore {
    public func erasedNames() throws(StoreError) -> [ErasedName] {
        let rows = try database.query("SELECT salt, digest FROM forgotten ORDER BY at, digest")
        return rows.compactMap { row in
            guard let salt = row[0].bytes, let digest = row[1].bytes else { return nil }
            return ErasedName(salt: salt, digest: digest)
        }
    }

    public func forget(
        _ id: String, name: ErasedName, decision: String, now: Instant
    ) throws(StoreError) -> Erasure? {
        let rows = try database.query("SELECT number FROM subscriber WHERE id = $1", [.text(id)])
        guard let number = rows.first?[0].integer else { return nil }
        let mine = inFlight.subjects(of: number)
        var erasure = try overwriting { () throws(StoreError) in
            try write(now) { () throws(StoreError) in
                var erasure = Erasure()
                // Asked in here, where no other daemon claims.
                if try subjectsInFlight(of: number).contains(where: { !mine.contains($0) }) {
                    erasure.isInFlight = true
                    return erasure
                }
                erasure.deliveries = try erase(number, id)
                try eraseAlerts(naming: id, &erasure)
                try eraseDecisions(naming: id)
                try database.query(
                    """
                    INSERT INTO forgotten(salt, digest, at) VALUES ($1, $2, $3)
                    ON CONFLICT(digest) DO UPDATE SET at = excluded.at
                    """, [.bytes(name.salt), .bytes(name.digest), .integer(now.nanoseconds)])
                // The roster is another now: what was known of it by its number is so no more.
                try database.query(
                    "UPDATE meta SET value = $1 WHERE key = 'generation'",
                    [metaValue("\((try database.number("generation") ?? 0) + 1)")])
                try note(decision, now)
                return erasure
            }
        }
        if erasure.isInFlight { return erasure }
        // What its attempts that are on the wire come to is written nowhere.
        erased.insert(number)
        erasure.isWiped = try wipe()
        return erasure
    }

    /// Removes all that is kept of a subscriber, inside a transaction; gives how many deliveries that were.
    func erase(_ subscriber: Int64, _ id: String) throws(StoreError) -> Int {
        var deliveries = 0
        for series in try database.query("SELECT DISTINCT series FROM subject").compactMap({ $0[0].text }) {
            let key: [SQLValue] = [
                .text(series), .integer(SlotHash(series: series, subscriber: id).slot),
                .integer(subscriber),
            ]
            for table in ["attempt", "replay", "delivery"] {
                let gone = try database.query(
                    """
                    DELETE FROM \(table) WHERE subject IN (SELECT number FROM subject WHERE series = $1)
                        AND slot = $2 AND subscriber = $3
                    RETURNING 1
                    """, key)
                if table == "delivery" { deliveries += gone.count }
            }
        }
        try database.query(
            """
            UPDATE cohort SET members = members - 1 WHERE number IN (
                SELECT m.cohort FROM member m WHERE m.subscriber = $1 AND m.active_until IS NULL)
            """, [.integer(subscriber)])
        for table in ["joiner", "endpoint", "member"] {
            try database.query("DELETE FROM \(table) WHERE subscriber = $1", [.integer(subscriber)])
        }
        try database.query("DELETE FROM subscriber WHERE number = $1", [.integer(subscriber)])
        return deliveries
    }

    /// Alerts say whom they are about. Those that are through go; one that is on its way is left.
    private func eraseAlerts(naming id: String, _ erasure: inout Erasure) throws(StoreError) {
        let rows = try database.query(
            """
            SELECT r.number, r.subject, c.neutral, EXISTS (SELECT 1 FROM delivery d
                WHERE d.subject = r.subject AND d.state IN (0, 2))
            FROM release r JOIN content c ON c.release = r.number WHERE r.series = '' AND r.kind = 'alert'
            """)
        for row in rows {
            guard let text = row[2].bytes, Erased.names(id, in: String(decoding: text, as: UTF8.self)) else {
                continue
            }
            guard row[3].integer == 0 else {
                erasure.alertsLeft += 1
                continue
            }
            try deleteAlert(row[0], subject: row[1])
            erasure.alerts += 1
        }
    }

    /// Operators' decisions stay; of whom they were does not.
    private func eraseDecisions(naming id: String) throws(StoreError) {
        for row in try database.query("SELECT number, what FROM decision") {
            guard let what = row[1].text, let erased = Erased.decision(what, of: id) else { continue }
            try database.query("UPDATE decision SET what = $2 WHERE number = $1", [row[0], .text(erased)])
        }
    }
}

/// Where a subscriber's name may stand in words.
enum Erased {
    /// Whether `id` stands in `text` by itself, and not as part of a longer word.
    static func names(_ id: String, in text: String) -> Bool {
        let isPart: (Character) -> Bool = { $0.isLetter || $0.isNumber || $0 == "_" || $0 == "-" }
        return text.split(whereSeparator: { !isPart($0) }).contains { $0 == id }
    }

    /// An operator's decision without the name; nil where it does not have it. All of them write
    /// `subscriber ID`.
    static func decision(_ words: String, of id: String) -> String? {
        var parts = words.split(separator: " ", omittingEmptySubsequences: false).map(String.init)
        var isErased = false
        for place in parts.indices.dropFirst() where parts[place - 1] == "subscriber" {
            let isFollowed = parts[place].hasSuffix(",")
            guard parts[place] == (isFollowed ? id + "," : id) else { continue }
            parts[place] = isFollowed ? "(forgotten)," : "(forgotten)"
            isErased = true
        }
        return isErased ? parts.joined(separator: " ") : nil
    }
}
