import AdviceCore
import Testing

/// 2026-11-22T12:00:00Z.
private let now = Instant(seconds: 1_795_348_800)

@Suite("Retry-After")
struct RetryAfterTests {
    @Test(
        "seconds are taken as they are, up to a day",
        arguments: [
            ("0", 0), ("1", 1), ("120", 120), (" 120 ", 120), ("\t5", 5), ("007", 7), ("86399", 86_399),
            ("86400", 86_400), ("86401", 86_400), ("999999999999999999999999999999", 86_400),
            ("0000000000000000000000000000000001", 1),
        ] as [(String, Int64)])
    func seconds(value: String, expected: Int64) {
        #expect(RetryAfter.parse(value, now: now) == .seconds(expected))
    }

    @Test(
        "a date is the wait until then, never negative and never more than a day",
        arguments: [
            ("Sun, 22 Nov 2026 12:00:30 GMT", 30),
            ("Sun, 22 Nov 2026 12:00:00 GMT", 0),
            ("Sun, 22 Nov 2026 11:59:59 GMT", 0),
            ("Sun, 06 Nov 1994 08:49:37 GMT", 0),
            ("Mon, 23 Nov 2026 12:00:00 GMT", 86_400),
            ("Mon, 23 Nov 2026 12:00:01 GMT", 86_400),
            ("Fri, 31 Dec 9999 23:59:59 GMT", 86_400),
            ("Thu, 01 Jan 0000 00:00:00 GMT", 0),
            ("Sunday, 22-Nov-26 13:00:00 GMT", 3600),
            ("Sun Nov 22 12:10:00 2026", 600),
        ] as [(String, Int64)])
    func dates(value: String, expected: Int64) {
        #expect(RetryAfter.parse(value, now: now) == .seconds(expected))
    }

    @Test("a date counts to the nanosecond from now")
    func fraction() {
        let later = Instant(nanoseconds: now.nanoseconds + 250_000_000)
        #expect(RetryAfter.parse("Sun, 22 Nov 2026 12:00:01 GMT", now: later) == .milliseconds(750))
    }

    @Test("a clock at either end of its range is no trap", arguments: [Int64.min, Int64.max])
    func extremeClock(nanoseconds: Int64) {
        let value = "Sun, 22 Nov 2026 12:00:01 GMT"
        let expected: Span = nanoseconds < 0 ? .hours(24) : .zero
        #expect(RetryAfter.parse(value, now: Instant(nanoseconds: nanoseconds)) == expected)
    }

    @Test(
        "anything else is no wish",
        arguments: [
            "", " ", "-1", "+1", "1.5", "1,5", "1e3", "0x10", "12 3", "1s", "soon", "\u{661}", "1\0", "٣٠",
            "1;2",
            "Infinity", "NaN", "\u{1b}[2J", "120 seconds", "Sun", "GMT", "Sun, 22 Nov 2026 12:00:30",
        ])
    func rubbish(value: String) {
        #expect(RetryAfter.parse(value, now: now) == nil)
    }

    @Test("a megabyte of digits, blanks or letters is read without harm")
    func huge() {
        #expect(RetryAfter.parse(String(repeating: "9", count: 1 << 20), now: now) == .hours(24))
        #expect(RetryAfter.parse(String(repeating: " ", count: 1 << 20), now: now) == nil)
        #expect(RetryAfter.parse(String(repeating: "S", count: 1 << 20), now: now) == nil)
    }

    @Test("bytes are read like text")
    func bytes() {
        #expect(RetryAfter.parse([0x33, 0x30], now: now) == .seconds(30))
        #expect(RetryAfter.parse([0x33, 0xff], now: now) == nil)
    }
}

@Suite("HTTP dates")
struct HTTPDateTests {
    @Test(
        "the three forms of RFC 9110 name the same moment",
        arguments: [
            "Sun, 06 Nov 1994 08:49:37 GMT", "Sunday, 06-Nov-94 08:49:37 GMT", "Sun Nov  6 08:49:37 1994",
        ])
    func forms(value: String) {
        #expect(HTTPDate.parse(value, now: now) == Instant(seconds: 784_111_777))
    }

    @Test(
        "moments are those of the civil calendar",
        arguments: [
            ("Thu, 01 Jan 1970 00:00:00 GMT", 0),
            ("Wed, 31 Dec 1969 23:59:59 GMT", -1),
            ("Tue, 29 Feb 2000 12:00:00 GMT", 951_825_600),
            ("Wed, 01 Mar 2000 00:00:00 GMT", 951_868_800),
            ("Thu, 29 Feb 2024 00:00:00 GMT", 1_709_164_800),
            ("Tue, 31 Dec 2024 23:59:60 GMT", 1_735_689_600),
            ("Sun, 22 Nov 2026 12:00:00 GMT", 1_795_348_800),
            ("Fri, 01 Jan 2100 00:00:00 GMT", 4_102_444_800),
            ("Tue Nov 10 08:49:37 2026", 1_794_300_577),
        ] as [(String, Int64)])
    func moments(value: String, seconds: Int64) {
        #expect(HTTPDate.parse(value, now: now) == Instant(seconds: seconds))
    }

    @Test(
        "a two-digit year lies at most 50 years ahead",
        arguments: [
            ("76", 2076), ("77", 1977), ("26", 2026), ("27", 2027), ("00", 2000), ("99", 1999),
        ])
    func twoDigits(short: String, year: Int) {
        let fixed = HTTPDate.parse("Sun, 01 Jul \(year) 00:00:00 GMT", now: now)
        #expect(fixed != nil)
        #expect(HTTPDate.parse("Sunday, 01-Jul-\(short) 00:00:00 GMT", now: now) == fixed)
    }

    @Test("near a century's end a two-digit year reaches into the next")
    func centuryEnd() throws {
        let then = try #require(HTTPDate.parse("Thu, 31 Dec 2099 23:59:59 GMT", now: now))
        let next = HTTPDate.parse("Fri, 01 Jan 2100 00:00:00 GMT", now: now)
        #expect(HTTPDate.parse("Friday, 01-Jan-00 00:00:00 GMT", now: then) == next)
    }

    @Test(
        "what is no such date is none",
        arguments: [
            "", "Sun", "Sun,", "Sun, ", "Sun, 6 Nov 1994 08:49:37 GMT", "Sun, 06 Nov 94 08:49:37 GMT",
            "Sun, 06 Nov 1994 08:49:37 UTC", "Sun, 06 Nov 1994 08:49:37 +0000", "Sun, 06 Nov 1994 08:49 GMT",
            "Sun, 06 Nov 1994 24:00:00 GMT", "Sun, 06 Nov 1994 08:60:00 GMT", "Sun, 06 Nov 1994 08:49:61 GMT",
            "Sun, 00 Nov 1994 08:49:37 GMT", "Sun, 31 Nov 1994 08:49:37 GMT", "Thu, 29 Feb 2023 00:00:00 GMT",
            "Thu, 29 Feb 2100 00:00:00 GMT", "Sun, 06 Nev 1994 08:49:37 GMT", "sun, 06 Nov 1994 08:49:37 GMT",
            "Sin, 06 Nov 1994 08:49:37 GMT", "Sun, 06 Nov 1994 08:49:37 GMT x",
            "Sun, 06 Nov 1994 08:49:37 GMTGMT",
            "Sunday, 06 Nov 1994 08:49:37 GMT", "Sun, 06-Nov-94 08:49:37 GMT",
            "Sunday, 06-Nov-1994 08:49:37 GMT",
            "Sun Nov 6 08:49:37 1994", "Sun Nov 06 08:49:37 94", "Sun Nov  6 08:49:37 1994 GMT",
            "1994-11-06T08:49:37Z", "784111777", "Sun, 06 Nov 1994 08:49:37 GMT\0",
            "Sun,06 Nov 1994 08:49:37 GMT",
            "Fri, 31 Dec 9999 23:59:59 GMT", "Thu, 01 Jan 0000 00:00:00 GMT", "Sun, -6 Nov 1994 08:49:37 GMT",
        ])
    func rubbish(value: String) {
        #expect(HTTPDate.parse(value, now: now) == nil)
    }
}
