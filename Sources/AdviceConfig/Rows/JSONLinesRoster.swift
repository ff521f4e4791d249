/// Reads a roster in JSON Lines: an object with the keys of a subscriber a line. `null` is as if its key did
/// not stand there.
struct JSONLinesRoster {
    private let file: SourceFile
    private var rows: JSONLinesReader

    init(_ file: SourceFile, _ window: RowWindow) {
        self.file = file
        rows = JSONLinesReader(window)
    }

    mutating func read(into roster: inout RosterBuilder) {
        while !roster.isFull, let row = next(&roster) {
            roster.take(fields(row.members, at: row.position))
        }
    }

    /// The next row, with what was wrong before it reported.
    private mutating func next(
        _ roster: inout RosterBuilder
    ) -> (position: Position, members: [JSONValue.Member])? {
        let row = rows.next()
        if !rows.mistakes.isEmpty {
            for mistake in rows.mistakes { file.error(at: mistake.position, mistake.message) }
            rows.mistakes = []
            roster.isComplete = false
        }
        return row
    }

    private func fields(_ members: [JSONValue.Member], at position: Position) -> Fields {
        var entries: [Value.Entry] = []
        entries.reserveCapacity(members.count)
        var meant: Set<String> = []
        for (place, member) in members.enumerated() {
            if members[..<place].contains(where: { $0.key == member.key }) {
                file.error(at: member.position, "key \(quoted(member.key)) is given twice")
            } else if let (message, near) = RowKeys.mistake(in: member.key) {
                file.error(at: member.position, message)
                if let near { meant.insert(near) }
            } else if let value = value(member) {
                entries.append(Value.Entry(key: member.key, position: member.position, value: value))
            }
        }
        return Fields(row: entries, at: position, meant: meant, in: file)
    }

    /// nil for `null`; what is of another kind than `member`'s key is reported.
    private func value(_ member: JSONValue.Member) -> Value? {
        let key = member.key
        let position = member.value.position
        switch member.value.content {
        case .null:
            return nil
        case .text(let text):
            return Value(content: .text(text, quoted: true), position: position)
        case .truth(let truth) where RowKeys.flags.contains(key):
            return Value(content: .text(truth ? "true" : "false", quoted: true), position: position)
        case .list(let elements) where RowKeys.lists.contains(key):
            let values = elements.map { element in text(element, of: key) }
            return Value(content: .list(values), position: position)
        case .truth, .number, .list, .object:
            let (expectation, isText) = Self.expectation(of: key)
            return refuse(member.value, "'\(key)' must be \(expectation)", quotesHelp: isText)
        }
    }

    /// What is expected, and whether a text is.
    private static func expectation(of key: String) -> (String, isText: Bool) {
        switch key {
        case "secret": ("a text or a list of texts", true)
        case "series": ("a list of series ids", false)
        case _ where RowKeys.flags.contains(key): ("true or false", false)
        default: ("a text", true)
        }
    }

    private func text(_ element: JSONValue, of key: String) -> Value {
        guard case .text(let text) = element.content else {
            return refuse(element, "each of '\(key)' must be a text")
        }
        return Value(content: .text(text, quoted: true), position: element.position)
    }

    private func refuse(_ value: JSONValue, _ expectation: String, quotesHelp: Bool = true) -> Value {
        let hint = quotesHelp ? ": put it in quotes" : ""
        let found =
            switch value.content {
            case .number(let text): text + hint
            case .truth(let truth): "\(truth)\(hint)"
            case .object: "an object: \(RowKeys.namesNothing)"
            case .list: "a list"
            case .null: "null"
            case .text(let text): quoted(text)
            }
        file.error(at: value.position, "\(expectation), not \(found)")
        return Value(content: .refused, position: value.position)
    }
}
