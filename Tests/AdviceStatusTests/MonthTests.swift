import AdviceCore
import Testing

@testable import AdviceStatus

@Suite("A month of the calendar")
struct MonthTests {
    @Test("has its days in weeks from Monday")
    func weeks() throws {
        let july = try #require(Month("2026-07"))
        let weeks = july.weeks
        #expect(weeks.allSatisfy { $0.count == 7 })
        #expect(weeks.flatMap(\.self).compactMap(\.self).map(\.dayOfMonth) == Array(1...31))
        // The first of July 2026 is a Wednesday.
        #expect(weeks[0].prefix(2).allSatisfy { $0 == nil } && weeks[0][2]?.dayOfMonth == 1)
        let february = try #require(Month("2027-02"))
        #expect(february.weeks.count == 4)
        #expect(february.name == "February 2027")
    }

    @Test(
        "is read as YYYY-MM and no other way",
        arguments: ["2026-7", "2026-13", "2026-00", "2026", "", "2026-07-"])
    func odd(_ text: String) { #expect(Month(text) == nil) }
}
