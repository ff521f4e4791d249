import Testing

@testable import AdviceCore

@Suite("Zone rules")
struct ZoneRulesTests {
    /// A civil time, the moment it must be, what the wall clock shows then, and how it was found.
    struct Case: Sendable, CustomTestStringConvertible {
        let zone: String
        let date: String
        let time: String
        let instant: String
        let shows: String
        let kind: Resolution.Kind

        init(
            _ zone: String, _ date: String, _ time: String, _ instant: String, shows: String,
            _ kind: Resolution.Kind
        ) {
            (self.zone, self.date, self.time) = (zone, date, time)
            (self.instant, self.shows, self.kind) = (instant, shows, kind)
        }

        var testDescription: String { "\(zone) \(date) \(time)" }
    }

    private static let hour = Resolution.Kind.gap(lengthSeconds: 3600)

    @Test(
        "a time in a gap takes the offset before it",
        arguments: [
            Case(
                "Europe/Berlin", "2026-03-29", "02:30", "2026-03-29T01:30:00Z", shows: "2026-03-29 03:30",
                hour),
            Case(
                "Europe/Berlin", "2026-03-29", "02:00", "2026-03-29T01:00:00Z", shows: "2026-03-29 03:00",
                hour),
            Case(
                "Europe/Berlin", "2026-03-29", "01:59:59", "2026-03-29T00:59:59Z",
                shows: "2026-03-29 01:59:59", .plain),
            Case(
                "Europe/Berlin", "2026-03-29", "03:00", "2026-03-29T01:00:00Z", shows: "2026-03-29 03:00",
                .plain),
            Case(
                "America/New_York", "2026-03-08", "02:30", "2026-03-08T07:30:00Z", shows: "2026-03-08 03:30",
                hour),
            Case(
                "Africa/Cairo", "2026-04-24", "00:00", "2026-04-23T22:00:00Z", shows: "2026-04-24 01:00", hour
            ),
            Case(
                "Australia/Lord_Howe", "2026-10-04", "02:15", "2026-10-03T15:45:00Z",
                shows: "2026-10-04 02:45", .gap(lengthSeconds: 1800)),
            // The gap is the last hour of the day: the slot of the 28th lands on the 29th.
            Case(
                "America/Nuuk", "2026-03-28", "23:30", "2026-03-29T01:30:00Z", shows: "2026-03-29 00:30", hour
            ),
            Case(
                "America/Nuuk", "2026-03-28", "22:59", "2026-03-29T00:59:00Z", shows: "2026-03-28 22:59",
                .plain),
            // Beyond the table of any file: the footer.
            Case(
                "Europe/Berlin", "2090-03-26", "02:30", "2090-03-26T01:30:00Z", shows: "2090-03-26 03:30",
                hour),
        ])
    func gap(_ expected: Case) throws {
        try Self.check(expected)
    }

    @Test(
        "a time in an overlap is the first of the two",
        arguments: [
            Case(
                "Europe/Berlin", "2026-10-25", "02:30", "2026-10-25T00:30:00Z", shows: "2026-10-25 02:30",
                .overlap),
            Case(
                "Europe/Berlin", "2026-10-25", "02:00", "2026-10-25T00:00:00Z", shows: "2026-10-25 02:00",
                .overlap),
            Case(
                "Europe/Berlin", "2026-10-25", "01:59:59", "2026-10-24T23:59:59Z",
                shows: "2026-10-25 01:59:59", .plain),
            Case(
                "Europe/Berlin", "2026-10-25", "03:00", "2026-10-25T02:00:00Z", shows: "2026-10-25 03:00",
                .plain),
            Case(
                "America/New_York", "2026-11-01", "01:30", "2026-11-01T05:30:00Z", shows: "2026-11-01 01:30",
                .overlap),
            Case(
                "Australia/Lord_Howe", "2026-04-05", "01:45", "2026-04-04T14:45:00Z",
                shows: "2026-04-05 01:45", .overlap),
            Case(
                "Africa/Cairo", "2026-10-29", "23:30", "2026-10-29T20:30:00Z", shows: "2026-10-29 23:30",
                .overlap),
            // Kwajalein went to the other side of the date line: 01:00 to 24:00 of that day came twice.
            Case(
                "Pacific/Kwajalein", "1969-09-30", "09:00", "1969-09-29T22:00:00Z", shows: "1969-09-30 09:00",
                .overlap),
            Case(
                "Pacific/Kwajalein", "1969-09-30", "00:30", "1969-09-29T13:30:00Z", shows: "1969-09-30 00:30",
                .plain),
            Case(
                "Pacific/Kwajalein", "1969-10-01", "00:00", "1969-10-01T12:00:00Z", shows: "1969-10-01 00:00",
                .plain),
        ])
    func overlap(_ expected: Case) throws {
        try Self.check(expected)
    }

    private static func check(_ expected: Case) throws {
        let rules = try SystemZones.rules(expected.zone)
        let date = try #require(CivilDate(expected.date))
        let time = try #require(TimeOfDay(expected.time))
        let resolution = rules.resolve(date, time)
        #expect(resolution.instant.description == expected.instant)
        #expect(resolution.kind == expected.kind)
        let local = rules.local(of: resolution.instant)
        #expect("\(local.date) \(local.time)" == expected.shows)
        #expect(local.offsetSeconds == resolution.offsetSeconds)
        #expect(rules.offsetSeconds(at: resolution.instant) == resolution.offsetSeconds)
    }

    @Test(
        "a date that a zone skipped whole does not exist, the days beside it do",
        arguments: [
            ("Pacific/Apia", "2011-12-30"), ("Pacific/Fakaofo", "2011-12-30"),
            ("Pacific/Kwajalein", "1993-08-21"), ("Pacific/Kiritimati", "1994-12-31"),
            ("Asia/Manila", "1844-12-31"),
        ])
    func skippedDate(zone: String, skipped: String) throws {
        let rules = try SystemZones.rules(zone)
        let date = try #require(CivilDate(skipped))
        #expect(!rules.exists(date))
        #expect(rules.exists(date.previous))
        #expect(rules.exists(date.next))
        // Nothing of it is ever shown: it ends at the moment the day before it does.
        #expect(rules.endOfDay(date) == rules.endOfDay(date.previous))
        #expect(rules.local(of: rules.endOfDay(date)).date == date.next)
    }

    @Test(
        "a day ends when the wall clock leaves it for the last time",
        arguments: [
            ("Europe/Berlin", "2026-03-29", "2026-03-29T22:00:00Z"),
            ("Europe/Berlin", "2026-10-25", "2026-10-25T23:00:00Z"),
            // The gap ends at midnight; it begins there.
            ("America/Nuuk", "2026-03-28", "2026-03-29T01:00:00Z"),
            ("Africa/Cairo", "2026-04-23", "2026-04-23T22:00:00Z"),
            // Set back from 24:00 to 23:00; from 01:00 to 00:00; from 00:01 of the next day to 23:01.
            ("Africa/Cairo", "2026-10-29", "2026-10-29T22:00:00Z"),
            ("America/Havana", "2026-10-31", "2026-11-01T04:00:00Z"),
            ("America/St_Johns", "2010-11-06", "2010-11-07T03:30:00Z"),
            // The 30th came twice; this is its second end.
            ("Pacific/Kwajalein", "1969-09-29", "1969-09-29T13:00:00Z"),
            ("Pacific/Kwajalein", "1969-09-30", "1969-10-01T12:00:00Z"),
        ])
    func endOfDay(zone: String, date: String, expected: String) throws {
        let rules = try SystemZones.rules(zone)
        let date = try #require(CivilDate(date))
        let end = rules.endOfDay(date)
        #expect(end.description == expected)
        #expect(rules.local(of: end).date > date)
        #expect(rules.local(of: end - .seconds(1)).date <= date)
    }

    @Test("transitions are listed from the first moment on and before the last")
    func transitions() throws {
        let berlin = try SystemZones.rules("Europe/Berlin")
        let spring = try #require(Instant(rfc3339: "2026-03-29T01:00:00Z"))
        let autumn = try #require(Instant(rfc3339: "2026-10-25T01:00:00Z"))
        let expected = [
            ZoneTransition(instant: spring, offsetBefore: 3600, offsetAfter: 7200),
            ZoneTransition(instant: autumn, offsetBefore: 7200, offsetAfter: 3600),
        ]
        #expect(berlin.transitions(from: spring, to: autumn + .seconds(1)) == expected)
        #expect(berlin.transitions(from: spring, to: autumn) == [expected[0]])
        #expect(
            berlin.transitions(from: spring + Span(nanoseconds: 1), to: autumn + .days(90)) == [expected[1]])
        #expect(berlin.transitions(from: autumn, to: spring).isEmpty)
        #expect(expected.map(\.shiftSeconds) == [3600, -3600])
        #expect(ZoneRules.utc.transitions(from: spring, to: autumn).isEmpty)
    }

    @Test("a fixed zone is as far from UTC as it says, always")
    func fixed() throws {
        let east = ZoneRules(fixedOffsetSeconds: 14 * 3600)
        let date = try #require(CivilDate("2026-07-02"))
        #expect(east.resolve(date, .midnight).instant.description == "2026-07-01T10:00:00Z")
        #expect(ZoneRules.utc.resolve(date, .midnight).instant.description == "2026-07-02T00:00:00Z")
        #expect(ZoneRules.utc.endOfDay(date).description == "2026-07-03T00:00:00Z")
    }

    @Test("the ends of time resolve to the ends of what an instant holds, and have no dates beyond")
    func endsOfTime() throws {
        let berlin = try SystemZones.rules("Europe/Berlin")
        for rules in [
            berlin, .utc, ZoneRules(fixedOffsetSeconds: 93_600), ZoneRules(fixedOffsetSeconds: -93_600),
        ] {
            for date in ["0001-01-01", "1677-12-31", "2262-01-01", "9999-12-31"].compactMap({ CivilDate($0) })
            {
                #expect(!rules.exists(date))
                #expect(rules.resolve(date, .midnight).instant.seconds != 0)
                #expect(rules.endOfDay(date).seconds != 0)
            }
            for instant in [Instant(nanoseconds: .min), Instant(nanoseconds: .max)] {
                #expect(rules.local(of: instant).offsetSeconds == rules.offsetSeconds(at: instant))
            }
            #expect(ZoneRules.dates.lowerBound.description == "1678-01-01")
            #expect(ZoneRules.dates.upperBound.description == "2261-12-31")
            #expect(rules.exists(ZoneRules.dates.lowerBound))
            #expect(rules.exists(ZoneRules.dates.upperBound))
        }
    }

    @Test("changes that follow each other faster than the clock moves keep to the first showing")
    func crowdedChanges() throws {
        // The clock runs to 02:00, jumps to 03:00; at 03:20 goes back to 02:20; at 02:40 jumps to 03:40.
        let start: Int64 = 1_000_000_800  // 2001-09-09T02:00:00Z
        let rules = try ZoneRules(
            tzif: TZifBytes(
                transitions: [(start, 1), (start + 1200, 0), (start + 2400, 1)], offsets: [0, 3600],
                footer: ""
            ).bytes)
        let date = try #require(CivilDate("2001-09-09"))
        let expected: [(String, Int64, Resolution.Kind)] = [
            ("01:59:59", -1, .plain),
            ("02:00", 0, .gap(lengthSeconds: 3600)), ("02:10", 600, .gap(lengthSeconds: 3600)),
            ("02:20", 1200, .plain), ("02:39:59", 2399, .plain),
            ("02:40", 2400, .gap(lengthSeconds: 3600)), ("02:59:59", 3599, .gap(lengthSeconds: 3600)),
            ("03:00", 0, .plain), ("03:19:59", 1199, .plain),
            ("03:20", 4800, .gap(lengthSeconds: 3600)), ("03:30", 5400, .gap(lengthSeconds: 3600)),
            ("03:40", 2400, .plain), ("04:00", 3600, .plain),
        ]
        for (text, seconds, kind) in expected {
            let time = try #require(TimeOfDay(text))
            let resolution = rules.resolve(date, time)
            #expect(resolution.instant.seconds - start == seconds, "\(text)")
            #expect(resolution.kind == kind, "\(text)")
        }
    }
}
