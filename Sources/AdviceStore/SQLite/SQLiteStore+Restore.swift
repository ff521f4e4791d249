public import AdviceCore

/// What a restore does to the copy of a backup, before that takes the database's place.
extension SQLiteStore {
    /// Opens the copy of a backup at `path`, known to people as `name`: looks through all of it, and brings
    /// an older schema to this program's.
    ///
    /// Throws `damaged` where it is no database or a broken one, `refused` where it is another program's,
    /// was written by a newer version, or holds nothing.
    public static func restoring(_ path: String, named name: String) throws(StoreError) -> SQLiteStore {
        let connection = try SQLiteConnection(path: path, mode: .readWrite, named: name)
        do throws(StoreError) {
            guard try !SchemaVersion.isNew(connection) else {
                throw .refused("\(name): holds nothing: it is no backup")
            }
            try connection.requireWhole()
            try connection.settle()
            try SchemaVersion.migrate(connection, copiesAside: false)
            try connection.refuseUnfinishedCopy()
            return try SQLiteStore(restored: connection)
        } catch {
            connection.close()
            throw error
        }
    }
}

extension SQLiteConnection {
    /// Throws `damaged` where the file is not as it was written: pages, keys, and the frozen texts, which no
    /// check of SQLite's looks into.
    fileprivate func requireWhole() throws(StoreError) {
        let found = try query("PRAGMA integrity_check(5)").compactMap { $0[0].text }
        guard found == ["ok"] else {
            throw .damaged("\(path): is broken: \(found.joined(separator: "; ")): use another backup")
        }
        guard try query("PRAGMA foreign_key_check").isEmpty else {
            throw .damaged("\(path): rows refer to none: use another backup")
        }
        let bodies = try statement("SELECT release, format, body, digest FROM rendering")
        try bodies.walk { () throws(StoreError) in
            guard Checksum(bodies.bytes(2)).signed == bodies.integer(3) else {
                throw .damaged(
                    "\(path): the frozen body of release \(bodies.integer(0)) for \(bodies.text(1)) is not "
                        + "what was written: use another backup")
            }
            return true
        }
    }
}

extension SQLStore {
    /// All that was due up to `now` and is not settled counts as sent from now on: it ends cancelled,
    /// "restored", and nobody is welcomed any more. Points that went out after the backup was made come with
    /// `ledgers`.
    /// - Returns: how many deliveries that were.
    public func countAsSent(
        _ ledgers: [CohortLedger], decision: String, now: Instant
    ) throws(StoreError) -> Int {
        for ledger in ledgers { try enter(ledger, now: now) }
        return try write(now) { () throws(StoreError) in
            let cancelled = DeliveryState.cancelled.code
            let owed = try database.query(
                """
                INSERT INTO delivery(subject, slot, subscriber, release, state, attempts, after_ms, error)
                SELECT DISTINCT r.subject, m.slot_hash >> \(Schema.slotShift), m.subscriber, r.number,
                    \(cancelled), 0, $2 - r.released_at / 1000000, 'restored'
                FROM batch b CROSS JOIN release r ON r.number = b.release
                    CROSS JOIN member m ON m.cohort = r.cohort
                        AND m.slot_hash BETWEEN b.first_hash AND b.last_hash
                WHERE b.due <= $1 AND b.audience = 0 AND m.active_from <= r.cut
                    AND (m.active_until IS NULL OR m.active_until > r.cut)
                ON CONFLICT DO NOTHING RETURNING 1
                """, [.integer(now.nanoseconds), .integer(now.milliseconds)]
            ).count
            try database.query("DELETE FROM batch WHERE due <= $1", [.integer(now.nanoseconds)])
            try database.query("DELETE FROM joiner")
            let open = try database.query(
                """
                UPDATE delivery SET state = \(cancelled), next_attempt_at = NULL, error = 'restored',
                    after_ms = $2 - (SELECT released_at / 1000000 FROM release
                        WHERE release.number = delivery.release)
                WHERE state = \(DeliveryState.held.code)
                    OR state = \(DeliveryState.waiting.code) AND next_attempt_at <= $1
                RETURNING 1
                """, [.integer(now.nanoseconds), .integer(now.milliseconds)]
            ).count
            try note(decision, now)
            return owed + open
        }
    }
}
