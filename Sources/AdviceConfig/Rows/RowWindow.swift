/// What is looked at of a file of rows: the row to be read next, and some way on. However long the file, no
/// more of it than a piece and the longest row is in memory.
struct RowWindow {
    private(set) var bytes: [UInt8] = []
    /// Where the next row begins.
    var offset = 0
    /// The line of the file at `offset`.
    var line: Int32 = 1
    /// Gives the next bytes: none at the end, nil where they cannot be read.
    private let nextPiece: () -> [UInt8]?
    private(set) var isAtEnd = false
    /// The file could not be read to its end.
    private(set) var isBroken = false

    /// Passes over a byte order mark.
    init(_ nextPiece: @escaping () -> [UInt8]?) {
        self.nextPiece = nextPiece
        _ = fill()
        if bytes.starts(with: [0xEF, 0xBB, 0xBF]) { offset = 3 }
    }

    /// Whether the file is in UTF-16, as spreadsheets save it under the name of Unicode.
    var isUTF16: Bool { bytes.starts(with: [0xFF, 0xFE]) || bytes.starts(with: [0xFE, 0xFF]) }

    /// Sees to it that a row of the greatest length can be seen whole; false at the end of the file.
    mutating func fill() -> Bool {
        while !isAtEnd, bytes.count - offset <= Limits.row + 2 {
            let piece = nextPiece()
            if piece == nil { isBroken = true }
            guard let piece, !piece.isEmpty else {
                isAtEnd = true
                break
            }
            bytes.removeFirst(offset)
            offset = 0
            bytes += piece
        }
        return offset < bytes.count
    }

    /// The bytes of the line's end at `place`: LF, CR LF or CR; 0 where there is none.
    func lineEnd(at place: Int) -> Int {
        guard place < bytes.count else { return 0 }
        if bytes[place] == UInt8(ascii: "\n") { return 1 }
        guard bytes[place] == UInt8(ascii: "\r") else { return 0 }
        return place + 1 < bytes.count && bytes[place + 1] == UInt8(ascii: "\n") ? 2 : 1
    }

    /// Goes on behind the end of the line in which `offset` is.
    mutating func skipLine() {
        while fill() {
            while offset < bytes.count, lineEnd(at: offset) == 0 { offset += 1 }
            // The line feed of a pair may be in the next piece.
            guard fill() else { return }
            let end = lineEnd(at: offset)
            offset += end
            if end > 0 {
                line += 1
                return
            }
        }
    }

    func text(_ range: Range<Int>) -> String { String(decoding: bytes[range], as: UTF8.self) }
}

/// A byte that is a text by itself: printable ASCII or a tab.
func isPlain(_ byte: UInt8) -> Bool {
    (byte >= 0x20 && byte < 0x7F) || byte == 0x09
}

/// A byte that begins a scalar, or is one.
func beginsScalar(_ byte: UInt8) -> Bool { byte & 0xC0 != 0x80 }
