import AdviceCore
import Testing

@testable import AdviceConfig

@Suite("Values of one word")
struct ScalarsTests {
    @Test(
        "a length of time is a number and a unit",
        arguments: [
            ("250ms", Span.milliseconds(250)), ("5s", .seconds(5)), ("5m", .minutes(5)), ("2h", .hours(2)),
            ("7d", .days(7)), ("0", .zero), ("0s", .zero), ("10000d", .days(10_000)),
        ])
    func spans(_ text: String, _ expected: Span) {
        #expect(Span(settings: text) == expected)
    }

    @Test(
        "anything else is none",
        arguments: [
            "", "5", "s", "-5s", "+5s", "5 s", "1h30m", "1.5h", "5S", "5w", "10001d", "99999999999999999999s",
            "٥s",
        ])
    func noSpans(_ text: String) {
        #expect(Span(settings: text) == nil)
    }

    @Test("dates of the years 1970 to 2200")
    func dates() {
        #expect(CivilDate(settings: "1970-01-01")?.day == 0)
        #expect(CivilDate(settings: "2200-12-31") != nil)
        #expect(CivilDate(settings: "1969-12-31") == nil)
        #expect(CivilDate(settings: "2201-01-01") == nil)
        #expect(CivilDate(settings: "2026-02-29") == nil)
    }
}
