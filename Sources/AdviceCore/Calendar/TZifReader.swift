/// What a TZif file says, checked, before anything is worked out from it (RFC 9636; versions 1 to 4).
///
/// Versions 2 and later repeat everything in 64 bits after a 32-bit block; only the second is read then.
struct TZifFile {
    /// Seconds east of UTC before the first transition: those of local time type 0 (RFC 9636 §3.2).
    let firstOffset: Int32
    /// Strictly ascending in time.
    let transitions: [ZoneSegment]
    /// The rule for the time after the last transition; `nil` in version 1 and where the file gives none.
    let footer: PosixFooter?

    init(_ bytes: [UInt8]) throws(ZoneError) {
        var header = try Header(bytes, at: 0)
        var block = Block(header: header, start: Header.length, timeSize: 4)
        guard header.version > 1 else {
            (firstOffset, transitions) = try block.read(bytes)
            footer = nil
            return
        }
        let second = block.end
        header = try Header(bytes, at: second)
        block = Block(header: header, start: second + Header.length, timeSize: 8)
        (firstOffset, transitions) = try block.read(bytes)
        footer = try TZifFile.footer(bytes, at: block.end)
    }

    /// The text between the two line feeds after the 64-bit block.
    private static func footer(_ bytes: [UInt8], at start: Int) throws(ZoneError) -> PosixFooter? {
        guard start < bytes.count else { throw .truncated(needed: start + 2, length: bytes.count) }
        guard bytes[start] == lineFeed else {
            throw .footer("", problem: "it does not begin with a line feed")
        }
        guard let end = bytes[(start + 1)...].firstIndex(of: lineFeed) else {
            throw .truncated(needed: bytes.count + 1, length: bytes.count)
        }
        let text = bytes[(start + 1)..<end]
        return text.isEmpty ? nil : try PosixFooter(text)
    }

    private static let lineFeed: UInt8 = 10
}

/// The 44 bytes before a data block: magic, version, 15 unused, six counts.
private struct Header {
    static let length = 44

    let version: Int
    let utcIndicators: Int
    let standardIndicators: Int
    let leapSeconds: Int
    let transitions: Int
    let types: Int
    let designationBytes: Int

    init(_ bytes: [UInt8], at start: Int) throws(ZoneError) {
        let magic: [UInt8] = [0x54, 0x5A, 0x69, 0x66]  // "TZif"
        let end = start + Header.length
        guard bytes.count >= end else {
            guard start > 0 || bytes.starts(with: magic.prefix(bytes.count)) else { throw .notTZif }
            throw .truncated(needed: end, length: bytes.count)
        }
        guard bytes[start..<start + 4].elementsEqual(magic) else { throw .notTZif }
        switch bytes[start + 4] {
        case 0: version = 1
        case let byte where (0x32...0x34).contains(byte): version = Int(byte) - 48
        case let byte: throw .unknownVersion(byte)
        }
        func count(_ index: Int) -> Int {
            Int(bigEndian(bytes, at: start + 20 + index * 4, size: 4) & 0xFFFF_FFFF)
        }
        utcIndicators = count(0)
        standardIndicators = count(1)
        leapSeconds = count(2)
        transitions = count(3)
        types = count(4)
        designationBytes = count(5)
    }
}

/// The arrays that follow a header, one after another, with times of four or of eight bytes.
private struct Block {
    let header: Header
    let start: Int
    let timeSize: Int

    private var typeIndexes: Int { start + header.transitions * timeSize }
    private var types: Int { typeIndexes + header.transitions }

    /// Where the block ends: every count is below 2^32, so the sum cannot overflow.
    var end: Int {
        types + header.types * 6 + header.designationBytes + header.leapSeconds * (timeSize + 4)
            + header.standardIndicators + header.utcIndicators
    }

    func read(_ bytes: [UInt8]) throws(ZoneError) -> (firstOffset: Int32, transitions: [ZoneSegment]) {
        try checkCounts()
        guard bytes.count >= end else { throw .truncated(needed: end, length: bytes.count) }
        let offsets = try readOffsets(bytes)
        var read: [ZoneSegment] = []
        read.reserveCapacity(header.transitions)
        for index in 0..<header.transitions {
            let time = bigEndian(bytes, at: start + index * timeSize, size: timeSize)
            if let last = read.last, time <= last.start { throw .unorderedTransitions(index: index) }
            let type = Int(bytes[typeIndexes + index])
            guard type < offsets.count else {
                throw .unknownType(index: index, type: type, count: offsets.count)
            }
            read.append(ZoneSegment(start: time, offset: offsets[type]))
        }
        return (offsets[0], read)
    }

    private func checkCounts() throws(ZoneError) {
        guard header.leapSeconds == 0 else { throw .leapSeconds }
        guard (1...256).contains(header.types) else {
            throw .counts("\(header.types) local time types, where 1 to 256 can be")
        }
        guard header.transitions <= mostTransitions else {
            throw .counts("\(header.transitions) transitions, where \(mostTransitions) are the most")
        }
        guard header.designationBytes > 0 else { throw .counts("no names of local time types") }
        for indicators in [header.standardIndicators, header.utcIndicators] {
            guard indicators == 0 || indicators == header.types else {
                throw .counts("\(indicators) indicators for \(header.types) local time types")
            }
        }
    }

    /// Seconds east of UTC of each local time type; six bytes each: offset, daylight saving, name.
    private func readOffsets(_ bytes: [UInt8]) throws(ZoneError) -> [Int32] {
        var offsets: [Int32] = []
        for type in 0..<header.types {
            let at = types + type * 6
            let offset = bigEndian(bytes, at: at, size: 4)
            guard offsetBounds.contains(offset) else {
                throw .localTimeType(type: type, "is \(offset) seconds east of UTC")
            }
            guard bytes[at + 4] <= 1 else {
                throw .localTimeType(type: type, "says daylight saving \(bytes[at + 4]), neither 0 nor 1")
            }
            guard Int(bytes[at + 5]) < header.designationBytes else {
                throw .localTimeType(type: type, "has its name beyond the names")
            }
            offsets.append(Int32(offset))
        }
        return offsets
    }
}

/// As many as the reference code reads (`TZ_MAX_TIMES` in tzcode's tzfile.h); tzdata's longest file has some
/// 240.
private let mostTransitions = 2000

/// Seconds east of UTC that a zone may be: RFC 9636 §3.2 says "more than -25 hours and less than 26 hours".
private let offsetBounds: ClosedRange<Int64> = -89_999...93_599

/// The signed number in the `size` (4 or 8) bytes from `start`, the highest byte first.
private func bigEndian(_ bytes: [UInt8], at start: Int, size: Int) -> Int64 {
    var value: Int64 = bytes[start] >= 0x80 ? -1 : 0
    for index in start..<start + size { value = value << 8 | Int64(bytes[index]) }
    return value
}
