import AdviceCore
import AdviceMessage
import Foundation
import TestTools
import Testing

/// Our calendars before a judge that nobody here wrote: PyPI's `icalendar`.
struct CalendarLibraryTests {
    @Test("the library reads every event as it was given")
    func accepts() throws {
        let events = try Self.fifteen()
        #expect(try Self.judge(Self.text(events), expecting: events) == "valid")
    }

    @Test(
        "it reads back hostile text as it was, with line ends as line feeds",
        arguments: [
            ("\r\nBEGIN:VEVENT", "\nBEGIN:VEVENT"), ("\nEND:VCALENDAR\n", "\nEND:VCALENDAR\n"),
            (#"a\nb \\ \; \, \N ;,:"'^n"#, #"a\nb \\ \; \, \N ;,:"'^n"#),
            ("x\r\n RRULE:FREQ=DAILY", "x\n RRULE:FREQ=DAILY"), ("trailing\\", "trailing\\"),
            ("a\u{85}b\u{2028}c", "a\nb\nc"), ("\0\u{7}a\u{7F}", "a"), (" a  b ", " a  b "),
            (
                String(repeating: "Grün, 👨‍👩‍👧‍👦; ", count: 60),
                String(repeating: "Grün, 👨‍👩‍👧‍👦; ", count: 60)
            ),
        ])
    func hostile(text: String, expected: String) throws {
        var event = try Self.fifteen()[3]
        event.summary = text
        event.description = text
        event.categories = [text]
        let calendar = Self.text([event])
        event.summary = expected
        event.description = expected
        event.categories = [expected]
        #expect(try Self.judge(calendar, expecting: [event]) == "valid")
    }

    @Test("it accepts a calendar without events")
    func empty() throws {
        #expect(try Self.judge(Self.text([]), expecting: []) == "valid")
    }

    @Test(
        "it refuses a damaged calendar",
        arguments: [
            ("END:VEVENT\r\n", "", "Found no components"),
            ("END:VEVENT", "END:VEVENT\r\nEND:VEVENT", "END encountered without"),
            ("DTSTART:20260701T13", "DTSTART:20260701T25", "Wrong datetime format"),
            ("DTSTART:20260701T", "DTSTART:tomorrow", "Wrong"), ("SEQUENCE:0", "SEQUENCE:x", "Expected int"),
            ("SUMMARY:", "SUMMARY ", "Invalid content line"), ("SUMMARY:", "SUMMARY:\r\n", "Invalid content"),
            ("VERSION:2.0\r\n", "", "must have a VERSION"),
        ])
    func refuses(what: String, instead: String, why: String) throws {
        let answer = try Self.judgeDamaged(what, instead)
        #expect(answer.hasPrefix("refused by the library: "))
        #expect(answer.contains(why))
    }

    @Test("it would refuse a calendar without a component, which is why ours is never without")
    func bare() throws {
        let zone = "BEGIN:VTIMEZONE\r\n.*END:VTIMEZONE\r\n"
        let bare = Self.text([]).replacingOccurrences(
            of: "(?s)" + zone, with: "", options: .regularExpression)
        let answer = try Self.judge(bare, expecting: [])
        #expect(answer.hasPrefix("refused by the library: Calendar must contain at least one component"))
    }

    @Test(
        "what the library lets pass, the assertions on what it read refuse",
        arguments: [
            ("UID:", "X-UID:", "refused: UID"), ("DTSTAMP:", "X-DTSTAMP:", "refused: DTSTAMP"),
            ("DTSTART:20260701T130000Z", "DTSTART:20260701T130000", "refused: DTSTART is not in UTC"),
            (
                "DTSTART:20260701T130000Z", "DTSTART;TZID=Europe/Berlin:20260701T150000",
                "refused: DTSTART is not in UTC"
            ),
            ("DTSTART:20260701T130000Z", "DTSTART;VALUE=DATE:20260701", "refused: DTSTART is not in UTC"),
            ("DTSTART:20260701T13", "DTSTART:20260701T14", "refused: DTSTART"),
            ("UID:uid-2@", "UID:uid-1@", "refused: two events with one UID"),
            ("BEGIN:VEVENT", "BEGIN:VEVENT\r\nRRULE:FREQ=DAILY", "refused: RRULE"),
            ("SUMMARY:Point", "SUMMARY:Other", "refused: SUMMARY"),
            ("BEGIN:VEVENT\r\nUID:uid-1@", "BEGIN:VTODO\r\nUID:uid-1@", "refused: 14 events, not 15"),
        ])
    func asserts(what: String, instead: String, why: String) throws {
        #expect(try Self.judgeDamaged(what, instead).hasPrefix(why))
    }

    @Test("an event too few or too many is refused")
    func count() throws {
        let events = try Self.fifteen()
        let text = Self.text(events)
        #expect(try Self.judge(text, expecting: events.dropLast()) == "refused: 15 events, not 14")
        #expect(try Self.judge(text, expecting: events + events) == "refused: 15 events, not 30")
    }

    private static func text(_ events: [CalendarEvent]) -> String {
        String(
            decoding: calendarText(name: "Fifteen points", description: "One a day", events: events),
            as: UTF8.self)
    }

    private static func fifteen() throws -> [CalendarEvent] {
        let begin = try #require(Instant(rfc3339: "2026-07-01T13:00:00Z"))
        return (1...15).map { number in
            CalendarEvent(
                uid: "uid-\(number)@advised", start: begin + .days(Int64(number - 1)),
                summary: "Point \(number)", description: "Fifteen points, \(number) of 15",
                url: "https://example.org/\(number)?a=1,2;3", sequence: (number - 1) * 1000,
                stamp: begin - .hours(9), isCancelled: number == 7, categories: ["trust, and", "team"])
        }
    }

    /// With `what` replaced where it is first found, the judge expecting what it was before.
    private static func judgeDamaged(_ what: String, _ instead: String) throws -> String {
        let events = try fifteen()
        let whole = text(events)
        let place = try #require(whole.range(of: what))
        return try judge(whole.replacingCharacters(in: place, with: instead), expecting: events)
    }

    private static func judge(_ calendar: String, expecting events: [CalendarEvent]) throws -> String {
        let asked = Asked(calendar: calendar, events: events.map(Expected.init))
        return try runPython(script, input: JSONEncoder().encode(asked))
    }

    private struct Asked: Encodable {
        let calendar: String
        let events: [Expected]
    }

    private struct Expected: Encodable {
        let uid, dtstamp, dtstart, summary, description, url, status: String
        let sequence: Int
        let categories: [String]

        init(_ event: CalendarEvent) {
            uid = event.uid
            dtstamp = "\(event.stamp)"
            dtstart = "\(event.start)"
            summary = event.summary
            description = event.description ?? ""
            url = event.url ?? ""
            status = event.isCancelled ? "CANCELLED" : "CONFIRMED"
            sequence = event.sequence
            categories = event.categories
        }
    }

    /// Says `valid` or `refused` and why, so that a script that died counts as neither.
    ///
    /// The library notes a value that it cannot read in `errors`, and asks neither for a UID or DTSTAMP nor
    /// for UTC: those are asked for here.
    private static let script = """
        import datetime, json, sys, icalendar

        class Refused(Exception):
            pass

        def need(holds, why):
            if not holds:
                raise Refused("refused: " + why)

        def instant(event, name):
            need(name in event, name + " is missing")
            at = event[name].dt
            need(isinstance(at, datetime.datetime) and at.tzname() == "UTC", name + " is not in UTC")
            return at

        def read(text):
            try:
                calendar = icalendar.Calendar.from_ical(text.encode())
                calendar.validate()
            except ValueError as error:
                raise Refused("refused by the library: " + str(error))
            for component in calendar.walk():
                for name, error in component.errors:
                    raise Refused("refused by the library: " + str(error))
                for name in ("RRULE", "RDATE", "EXDATE", "EXRULE"):
                    need(name not in component, name + " in " + component.name)
            return calendar

        def compare(event, expected):
            for name in ("DTSTAMP", "DTSTART"):
                at = datetime.datetime.fromisoformat(expected[name.lower()].replace("Z", "+00:00"))
                need(instant(event, name) == at, name + " is " + str(instant(event, name)))
            length = instant(event, "DTEND") - instant(event, "DTSTART")
            need(length == datetime.timedelta(minutes=15), "it lasts " + str(length))
            for name in ("UID", "SUMMARY", "DESCRIPTION", "URL", "STATUS"):
                said = str(event.get(name, ""))
                need(said == expected[name.lower()], name + " is " + repr(said))
            need(event["SEQUENCE"] == expected["sequence"], "SEQUENCE")
            need(event["TRANSP"] == "TRANSPARENT", "TRANSP")
            need([str(c) for c in event["CATEGORIES"].cats] == expected["categories"], "CATEGORIES")

        def judge(asked):
            calendar = read(asked["calendar"])
            need(calendar["X-WR-CALNAME"] == "Fifteen points", "X-WR-CALNAME")
            need(calendar["NAME"] == "Fifteen points", "NAME")
            need(calendar["METHOD"] == "PUBLISH", "METHOD")
            events = calendar.walk("VEVENT")
            for event in events:
                need(event.get("UID"), "UID is missing")
            need(len({event["UID"] for event in events}) == len(events), "two events with one UID")
            need(len(events) == len(asked["events"]),
                 "%d events, not %d" % (len(events), len(asked["events"])))
            for event, expected in zip(events, asked["events"]):
                compare(event, expected)

        try:
            judge(json.load(sys.stdin))
            print("valid", end="")
        except Refused as why:
            print(why, end="")
        """
}
