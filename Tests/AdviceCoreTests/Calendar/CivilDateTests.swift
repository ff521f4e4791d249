import AdviceCore
import Foundation
import Testing

@Suite("Civil date")
struct CivilDateTests {
    @Test(
        "known days have their known number and weekday",
        arguments: [
            ("1970-01-01", 0, Weekday.thu), ("1969-12-31", -1, .wed), ("2000-02-29", 11_016, .tue),
            ("2026-07-01", 20_635, .wed), ("1600-02-29", -135_081, .tue), ("0001-01-01", -719_162, .mon),
            ("9999-12-31", 2_932_896, .fri),
        ])
    func known(text: String, day: Int, weekday: Weekday) throws {
        let date = try #require(CivilDate(text))
        #expect(date.day == day)
        #expect(date.weekday == weekday)
        #expect(date.description == text)
    }

    @Test("every day from year 1 to 9999 follows the one before it, and comes back from its parts")
    func everyDay() throws {
        var date = try #require(CivilDate(year: 1, month: 1, day: 1))
        let end = try #require(CivilDate(year: 9999, month: 12, day: 31))
        var (year, month, day, weekday) = (1, 1, 1, 0)
        var wrong: [CivilDate] = []
        while date <= end {
            let isRight =
                date.year == year && date.month == month && date.dayOfMonth == day
                && date.weekday.rawValue == weekday && CivilDate(year: year, month: month, day: day) == date
            if !isRight { wrong.append(date) }
            date = date.next
            day += 1
            weekday = (weekday + 1) % 7
            if CivilDate(year: year, month: month, day: day) == nil { (month, day) = (month + 1, 1) }
            if month > 12 { (year, month) = (year + 1, 1) }
        }
        #expect(wrong == [])
        #expect(year == 10_000)
    }

    @Test(
        "a day that the calendar lacks, and any other form, is no date",
        arguments: [
            "2026-02-29", "1900-02-29", "2026-04-31", "2026-13-01", "2026-00-01", "2026-01-00", "2026-01-32",
            "0000-01-01", "2026-1-01", "2026-01-1", "26-01-01", "12026-01-01", "2026/01/01", "20260101", "",
            " 2026-01-01", "2026-01-01 ", "2026-01-01T", "-2026-01-01", "+026-01-01", "２026-01-01",
        ])
    func refused(text: String) {
        #expect(CivilDate(text) == nil)
    }

    @Test("arithmetic counts days")
    func arithmetic() throws {
        let date = try #require(CivilDate("2026-02-28"))
        #expect((date + 1).description == "2026-03-01")
        #expect(date.next - date == 1)
        #expect(date.previous.description == "2026-02-27")
        #expect((date + -366).description == "2025-02-27")
        #expect(date < date.next)
    }

    @Test("a date is stored as its text, and nothing else is read back")
    func codable() throws {
        let date = try #require(CivilDate("2026-07-01"))
        let text = String(decoding: try JSONEncoder().encode([date]), as: UTF8.self)
        #expect(text == #"["2026-07-01"]"#)
        #expect(try JSONDecoder().decode([CivilDate].self, from: Data(text.utf8)) == [date])
        #expect(throws: DecodingError.self) {
            try JSONDecoder().decode([CivilDate].self, from: Data(#"["2026-7-1"]"#.utf8))
        }
    }
}
