/// Reads CSV row by row (RFC 4180): fields apart by commas; a field in quotes may hold commas, line ends, and
/// quotes, doubled. Lines end with LF, CR LF or CR; blank ones are passed over.
///
/// What other readers guess at (a quote within a field without quotes, text behind a closing quote) is a
/// mistake.
struct CSVReader {
    struct Field {
        var text: String
        /// Of the field's first character, or of its opening quote.
        var position: Position
        var isQuoted: Bool
    }

    /// What has been found wrong since the caller took it last.
    var mistakes: [(position: Position, message: String)] = []

    private var window: RowWindow
    private var isStopped = false
    /// Of the row before: the next has as many.
    private var fieldCount = 0

    /// Where the row that is read goes on.
    private struct Cursor {
        var offset: Int
        var position: Position
    }

    init(_ window: RowWindow) {
        self.window = window
        if window.isUTF16 { stop(at: .start, "the file is UTF-16; save it as UTF-8") }
    }

    /// The fields of the next row, at least one; nil at the end of the file. A row that cannot be read is
    /// noted and passed over.
    mutating func next() -> [Field]? {
        while !isStopped, window.fill() {
            let blank = window.lineEnd(at: window.offset)
            if blank > 0 {
                window.offset += blank
                window.line += 1
            } else if let fields = readRow() {
                return fields
            }
        }
        if window.isBroken, !isStopped {
            stop(at: Position(line: window.line, column: 1), "from here the file cannot be read")
        }
        return nil
    }

    private mutating func note(_ position: Position, _ message: String) {
        mistakes.append((position, message))
    }

    private mutating func stop(at position: Position, _ message: String) {
        note(position, message)
        isStopped = true
    }

    private mutating func readRow() -> [Field]? {
        let start = window.offset
        var cursor = Cursor(offset: start, position: Position(line: window.line, column: 1))
        let before = mistakes.count
        var fields: [Field] = []
        fields.reserveCapacity(fieldCount)
        while true {
            let isQuoted = byte(at: cursor.offset) == UInt8(ascii: "\"")
            guard let field = isQuoted ? readQuoted(&cursor, start) : readPlain(&cursor) else {
                window.offset = cursor.offset
                window.line = cursor.position.line
                if !isStopped { window.skipLine() }
                return nil
            }
            fields.append(field)
            guard byte(at: cursor.offset) == UInt8(ascii: ",") else { break }
            cursor.offset += 1
            cursor.position.column += 1
        }
        fieldCount = fields.count
        guard cursor.offset - start <= Limits.row else {
            note(
                Position(line: window.line, column: 1), "a row is at most \(sizeText(Limits.row))")
            window.offset = cursor.offset
            window.line = cursor.position.line
            window.skipLine()
            return nil
        }
        let end = window.lineEnd(at: cursor.offset)
        window.offset = cursor.offset + end
        window.line = cursor.position.line + (end > 0 ? 1 : 0)
        return mistakes.count == before ? fields : nil
    }

    private func byte(at offset: Int) -> UInt8? {
        offset < window.bytes.count ? window.bytes[offset] : nil
    }

    /// A field without quotes; nil where it holds one, with the cursor there.
    private mutating func readPlain(_ cursor: inout Cursor) -> Field? {
        let first = cursor
        var isPlainText = true
        var columns: Int32 = 0
        let count = window.bytes.count
        var offset = cursor.offset
        scan: while offset < count {
            let byte = window.bytes[offset]
            switch byte {
            case UInt8(ascii: ","), UInt8(ascii: "\n"), UInt8(ascii: "\r"): break scan
            case UInt8(ascii: "\""):
                cursor.position.column += columns
                cursor.offset = offset
                note(
                    cursor.position,
                    "a quote within a field: put the whole field in quotes, and double those in it")
                return nil
            default:
                if !isPlain(byte) { isPlainText = false }
                if beginsScalar(byte) { columns += 1 }
                offset += 1
            }
        }
        cursor.position.column += columns
        cursor.offset = offset
        let range = first.offset..<offset
        if !isPlainText { check(Array(window.bytes[range]), from: first.position) }
        return Field(text: window.text(range), position: first.position, isQuoted: false)
    }

    /// A field in quotes, which begins at the cursor; nil where its end is not as it should be, with the
    /// cursor there.
    private mutating func readQuoted(_ cursor: inout Cursor, _ start: Int) -> Field? {
        let opening = cursor.position
        cursor.offset += 1
        cursor.position.column += 1
        let inside = cursor
        var isPlainText = true
        var hasDoubled = false
        while true {
            guard let byte = byte(at: cursor.offset) else {
                stop(at: opening, notClosed(since: start))
                return nil
            }
            let end = window.lineEnd(at: cursor.offset)
            if end > 0 {
                cursor.offset += end
                cursor.position = Position(line: cursor.position.line + 1, column: 1)
                continue
            }
            if byte == UInt8(ascii: "\"") {
                guard self.byte(at: cursor.offset + 1) == byte else { break }
                hasDoubled = true
                cursor.offset += 1
                cursor.position.column += 1
            } else if !isPlain(byte) {
                isPlainText = false
            }
            if beginsScalar(byte) { cursor.position.column += 1 }
            cursor.offset += 1
        }
        let range = inside.offset..<cursor.offset
        cursor.offset += 1
        cursor.position.column += 1
        if let next = byte(at: cursor.offset), next != UInt8(ascii: ","),
            window.lineEnd(at: cursor.offset) == 0
        {
            note(cursor.position, "behind the closing quote a ',' or the line's end must follow")
            return nil
        }
        if !isPlainText { check(Array(window.bytes[range]), from: inside.position) }
        let text = hasDoubled ? undoubled(range) : window.text(range)
        return Field(text: text, position: opening, isQuoted: true)
    }

    private func notClosed(since start: Int) -> String {
        window.bytes.count - start > Limits.row
            ? "this quote is not closed within \(sizeText(Limits.row)), the longest row"
            : "this quote is never closed"
    }

    private func undoubled(_ range: Range<Int>) -> String {
        var bytes: [UInt8] = []
        bytes.reserveCapacity(range.count)
        var offset = range.lowerBound
        while offset < range.upperBound {
            let byte = window.bytes[offset]
            bytes.append(byte)
            offset += byte == UInt8(ascii: "\"") ? 2 : 1
        }
        return String(decoding: bytes, as: UTF8.self)
    }

    /// Notes what keeps a field from being a text.
    private mutating func check(_ bytes: [UInt8], from position: Position) {
        guard let mistake = TextMistake.search(bytes) else { return }
        note(mistake.position.seen(from: position), mistake.message)
    }
}

extension Position {
    /// The place in the file of what is at this place in a piece of it that begins at `start`.
    func seen(from start: Position) -> Position {
        line == 1
            ? Position(line: start.line, column: start.column + column - 1)
            : Position(line: start.line + line - 1, column: column)
    }
}
