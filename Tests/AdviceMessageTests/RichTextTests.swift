import Testing

@testable import AdviceMessage

struct RichTextTests {
    private static let discord = MarkdownDialect(service: .discord)

    @Test(
        "CommonMark becomes the dialect's own",
        arguments: [
            ("Ask *early* and **often**.", "Ask *early* and **often**."),
            ("***both***", "***both***"), ("# Title\n\ntext", "**Title**\n\ntext"),
            ("a\nb", "a b"), ("a  \nb", "a\nb"), ("- one\n- two", "• one\n• two"),
            ("a\n\n- one\n\n- two", "a\n\n• one\n\n• two"), ("3. c\n4. d", "3\\. c\n4\\. d"),
            ("- a\n  - b", "• a\n\u{a0}\u{a0}• b"), ("> q\n\na", "> q\n\na"), ("`a*b`", "`a*b`"),
            ("    x = 1\n      y", "`x = 1`\n`\u{a0}\u{a0}y`"),
            ("[t](https://x.org/a)", "[t](https://x.org/a)"), ("<https://x.org>", "<https://x.org>"),
            ("see https://x.org/a_b. now", "see <https://x.org/a_b>. now"),
            ("[**b** c](https://x.org)", "**[b](https://x.org)**[ c](https://x.org)"),
            ("[write](mailto:a@x.org)", "write (a@x.org)"),
            ("![a dog](https://x.org/d)", "[a dog](https://x.org/d)"),
            ("![](https://x.org/d)", "<https://x.org/d>"), ("[](https://x.org/d)", "<https://x.org/d>"),
            ("[![dog](https://x.org/d)](https://x.org)", "[dog](https://x.org)"),
            ("[a](javascript:x)", "a"), ("<b>a</b>", "a"), ("a **b**c", "a **b**\u{200b}c"),
            ("**a***b*", "**a**\u{200b}\u{200b}*b*"), ("(**a**)!", "\\(**a**\\)!"),
            ("@**all**", "@\u{200b}\u{200b}**all**"), ("tg:*//x*", "tg:\u{200b}//x"),
            ("a**(b)**", #"a\*\*\(b\)\*\*"#), ("---", "———"),
            ("", ""),
            ("**a *b* c**", "**a** ***b*** **c**"),
        ])
    func dialect(markdown: String, expected: String) {
        #expect(Self.discord.write(RichText(markdown: markdown)) == expected)
    }

    @Test(
        "each dialect writes bold, italic, a link and a line end as its service reads them",
        arguments: [
            ("slack", "*b* _i_ <https://x.org/?a&amp;b|t>\nn"),
            ("googlechat", "*b* _i_ <https://x.org/?a&b|t>\nn"),
            ("teams", "**b** *i* [t](https://x.org/?a&b)\nn"),
            ("ntfy", "**b** *i* [t](https://x.org/?a&b)  \nn"),
            ("zulip", "**b** *i* [t](https://x.org/?a&b)\nn"),
            ("telegram", "<b>b</b> <i>i</i> <a href=\"https://x.org/?a&amp;b\">t</a>\nn"),
            ("matrix", "<b>b</b> <i>i</i> <a href=\"https://x.org/?a&amp;b\">t</a><br>n"),
            ("plain", "b i t (https://x.org/?a&b)\nn"),
        ])
    func dialects(name: String, expected: String) throws {
        let dialects: [String: any Dialect] = [
            "slack": SlackDialect(), "googlechat": GoogleChatDialect(), "zulip": ZulipDialect(),
            "teams": MarkdownDialect(service: .teams), "ntfy": MarkdownDialect(service: .ntfy),
            "telegram": HTMLDialect(service: .telegram), "matrix": HTMLDialect(service: .matrix),
            "plain": PlainDialect(),
        ]
        let dialect = try #require(dialects[name])
        let text = RichText(markdown: "**b** *i* [t](https://x.org/?a&b)  \nn")
        #expect(dialect.write(text) == expected)
    }

    @Test("a cut stands between two characters as a person sees them, and says so")
    func cut() {
        let family = "👩‍👩‍👧‍👦"
        let text = RichText(plain: String(repeating: family, count: 10))
        let (cut, isCut) = text.fitted(into: 100) { PlainDialect().write($0).utf16.count }
        #expect(isCut)
        // 11 units each, and one for the ellipsis.
        #expect(PlainDialect().write(cut) == String(repeating: family, count: 9) + "…")
        let small = text.fitted(into: 5) { PlainDialect().write($0).utf16.count }
        #expect(PlainDialect().write(small.text) == "…")
        let none = text.fitted(into: 0) { PlainDialect().write($0).utf16.count }
        #expect(none.text.lines.isEmpty)
    }

    @Test("a cut closes what it opened, and nothing stands after it")
    func cutMarkup() {
        let text = RichText(markdown: "a **bold and long** end\n\nnext")
        for limit in 1...30 {
            let html = HTMLDialect(service: .telegram).write(
                text.fitted(into: limit) { PlainDialect().write($0).utf16.count + 2 }.text)
            #expect(html.contains("<b>") == html.contains("</b>"), "\(limit): \(html)")
            #expect(html.last == "…" || html.isEmpty || html.hasSuffix("next"), "\(limit): \(html)")
        }
    }

    @Test("a text that fits is left as it is")
    func fits() {
        let text = RichText(markdown: "a\n\nb")
        let fitted = text.fitted(into: 6) { PlainDialect().write($0).utf16.count + 2 }
        #expect(fitted.text == text)
        #expect(!fitted.isCut)
    }

    @Test(
        "a text as long as a point may be is written in no time, whatever it is",
        .timeLimit(.minutes(2)),
        arguments: [
            "> ", "- ", "[a](https://x.org) ", "*a **b ", "&", "a\n\n", "`", "https://x.org ", "\u{301}",
        ])
    func long(pattern: String) {
        let markdown = String(repeating: pattern, count: 65_536 / pattern.utf8.count)
        let text = RichText(markdown: markdown)
        for dialect in [Self.discord, SlackDialect(), HTMLDialect(service: .matrix)] as [any Dialect] {
            let between = dialect.blockEnd.utf16.count
            let (fitted, _) = text.fitted(into: 4_096) { dialect.write($0).utf16.count + between }
            #expect(dialect.write(fitted).utf16.count <= 4_096)
        }
    }
}
