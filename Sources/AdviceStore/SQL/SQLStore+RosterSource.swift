public import AdviceCore

/// What the roster in force was taken from: it need not be read again while that is as it was.
public struct RosterSource: Hashable, Sendable {
    /// Over all that the roster depends on: hexadecimal digits.
    public var digest: String
    /// How many subscribers it has.
    public var count: Int
    /// The longest of their own time-outs; nil where none has one.
    public var longestTimeout: Span?
    /// The formats that they use.
    public var formats: [Format]

    public init(digest: String, count: Int, longestTimeout: Span?, formats: [Format]) {
        self.digest = digest
        self.count = count
        self.longestTimeout = longestTimeout
        self.formats = formats
    }

    /// `roster` is the number of the roster that it goes for.
    fileprivate func text(roster: Int64) -> String {
        let formats = formats.map(\.rawValue).joined(separator: ",")
        return "\(roster) \(digest) \(count) \(longestTimeout?.nanoseconds ?? 0) \(formats)"
    }

    /// nil where `text` is none, of this roster, as this version writes it.
    fileprivate init?(_ text: String, roster: Int64) {
        let words = text.split(separator: " ", omittingEmptySubsequences: false)
        guard words.count == 5, words[0] == "\(roster)", let count = Int(words[2]),
            let longest = Int64(words[3])
        else { return nil }
        let formats = words[4].split(separator: ",").map { Format(rawValue: String($0)) }
        guard !formats.contains(nil) else { return nil }
        self.init(
            digest: String(words[1]), count: count,
            longestTimeout: longest > 0 ? Span(nanoseconds: longest) : nil,
            formats: formats.compactMap(\.self))
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
                """, [.text(source.text(roster: generation))])
        }
    }

    public func rosterSource() throws(StoreError) -> RosterSource? {
        let text = try database.query("SELECT value FROM meta WHERE key = 'roster'").first?.first?.text
        guard let text else { return nil }
        return RosterSource(text, roster: try database.number("generation") ?? 0)
    }
}
