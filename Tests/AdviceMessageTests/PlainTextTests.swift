import AdviceMessage
import Testing

struct PlainTextTests {
    @Test(
        "Markdown reads well as plain text",
        arguments: [
            ("One line\nand the next.", "One line and the next."),
            ("a  \nb\\\nc", "a\nb\nc"),
            ("a\n\n\nb", "a\n\nb"),
            ("# Title\n\nText *with* **stress** and `code`.", "Title\n\nText with stress and code."),
            ("Title\n===\na", "Title\n\na"),
            ("Before:\n\n- a\n- b\n\nafter", "Before:\n\n- a\n- b\n\nafter"),
            ("- a\n\n- b", "- a\n\n- b"),
            ("3. a\n4. b", "3. a\n4. b"),
            ("- a\n  - b\n    1. c\n- d", "- a\n  - b\n    1. c\n- d"),
            ("- a\n\n  b\n- c", "- a\n\n  b\n\n- c"),
            ("9. a\n10. b\n    - c", "9. a\n10. b\n    - c"),
            ("-\n- b", "-\n- b"),
            ("> a\n> b\n\nc", "> a b\n\nc"),
            ("> - a\n> - b", "> - a\n> - b"),
            ("- > a\n  > b", "- > a b"),
            ("    x = 1\n      y\n\n    z", "x = 1\n  y\n\nz"),
            ("- ```\n  a\n\n  b\n  ```", "- a\n\n  b"),
            ("```\n```", ""),
            ("a\n\n---\n\nb", "a\n\n---\n\nb"),
            ("see [the page](https://x.org/a) now", "see the page (https://x.org/a) now"),
            ("<https://x.org>", "https://x.org"),
            ("[https://x.org](https://x.org)", "https://x.org"),
            ("<a@x.org> or [write](mailto:a@x.org)", "a@x.org or write (a@x.org)"),
            ("![a dog](https://x.org/d.png)", "a dog (https://x.org/d.png)"),
            ("![](https://x.org/d.png)", "https://x.org/d.png"),
            ("[![dog](https://x.org/d.png)](https://x.org)", "dog (https://x.org/d.png) (https://x.org)"),
            ("a <b>c</b> &amp; \\*d\\*", "a c & *d*"),
            ("a <br>\n", "a"),
            ("", ""),
        ])
    func text(markdown: String, expected: String) {
        #expect(RenderedMarkdown(markdown).text == expected)
    }

    @Test("a long paragraph stays one line")
    func noWrap() {
        let words = Array(repeating: "word", count: 500).joined(separator: " ")
        #expect(RenderedMarkdown(words).text == words)
    }

    @Test("deep nesting is indented no further than sixteen containers")
    func deep() {
        let rendered = RenderedMarkdown(String(repeating: "> ", count: 100) + "a\\\nb")
        let indent = String(repeating: "> ", count: 16)
        #expect(rendered.text == indent + "a\n" + indent + "b")
    }
}
