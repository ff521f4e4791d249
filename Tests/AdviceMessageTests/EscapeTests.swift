import Testing

@testable import AdviceMessage

/// One table for each dialect: what its signs become, at the start of a line and within it.
struct EscapeTests {
    private static let zero = "\u{200b}"

    @Test(
        "nothing that a service would act on of its own accord stays whole",
        arguments: [
            ("@everyone", "@\(zero)everyone"), ("hi @all!", "hi @\(zero)all!"), ("a@x.org", "a@x.org"),
            ("ü@all", "ü@\(zero)all"), (".@all", ".@\(zero)all"), ("_@all", "_@\(zero)all"), ("@", "@"),
            ("a @ b", "a @\(zero) b"), ("#general", "#\(zero)general"), ("C#", "C#"), ("a#b", "a#b"),
            ("# b", "# b"), (":smile:", ":\(zero)smile:"), ("a:+1:", "a:\(zero)+1:"),
            ("09:00:30", "09:00:30"),
            ("a: b", "a: b"), ("tg://x", "tg:\(zero)//x"), ("javascript:/x", "javascript:\(zero)/x"),
            ("/start", "/start"), ("<!all>", "<\(zero)!all>"), ("</b", "<\(zero)/b"), ("a < b", "a < b"),
            ("<b>", "<\(zero)b>"), ("[a](b)", "[a]\(zero)(b)"), ("", ""), ("no signs", "no signs"),
        ])
    func signals(text: String, expected: String) {
        #expect(withoutSignals(text) == expected)
    }

    @Test(
        "a bot's command is broken where the service has bots",
        arguments: [
            ("/start", "/\(zero)start"), ("go /start", "go /\(zero)start"), ("and/or", "and/or"),
            ("1 / 2", "1 / 2"), ("//x", "//x"),
        ])
    func commands(text: String, expected: String) {
        #expect(withoutSignals(text, commands: true) == expected)
    }

    @Test(
        "HTML", arguments: [("a & b", "a &amp; b"), ("<b a=\"x\">", "&lt;b a=&quot;x&quot;&gt;"), ("'", "'")])
    func html(text: String, expected: String) {
        #expect(escapedHTML(text) == expected)
    }

    @Test(
        "Slack",
        arguments: [
            ("a & b", "a &amp; b"), ("<!channel>", "&lt;!channel&gt;"), ("> q", "\(zero)&gt; q"),
            ("*b*", "∗b∗"), ("2*3", "2*3"), ("a_b_c", "a_b_c"), ("_it_", "＿it＿"), ("~s~", "∼s∼"),
            ("`c`", "ˋcˋ"), ("\\*", "\\∗"), ("- l", "- l"), ("<\u{301}!all>", "&lt;\u{301}!all&gt;"),
        ])
    func slack(text: String, expected: String) {
        #expect(escapedSlack(text, atStart: true) == expected)
        #expect(!escapedSlack(text, atStart: false).hasPrefix(Self.zero))
    }

    @Test(
        "Google Chat",
        arguments: [
            ("a & b", "a & b"), ("<users/all>", "<\(zero)users/all>"), ("- l", "\(zero)- l"),
            ("*b*", "\(zero)∗b∗"), ("_it_", "＿it＿"), ("`c`", "ˋcˋ"),
            ("a - b", "a - b"),
        ])
    func googleChat(text: String, expected: String) {
        #expect(escapedGoogleChat(text, atStart: true) == expected)
    }

    @Test(
        "Discord",
        arguments: [
            ("a & b", "a & b"), ("<@1>", #"\<@1\>"#), ("**b**", #"\*\*b\*\*"#), ("_i_", #"\_i\_"#),
            ("||s||", #"\|\|s\|\|"#), ("~~s~~", #"\~\~s\~\~"#), ("`c`", #"\`c\`"#), ("# h", "\\# h"),
            ("-# s", "\\-# s"), ("- l", #"\- l"#), ("1. l", #"1\. l"#), ("> q", #"\> q"#),
            ("[a](b)", #"\[a\]\(b\)"#), (#"\*"#, #"\\\*"#), ("a - b", "a - b"), ("a. b", "a. b"),
            ("*\u{301}b*", "\\*\u{301}b\\*"),
        ])
    func discord(text: String, expected: String) {
        #expect(escapedDiscord(text, atStart: true) == expected)
    }

    @Test(
        "Teams",
        arguments: [
            ("a & b", "a & b"), ("&copy;", "&\(zero)copy;"), ("&#64;", "&\(zero)#64;"),
            ("<at>", "<\(zero)at>"), ("> q", #"\> q"#), ("a > b", "a > b"),
            ("{{DATE(x)}}", #"\{\{DATE\(x\)\}\}"#),
            ("**b**", #"\*\*b\*\*"#), ("[a](b)", #"\[a\]\(b\)"#), ("1. l", #"1\. l"#), ("# h", "\\# h"),
        ])
    func teams(text: String, expected: String) {
        #expect(escapedTeams(text, atStart: true) == expected)
    }

    @Test(
        "CommonMark, for ntfy",
        arguments: [
            ("a & b", "a &amp; b"), ("<b>", "&lt;b&gt;"), ("*b*", #"\*b\*"#), ("[a](b)", #"\[a\]\(b\)"#),
            ("`c`", #"\`c\`"#), ("> q", "&gt; q"), ("- l", #"\- l"#), ("+ l", #"\+ l"#), ("===", #"\==="#),
            ("12. l", #"12\. l"#), ("| a |", #"\| a \|"#), ("~~~", #"\~\~\~"#), (#"\"#, #"\\"#),
        ])
    func commonMark(text: String, expected: String) {
        #expect(escapedCommonMark(text, atStart: true) == expected)
    }

    @Test(
        "Mattermost",
        arguments: [("$x$", "&#36;x&#36;"), ("<b> & *c*", #"&lt;b&gt; &amp; \*c\*"#), ("~town", #"\~town"#)])
    func mattermost(text: String, expected: String) {
        #expect(escapedMattermost(text, atStart: true) == expected)
    }

    @Test(
        "Zulip",
        arguments: [
            ("a & b", "a &#38; b"), ("**b**", "&#42;&#42;b&#42;&#42;"), ("`c`", "&#96;c&#96;"),
            ("$$x$$", "&#36;&#36;x&#36;&#36;"), ("<time:1>", "&#60;time:1&#62;"), ("# h", "&#35; h"),
            ("[a](b)", "&#91;a&#93;(b)"), ("1. l", "1&#46; l"), ("/me x", "&#47;me x"), ("a_b", "a_b"),
            ("~~~", "&#126;&#126;&#126;"), (#"\*"#, #"\&#42;"#), ("| a", "&#124; a"),
        ])
    func zulip(text: String, expected: String) {
        #expect(escapedZulip(text, atStart: true) == expected)
    }

    @Test(
        "a link leads to the web or to mail, and has no sign in it that a dialect reads",
        arguments: [
            ("https://x.org/a?b=1&c=2#d", "https://x.org/a?b=1&c=2#d"), ("HTTP://x.org", "http://x.org"),
            ("https://x.org/a_(b)", "https://x.org/a_%28b%29"),
            ("https://x.org/@all", "https://x.org/%40all"),
            ("https://x.org/a|b>c<d\"e'f", "https://x.org/a%7Cb%3Ec%3Cd%22e%27f"),
            ("https://x.org/*a*`b`\\", "https://x.org/%2Aa%2A%60b%60%5C"),
            ("https://x.org:8443/a:b", "https://x.org:8443/a%3Ab"),
            ("https://x.org/ü", "https://x.org/%C3%BC"),
            ("mailto:a@x.org", "mailto:a@x.org"), ("https://bank.com@x.org/", nil), ("javascript:x", nil),
            ("tg://x", nil), ("https://", nil), ("https://x.org/a b", nil),
        ])
    func links(url: String, expected: String?) {
        #expect(chatLink(url) == expected)
    }
}
