/// Whether a text is JSON to the letter (RFC 8259), and where it ceases to be. Foundation's decoder is more
/// lenient than receivers are: it takes a comma too many, and line ends within a text.
struct JSONCheck {
    private let bytes: [UInt8]
    private var place = 0
    /// Deeper than any receiver reads.
    private static let deepest = 64

    /// Where a text ceases to be JSON, in bytes: its count where the end is missing, and where a string that
    /// does not end begins. nil where it is JSON.
    static func mistake(in text: String) -> Int? {
        var check = JSONCheck(bytes: Array(text.utf8))
        guard check.value(depth: 0) else { return check.place }
        check.blanks()
        return check.place == check.bytes.count ? nil : check.place
    }

    private init(bytes: [UInt8]) {
        self.bytes = bytes
    }

    private mutating func value(depth: Int) -> Bool {
        blanks()
        guard place < bytes.count, depth < JSONCheck.deepest else { return false }
        switch bytes[place] {
        case UInt8(ascii: "{"):
            return list("{", "}") { check in
                check.blanks()
                guard check.text() else { return false }
                check.blanks()
                return check.take(":") && check.value(depth: depth + 1)
            }
        case UInt8(ascii: "["): return list("[", "]") { $0.value(depth: depth + 1) }
        case UInt8(ascii: "\""): return text()
        case UInt8(ascii: "t"): return take("true")
        case UInt8(ascii: "f"): return take("false")
        case UInt8(ascii: "n"): return take("null")
        default: return number()
        }
    }

    private mutating func list(
        _ open: String, _ close: String, _ entry: (inout JSONCheck) -> Bool
    ) -> Bool {
        guard take(open) else { return false }
        blanks()
        if take(close) { return true }
        repeat {
            guard entry(&self) else { return false }
            blanks()
        } while take(",")
        return take(close)
    }

    private mutating func text() -> Bool {
        let start = place
        guard take("\"") else { return false }
        while place < bytes.count {
            let byte = bytes[place]
            if byte < 0x20 { return false }
            place += 1
            switch byte {
            case UInt8(ascii: "\""): return true
            case UInt8(ascii: "\\"):
                let begin = place - 1
                guard escape() else {
                    place = begin
                    return false
                }
            default: break
            }
        }
        place = start
        return false
    }

    private mutating func escape() -> Bool {
        guard place < bytes.count else { return false }
        let byte = bytes[place]
        place += 1
        guard byte == UInt8(ascii: "u") else { return "\"\\/bfnrt".utf8.contains(byte) }
        let digits = bytes[place...].prefix(4)
        place += digits.count
        return digits.count == 4 && digits.allSatisfy { Character(Unicode.Scalar($0)).isHexDigit }
    }

    private mutating func number() -> Bool {
        _ = take("-")
        guard take("0") || digits() else { return false }
        if take("."), !digits() { return false }
        guard take("e") || take("E") else { return true }
        _ = take("+") || take("-")
        return digits()
    }

    private mutating func digits() -> Bool {
        let start = place
        while place < bytes.count, (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(bytes[place]) {
            place += 1
        }
        return place > start
    }

    private mutating func blanks() {
        while place < bytes.count, " \t\n\r".utf8.contains(bytes[place]) { place += 1 }
    }

    private mutating func take(_ word: String) -> Bool {
        guard bytes[place...].starts(with: word.utf8) else { return false }
        place += word.utf8.count
        return true
    }
}
