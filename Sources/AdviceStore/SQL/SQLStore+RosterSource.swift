public import AdviceCore

/// All that a roster in rows depends on, as digests in hexadecimal digits. While one of them is the same, a
/// start takes what the store has, and a million rows are not gone through: a row names no other file.
public struct RosterOrigin: Hashable, Sendable {
    /// By what the file of the rows is; nil where that is not sure.
    public var file: String?
    /// By its bytes.
    public var contents: String

    public init(file: String?, contents: String) {
        self.file = file
        self.contents = contents
    }
}

/// What the roster in force was taken from: it need not be read again while that is as it was.
public struct RosterSource: Hashable, Sendable {
    public var origin: RosterOrigin
    /// How many subscribers it has.
    public var count: Int
    /// The longest of their own time-outs; nil where none has one.
    public var longestTimeout: Span?
    /// The formats that they use.
    public var formats: [Format]

    public init(origin: RosterOrigin, count: Int, longestTimeout: Span?, formats: [Format]) {
        self.origin = origin
        self.count = count
        self.longestTimeout = longestTimeout
        self.formats = formats
    }

    /// `roster` is the number of the roster that it goes for.
    fileprivate func text(roster: Int64) -> String {
        let formats = formats.map(\.rawValue).joined(separator: ",")
        let origin = "\(origin.file ?? "") \(origin.contents)"
        return "\(roster) \(origin) \(count) \(longestTimeout?.nanoseconds ?? 0) \(formats)"
    }

    /// nil where `text` is none, of this roster, as this version writes it.
    fileprivate init?(_ text: String, roster: Int64) {
        let words = text.split(separator: " ", omittingEmptySubsequences: false)
        guard words.count == 6, words[0] == "\(roster)", let count = Int(words[3]),
            let longest = Int64(words[4])
        else { return nil }
        let formats = words[5].split(separator: ",").map { Format(rawValue: String($0)) }
        guard !formats.contains(nil) else { return nil }
        self.init(
            origin: RosterOrigin(
                file: words[1].isEmpty ? nil : String(words[1]), contents: String(words[2])),
            count: count,
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
