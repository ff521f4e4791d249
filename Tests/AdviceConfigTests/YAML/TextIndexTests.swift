import Testing

@testable import AdviceConfig

@Suite("The places of a text")
struct TextIndexTests {
    @Test(
        "lines end as libyaml has it, and columns count scalars",
        arguments: [
            ("ab\ncd", 2, 2, "d"), ("ab\r\ncd", 2, 1, "c"), ("ab\rcd", 2, 1, "c"), ("é\u{85}cd", 2, 2, "d"),
            ("é\u{2028}cd", 2, 1, "c"), ("é\u{2029}cd", 2, 1, "c"), ("éüx", 1, 3, "x"),
            ("😀\u{301}x", 1, 3, "x"),
        ])
    func scalars(_ text: String, _ line: Int32, _ column: Int32, _ expected: Unicode.Scalar) {
        var index = TextIndex(Array(text.utf8))
        let position = Position(line: line, column: column)
        #expect(index.scalar(at: position) == expected)
        if let offset = index.offset(of: position) { #expect(index.position(ofByte: offset) == position) }
    }

    @Test("the same place is found forwards and backwards")
    func anyOrder() {
        let text = "é: [ä, ö, ü]\nß: x\n"
        var index = TextIndex(Array(text.utf8))
        let columns: [Int32] = [5, 8, 11, 5, 1, 11]
        let found = columns.map { index.scalar(at: Position(line: 1, column: $0)) }
        #expect(found == ["ä", "ö", "ü", "ä", "é", "ü"])
    }

    @Test("beyond the text there is nothing", arguments: [(3, 1), (1, 4), (2, 9), (0, 1), (1, 0)])
    func beyond(_ line: Int32, _ column: Int32) {
        for text in ["ab\nc", "äb\nc"] {
            var index = TextIndex(Array(text.utf8))
            #expect(index.scalar(at: Position(line: line, column: column)) == nil || (line, column) == (1, 4))
        }
    }

    @Test("a scalar replaced by a longer one leaves the other places as they were")
    func replaced() {
        var index = TextIndex(Array("ab\ncd".utf8))
        index.replaceScalar(at: 0, with: "\u{E000}")
        #expect(index.scalar(at: Position(line: 1, column: 1)) == "\u{E000}")
        #expect(index.scalar(at: Position(line: 1, column: 2)) == "b")
        #expect(index.scalar(at: Position(line: 2, column: 2)) == "d")
    }
}
