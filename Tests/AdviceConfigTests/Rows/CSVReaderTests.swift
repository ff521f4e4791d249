import Testing

@testable import AdviceConfig

@Suite("Reading CSV")
struct CSVReaderTests {
    /// The rows' fields, and what is wrong, as `LINE:COLUMN MESSAGE`.
    static func read(_ text: some Sequence<UInt8>, pieces: Int = 1 << 20) -> (
        rows: [[String]], mistakes: [String]
    ) {
        var reader = CSVReader(RowWindow(Pieces(Array(text), of: pieces).next))
        var rows: [[String]] = []
        while let row = reader.next() { rows.append(row.map(\.text)) }
        return (rows, reader.mistakes.map { "\($0.position.line):\($0.position.column) \($0.message)" })
    }

    @Test(
        "fields are what RFC 4180 says they are",
        arguments: [
            ("", []),
            ("\n\r\n\r", []),
            ("a", [["a"]]),
            ("a,b\n", [["a", "b"]]),
            ("a,b\r\nc,d", [["a", "b"], ["c", "d"]]),
            ("a,b\rc,d\r", [["a", "b"], ["c", "d"]]),
            (",\n,,\n", [["", ""], ["", "", ""]]),
            ("\"\"\n", [[""]]),
            (" a , b\n", [[" a ", " b"]]),
            ("\"a,b\",\"c\"\"d\",\"\"\"\"\n", [["a,b", "c\"d", "\""]]),
            ("\"a\nb\",\"c\r\nd\",\"e\rf\"\n", [["a\nb", "c\r\nd", "e\rf"]]),
            ("\u{FEFF}a,\u{FEFF}\n", [["a"]]),
            ("é,\"ö\u{1F600}\"\n\n\nx\n", [["é", "ö\u{1F600}"], ["x"]]),
            ("a\tb,'c'\n", [["a\tb", "'c'"]]),
        ])
    func fields(_ text: String, _ expected: [[String]]) {
        let (rows, mistakes) = Self.read(text.utf8)
        if text.hasPrefix("\u{FEFF}") {
            // A second mark, within the text, is none.
            #expect(mistakes == ["1:3 control character U+FEFF; take it out"])
        } else {
            #expect(rows == expected)
            #expect(mistakes == [])
        }
    }

    @Test("however the file comes in pieces, it is read alike", arguments: [1, 2, 3, 7, 64])
    func pieces(_ size: Int) {
        let text = "\u{FEFF}id,\"u\r\nr\"\"l\"\r\n\r\né,\"ö\"x\r\nb\"c\r\n\"d\u{7}\r\n\",e\r\n\"f\r\n"
        let whole = Self.read(text.utf8)
        let cut = Self.read(text.utf8, pieces: size)
        #expect(whole.rows == [["id", "u\r\nr\"l"]])
        #expect(
            whole.mistakes == [
                "4:6 behind the closing quote a ',' or the line's end must follow",
                "5:2 a quote within a field: put the whole field in quotes, and double those in it",
                "6:3 control character U+0007; take it out", "8:1 this quote is never closed",
            ])
        #expect(cut.rows == whole.rows)
        #expect(cut.mistakes == whole.mistakes)
    }

    @Test("places are those of each field's first character, in lines and scalars")
    func places() {
        let text = "aé,\"b\n\nc\",d\r\n\"e\u{1F600}\"\"\",f\n"
        var reader = CSVReader(RowWindow(Pieces(Array(text.utf8), of: 5).next))
        var places: [String] = []
        while let row = reader.next() {
            places += row.map { "\($0.text.first ?? "-")\($0.position.line):\($0.position.column)" }
        }
        #expect(places == ["a1:1", "b1:4", "d3:4", "e4:1", "f4:8"])
    }

    @Test("a row of 64 KiB is read, of a byte more not, and the next one is", arguments: [false, true])
    func longRow(_ isQuoted: Bool) {
        for excess in [0, 1, 3_000_000] {
            let quote = isQuoted ? "\"" : ""
            let filling = String(repeating: "x", count: (64 << 10) + excess - 2 * quote.utf8.count - 2)
            let text = "a,b\nc,\(quote)\(filling)\(quote)\r\nd,e\n"
            let (rows, mistakes) = Self.read(text.utf8)
            if excess == 0 {
                #expect(rows == [["a", "b"], ["c", filling], ["d", "e"]])
                #expect(mistakes == [])
            } else if isQuoted, excess > 1 {
                #expect(rows == [["a", "b"]])
                #expect(mistakes == ["2:3 this quote is not closed within 64 KiB, the longest row"])
            } else {
                #expect(rows == [["a", "b"], ["d", "e"]])
                #expect(mistakes == ["2:1 a row is at most 64 KiB"])
            }
        }
    }

    @Test("a file that cannot be read to its end says where")
    func broken() {
        var pieces = [Array("a,b\nc,d\n".utf8)].makeIterator()
        var reader = CSVReader(RowWindow { pieces.next() })
        var count = 0
        while reader.next() != nil { count += 1 }
        #expect(count == 2)
        #expect(reader.mistakes.map(\.message) == ["from here the file cannot be read"])
        #expect(reader.mistakes.map(\.position) == [Position(line: 3, column: 1)])
    }
}

/// A text that comes in pieces, as from a file.
final class Pieces {
    private var rest: ArraySlice<UInt8>
    private let size: Int

    init(_ bytes: [UInt8], of size: Int) {
        rest = bytes[...]
        self.size = size
    }

    func next() -> [UInt8]? {
        let piece = Array(rest.prefix(size))
        rest = rest.dropFirst(size)
        return piece
    }
}
