import AdviceCore
import FoundationEssentials
import Glibc

/// How a subscriber's values that are more than a word are written in their columns: a secret plainly where
/// it is inline, as everyone can read it, and as a JSON object where it says where to look.
enum RosterText {
    private static let brace = UInt8(ascii: "{")
    static let howToGoOn = "restore a backup of the database"

    static func text(_ value: Protected) -> String {
        switch value {
        case .inline(let text) where !text.hasPrefix("{"): text
        default: json(Stored(value))
        }
    }

    static func value(_ text: String) throws(StoreError) -> Protected {
        guard text.utf8.first == brace else { return .inline(text) }
        return try read(Stored.self, text).value
    }

    /// A JSON array; nil for none.
    static func text(_ values: [Protected]) -> String? {
        if values.count == 1, case .inline(let plain) = values[0], isPlain(plain) { return "[\"\(plain)\"]" }
        return values.isEmpty ? nil : json(values.map(Stored.init))
    }

    static func values(_ text: String?) throws(StoreError) -> [Protected] {
        guard var text else { return [] }
        if let plain = text.withUTF8({ onePlainString($0) }) { return [.inline(plain)] }
        return try read([Stored].self, text).map(\.value)
    }

    /// The same of a text that is no string yet.
    static func values(_ bytes: UnsafeBufferPointer<UInt8>) throws(StoreError) -> [Protected] {
        if let plain = onePlainString(bytes) { return [.inline(plain)] }
        return try read([Stored].self, String(decoding: bytes, as: UTF8.self)).map(\.value)
    }

    /// Nil where nothing is said.
    static func text(_ options: Subscriber.Options) -> String? {
        options.isEmpty ? nil : json(options)
    }

    static func options(_ text: String?) throws(StoreError) -> Subscriber.Options {
        guard let text else { return Subscriber.Options() }
        return try read(Subscriber.Options.self, text)
    }

    static func text(_ words: [String]) -> String { json(words) }

    static func text(_ details: SeriesRecord.Details) -> String { json(details) }

    static func details(_ text: String) throws(StoreError) -> SeriesRecord.Details {
        try read(SeriesRecord.Details.self, text)
    }

    static func text(_ hold: ClockHold) -> String { json(hold) }

    static func hold(_ text: String) throws(StoreError) -> ClockHold { try read(ClockHold.self, text) }

    static func words(_ text: String) throws(StoreError) -> [String] { try read([String].self, text) }

    /// What is in `["..."]`, the form of nearly every subscriber's secrets, without a JSON parser.
    private static func onePlainString(_ bytes: UnsafeBufferPointer<UInt8>) -> String? {
        guard bytes.count >= 4, bytes[0] == 0x5b, bytes[1] == 0x22, bytes[bytes.count - 2] == 0x22,
            bytes[bytes.count - 1] == 0x5d
        else { return nil }
        let inside = UnsafeBufferPointer(rebasing: bytes[2..<bytes.count - 2])
        guard let start = inside.baseAddress, memchr(start, 0x22, inside.count) == nil,
            memchr(start, 0x5c, inside.count) == nil
        else { return nil }
        return String(decoding: inside, as: UTF8.self)
    }

    /// JSON holds the text as it is. One that begins with a brace is written as an object.
    private static func isPlain(_ text: String) -> Bool {
        !text.isEmpty && !text.hasPrefix("{")
            && text.utf8.allSatisfy { $0 >= 0x20 && $0 < 0x7f && $0 != 0x22 && $0 != 0x5c }
    }

    private static func json(_ value: some Encodable) -> String {
        let encoder = JSONEncoder()
        // Sorted, for the digest of an entry is made from this.
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        guard let data = try? encoder.encode(value) else {
            preconditionFailure("strings, numbers and lists of them can be written as JSON")
        }
        return String(decoding: data, as: UTF8.self)
    }

    private static func read<Value: Decodable>(_ type: Value.Type, _ text: String) throws(StoreError) -> Value
    {
        guard let value = try? JSONDecoder().decode(type, from: Data(text.utf8)) else {
            throw .damaged(
                "a subscriber's column does not hold what was written: \(RosterText.howToGoOn)")
        }
        return value
    }
}

/// A `Protected` in JSON: a string where it is inline, else `{"file":"/path"}` and the like.
private struct Stored: Codable {
    var value: Protected

    init(_ value: Protected) { self.value = value }

    init(from decoder: any Decoder) throws {
        let container = try decoder.singleValueContainer()
        if let text = try? container.decode(String.self) {
            value = .inline(text)
            return
        }
        let object = try container.decode([String: String].self)
        switch (object.first?.key, object.first?.value) {
        case ("inline", let text?): value = .inline(text)
        case ("file", let path?): value = .file(path)
        case ("credential", let name?): value = .credential(name)
        case ("env", let name?): value = .environment(name)
        default:
            throw DecodingError.dataCorruptedError(in: container, debugDescription: "no secret's place")
        }
    }

    func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        switch value {
        case .inline(let text) where !text.hasPrefix("{"): try container.encode(text)
        case .inline(let text): try container.encode(["inline": text])
        case .file(let path): try container.encode(["file": path])
        case .credential(let name): try container.encode(["credential": name])
        case .environment(let name): try container.encode(["env": name])
        }
    }
}
