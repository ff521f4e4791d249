import AdviceCore
import AdviceMessage
import Testing

struct CalendarTextTests {
    @Test("a calendar with one event, line by line")
    func golden() {
        var event = plainEvent()
        event.description = "Day 2026-07-02"
        event.url = "https://example.org/trust"
        event.categories = ["trust", "team; talk"]
        event.sequence = 3
        #expect(
            lines(calendarText(name: "Fifteen points", description: "For you", events: [event])) == [
                "BEGIN:VCALENDAR", "VERSION:2.0", "PRODID:-//advised//advised \(Version.text)//EN",
                "CALSCALE:GREGORIAN", "METHOD:PUBLISH", "NAME:Fifteen points", "X-WR-CALNAME:Fifteen points",
                "DESCRIPTION:For you", "X-WR-CALDESC:For you", "BEGIN:VEVENT", "UID:one@advised",
                "DTSTAMP:20260630T220000Z", "DTSTART:20260702T130000Z", "DTEND:20260702T131500Z",
                "SEQUENCE:3", "STATUS:CONFIRMED", "TRANSP:TRANSPARENT", "SUMMARY:Point 2",
                "DESCRIPTION:Day 2026-07-02", "URL:https://example.org/trust",
                #"CATEGORIES:trust,team\; talk"#, "END:VEVENT", "END:VCALENDAR",
            ])
    }

    @Test("a calendar without events holds the one component that it must, and no event")
    func empty() {
        #expect(
            lines(calendarText(name: "None", events: [])).dropFirst(5) == [
                "NAME:None", "X-WR-CALNAME:None", "BEGIN:VTIMEZONE", "TZID:UTC", "BEGIN:STANDARD",
                "DTSTART:19700101T000000", "TZOFFSETFROM:+0000", "TZOFFSETTO:+0000", "END:STANDARD",
                "END:VTIMEZONE", "END:VCALENDAR",
            ])
    }

    @Test("a slot that was given up is said to be cancelled")
    func cancelled() {
        var event = plainEvent()
        event.isCancelled = true
        let said = lines(calendarText(name: "n", events: [event]))
        #expect(said.contains("STATUS:CANCELLED"))
        #expect(!said.contains("STATUS:CONFIRMED"))
    }

    @Test("what an event has not got has no line")
    func absent() {
        var event = plainEvent()
        event.description = ""
        event.url = ""
        event.categories = [""]
        let said = lines(calendarText(name: "n", description: "", events: [event]))
        for name in ["DESCRIPTION", "X-WR-CALDESC", "URL", "CATEGORIES"] {
            #expect(!said.contains { $0.hasPrefix("\(name):") })
        }
    }

    @Test("instants are cut to whole seconds, also before 1970")
    func seconds() {
        var event = plainEvent()
        event.start = Instant(nanoseconds: -1)
        event.stamp = Instant(nanoseconds: 1_999_999_999)
        let said = lines(calendarText(name: "n", events: [event]))
        #expect(said.contains("DTSTART:19691231T235959Z"))
        #expect(said.contains("DTSTAMP:19700101T000001Z"))
    }

    @Test(
        "text is escaped",
        arguments: [
            ("a;b", #"a\;b"#), ("a,b", #"a\,b"#), (#"a\b"#, #"a\\b"#), (#"a\nb"#, #"a\\nb"#), ("a:b", "a:b"),
            ("\"a\"", "\"a\""), ("a\nb", #"a\nb"#), ("a\r\nb", #"a\nb"#), ("a\rb", #"a\nb"#),
            ("a\n\rb", #"a\n\nb"#), ("a\r\n\r\nb", #"a\n\nb"#), ("a\u{85}b", #"a\nb"#),
            ("a\u{2028}b\u{2029}c", #"a\nb\nc"#), ("a\tb", "a b"), ("a\0b\u{B}c\u{7F}d\u{9B}e", "abcde"),
            ("", ""), ("e\u{301}\r", "e\u{301}\\n"),
        ])
    func escaping(text: String, expected: String) {
        let said = lines(calendarText(name: "n", events: [plainEvent(text)]))
        #expect(said.contains("SUMMARY:\(expected)"))
    }

    @Test(
        "nobody's text begins a line",
        arguments: [
            "\r\nBEGIN:VEVENT", "\nEND:VEVENT\nBEGIN:VEVENT", "x\r\n\r\nRRULE:FREQ=DAILY",
            "\u{85}RRULE:FREQ=DAILY", "\u{2028}RRULE:FREQ=DAILY", "\u{B}RRULE:FREQ=DAILY",
            "\u{1C}RRULE:FREQ=DAILY", "\\\r\nRRULE:FREQ=DAILY", "e\r\u{301}\nRRULE:FREQ=DAILY",
        ])
    func hostile(text: String) {
        let event = CalendarEvent(
            uid: text, start: Instant(seconds: 0), summary: text, description: text, url: "https://\(text)",
            stamp: Instant(seconds: 0), categories: [text, text])
        let calendar = calendarText(name: text, description: text, events: [event])
        let names = lines(calendar).map { String($0.prefix { $0 != ":" }) }
        #expect(
            names == [
                "BEGIN", "VERSION", "PRODID", "CALSCALE", "METHOD", "NAME", "X-WR-CALNAME", "DESCRIPTION",
                "X-WR-CALDESC", "BEGIN", "UID", "DTSTAMP", "DTSTART", "DTEND", "SEQUENCE", "STATUS",
                "TRANSP", "SUMMARY", "DESCRIPTION", "URL", "CATEGORIES", "END", "END",
            ])
        // Some readers split lines at more than CRLF.
        let controls = String(decoding: calendar, as: UTF8.self).unicodeScalars.filter {
            $0.properties.generalCategory == .control || $0 == "\u{2028}" || $0 == "\u{2029}"
        }
        #expect(Set(controls) == ["\r", "\n"])
    }

    @Test(
        "an address is written as one",
        arguments: [
            ("https://example.org/a?b=1,2;3&c=%20#d", "https://example.org/a?b=1,2;3&c=%20#d"),
            ("https://example.org/grün 🙂", "https://example.org/gr%C3%BCn%20%F0%9F%99%82"),
            ("https://e/\r\nBEGIN:VEVENT", "https://e/BEGIN:VEVENT"),
            (#"https://e/<">\^`{|}"#, "https://e/%3C%22%3E%5C%5E%60%7B%7C%7D"),
        ])
    func address(url: String, expected: String) {
        var event = plainEvent()
        event.url = url
        #expect(lines(calendarText(name: "n", events: [event])).contains("URL:\(expected)"))
    }

    @Test("two events with one UID, an empty UID and a SEQUENCE out of range are mistakes of the caller")
    func invariants() async {
        await #expect(processExitsWith: .failure) {
            _ = calendarText(name: "n", events: [plainEvent("a"), plainEvent("b")])
        }
        await #expect(processExitsWith: .failure) {
            _ = calendarText(
                name: "n",
                events: [
                    CalendarEvent(
                        uid: "", start: Instant(seconds: 0), summary: "", stamp: Instant(seconds: 0))
                ])
        }
        await #expect(processExitsWith: .failure) {
            var event = plainEvent()
            event.sequence = Int(Int32.max) + 1
            _ = calendarText(name: "n", events: [event])
        }
    }
}

/// Of the point after the first.
private func plainEvent(_ summary: String = "Point 2") -> CalendarEvent {
    CalendarEvent(
        uid: "one@advised", start: Instant(seconds: 1_782_997_200), summary: summary,
        stamp: Instant(seconds: 1_782_856_800))
}

/// The content lines, unfolded as RFC 5545 §3.1 has it.
private func lines(_ calendar: [UInt8]) -> [String] {
    var unfolded = calendar
    while let fold = unfolded.firstRange(of: Array("\r\n ".utf8)) { unfolded.removeSubrange(fold) }
    var lines = unfolded.split(separator: Array("\r\n".utf8), omittingEmptySubsequences: false)
    #expect(lines.last?.isEmpty == true, "the last line ends in CRLF")
    lines.removeLast()
    return lines.map { String(decoding: $0, as: UTF8.self) }
}
