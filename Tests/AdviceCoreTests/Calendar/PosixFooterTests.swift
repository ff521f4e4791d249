import Testing

@testable import AdviceCore

@Suite("Footer of a zone file")
struct PosixFooterTests {
    @Test(
        "each form of a rule falls on its moment",
        arguments: [
            ("CET-1CEST,M3.5.0,M10.5.0/3", ["2026-03-29T01:00:00Z +7200", "2026-10-25T01:00:00Z +3600"]),
            ("EST5EDT,M3.2.0,M11.1.0", ["2026-03-08T07:00:00Z -14400", "2026-11-01T06:00:00Z -18000"]),
            // The south: daylight saving begins late in the year; half an hour of it.
            (
                "<+1030>-10:30<+11>-11,M10.1.0,M4.1.0",
                ["2026-04-04T15:00:00Z +37800", "2026-10-03T15:30:00Z +39600"]
            ),
            // Daylight saving behind standard time.
            ("IST-1GMT0,M10.5.0,M3.5.0/1", ["2026-03-29T01:00:00Z +3600", "2026-10-25T01:00:00Z +0"]),
            // A time before midnight, and one a day later.
            (
                "<-02>2<-01>,M3.5.0/-1,M10.5.0/0",
                ["2026-03-29T01:00:00Z -3600", "2026-10-25T01:00:00Z -7200"]
            ),
            (
                "EET-2EEST,M3.4.4/50,M10.4.4/50",
                ["2026-03-28T00:00:00Z +10800", "2026-10-23T23:00:00Z +7200"]
            ),
            ("EET-2EEST,M4.5.5/0,M10.5.4/24", ["2026-04-23T22:00:00Z +10800", "2026-10-29T21:00:00Z +7200"]),
            // The longest times there can be, and an offset with seconds.
            ("AAA0BBB,M3.1.0/167,M9.1.0/-167", ["2026-03-07T23:00:00Z +3600", "2026-08-30T00:00:00Z +0"]),
            (
                "AAA-0:01:15BBB-1:00:30,J60/0,J300/0:00:30",
                ["2026-02-28T23:58:45Z +3630", "2026-10-26T23:00:00Z +75"]
            ),
            // Daylight saving all the year.
            ("EST5EDT,0/0,J365/25", []),
            ("UTC0", []),
            ("<+0330>-3:30", []),
        ])
    func changes(text: String, expected: [String]) throws {
        #expect(try Self.changes(text, in: 2026) == expected)
    }

    @Test("J skips 29 February, a bare number counts it")
    func leapDays() throws {
        #expect(
            try Self.changes("AAA0BBB,J59/0,J60/0", in: 2028)
                == ["2028-02-28T00:00:00Z +3600", "2028-02-29T23:00:00Z +0"])
        #expect(
            try Self.changes("AAA0BBB,58/0,59/0", in: 2028)
                == ["2028-02-28T00:00:00Z +3600", "2028-02-28T23:00:00Z +0"])
        #expect(
            try Self.changes("AAA0BBB,J59/0,J60/0", in: 2027)
                == ["2027-02-28T00:00:00Z +3600", "2027-02-28T23:00:00Z +0"])
    }

    @Test("daylight saving all the year is never left")
    func wholeYear() throws {
        let rules = try ZoneRules(tzif: TZifBytes(offsets: [-18_000], footer: "EST5EDT,0/0,J365/25").bytes)
        for year in 2000...2100 {
            for moment in ["01-01T03:59:59Z", "01-01T05:00:00Z", "06-15T00:00:00Z", "12-31T23:59:59Z"] {
                let instant = try #require(Instant(rfc3339: "\(year)-\(moment)"))
                #expect(rules.offsetSeconds(at: instant) == -14_400, "\(instant)")
            }
        }
    }

    @Test(
        "what is not a footer is refused with a reason",
        arguments: [
            ("A0", "a name has fewer than three characters"),
            ("<AAA0", "a name lacks its '>'"),
            ("<AAA_A>0", "a name lacks its '>'"),
            ("AAA", "the offset is not 0 to 24 hours"),
            ("AAA25", "the offset is not 0 to 24 hours"),
            ("AAA1:60", "the offset has minutes or seconds that are not 00 to 59"),
            ("AAA1:00:0", "the offset has minutes or seconds that are not 00 to 59"),
            ("AAA0BBB", "daylight saving without its two rules"),
            ("AAA0BBB,M3.2.0", "daylight saving without its two rules"),
            ("AAA0BBB,M13.1.0,M4.1.0", "what follows M is not month.week.day"),
            ("AAA0BBB,M3.6.0,M4.1.0", "what follows M is not month.week.day"),
            ("AAA0BBB,M3.0.0,M4.1.0", "what follows M is not month.week.day"),
            ("AAA0BBB,M3.1.7,M4.1.0", "what follows M is not month.week.day"),
            ("AAA0BBB,J0,J5", "the day after J is not 1 to 365"),
            ("AAA0BBB,J366,J5", "the day after J is not 1 to 365"),
            ("AAA0BBB,366,5", "a rule begins neither with M, J nor a day from 0 to 365"),
            ("AAA0BBB,M3.1.0/168,M4.1.0", "the time of a rule is not 0 to 167 hours"),
            ("AAA0BBB,M3.1.0,M4.1.0x", "there is text after the second rule"),
            ("AAA0BBB25,M3.1.0,M4.1.0", "the offset of daylight saving is not 0 to 24 hours"),
            ("AAA99999999999999999999", "the offset is not 0 to 24 hours"),
        ])
    func refused(text: String, problem: String) {
        #expect(throws: ZoneError.footer(text, problem: problem)) { try PosixFooter(text.utf8) }
    }

    /// The changes of offset in `year` of a zone that has only a footer.
    private static func changes(_ footer: String, in year: Int) throws -> [String] {
        let rules = try ZoneRules(tzif: TZifBytes(footer: footer).bytes)
        let start = try #require(Instant(rfc3339: "\(year)-01-01T06:00:00Z"))
        let end = try #require(Instant(rfc3339: "\(year)-12-31T18:00:00Z"))
        return rules.transitions(from: start, to: end).map { change in
            "\(change.instant) \(change.offsetAfter < 0 ? "" : "+")\(change.offsetAfter)"
        }
    }
}
