/// A piece of JSON with its place.
struct JSONValue {
    enum Content {
        case text(String)
        /// As written.
        case number(String)
        case truth(Bool)
        case null
        case list([JSONValue])
        case object([Member])
    }

    struct Member {
        var key: String
        var position: Position
        var value: JSONValue
    }

    var content: Content
    var position: Position
}

struct JSONMistake: Error, Hashable {
    var position: Position
    var message: String

    init(_ position: Position, _ message: String) {
        self.position = position
        self.message = message
    }
}

/// Reads one JSON text (RFC 8259) of one line, and nothing that is not in the standard.
struct JSONReader {
    private let bytes: [UInt8]
    private let end: Int
    private var offset: Int
    /// The place of the byte at `counted`; places are asked for in order.
    private var position: Position
    private var counted: Int

    /// `range` holds valid UTF-8 and no line end; `start` is its place in the file.
    init(_ bytes: [UInt8], _ range: Range<Int>, at start: Position) {
        self.bytes = bytes
        offset = range.lowerBound
        end = range.upperBound
        counted = range.lowerBound
        position = start
    }

    /// The value, which must be all there is.
    mutating func read() throws(JSONMistake) -> JSONValue {
        skipBlanks()
        let value = try readValue(depth: 1)
        skipBlanks()
        guard offset == end else { throw mistake("behind the object the line must end") }
        return value
    }

    // MARK: Bytes

    private var byte: UInt8? { offset < end ? bytes[offset] : nil }

    private mutating func skipBlanks() {
        while let byte, byte == 0x20 || byte == 0x09 { offset += 1 }
    }

    private mutating func take(_ wanted: Character) -> Bool {
        guard byte == wanted.asciiValue else { return false }
        offset += 1
        return true
    }

    private mutating func here() -> Position {
        while counted < offset {
            if beginsScalar(bytes[counted]) { position.column += 1 }
            counted += 1
        }
        return position
    }

    private mutating func mistake(_ message: String) -> JSONMistake {
        JSONMistake(here(), offset == end ? message + Self.notWhole : message)
    }

    // MARK: Values

    private mutating func readValue(depth: Int) throws(JSONMistake) -> JSONValue {
        let position = here()
        switch byte {
        case UInt8(ascii: "{"):
            guard depth <= Limits.jsonDepth else { throw mistake(Self.tooDeep) }
            return JSONValue(content: .object(try readMembers(depth: depth)), position: position)
        case UInt8(ascii: "["):
            guard depth <= Limits.jsonDepth else { throw mistake(Self.tooDeep) }
            return JSONValue(content: .list(try readElements(depth: depth)), position: position)
        case UInt8(ascii: "\""):
            return JSONValue(content: .text(try readText()), position: position)
        case .some(let byte) where byte == UInt8(ascii: "-") || isDigit(byte):
            return JSONValue(content: .number(try readNumber()), position: position)
        default:
            return JSONValue(content: try readWord(), position: position)
        }
    }

    private static let notWhole = "; the line ends here, and an object must be whole in one line"
    private static let tooDeep = "nested more than \(Limits.jsonDepth) deep"

    private mutating func readMembers(depth: Int) throws(JSONMistake) -> [JSONValue.Member] {
        offset += 1
        var members: [JSONValue.Member] = []
        skipBlanks()
        if take("}") { return members }
        while true {
            skipBlanks()
            let position = here()
            guard byte == UInt8(ascii: "\"") else { throw mistake("expected a key in double quotes") }
            let key = try readText()
            skipBlanks()
            guard take(":") else { throw mistake("expected ':' behind the key") }
            skipBlanks()
            let value = try readValue(depth: depth + 1)
            members.append(JSONValue.Member(key: key, position: position, value: value))
            skipBlanks()
            if take("}") { return members }
            guard take(",") else { throw mistake("expected ',' or '}'") }
        }
    }

    private mutating func readElements(depth: Int) throws(JSONMistake) -> [JSONValue] {
        offset += 1
        var elements: [JSONValue] = []
        skipBlanks()
        if take("]") { return elements }
        while true {
            skipBlanks()
            elements.append(try readValue(depth: depth + 1))
            skipBlanks()
            if take("]") { return elements }
            guard take(",") else { throw mistake("expected ',' or ']'") }
        }
    }

    private mutating func readWord() throws(JSONMistake) -> JSONValue.Content {
        let words: [(String, JSONValue.Content)] = [
            ("true", .truth(true)), ("false", .truth(false)), ("null", .null),
        ]
        for (word, content) in words where bytes[offset..<end].starts(with: word.utf8) {
            offset += word.utf8.count
            return content
        }
        throw mistake("expected a value: a text stands in double quotes")
    }

    private mutating func readNumber() throws(JSONMistake) -> String {
        let start = offset
        _ = take("-")
        if !take("0") { try readDigits() }
        if take(".") { try readDigits() }
        if take("e") || take("E") {
            if !take("+") { _ = take("-") }
            try readDigits()
        }
        return String(decoding: bytes[start..<offset], as: UTF8.self)
    }

    private mutating func readDigits() throws(JSONMistake) {
        let start = offset
        while let byte, isDigit(byte) { offset += 1 }
        if offset == start { throw mistake("expected a digit") }
    }

    // MARK: Texts

    private mutating func readText() throws(JSONMistake) -> String {
        let opening = here()
        offset += 1
        let start = offset
        while let byte, byte != UInt8(ascii: "\""), byte != UInt8(ascii: "\\"), byte >= 0x20 { offset += 1 }
        if byte == UInt8(ascii: "\"") {
            offset += 1
            return String(decoding: bytes[start..<offset - 1], as: UTF8.self)
        }
        return try readEscaped(from: start, opening)
    }

    /// The rest of a text whose first escape is at `offset`.
    private mutating func readEscaped(from start: Int, _ opening: Position) throws(JSONMistake) -> String {
        var text = Array(bytes[start..<offset])
        while let byte {
            switch byte {
            case UInt8(ascii: "\""):
                offset += 1
                return String(decoding: text, as: UTF8.self)
            case UInt8(ascii: "\\"):
                let escape = here()
                let scalar = try readEscape()
                guard TextMistake.isText(scalar) else {
                    throw JSONMistake(escape, TextMistake.words(for: scalar))
                }
                text += Array(String(Character(scalar)).utf8)
            case 0..<0x20:
                throw mistake("a tab in a text is written \\t")
            default:
                text.append(byte)
                offset += 1
            }
        }
        throw JSONMistake(opening, "this quote is never closed")
    }

    private mutating func readEscape() throws(JSONMistake) -> Unicode.Scalar {
        let escape = here()
        offset += 1
        let letter = byte
        offset += letter == nil ? 0 : 1
        switch letter {
        case UInt8(ascii: "\""): return "\""
        case UInt8(ascii: "\\"): return "\\"
        case UInt8(ascii: "/"): return "/"
        case UInt8(ascii: "b"): return "\u{8}"
        case UInt8(ascii: "f"): return "\u{C}"
        case UInt8(ascii: "n"): return "\n"
        case UInt8(ascii: "r"): return "\r"
        case UInt8(ascii: "t"): return "\t"
        case UInt8(ascii: "u"): return try readScalar(escape)
        default: throw JSONMistake(escape, "unknown escape after '\\'; a backslash itself is written '\\\\'")
        }
    }

    /// The scalar of `\uXXXX`, or of two that belong together (RFC 8259 §7).
    private mutating func readScalar(_ escape: Position) throws(JSONMistake) -> Unicode.Scalar {
        let first = try readUnit(escape)
        if let scalar = Unicode.Scalar(first) { return scalar }
        let isHigh = (0xD800..<0xDC00).contains(first)
        if isHigh, take("\\"), take("u") {
            let second = try readUnit(escape)
            if (0xDC00..<0xE000).contains(second),
                let scalar = Unicode.Scalar(0x10000 + (first - 0xD800) << 10 + (second - 0xDC00))
            {
                return scalar
            }
        }
        throw JSONMistake(escape, "half of a pair of '\\u' escapes")
    }

    private mutating func readUnit(_ escape: Position) throws(JSONMistake) -> UInt32 {
        var unit: UInt32 = 0
        for _ in 0..<4 {
            guard let byte, let digit = Self.hexadecimal(byte) else {
                throw JSONMistake(escape, "'\\u' must be followed by four hexadecimal digits")
            }
            unit = unit << 4 | digit
            offset += 1
        }
        return unit
    }

    private static func hexadecimal(_ byte: UInt8) -> UInt32? {
        if isDigit(byte) { return UInt32(byte - UInt8(ascii: "0")) }
        let lower = byte | 0x20
        guard (UInt8(ascii: "a")...UInt8(ascii: "f")).contains(lower) else { return nil }
        return UInt32(lower - UInt8(ascii: "a") + 10)
    }
}
