import Testing

@testable import AdviceConfig

@Suite("Front matter")
struct FrontMatterTests {
    @Test(
        "is parted from the text, which keeps its own rules",
        arguments: [
            ("---\na: b\n---\nText.\n", "\na: b", "Text.\n", 4),
            ("---\r\na: b\r\n---\r\nOne.\r\nTwo.\r\n", "\na: b\r", "One.\nTwo.\n", 4),
            ("---\n---\n\n\nText.\n\n---\n\nMore.\n\n\n", "\n", "Text.\n\n---\n\nMore.\n", 3),
            ("---  \na: b\n---\t\n", "\na: b", "", 4),
            ("---\na: b\n---", "\na: b", "", 4),
            ("---\na: b\n---\n    code\n", "\na: b", "    code\n", 4),
        ])
    func parts(_ text: String, _ yaml: String, _ body: String, _ bodyLine: Int) throws {
        let parts = try #require(FrontMatter(Array(text.utf8)))
        #expect(String(decoding: parts.yaml, as: UTF8.self) == yaml)
        #expect(parts.body == body)
        #expect(parts.bodyLine == bodyLine)
    }

    @Test(
        "there is none without both its lines",
        arguments: ["", "Text.", "---", "---\na: b\n", "\n---\n---\n", "----\n---\n"])
    func none(_ text: String) {
        #expect(FrontMatter(Array(text.utf8)) == nil)
    }
}
