import AdviceMessage
import Testing

struct RenderedMarkdownTests {
    @Test(
        "CommonMark becomes HTML",
        arguments: [
            ("Ask *early* and **often**.", "<p>Ask <em>early</em> and <strong>often</strong>.</p>"),
            ("# T\n\n1. a\n2. b", "<h1>T</h1>\n<ol>\n<li>a</li>\n<li>b</li>\n</ol>"),
            ("a < b & \"c\"", "<p>a &lt; b &amp; &quot;c&quot;</p>"),
            (
                "[a](https://x.org/?a=1&b=2 \"t\")",
                #"<p><a href="https://x.org/?a=1&amp;b=2" title="t">a</a></p>"#
            ),
            ("[a](HTTP://x.org)", #"<p><a href="HTTP://x.org">a</a></p>"#),
            (
                "<mailto:a@x.org> <b@x.org>",
                #"<p><a href="mailto:a@x.org">mailto:a@x.org</a> <a href="mailto:b@x.org">b@x.org</a></p>"#
            ),
            ("![alt](https://x.org/i.png)", #"<p><img src="https://x.org/i.png" alt="alt" /></p>"#),
            ("", ""), ("\u{0}", "<p>\u{fffd}</p>"), ("grün 🙂", "<p>grün 🙂</p>"),
        ])
    func html(markdown: String, expected: String) {
        #expect(RenderedMarkdown(markdown).html == expected)
    }

    @Test(
        "a link to anywhere but the web and mail loses the link and keeps its text",
        arguments: [
            "javascript:alert(1)", "JaVaScRiPt:alert(1)", "data:text/html,x", "data:image/png;base64,AAAA",
            "vbscript:x", "file:///etc/passwd", "ftp://x.org", "//x.org", "/local", "page", "#here", "",
            "&#106;avascript:alert(1)", "java&#10;script:alert(1)", "&#9;javascript:alert(1)", "http:/x",
            "https://", "http://a&#10;b", "tel:1", "<java script:x>", "&Tab;https://x.org",
        ])
    func unsafeLinks(url: String) {
        #expect(RenderedMarkdown("a [b *c*](\(url)) d").html == "<p>a b <em>c</em> d</p>")
        #expect(RenderedMarkdown("a ![b *c*](\(url)) d").html == "<p>a b <em>c</em> d</p>")
        #expect(RenderedMarkdown("a [b][r] d\n\n[r]: \(url.isEmpty ? "<>" : url)").html == "<p>a b d</p>")
        #expect(RenderedMarkdown("a [b](\(url)) d").text == "a b d")
    }

    @Test("a picture is never fetched by mail, nor shown when it leads nowhere safe")
    func mailPicture() {
        #expect(RenderedMarkdown("![b](mailto:a@x.org)").html == "<p>b</p>")
        #expect(
            RenderedMarkdown("[![b](data:image/png;base64,AA)](https://x.org)").html
                == #"<p><a href="https://x.org">b</a></p>"#)
        #expect(
            RenderedMarkdown("[![b](https://x.org/i)](javascript:x)").html
                == #"<p><img src="https://x.org/i" alt="b" /></p>"#)
    }

    @Test(
        "raw HTML is dropped, block and inline",
        arguments: [
            ("<script>alert(1)</script>", ""),
            ("a <script>x</script> b", "<p>a x b</p>"),
            ("a <b onclick='x'>c</b>", "<p>a c</p>"),
            ("<div>\na\n</div>\n\nb", "<p>b</p>"),
            ("- <p>\n- b", "<ul>\n<li></li>\n<li>b</li>\n</ul>"),
            ("<!-- a -->\n\nb", "<p>b</p>"),
            ("b<!-- a -->", "<p>b</p>"),
            ("a\n\n<i></i>\n\nb", "<p>a</p>\n<p>b</p>"),
            ("a\n\n*<i></i>*\n", "<p>a</p>\n<p><em></em></p>"),
            ("x\n\n\\<b>", "<p>x</p>\n<p>&lt;b&gt;</p>"),
            ("<?php a ?>", ""), ("<![CDATA[a]]>", ""),
            ("[a <img src=x onerror=y>](javascript:x)", "<p>a </p>"),
            ("`<script>`", "<p><code>&lt;script&gt;</code></p>"),
            (
                "```x\"><script>\n<b>\n```",
                "<pre><code class=\"language-x&quot;&gt;&lt;script&gt;\">&lt;b&gt;\n</code></pre>"
            ),
            (
                #"[a](https://x.org/"onmouseover="x)"#,
                #"<p><a href="https://x.org/%22onmouseover=%22x">a</a></p>"#
            ),
        ])
    func rawHTML(markdown: String, expected: String) {
        let rendered = RenderedMarkdown(markdown)
        #expect(rendered.html == expected)
        #expect(!rendered.html.contains("omitted"))
    }

    /// 64 KiB is the most that a point may have.
    @Test(
        "a hostile text as long as a point may be is rendered, and does not grow by the square",
        arguments: [
            "> ", "- ", "1. ", "[", "![", "*a", "**a_", "`", "<", "<!--", "[a](", "![a](", "&", "\\", "<b>",
            "[[a]]",
            "[a](javascript:x)", "![[a](x)](javascript:y)", "- a\n", "> a\\\n", "*a **b ", "a\n", "\t-",
            "[a](<b", "x](", "]", "_a__b",
        ])
    func hostile(pattern: String) {
        let text = String(repeating: pattern, count: 65_536 / pattern.utf8.count)
        for markdown in [text, text + "x\\\ny\\\nz", "> > > > > > > > > > > > > > > > > > > > a\n" + text] {
            let rendered = RenderedMarkdown(markdown)
            #expect(rendered.html.utf8.count < 40 * 65_536)
            #expect(rendered.text.utf8.count < 20 * 65_536)
            #expect(!rendered.html.lowercased().contains("javascript:"))
        }
    }
}
