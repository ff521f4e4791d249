/// Reads a roster in CSV: the keys in the first line, then a subscriber a row. An empty field is as if its
/// key did not stand there.
struct CSVRoster {
    private let file: SourceFile
    private var rows: CSVReader
    /// The key of each column; nil where it is not known.
    private var columns: [String?] = []
    /// Keys whose columns are missing, which has been said once for all rows.
    private var meant: Set<String> = []

    init(_ file: SourceFile, _ window: RowWindow) {
        self.file = file
        rows = CSVReader(window)
    }

    mutating func read(into roster: inout RosterBuilder) {
        guard let header = next(&roster) else {
            if !file.hasErrors {
                file.error(at: .start, "empty: the first line names the keys, such as id,url,secret")
            }
            roster.isComplete = false
            return
        }
        readHeader(header, roster.context)
        if file.hasErrors { roster.isComplete = false }
        while !roster.isFull, let fields = next(&roster) { take(fields, &roster) }
    }

    /// The next row, with what was wrong before it reported.
    private mutating func next(_ roster: inout RosterBuilder) -> [CSVReader.Field]? {
        let fields = rows.next()
        if !rows.mistakes.isEmpty {
            for mistake in rows.mistakes { file.error(at: mistake.position, mistake.message) }
            rows.mistakes = []
            roster.isComplete = false
        }
        return fields
    }

    // MARK: The header line

    private mutating func readHeader(_ header: [CSVReader.Field], _ context: SubscriberContext) {
        if let only = header.first, header.count == 1, let mark = Self.otherMark(in: only.text) {
            file.error(at: only.position, "the keys stand apart by \(mark): put ',' between fields")
            passOverAll(header)
            return
        }
        if !header.contains(where: { Keys.subscriber.contains(Self.plain($0.text)) }) {
            file.error(
                at: .start,
                "the first line must name the keys of the columns, such as id,url,secret; this one "
                    + "names none")
            passOverAll(header)
            return
        }
        var seen: Set<String> = []
        for field in header {
            let isFirst = seen.insert(field.text).inserted
            if let (message, near) = RowKeys.mistake(in: field.text) {
                file.error(at: field.position, field.text.isEmpty ? "a column without a key" : message)
                if let near { meant.insert(near) }
            } else if !isFirst {
                file.error(at: field.position, "key '\(field.text)' is given twice")
            }
            columns.append(isFirst && Keys.row.contains(field.text) ? field.text : nil)
        }
        for key in Self.missing(of: context) where !seen.contains(key) && !meant.contains(key) {
            file.error(at: .start, "the first line must name the keys of the columns: '\(key)' is missing")
            meant.insert(key)
        }
        // Without a format all rows are signed.
        if !seen.contains("format"), !meant.contains("format"), !seen.contains("secret"),
            meant.insert("secret").inserted
        {
            file.error(
                at: .start,
                "the first line must name the keys of the columns: 'secret' is missing (in the rows a "
                    + "secret, or none in so many words)")
        }
    }

    /// Nothing can be said of the rows.
    private mutating func passOverAll(_ header: [CSVReader.Field]) {
        columns = header.map { _ in nil }
        meant = Set(Keys.row)
    }

    private static func plain(_ key: String) -> String {
        key.filter { $0 != " " }.lowercased()
    }

    private static func missing(of context: SubscriberContext) -> [String] {
        ["id", "url"] + (context.seriesIDs.count > 1 ? ["series"] : [])
    }

    /// What stands between the fields where it is no comma.
    private static func otherMark(in text: String) -> String? {
        [(";", "';'"), ("\t", "tabs"), ("|", "'|'")].first { text.contains($0.0) }?.1
    }

    // MARK: Rows

    private func take(_ fields: [CSVReader.Field], _ roster: inout RosterBuilder) {
        let start = Position(line: fields[0].position.line, column: 1)
        guard fields.count == columns.count else {
            let isLong = fields.count > columns.count
            file.error(
                at: isLong ? fields[columns.count].position : start,
                "this row has \(Self.fields(fields.count)), the first line \(columns.count): "
                    + (isLong
                        ? "put a field that holds a ',' in quotes"
                        : "a field that says nothing is empty, with its ','"))
            roster.isComplete = false
            return
        }
        var entries: [Value.Entry] = []
        entries.reserveCapacity(fields.count)
        for (field, key) in zip(fields, columns) {
            guard let key, !field.text.isEmpty else { continue }
            entries.append(Value.Entry(key: key, position: field.position, value: value(field, key)))
        }
        roster.take(Fields(row: entries, at: start, meant: meant, in: file))
    }

    private static func fields(_ count: Int) -> String { count == 1 ? "1 field" : "\(count) fields" }

    /// `[]` is the word for an empty list, as an empty field is none.
    private func value(_ field: CSVReader.Field, _ key: String) -> Value {
        let text = Value(content: .text(field.text, quoted: true), position: field.position)
        if RowKeys.secrets.contains(key), field.text.hasPrefix("{") {
            return refuse(field, "'\(key)': \(RowKeys.namesNothing)")
        }
        guard RowKeys.lists.contains(key) else { return text }
        if field.text == "[]" { return Value(content: .list([]), position: field.position) }
        if field.text.hasPrefix("[") {
            return refuse(
                field, "'\(key)': in CSV a list is its elements with blanks between; [] is an empty one")
        }
        let isAlone = !field.text.utf8.contains(UInt8(ascii: " "))
        if isAlone { return key == "secret" ? text : Value(content: .list([text]), position: field.position) }
        return Value(content: .list(Self.words(of: field)), position: field.position)
    }

    private func refuse(_ field: CSVReader.Field, _ message: String) -> Value {
        file.error(at: field.position, message)
        return Value(content: .refused, position: field.position)
    }

    private static func words(of field: CSVReader.Field) -> [Value] {
        var words: [Value] = []
        var column = field.position.column + (field.isQuoted ? 1 : 0)
        for word in field.text.split(separator: " ", omittingEmptySubsequences: false) {
            if !word.isEmpty {
                let position = Position(line: field.position.line, column: column)
                words.append(Value(content: .text(String(word), quoted: true), position: position))
            }
            column += Int32(word.unicodeScalars.count) + 1
        }
        return words
    }
}
