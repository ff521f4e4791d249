/// The entries of one mapping of a file, with their keys known to be known.
struct Fields {
    let file: SourceFile
    let position: Position
    /// A row of CSV or JSONL: data from elsewhere, which may set less than the settings.
    let isRow: Bool
    private let entries: [Value.Entry]
    /// Known keys for which unknown ones were most likely meant: they are not reported as missing as well.
    private var meant: Set<String> = []

    /// Reports what is not a mapping, unknown keys, and keys without a value; nil for what is not a mapping.
    ///
    /// `what` names the mapping in messages, such as `a series`.
    init?(_ value: Value, of what: String, keys: [String], in file: SourceFile) {
        switch value.content {
        case .map(let entries):
            self.file = file
            self.position = value.position
            self.isRow = false
            self.entries = entries
            for entry in entries { check(entry, keys) }
        case .refused:
            return nil
        case .text, .list:
            file.error(at: value.position, "\(what) must be a mapping of keys to values: \(Self.list(keys))")
            return nil
        }
    }

    /// A row whose keys have been looked at. `meant` are keys of which has been said already that they are
    /// missing.
    init(row entries: [Value.Entry], at position: Position, meant: Set<String> = [], in file: SourceFile) {
        self.file = file
        self.position = position
        self.isRow = true
        self.entries = entries
        self.meant = meant
    }

    private static func list(_ keys: [String]) -> String {
        keys.prefix(8).joined(separator: ", ") + (keys.count > 8 ? ", ..." : "")
    }

    private mutating func check(_ entry: Value.Entry, _ keys: [String]) {
        guard keys.contains(entry.key) else {
            var hint = ""
            if let home = Keys.home(of: entry.key) {
                hint = " here; it belongs to \(home)"
            } else if let near = nearest(to: entry.key, among: keys) {
                hint = "; did you mean '\(near)'?"
                meant.insert(near)
            } else if keys.count <= 8 {
                hint = "; known here: \(keys.joined(separator: ", "))"
            }
            file.error(at: entry.position, "unknown key \(quoted(entry.key))\(hint)")
            return
        }
        if entry.value.isNothing { file.error(at: entry.position, "'\(entry.key)' has no value") }
    }

    /// Where `key` stands, or the mapping where it does not.
    func position(of key: String) -> Position {
        entries.first { $0.key == key }?.value.position ?? position
    }

    func keyPosition(of key: String) -> Position {
        entries.first { $0.key == key }?.position ?? position
    }

    func isGiven(_ key: String) -> Bool {
        entries.contains { $0.key == key }
    }

    /// Does not stand there, and nothing has been said of that yet.
    func isMissing(_ key: String) -> Bool {
        !isGiven(key) && !meant.contains(key)
    }

    /// The value to read; nil where there is none, or it has been reported.
    func value(_ key: String) -> Value? {
        guard let value = entries.first(where: { $0.key == key })?.value else { return nil }
        return value.isNothing || value.isRefused ? nil : value
    }

    /// As `value(_:)`, and reports a key that does not stand there at all.
    func required(_ key: String, _ expectation: String) -> Value? {
        if isMissing(key) {
            file.error(at: position, "'\(key)' is missing: \(expectation)")
        }
        return value(key)
    }

    /// Reports `'key' must be EXPECTATION, not 'TEXT'`.
    func mistake(_ key: String, _ value: Value, mustBe expectation: String) {
        let found =
            switch value.content {
            case .text(let text, _): quoted(text)
            case .list: "a list"
            case .map: "a mapping"
            case .refused: ""
            }
        if !value.isRefused {
            file.error(at: value.position, "'\(key)' must be \(expectation), not \(found)")
        }
    }

    /// Reads `key`'s text by `parse`, whose nil means that it is not what was expected.
    func parsed<Parsed>(_ key: String, mustBe expectation: String, _ parse: (String) -> Parsed?) -> Parsed? {
        guard let value = value(key) else { return nil }
        if let text = value.text, let parsed = parse(text) { return parsed }
        mistake(key, value, mustBe: expectation)
        return nil
    }

    /// The elements of a list, each read by `parse`; those that cannot be read are reported and left out.
    func list<Parsed>(
        _ key: String, of expectation: String, such example: String, _ parse: (Value) -> Parsed?
    ) -> [Parsed]? {
        guard let value = value(key) else { return nil }
        guard let values = value.list else {
            mistake(key, value, mustBe: "a list of \(expectation), such as \(example)")
            return nil
        }
        return values.compactMap { value in value.isRefused ? nil : parse(value) }
    }
}
