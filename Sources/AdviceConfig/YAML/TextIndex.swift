/// The bytes of a text with the places of its lines, as libyaml counts them: a line ends with LF, CR, CR LF,
/// NEL (U+0085), U+2028 or U+2029, and columns count Unicode scalars.
struct TextIndex {
    private(set) var bytes: [UInt8]
    private var lineStarts: [Int] = [0]
    private var isASCII = true
    /// The place found last: nodes come in order, and one long line must not be walked anew for each.
    private var last = (position: Position.start, offset: 0)

    /// `bytes` must be valid UTF-8 without a byte order mark.
    init(_ bytes: [UInt8]) {
        self.bytes = bytes
        findLines()
    }

    private mutating func findLines() {
        lineStarts = [0]
        isASCII = true
        last = (.start, 0)
        var index = 0
        while index < bytes.count {
            let byte = bytes[index]
            index += 1
            if byte == 0x0A {
                lineStarts.append(index)
            } else if byte == 0x0D {
                if index < bytes.count, bytes[index] == 0x0A { index += 1 }
                lineStarts.append(index)
            } else if byte >= 0x80 {
                isASCII = false
                if let end = endOfWideBreak(at: index - 1) {
                    lineStarts.append(end)
                    index = end
                }
            }
        }
    }

    /// The offset behind NEL, U+2028 or U+2029 at `offset`.
    private func endOfWideBreak(at offset: Int) -> Int? {
        switch bytes[offset] {
        case 0xC2 where offset + 1 < bytes.count && bytes[offset + 1] == 0x85:
            offset + 2
        case 0xE2
        where offset + 2 < bytes.count && bytes[offset + 1] == 0x80
            && (bytes[offset + 2] == 0xA8 || bytes[offset + 2] == 0xA9):
            offset + 3
        default: nil
        }
    }

    /// The offset of the byte at `position`; nil beyond the text.
    mutating func offset(of position: Position) -> Int? {
        let line = Int(position.line) - 1
        let column = Int(position.column) - 1
        guard lineStarts.indices.contains(line), column >= 0 else { return nil }
        let start = lineStarts[line]
        if isASCII { return start + column <= bytes.count ? start + column : nil }
        let isFurther = last.position.line == position.line && last.position.column <= position.column
        var offset = isFurther ? last.offset : start
        for _ in 0..<(isFurther ? Int(position.column - last.position.column) : column) {
            guard offset < bytes.count else { return nil }
            offset = self.offset(after: offset)
        }
        last = (position, offset)
        return offset
    }

    /// The offset of the scalar that follows the one at `offset`.
    func offset(after offset: Int) -> Int {
        var next = offset + 1
        while next < bytes.count, bytes[next] & 0xC0 == 0x80 { next += 1 }
        return next
    }

    func position(ofByte offset: Int) -> Position {
        let line = (lineStarts.firstIndex { $0 > offset } ?? lineStarts.count) - 1
        var column = 1
        for byte in bytes[lineStarts[line]..<min(offset, bytes.count)] where byte & 0xC0 != 0x80 {
            column += 1
        }
        return Position(line: Int32(clamping: line + 1), column: Int32(clamping: column))
    }

    mutating func replaceScalar(at offset: Int, with scalar: Unicode.Scalar) {
        bytes.replaceSubrange(offset..<self.offset(after: offset), with: Array(String(scalar).utf8))
        findLines()
    }
}
