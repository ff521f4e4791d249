import AdviceConfig
import AdviceCore
import Testing

@Suite("Adding to the text of a roster")
struct SubscribersTextTests {
    private let entry = ["id: new", "format: slack", "url: { file: secrets/new-url }"]
    private let added = "- id: new\n  format: slack\n  url: { file: secrets/new-url }\n"

    private func adding(to text: String) -> String? { SubscribersText(text).adding(entry) }

    @Test("it comes last, and every other line stays as it is")
    func last() {
        let text = "# Ours.\n\n- id: ann   # the first\n  url: https://example.org\n# - id: not yet\n"
        #expect(adding(to: text) == text + added)
    }

    @Test(
        "a file without anybody takes the first",
        arguments: ["", "# Nobody yet.\n", "---\n# Nobody yet.\n", "\n\n"])
    func first(_ text: String) {
        #expect(adding(to: text) == text + added)
    }

    @Test("an empty list in so many words gives way, and its remarks stay")
    func emptyList() {
        #expect(
            adding(to: "# Nobody yet.\n[]  # none\n# The end.\n") == "# Nobody yet.\n# The end.\n" + added)
        #expect(adding(to: "[]") == added)
    }

    @Test("the list's own indentation is kept")
    func indentation() {
        let text = "  - id: ann\n    url: https://example.org\n"
        let expected = added.split(separator: "\n").map { "  \($0)\n" }.joined()
        #expect(adding(to: text) == text + expected)
    }

    @Test("lines end as the file's do")
    func carriageReturns() {
        let text = "\u{FEFF}# Ours.\r\n- id: ann\r\n  url: https://example.org\r\n"
        #expect(adding(to: text) == text + added.replacing("\n", with: "\r\n"))
    }

    @Test("a last line without its end gets one")
    func noLineEnd() {
        #expect(adding(to: "- { id: ann }") == "- { id: ann }\n" + added)
    }

    @Test(
        "what is not written one below the other is left to a person",
        arguments: ["[{ id: ann }]\n", "ann: 1\n", "- id: ann\n...\n", "[\n]\n", "-id: ann\n"])
    func others(_ text: String) {
        #expect(adding(to: text) == nil)
    }

    @Test(
        "a quoted text is read as it was", arguments: ["!room:example.org", "a \"b\" \\ c", "#x: 'y'", "é"])
    func quoted(_ text: String) throws {
        let folder = try LoadTests.folder()
        try folder.write(
            "subscribers.yaml",
            """
            - id: ann
              url: https://z.example.org
              format: zulip
              to: \(SubscribersText.quoted(text))
              topic: t
              user: u
              token: k

            """)
        let loaded = LoadTests.load(folder)
        #expect(loaded.configuration?.subscribers.first?.options.to == text)
    }
}
