import Testing

@testable import AdviceConfig

@Suite("Bytes that are no text")
struct TextMistakeTests {
    @Test(
        "are told with their place",
        arguments: [
            ([0x61, 0x0A, 0xC3, 0xA4, 0xFF], 2, 2, "UTF-8"), ([0xED, 0xA0, 0x80], 1, 1, "UTF-8"),
            ([0x61, 0x0D, 0x0A, 0x00], 2, 1, "U+0000"), ([0x61, 0x7F], 1, 2, "U+007F"),
            ([0xC2, 0x9B], 1, 1, "U+009B"), ([0x61, 0xEF, 0xBB, 0xBF], 1, 2, "U+FEFF"),
            ([0xFF, 0xFE, 0x61, 0x00], 1, 1, "UTF-16"),
        ] as [([UInt8], Int32, Int32, String)])
    func mistakes(_ bytes: [UInt8], _ line: Int32, _ column: Int32, _ word: String) throws {
        let mistake = try #require(TextMistake.first(in: bytes))
        #expect(mistake.position == Position(line: line, column: column))
        #expect(mistake.message.contains(word))
    }

    @Test("text of any script is text", arguments: ["", "a\tb\r\n", "Grüße, 世界 😀", "a\u{85}b\u{2028}c"])
    func text(_ text: String) {
        #expect(TextMistake.first(in: Array(text.utf8)) == nil)
    }
}
