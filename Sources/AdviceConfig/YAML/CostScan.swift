/// Finds texts that Yams must not be given, for it compares the keys of each mapping with all that is in
/// them: aliases upon aliases (seven lines are enough for an hour), and keys within keys within keys.
///
/// A look at the bytes, without regard to quotes, comments and blocks of text. What it counts does not come
/// in such numbers in prose: an alias after an anchor of the same name, brackets that are never closed, lines
/// that begin with a lone question mark.
struct CostScan {
    /// Fewer aliases cannot grow to anything: each doubles at most.
    private static let aliases = 4
    /// Brackets open at once. More than may be nested, for a bracket in a text need not be closed.
    private static let brackets = 64
    /// Keys that are marked as such by `? `, which only lists and mappings need.
    private static let markedKeys = 64

    private let bytes: [UInt8]
    private var anchors: [[UInt8]: Int] = [:]
    private var firstUsed = Int.max
    private var aliasCount = 0
    private var depth = 0
    private var markedKeyCount = 0
    /// Nothing but blanks and indicators stands before in the line.
    private var isAtStart = true

    private init(_ bytes: [UInt8]) {
        self.bytes = bytes
    }

    /// What must not be read, and the offset at which to say so.
    static func mistake(in bytes: [UInt8]) -> (offset: Int, message: String)? {
        var scan = CostScan(bytes)
        return scan.run()
    }

    private mutating func run() -> (offset: Int, message: String)? {
        for offset in bytes.indices {
            let byte = bytes[offset]
            switch byte {
            case UInt8(ascii: "&"): noteAnchor(offset)
            case UInt8(ascii: "*"): noteAlias(offset)
            case UInt8(ascii: "["), UInt8(ascii: "{"): depth += 1
            case UInt8(ascii: "]"), UInt8(ascii: "}"): depth = max(0, depth - 1)
            case UInt8(ascii: "?") where isAtStart: markedKeyCount += 1
            default: break
            }
            if aliasCount >= Self.aliases { return (firstUsed, YAMLReader.anchorMessage) }
            if depth > Self.brackets { return (offset, YAMLReader.nestingMessage) }
            if markedKeyCount > Self.markedKeys { return (offset, YAMLReader.keyMessage) }
            let isBreak = byte == 0x0A || byte == 0x0D
            isAtStart = isBreak || isAtStart && " \t?-:[{,".utf8.contains(byte)
        }
        return nil
    }

    private mutating func noteAnchor(_ offset: Int) {
        guard startsToken(offset), let name = name(after: offset), anchors[name] == nil else { return }
        anchors[name] = offset
    }

    private mutating func noteAlias(_ offset: Int) {
        guard !anchors.isEmpty, startsToken(offset), let name = name(after: offset),
            let anchor = anchors[name]
        else { return }
        aliasCount += 1
        firstUsed = min(firstUsed, anchor)
    }

    /// libyaml takes any of these, or anything that is no part of a plain scalar, before a token.
    private func startsToken(_ offset: Int) -> Bool {
        guard offset > 0 else { return true }
        let before = bytes[offset - 1]
        return before <= 0x20 || before >= 0x80 || "[]{},:?-\"'".utf8.contains(before)
    }

    private func name(after offset: Int) -> [UInt8]? {
        let name = bytes[(offset + 1)...].prefix { byte in
            isLetterOrDigit(byte) || byte == UInt8(ascii: "_") || byte == UInt8(ascii: "-")
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
