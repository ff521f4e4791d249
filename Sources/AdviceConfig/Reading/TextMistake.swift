/// What keeps bytes from being a text: they are not UTF-8, or hold control characters.
struct TextMistake {
    var position: Position
    var message: String

    /// The first such mistake.
    static func first(in bytes: [UInt8]) -> TextMistake? {
        if bytes.starts(with: [0xFF, 0xFE]) || bytes.starts(with: [0xFE, 0xFF]) {
            return TextMistake(position: .start, message: "the file is UTF-16; save it as UTF-8")
        }
        let isPlain = bytes.allSatisfy { ($0 >= 0x20 && $0 < 0x7F) || $0 == 0x0A || $0 == 0x0D || $0 == 0x09 }
        return isPlain ? nil : search(bytes)
    }

    /// The first such mistake in a piece of a text, its place counted from where the piece begins.
    static func search(_ bytes: [UInt8]) -> TextMistake? {
        var decoder = UTF8()
        var iterator = bytes.makeIterator()
        var position = Position.start
        var previous: Unicode.Scalar = " "
        while true {
            switch decoder.decode(&iterator) {
            case .emptyInput:
                return nil
            case .error:
                return TextMistake(position: position, message: "not UTF-8 here; save the file as UTF-8")
            case .scalarValue(let scalar):
                if !isText(scalar) { return TextMistake(position: position, message: words(for: scalar)) }
                position = advance(position, over: scalar, after: previous)
                previous = scalar
            }
        }
    }

    /// What to say of a scalar that is no text.
    static func words(for scalar: Unicode.Scalar) -> String {
        let number = String(scalar.value, radix: 16, uppercase: true)
        let digits = String(repeating: "0", count: max(0, 4 - number.count)) + number
        return "control character U+\(digits); take it out"
    }

    private static func advance(
        _ position: Position, over scalar: Unicode.Scalar, after previous: Unicode.Scalar
    ) -> Position {
        switch scalar.value {
        case 0x0A where previous == "\r": position
        case 0x0A, 0x0D, 0x85, 0x2028, 0x2029: Position(line: position.line + 1, column: 1)
        default: Position(line: position.line, column: position.column + 1)
        }
    }

    /// What YAML calls printable (YAML 1.1 §5.1), but for a byte order mark within the text.
    static func isText(_ scalar: Unicode.Scalar) -> Bool {
        switch scalar.value {
        case 0x09, 0x0A, 0x0D, 0x20...0x7E, 0x85, 0xA0...0xD7FF, 0xE000...0xFEFE, 0xFF00...0xFFFD,
            0x10000...0x10FFFF:
            true
        default: false
        }
    }
}
