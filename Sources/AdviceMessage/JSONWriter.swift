/// Writes JSON in the order in which it is told, without white space.
///
/// A body is signed and must be the same bytes at every attempt, also by a later toolchain; so what decides
/// its bytes stands here, and the order is that of the contract, in which a person reads it. Log lines are
/// written by it too, one for each delivery: Foundation's encoder takes 90,000 instructions for a line.
public struct JSONWriter {
    private(set) var bytes: [UInt8] = []
    private var needsComma = false

    /// The bytes of one object.
    public static func object(_ fields: (inout JSONWriter) -> Void) -> [UInt8] {
        var writer = JSONWriter()
        writer.nest("{", "}", fields)
        return writer.bytes
    }

    /// The bytes of one text, in its quotes.
    static func text(_ text: String) -> [UInt8] {
        var writer = JSONWriter()
        writer.write(text)
        return writer.bytes
    }

    /// Left out where `value` is nil.
    public mutating func field(_ name: String, _ value: String?) {
        guard let value else { return }
        self.name(name)
        write(value)
    }

    mutating func field(_ name: String, _ value: Int64) {
        self.name(name)
        bytes.append(contentsOf: String(value).utf8)
    }

    mutating func field(_ name: String, _ value: Bool) {
        self.name(name)
        bytes.append(contentsOf: (value ? "true" : "false").utf8)
    }

    public mutating func object(_ name: String, _ fields: (inout JSONWriter) -> Void) {
        self.name(name)
        nest("{", "}", fields)
    }

    mutating func array(_ name: String, _ texts: [String]) {
        self.name(name)
        nest("[", "]") { writer in
            for text in texts {
                writer.separate()
                writer.write(text)
            }
        }
    }

    mutating func array<Element>(
        _ name: String, _ elements: [Element], _ fields: (inout JSONWriter, Element) -> Void
    ) {
        self.name(name)
        nest("[", "]") { writer in
            for element in elements {
                writer.separate()
                writer.nest("{", "}") { fields(&$0, element) }
            }
        }
    }

    private mutating func name(_ name: String) {
        separate()
        write(name)
        bytes.append(UInt8(ascii: ":"))
    }

    private mutating func separate() {
        if needsComma { bytes.append(UInt8(ascii: ",")) }
        needsComma = true
    }

    private mutating func nest(
        _ open: Unicode.Scalar, _ close: Unicode.Scalar, _ contents: (inout JSONWriter) -> Void
    ) {
        bytes.append(UInt8(ascii: open))
        needsComma = false
        contents(&self)
        bytes.append(UInt8(ascii: close))
        needsComma = true
    }

    /// RFC 8259 §7: escapes what must be, and nothing else. What is between goes over in one piece.
    private mutating func write(_ text: String) {
        bytes.append(UInt8(ascii: "\""))
        var text = text
        text.withUTF8 { utf8 in
            var begin = utf8.startIndex
            for (place, byte) in utf8.enumerated() where JSONWriter.mustBeEscaped(byte) {
                bytes.append(contentsOf: utf8[begin..<place])
                escape(byte)
                begin = place + 1
            }
            bytes.append(contentsOf: utf8[begin...])
        }
        bytes.append(UInt8(ascii: "\""))
    }

    private static func mustBeEscaped(_ byte: UInt8) -> Bool {
        byte < 0x20 || byte == UInt8(ascii: "\"") || byte == UInt8(ascii: "\\")
    }

    private mutating func escape(_ byte: UInt8) {
        switch byte {
        case UInt8(ascii: "\""): bytes.append(contentsOf: #"\""#.utf8)
        case UInt8(ascii: "\\"): bytes.append(contentsOf: #"\\"#.utf8)
        case UInt8(ascii: "\n"): bytes.append(contentsOf: #"\n"#.utf8)
        case UInt8(ascii: "\r"): bytes.append(contentsOf: #"\r"#.utf8)
        case UInt8(ascii: "\t"): bytes.append(contentsOf: #"\t"#.utf8)
        default:
            let hex = String(byte, radix: 16)
            bytes.append(contentsOf: (hex.utf8.count == 1 ? #"\u000"# : #"\u00"#).utf8)
            bytes.append(contentsOf: hex.utf8)
        }
    }
}
