import Testing

@testable import AdviceConfig

@Suite("YAML")
struct YAMLReaderTests {
    private func read(_ text: String) -> (value: Value?, mistakes: [String]) {
        var reader = YAMLReader(Array(text.utf8))
        let value = reader.read()
        return (value, reader.mistakes.map { "\($0.position.line):\($0.position.column): \($0.message)" })
    }

    /// A value in short: `{key: text, ...}`, `[text, ...]`.
    private func spell(_ value: Value?) -> String {
        switch value?.content {
        case nil: "nothing"
        case .refused?: "refused"
        case .text(let text, let quoted)?: quoted ? "'\(text)'" : text
        case .list(let values)?: "[\(values.map { spell($0) }.joined(separator: ", "))]"
        case .map(let entries)?:
            "{\(entries.map { "\($0.key): \(spell($0.value))" }.joined(separator: ", "))}"
        }
    }

    @Test(
        "is read as it is written",
        arguments: [
            ("a: 09:00\nb: no\nc: 1e3\n", "{a: 09:00, b: no, c: 1e3}"),
            ("a: ''\nb:\n", "{a: '', b: }"),
            ("- 'a'\n- [b, {c: d}]\n", "['a', [b, {c: d}]]"),
            ("# nothing\n", "nothing"),
            ("a: |\n  &b *c !d\n", "{a: '&b *c !d\n'}"),
            ("a: x & y * z ! \n", "{a: x & y * z !}"),
            ("a: '&b'\n\"*c\": '!d'\n", "{a: '&b', *c: '!d'}"),
            ("? a\n: b\n", "{a: b}"),
            ("---\na: b\n...\n", "{a: b}"),
        ])
    func good(_ text: String, _ expected: String) {
        let (value, mistakes) = read(text)
        #expect(mistakes == [])
        #expect(spell(value) == expected)
    }

    @Test(
        "anchors, aliases and tags are refused where they stand, and are not followed",
        arguments: [
            ("a: &b c\n", "1:4", "{a: c}"),
            ("é: ü\na: 'ö' # ä\nb: &c d\n", "3:4", "{é: ü, a: 'ö', b: d}"),
            ("&a b: c\n", "1:1", "{b: c}"),
            ("- &a\n  b: c\n- *a\n", "1:3", "[{b: c}, refused]"),
            ("- &a [b]\n- [*a, *a]\n", "1:3", "[[b], [refused, refused]]"),
            ("a: !!int 3\n", "1:4", "{a: 3}"),
            ("a: ! 3\n", "1:4", "{a: 3}"),
            ("a: !b &c d\n", "1:4", "{a: d}"),
            ("!a\nb: c\n", "1:1", "{b: c}"),
            ("- !a [b]\n", "1:3", "[[b]]"),
        ])
    func properties(_ text: String, _ place: String, _ expected: String) {
        let (value, mistakes) = read(text)
        #expect(mistakes.count == 1)
        #expect(mistakes.first?.hasPrefix(place + ": ") == true)
        #expect(spell(value) == expected)
    }

    @Test("a key given twice is told with its first place, however many there are")
    func duplicates() {
        let (value, mistakes) = read("a: 1\nb: {c: 1, 'c': 2}\na: 2\n\"a\": 3\n")
        #expect(
            mistakes == [
                "2:11: key 'c' is given twice; the first is in line 2",
                "3:1: key 'a' is given twice; the first is in line 1",
                "4:1: key 'a' is given twice; the first is in line 1",
            ])
        #expect(spell(value) == "{a: 1, b: {c: 1, c: 2}, a: 2, a: 3}")
    }

    @Test("a key given twice and a syntax error behind it are both told")
    func duplicateAndSyntax() {
        let (value, mistakes) = read("- a: 1\n  a: 2\n- b: c: d\n")
        #expect(value == nil)
        #expect(mistakes.count == 2)
        #expect(mistakes.first == "1:3: key 'a' is given twice")
        #expect(mistakes.last?.hasPrefix("3:7: unexpected ':'") == true)
    }

    @Test("32 collections within each other are read, one more is not")
    func depth() {
        let deep = { (count: Int) in
            String(repeating: "[", count: count) + String(repeating: "]", count: count)
        }
        #expect(read(deep(32)).mistakes == [])
        #expect(read(deep(33)).mistakes == ["1:33: nested more than 32 deep"])
    }

    @Test(
        "what would take Yams hours is refused at once",
        arguments: [
            String(repeating: "? ", count: 900) + "[" + String(repeating: "x,", count: 100_000) + "]",
            String(repeating: "{", count: 900) + "[" + String(repeating: "x,", count: 100_000) + "]",
            "a: &a [x]\n"
                + zip("abcdefghijkl", "bcdefghijklm").map { "\($1): &\($1) [*\($0),*\($0),*\($0)]\n" }
                .joined()
                + "? *m\n: 1\n",
        ])
    func bombs(_ text: String) {
        let (value, mistakes) = read(text)
        #expect(value == nil)
        #expect(mistakes.count == 1)
    }

    @Test("prose with stars, ampersands, brackets and question marks is no bomb")
    func prose() {
        let line = "  *a* & b &amp; c [0, 1) ? d: *e, f *\n"
        let (value, mistakes) = read("a: |\n" + String(repeating: line, count: 50))
        #expect(mistakes == [])
        #expect(value != nil)
    }

    @Test("a second document is refused at its place")
    func documents() {
        let (value, mistakes) = read("a: b\n---\nc: d\n")
        #expect(spell(value) == "{a: b}")
        #expect(mistakes.count == 1)
        #expect(mistakes.first?.hasPrefix("3:1: a second YAML document") == true)
    }
}
