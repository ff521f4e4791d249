/// Finds texts that Yams must not be given: aliases upon aliases, which it multiplies out when it compares keys
/// (seven lines are enough for an hour).
///
/// A look at the bytes, without regard to quotes and comments: an alias counts only where an anchor of the same
/// name stands somewhere before it, which prose does not do eight times.
enum AliasScan {
    /// Fewer cannot grow to anything: each doubles at most.
    private static let tolerated = 8

    /// The offset of the first anchor that is used, where there are aliases enough to be dangerous.
    static func firstAnchor(in bytes: [UInt8]) -> Int? {
        guard bytes.contains(UInt8(ascii: "&")), bytes.contains(UInt8(ascii: "*")) else { return nil }
        var anchors: [[UInt8]: Int] = [:]
        var first = Int.max
        var aliases = 0
        for offset in bytes.indices {
            let byte = bytes[offset]
            guard byte == UInt8(ascii: "&") || byte == UInt8(ascii: "*"), startsToken(offset, bytes) else {
                continue
            }
            guard let name = name(after: offset, bytes) else { continue }
            if byte == UInt8(ascii: "&") {
                if anchors[name] == nil { anchors[name] = offset }
            } else if let anchor = anchors[name] {
                aliases += 1
                first = min(first, anchor)
            }
        }
        return aliases >= tolerated ? first : nil
    }

    private static func startsToken(_ offset: Int, _ bytes: [UInt8]) -> Bool {
        guard offset > 0 else { return true }
        let before = bytes[offset - 1]
        // libyaml takes any of these, or anything that is no part of a plain scalar, before a token.
        return before <= 0x20 || before >= 0x80 || "[]{},:?-\"'".utf8.contains(before)
    }

    private static func name(after offset: Int, _ bytes: [UInt8]) -> [UInt8]? {
        let rest = bytes[(offset + 1)...]
        let name = rest.prefix { byte in
            switch byte {
            case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
                UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "_"), UInt8(ascii: "-"):
                true
            default: false
            }
        }
        guard !name.isEmpty else { return nil }
        // libyaml: behind the name a blank, a line's end, or one of these.
        if name.endIndex < bytes.count {
            let next = bytes[name.endIndex]
            guard next <= 0x20 || next >= 0x80 || "?:,]}%@`".utf8.contains(next) else { return nil }
        }
        return Array(name)
    }
}
