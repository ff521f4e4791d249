import AdviceCore
import AdviceMessage
import Foundation
import TestTools
import Testing

/// What readers see, as parsers say that nobody here wrote: markdown-it for the services with backslashes,
/// Python-Markdown without them for Zulip, and Python's own HTML parser for Telegram and Matrix.
///
/// A text that CommonMark leaves whole must come out of the service's parser as that text, with no link, no
/// picture and no markup in it.
struct MarkupLibraryTests {
    /// The formats with where their body stands.
    private static let formats: [(format: Format, parser: String)] = [
        (.discord, "markdown-it"), (.teams, "markdown-it"), (.mattermost, "markdown-it"),
        (.ntfy, "markdown-it"), (.zulip, "Markdown"), (.telegram, "html"), (.matrix, "html"),
    ]

    private static func written(_ body: [UInt8], _ format: Format) throws -> String {
        let json = try decoded(body, format)
        switch format {
        case .discord:
            let embed = try #require((json["embeds"] as? [[String: Any]])?.first)
            return embed["description"] as? String ?? ""
        case .teams:
            let attachment = try #require((json["attachments"] as? [[String: Any]])?.first)
            let card = try #require(attachment["content"] as? [String: Any])
            return try #require(card["body"] as? [[String: Any]]).compactMap { $0["text"] as? String }
                .joined(separator: "\n\n")
        case .mattermost, .telegram: return try #require(json["text"] as? String)
        case .matrix: return try #require(json["formatted_body"] as? String)
        case .zulip: return try #require(json["content"] as? String)
        default: return try #require(json["message"] as? String)
        }
    }

    @Test("a text without meaning is seen as it is, in every service that has a parser to ask")
    func literal() throws {
        var cases: [[String: String]] = []
        for (format, parser) in Self.formats {
            for text in Hostile.all {
                let released = try point(
                    title: "T", body: "before\n\n" + Hostile.literally(text) + "\n\nafter")
                cases.append([
                    "parser": parser, "format": format.rawValue, "text": text,
                    "written": try Self.written(try write(.released(released), as: format).body, format),
                ])
            }
        }
        #expect(cases.count > 500)
        let mistakes = try Self.judge(cases)
        #expect(
            mistakes.isEmpty,
            "\(mistakes.count) of \(cases.count): \(mistakes.prefix(20).joined(separator: "\n"))")
    }

    @Test("the judge sees markup, a link and a mention where there is one")
    func judge() throws {
        let found = try Self.judge([
            ["parser": "markdown-it", "format": "a", "text": "*x*", "written": "before\n\n*x*\n\nafter"],
            ["parser": "markdown-it", "format": "b", "text": "a", "written": "[a](tel:1)"],
            ["parser": "markdown-it", "format": "c", "text": "x", "written": "<b>x</b>"],
            ["parser": "html", "format": "d", "text": "<b>x</b>", "written": "<b>x</b>"],
            ["parser": "Markdown", "format": "e", "text": "**x**", "written": "**x**"],
            ["parser": "Markdown", "format": "f", "text": "x", "written": "x"],
        ])
        #expect(found.map { $0.prefix(1) } == ["a", "b", "c", "d", "e"])
    }

    /// What is wrong, one line for each text that is not seen as it was given.
    private static func judge(_ cases: [[String: String]]) throws -> [String] {
        let said = try runPython(script, input: try JSONSerialization.data(withJSONObject: cases))
        return said.split(separator: "\n").map(String.init)
    }

    private static let script = """
        import html.parser, json, re, sys
        import markdown, markdown_it

        def plain(text):
            return re.sub(r"[\\s\\x00-\\x1f\\x7f-\\xa0]+", " ", text.replace("\\u200b", "")).strip()

        class Reader(html.parser.HTMLParser):
            def __init__(self):
                super().__init__(convert_charrefs=True)
                self.seen, self.found = "", []
            def handle_starttag(self, tag, attributes):
                if tag in ("br", "p", "div"): self.seen += " "
                elif tag not in ("b", "i"): self.found.append(tag)
            def handle_data(self, data): self.seen += data
            def handle_comment(self, data): self.found.append("comment")
            def handle_decl(self, data): self.found.append("declaration")
            def handle_pi(self, data): self.found.append("instruction")

        parser = markdown_it.MarkdownIt("commonmark").enable(["table", "strikethrough"])
        known = {"text", "softbreak", "hardbreak", "em_open", "em_close", "strong_open", "strong_close"}

        def read_commonmark(text):
            seen, found = "", []
            for block in parser.parse(text):
                if block.type == "inline":
                    for token in block.children:
                        if token.type not in known and not token.type == "text_special":
                            found.append(token.type)
                        seen += token.content if token.type.startswith("text") else ""
                        seen += " " if token.type.endswith("break") else ""
                    seen += " "
                elif block.type not in ("paragraph_open", "paragraph_close"):
                    found.append(block.type)
            return seen, found

        def read_zulip(text):
            judge = markdown.Markdown(extensions=["nl2br", "fenced_code", "tables"])
            # Zulip has no backslashes, no HTML, no references, and no emphasis by underscores.
            for name in ("escape", "em_strong2", "reference", "image_link", "image_reference", "short_reference",
                         "short_image_ref", "autolink", "automail", "linebreak", "html"):
                judge.inlinePatterns.deregister(name)
            judge.preprocessors.deregister("html_block")
            judge.parser.blockprocessors.deregister("reference")
            return read_html(judge.convert(text))

        def read_html(text):
            reader = Reader()
            reader.feed(text)
            reader.close()
            found = [tag for tag in reader.found if tag not in ("strong", "em")]
            return reader.seen, found

        readers = {"markdown-it": read_commonmark, "Markdown": read_zulip, "html": read_html}
        for case in json.load(sys.stdin):
            seen, found = readers[case["parser"]](case["written"])
            wanted = plain(case["text"].replace("\\0", "\\ufffd"))
            if found or wanted not in plain(seen):
                print(json.dumps([case["format"], case["text"], case["written"], seen, found])[2:])
        """
}
