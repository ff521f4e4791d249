/// An IPv4 or IPv6 address, as a number in network order.
public enum IPAddress: Hashable, Sendable {
    case v4(UInt32)
    case v6(UInt128)

    /// The address spelt by `text`: four decimal numbers without leading zeros, or the forms of RFC 4291 §2.2
    /// without a zone. Nothing else is taken: not `127.1`, not `0x7f.0.0.1`, no brackets, no spaces.
    public init?(_ text: String) {
        self.init(utf8: Array(text.utf8)[...])
    }

    /// As `init(_:)`, from bytes.
    public init?(utf8 bytes: ArraySlice<UInt8>) {
        if bytes.contains(UInt8(ascii: ":")) {
            guard let number = Self.parseV6(bytes) else { return nil }
            self = .v6(number)
        } else {
            guard let number = Self.parseV4(bytes) else { return nil }
            self = .v4(number)
        }
    }

    /// 32 or 128.
    public var bitWidth: Int {
        switch self {
        case .v4: 32
        case .v6: 128
        }
    }

    /// Four or sixteen bytes in network order.
    public var bytes: [UInt8] {
        switch self {
        case .v4(let number): (0..<4).map { UInt8(truncatingIfNeeded: number >> (24 - 8 * $0)) }
        case .v6(let number): (0..<16).map { UInt8(truncatingIfNeeded: number >> (120 - 8 * $0)) }
        }
    }

    /// The IPv4 address inside `::ffff:0:0/96`, nil for every other address.
    public var mappedV4: IPAddress? {
        guard case .v6(let number) = self, number >> 32 == 0xffff else { return nil }
        return .v4(UInt32(truncatingIfNeeded: number))
    }

    private static func parseV4(_ bytes: ArraySlice<UInt8>) -> UInt32? {
        var number: UInt32 = 0
        var rest = bytes
        for part in 0..<4 {
            let end = rest.firstIndex(of: UInt8(ascii: ".")) ?? rest.endIndex
            guard (end == rest.endIndex) == (part == 3), let octet = decimal(rest[..<end], atMost: 255)
            else { return nil }
            number = number << 8 | UInt32(octet)
            rest = rest[end...].dropFirst()
        }
        return number
    }

    /// RFC 4291 §2.2: eight groups, at most one run of them written `::`, the last two perhaps as dotted
    /// decimals. `::` stands for at least one group.
    private static func parseV6(_ bytes: ArraySlice<UInt8>) -> UInt128? {
        guard bytes.count <= 45 else { return nil }
        let parts = bytes.split(separator: UInt8(ascii: ":"), omittingEmptySubsequences: false)
        var groups: [UInt16] = []
        var gap: Int?
        for (index, part) in parts.enumerated() {
            if part.isEmpty {
                // An empty part is half of `::`; the outer half of a leading or trailing one stands at the
                // edge.
                let isEdge = index == 0 || index == parts.count - 1
                if isEdge {
                    let inner = index == 0 ? parts[1] : parts[parts.count - 2]
                    guard parts.count > 2, inner.isEmpty else { return nil }
                } else if gap == nil {
                    gap = groups.count
                } else {
                    return nil
                }
            } else if part.contains(UInt8(ascii: ".")) {
                guard index == parts.count - 1, let tail = parseV4(part) else { return nil }
                groups += [UInt16(tail >> 16), UInt16(tail & 0xffff)]
            } else {
                guard let group = hexadecimal(part) else { return nil }
                groups.append(group)
            }
        }
        if let gap {
            guard groups.count < 8 else { return nil }
            groups.insert(contentsOf: repeatElement(0, count: 8 - groups.count), at: gap)
        }
        guard groups.count == 8 else { return nil }
        return groups.reduce(0) { $0 << 16 | UInt128($1) }
    }

    /// One to three digits without a leading zero.
    fileprivate static func decimal(_ digits: ArraySlice<UInt8>, atMost limit: Int) -> Int? {
        guard (1...3).contains(digits.count) else { return nil }
        guard digits.count == 1 || digits.first != UInt8(ascii: "0") else { return nil }
        var number = 0
        for digit in digits {
            guard (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(digit) else { return nil }
            number = number * 10 + Int(digit - UInt8(ascii: "0"))
        }
        return number <= limit ? number : nil
    }

    /// One to four hexadecimal digits of either case.
    private static func hexadecimal(_ digits: ArraySlice<UInt8>) -> UInt16? {
        guard (1...4).contains(digits.count) else { return nil }
        var number: UInt16 = 0
        for digit in digits {
            switch digit {
            case UInt8(ascii: "0")...UInt8(ascii: "9"): number = number << 4 | UInt16(digit - 0x30)
            case UInt8(ascii: "a")...UInt8(ascii: "f"): number = number << 4 | UInt16(digit - 0x57)
            case UInt8(ascii: "A")...UInt8(ascii: "F"): number = number << 4 | UInt16(digit - 0x37)
            default: return nil
            }
        }
        return number
    }
}

extension IPAddress: CustomStringConvertible {
    /// Dotted decimals, or the one spelling that RFC 5952 recommends.
    public var description: String {
        switch self {
        case .v4(let number):
            return "\(number >> 24).\(number >> 16 & 0xff).\(number >> 8 & 0xff).\(number & 0xff)"
        case .v6(let number):
            if let mappedV4 { return "::ffff:\(mappedV4)" }
            return Self.spell((0..<8).map { UInt16(truncatingIfNeeded: number >> (112 - 16 * $0)) })
        }
    }

    /// The longest run of two or more zero groups becomes `::`, the first of them where several are as long.
    private static func spell(_ groups: [UInt16]) -> String {
        var longest = 0..<0
        var start = 0
        for end in 0...8 where end == 8 || groups[end] != 0 {
            if end - start > longest.count { longest = start..<end }
            start = end + 1
        }
        let texts = groups.map { String($0, radix: 16) }
        guard longest.count >= 2 else { return texts.joined(separator: ":") }
        return texts[..<longest.lowerBound].joined(separator: ":") + "::"
            + texts[longest.upperBound...].joined(separator: ":")
    }
}

/// A block of addresses in CIDR notation, such as `10.0.0.0/8`, or a single address.
public struct AddressBlock: Hashable, Sendable {
    /// The block's lowest address.
    public let first: IPAddress
    /// How many leading bits the block's addresses share: up to 32 for IPv4, 128 for IPv6.
    public let prefixLength: Int

    /// What is wrong with a block's text, with what was expected.
    public struct Mistake: Error, Hashable, Sendable {
        public var message: String
        public init(_ message: String) { self.message = message }
    }

    /// The block around `address` with a prefix of `prefixLength` bits.
    public init(around address: IPAddress, prefixLength: Int) {
        precondition((0...address.bitWidth).contains(prefixLength), "a prefix is no longer than its address")
        self.first = Self.clear(address, after: prefixLength)
        self.prefixLength = prefixLength
    }

    /// Reads `10.0.0.0/8`, `fd00::/8` or a bare address, which is a block of one. Bits behind the prefix must
    /// be zero: `10.1.2.3/8` is more likely a slip than a wish for the whole of 10.
    public static func parse(_ text: String) -> Result<AddressBlock, Mistake> {
        let parts = Array(text.utf8).split(separator: UInt8(ascii: "/"), omittingEmptySubsequences: false)
        guard let head = parts.first, parts.count <= 2, let address = IPAddress(utf8: head) else {
            return .failure(Mistake("expected an address or a block such as 10.0.0.0/8 or fd00::/8"))
        }
        guard parts.count == 2 else {
            return .success(AddressBlock(around: address, prefixLength: address.bitWidth))
        }
        guard let length = IPAddress.decimal(parts[1], atMost: address.bitWidth) else {
            let message = "expected a prefix length of 0 to \(address.bitWidth) after the slash"
            return .failure(Mistake(message))
        }
        let block = AddressBlock(around: address, prefixLength: length)
        guard block.first == address else {
            let message =
                "\(address)/\(length) has bits behind its prefix: write \(block) for the block, "
                + "or \(address) for the single address"
            return .failure(Mistake(message))
        }
        return .success(block)
    }

    /// The block holds one address and no more.
    public var isSingle: Bool { prefixLength == first.bitWidth }

    /// Whether `address` lies in the block. An IPv4 block holds no IPv6 address, mapped or not.
    public func contains(_ address: IPAddress) -> Bool {
        switch (first, address) {
        case (.v4(let first), .v4(let other)):
            prefixLength == 0 || (first ^ other) >> UInt32(32 - prefixLength) == 0
        case (.v6(let first), .v6(let other)):
            prefixLength == 0 || (first ^ other) >> UInt128(128 - prefixLength) == 0
        default: false
        }
    }

    /// Whether the two blocks have an address in common.
    public func overlaps(_ other: AddressBlock) -> Bool {
        contains(other.first) || other.contains(first)
    }

    private static func clear(_ address: IPAddress, after length: Int) -> IPAddress {
        switch address {
        case .v4(let number):
            let shift = UInt32(32 - length)
            return .v4((number >> shift) << shift)
        case .v6(let number):
            let shift = UInt128(128 - length)
            return .v6((number >> shift) << shift)
        }
    }
}

extension AddressBlock: CustomStringConvertible {
    public var description: String { isSingle ? "\(first)" : "\(first)/\(prefixLength)" }
}
