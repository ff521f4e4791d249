import AdviceCore
import AdviceMessage
import Testing

/// Lines as they are on the wire, seen in the one whose name is `SUMMARY`.
struct ContentLinesTests {
    @Test(
        "a line is folded when it would be longer than 75 octets, at a whole character",
        arguments: [
            // "SUMMARY:" leaves 67 octets, a line that goes on 74.
            (67, "a", [67]), (68, "a", [67, 1]), (141, "a", [67, 74]), (142, "a", [67, 74, 1]),
            // Two octets each: 66 fit.
            (33, "é", [66]), (34, "é", [66, 2]), (71, "é", [66, 74, 2]),
            // Three octets each.
            (22, "€", [66]), (23, "€", [66, 3]), (47, "€", [66, 72, 3]),
            // Four octets each.
            (16, "🙂", [64]), (17, "🙂", [64, 4]), (35, "🙂", [64, 72, 4]),
        ])
    func folds(count: Int, character: String, octets: [Int]) {
        let raw = summary(String(repeating: character, count: count))
        #expect(raw.map(\.count) == [octets[0] + 8] + octets.dropFirst().map { $0 + 1 })
    }

    @Test(
        "folded text is whole again when the folds are taken out",
        arguments: [
            String(repeating: "x y ", count: 100),
            String(repeating: " ", count: 400),
            String(repeating: "👨‍👩‍👧‍👦🇩🇪e\u{301}", count: 40),
            String(repeating: "aé€🙂", count: 60),
            String(repeating: "नमस्ते दुनिया ", count: 30),
        ], ["", "a", "ab", "abc"])
    func whole(text: String, before: String) {
        let raw = summary(before + text)
        for line in raw {
            #expect(line.count <= 75)
            #expect(String(validating: line, as: UTF8.self) != nil)
        }
        #expect(raw.dropLast().allSatisfy { $0.count > 71 }, "none is folded before it must be")
        #expect(raw.dropFirst().allSatisfy { $0.first == UInt8(ascii: " ") })
        let unfolded = raw[0] + raw.dropFirst().flatMap { $0.dropFirst() }
        #expect(unfolded == Array("SUMMARY:\(before)\(text)".utf8))
    }

    @Test("every line ends in CR and LF, which stand nowhere else")
    func lineEnds() {
        let bytes = calendar(String(repeating: "a\nb\rc\r\n", count: 40))
        let returns = bytes.indices.filter { bytes[$0] == UInt8(ascii: "\r") }
        let feeds = bytes.indices.filter { bytes[$0] == UInt8(ascii: "\n") }
        #expect(feeds == returns.map { $0 + 1 })
        #expect(feeds.last == bytes.count - 1)
    }

    private func calendar(_ summary: String) -> [UInt8] {
        calendarText(
            name: "n",
            events: [
                CalendarEvent(
                    uid: "u", start: Instant(seconds: 0), summary: summary, stamp: Instant(seconds: 0))
            ])
    }

    /// The folded lines of the summary, without their ends.
    private func summary(_ text: String) -> [[UInt8]] {
        let raw = calendar(text).split(separator: Array("\r\n".utf8)).map(Array.init)
        guard let start = raw.firstIndex(where: { $0.starts(with: "SUMMARY:".utf8) }) else { return [[]] }
        return [raw[start]] + raw[(start + 1)...].prefix { $0.first == UInt8(ascii: " ") }
    }
}
