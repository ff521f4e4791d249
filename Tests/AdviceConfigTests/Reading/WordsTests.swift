import Testing

@testable import AdviceConfig

@Suite("Words of messages")
struct WordsTests {
    @Test(
        "the nearest known word",
        arguments: [
            ("tittle", "title"), ("titel", "title"), ("TITLE", "title"), ("zone", "zone"), ("zoen", "zone"),
            ("fallback-zone", "fallback_zone"), ("titles", "title"), ("at_", "at"),
            ("fallback", "fallback_zone"),
        ])
    func near(_ word: String, _ expected: String) {
        #expect(nearest(to: word, among: ["at", "title", "zone", "fallback_zone"]) == expected)
    }

    @Test("a word that is far from all has no nearest", arguments: ["", "x", "start", "titre de", "zzzz"])
    func far(_ word: String) {
        #expect(nearest(to: word, among: ["at", "title", "zone"]) == nil)
    }

    @Test(
        "a value is quoted without harm",
        arguments: [
            ("9am", "'9am'"), ("a\nb\u{1B}[31m", "'a\\u{A}b\\u{1B}[31m'"), ("\u{202E}x", "'\\u{202E}x'"),
            ("whsec_abc", "'***'"), ("see https://example.org", "'***'"),
            ("-----BEGIN PRIVATE KEY-----", "'***'"),
            (String(repeating: "x", count: 61), "'" + String(repeating: "x", count: 60) + "...'"),
        ])
    func quotes(_ text: String, _ expected: String) {
        #expect(quoted(text) == expected)
    }

    @Test("a list for a sentence")
    func lists() {
        #expect(alternatives(["a"]) == "a")
        #expect(alternatives(["a", "b"]) == "a or b")
        #expect(alternatives(["a", "b", "c"]) == "a, b or c")
    }
}
