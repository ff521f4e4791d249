/// A header that a subscriber's entry adds to its requests. That it can be made means that it can be sent: it
/// neither splits the request nor stands in for a header that is ours.
public struct CustomHeader: Sendable, CustomStringConvertible {
    public let name: String
    /// The whole line. Its value may be a secret.
    let line: String

    public init(name: String, value: String) throws(HeaderMistake) {
        guard !name.isEmpty, name.utf8.allSatisfy(CustomHeader.isToken) else {
            throw HeaderMistake("a header's name is of letters, digits and !#$%&'*+-.^_`|~")
        }
        let lowercased = name.lowercased()
        if CustomHeader.reserved.contains(lowercased)
            || CustomHeader.reservedPrefixes.contains(where: lowercased.hasPrefix)
        {
            throw HeaderMistake("the header \(name) is not yours to set")
        }
        guard value.utf8.allSatisfy({ $0 >= 0x20 && $0 != 0x7f }) else {
            throw HeaderMistake("the value of the header \(name) holds a control character")
        }
        // libcurl takes a line that ends after the colon for "leave this header out".
        guard value.utf8.contains(where: { $0 != 0x20 }) else {
            throw HeaderMistake("the value of the header \(name) is empty")
        }
        self.name = name
        line = "\(name): \(value)"
    }

    public var description: String { "\(name): ***" }

    private static let reserved: Set<String> = ["host", "transfer-encoding", "connection"]
    private static let reservedPrefixes = ["content-", "webhook-"]

    /// RFC 9110 §5.6.2.
    private static func isToken(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
            UInt8(ascii: "0")...UInt8(ascii: "9"):
            true
        default: "!#$%&'*+-.^_`|~".utf8.contains(byte)
        }
    }
}

/// What is wrong with a header, in words that never repeat its value.
public struct HeaderMistake: Error, Hashable, Sendable, CustomStringConvertible {
    public let description: String

    init(_ description: String) {
        self.description = description
    }
}
