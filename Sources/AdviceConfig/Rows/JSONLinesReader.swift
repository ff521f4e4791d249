/// Reads JSON Lines row by row: one object a line, blank lines passed over.
struct JSONLinesReader {
    /// What has been found wrong since the caller took it last.
    var mistakes: [(position: Position, message: String)] = []

    private var window: RowWindow
    private var isStopped = false

    init(_ window: RowWindow) {
        self.window = window
        if window.isUTF16 {
            mistakes.append((.start, "the file is UTF-16; save it as UTF-8"))
            isStopped = true
        }
    }

    /// The next object with its place; nil at the end of the file. A line that cannot be read is noted and
    /// passed over.
    mutating func next() -> (position: Position, members: [JSONValue.Member])? {
        while !isStopped, window.fill() {
            let position = Position(line: window.line, column: 1)
            guard let range = nextLine(at: position) else { continue }
            do throws(JSONMistake) {
                var reader = JSONReader(window.bytes, range, at: position)
                let value = try reader.read()
                if case .object(let members) = value.content { return (value.position, members) }
                mistakes.append((value.position, Self.expected))
            } catch {
                let begins = window.bytes[range].first { $0 != 0x20 && $0 != 0x09 }
                let isObject = begins == UInt8(ascii: "{")
                mistakes.append(
                    isObject ? (error.position, error.message) : (error.position, Self.expected))
            }
        }
        if window.isBroken, !isStopped {
            mistakes.append((Position(line: window.line, column: 1), "from here the file cannot be read"))
            isStopped = true
        }
        return nil
    }

    private static let expected = "each line must hold one JSON object, { \"id\": \"ann\", ... }, whole"

    /// The bytes of the line at hand, and goes on behind it; nil where it is blank or cannot be read.
    private mutating func nextLine(at position: Position) -> Range<Int>? {
        let start = window.offset
        var end = start
        var isPlainText = true
        var isBlank = true
        while end < window.bytes.count, window.lineEnd(at: end) == 0 {
            let byte = window.bytes[end]
            if !isPlain(byte) { isPlainText = false }
            if byte != 0x20, byte != 0x09 { isBlank = false }
            end += 1
        }
        guard end - start <= Limits.row else {
            mistakes.append((position, "a row is at most \(sizeText(Limits.row))"))
            window.offset = end
            window.skipLine()
            return nil
        }
        let lineEnd = window.lineEnd(at: end)
        window.offset = end + lineEnd
        if lineEnd > 0 { window.line += 1 }
        if isBlank { return nil }
        if !isPlainText, let mistake = TextMistake.search(Array(window.bytes[start..<end])) {
            mistakes.append((mistake.position.seen(from: position), mistake.message))
            return nil
        }
        return start..<end
    }
}
