public import AdviceCore

/// What the roster in force was taken from: it need not be read again while that is as it was.
public struct RosterSource: Hashable, Sendable {
    /// Over all that the roster depends on: hexadecimal digits.
    public var digest: String
    /// How many subscribers it has.
    public var count: Int

    public init(digest: String, count: Int) {
        self.digest = digest
        self.count = count
    }
}

extension SQLStore {
    /// Kept with the roster's number: with the next change of the roster, by whatever way, it holds no more.
    public func note(_ source: RosterSource, now: Instant) throws(StoreError) {
        try write(now) { () throws(StoreError) in
            let generation = try database.number("generation") ?? 0
            try database.query(
                """
                INSERT INTO meta(key, value) VALUES ('roster', $1)
                ON CONFLICT(key) DO UPDATE SET value = excluded.value
                """, [.text("\(generation) \(source.count) \(source.digest)")])
        }
    }

    public func rosterSource() throws(StoreError) -> RosterSource? {
        let text = try database.query("SELECT value FROM meta WHERE key = 'roster'").first?.first?.text
        let words = (text ?? "").split(separator: " ")
        guard words.count == 3, let count = Int(words[1]),
            Int64(words[0]) == (try database.number("generation") ?? 0)
        else { return nil }
        return RosterSource(digest: String(words[2]), count: count)
    }
}
