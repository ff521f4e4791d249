import AdviceCore
import AdviceMessage
import Foundation
import TestTools
import Testing

/// The same texts in each run, with no pattern in them (splitmix64).
private struct Mixed: RandomNumberGenerator {
    private var state: UInt64 = 20_260_701

    mutating func next() -> UInt64 {
        state &+= 0x9e37_79b9_7f4a_7c15
        var mixed = state
        mixed = (mixed ^ (mixed >> 30)) &* 0xbf58_476d_1ce4_e5b9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94d0_49bb_1331_11eb
        return mixed ^ (mixed >> 31)
    }
}

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
        let mistakes = try Self.judge(try Hostile.all.flatMap { try Self.cases($0, Hostile.literally($0)) })
        #expect(mistakes.isEmpty, "\(mistakes.count): \(mistakes.prefix(20).joined(separator: "\n"))")
    }

    @Test("bold and italic stand where they were written and nowhere else, whatever signs are around them")
    func styles() throws {
        let signs = Array("*_~`|<>[]()#+-.!:@&;\\/$'\"= a1é{}".unicodeScalars)
        var random = Mixed()
        func text() -> String {
            String(
                String.UnicodeScalarView(
                    (0..<Int.random(in: 1...6, using: &random)).map { _ in
                        signs[Int.random(in: 0..<signs.count, using: &random)]
                    }))
        }
        let mistakes = try Self.judge(
            try (0..<150).flatMap { number in
                let style = ["", "*", "**", "***"][number % 4]
                let parts = ["x" + text(), text(), text()].map(Hostile.literally)
                let markdown = parts[0] + style + parts[1] + style + parts[2]
                return try Self.cases(RenderedMarkdown(markdown).text, markdown)
            })
        #expect(mistakes.isEmpty, "\(mistakes.count): \(mistakes.prefix(20).joined(separator: "\n"))")
    }

    private static func cases(_ text: String, _ markdown: String) throws -> [[String: String]] {
        try formats.map { format, parser in
            let released = try point(title: "T", body: "before\n\n" + markdown + "\n\nafter")
            return [
                "parser": parser, "format": format.rawValue, "text": text,
                "written": try written(try write(.released(released), as: format).body, format),
            ]
        }
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
                elif tag == "a" and is_web(dict(attributes)["href"]): pass
                elif tag not in ("b", "i"): self.found.append(tag)
            def handle_data(self, data): self.seen += data
            def handle_comment(self, data): self.found.append("comment")
            def handle_decl(self, data): self.found.append("declaration")
            def handle_pi(self, data): self.found.append("instruction")

        def is_web(url):
            return url.startswith("https://") or url.startswith("http://")

        def parser(given):
            parser = markdown_it.MarkdownIt("commonmark").enable(["table", "strikethrough"])
            # Discord knows no names of characters.
            return parser.disable("entity") if given == "discord" else parser

        known = {"text", "text_special", "softbreak", "hardbreak", "em_open", "em_close", "strong_open",
                 "strong_close", "link_close"}

        def read_commonmark(text, format):
            seen, found = "", []
            for block in parser(format).parse(text):
                if block.type == "inline":
                    for token in block.children:
                        is_link = token.type == "link_open" and is_web(token.attrs["href"])
                        if token.type not in known and not is_link:
                            found.append(token.type)
                        seen += token.content if token.type.startswith("text") else ""
                        seen += " " if token.type.endswith("break") else ""
                    seen += " "
                elif block.type not in ("paragraph_open", "paragraph_close"):
                    found.append(block.type)
            return seen, found

        def read_zulip(text, format):
            judge = markdown.Markdown(extensions=["nl2br", "fenced_code", "tables"])
            # Zulip has no backslashes, no HTML, no references, and no emphasis by underscores.
            for name in ("escape", "em_strong2", "reference", "image_link", "image_reference",
                         "short_reference", "short_image_ref", "autolink", "automail", "linebreak", "html"):
                judge.inlinePatterns.deregister(name)
            judge.preprocessors.deregister("html_block")
            judge.parser.blockprocessors.deregister("reference")
            return read_html(judge.convert(text), format)

        def read_html(text, format):
            reader = Reader()
            reader.feed(text)
            reader.close()
            found = [tag for tag in reader.found if tag not in ("strong", "em")]
            return reader.seen, found

        readers = {"markdown-it": read_commonmark, "Markdown": read_zulip, "html": read_html}
        for case in json.load(sys.stdin):
            seen, found = readers[case["parser"]](case["written"], case["format"])
            wanted = plain(case["text"].replace("\\0", "\\ufffd"))
            if found or wanted not in plain(seen):
                print(json.dumps([case["format"], case["text"], case["written"], seen, found])[2:])
        """
}
