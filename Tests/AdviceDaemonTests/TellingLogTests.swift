import AdviceCore
import Testing

@testable import AdviceDaemon

@Suite("What is shown of a receiver's words")
struct TellingLogTests {
    @Test(
        "nothing in them can write to a terminal or begin a line of its own",
        arguments: [
            ("plain", "plain"), ("a\u{1b}[2Jb", "a\\u{1b}[2Jb"), ("a\nb\r", "a\\u{a}b\\u{d}"),
            ("a\u{202e}b", "a\\u{202e}b"), ("\u{9b}31m", "\\u{9b}31m"), ("ü €", "ü €"), ("\u{7f}", "\\u{7f}"),
        ])
    func escapes(_ text: String, _ shown: String) {
        #expect(text.escapedForTerminal == shown)
    }

    @Test("what the words name is in fields too, so that it can be asked for")
    func fields() {
        let telling = Telling.missed(series: "a", point: "b", day: CivilDate(day: 0))
        #expect(telling.fields.map { "\($0.key)=\($0.value)" }.sorted() == ["point=b", "series=a"])
        #expect(Telling.clockTrusted.fields.isEmpty)
    }
}
