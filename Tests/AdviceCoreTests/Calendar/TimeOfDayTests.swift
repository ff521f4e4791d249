import AdviceCore
import Foundation
import Testing

@Suite("Time of day")
struct TimeOfDayTests {
    @Test(
        "two forms are read, and written back as short as they can be",
        arguments: [
            ("00:00", 0, "00:00"), ("09:05", 32_700, "09:05"), ("23:59", 86_340, "23:59"),
            ("23:59:59", 86_399, "23:59:59"), ("09:00:00", 32_400, "09:00"), ("00:00:01", 1, "00:00:01"),
        ])
    func read(text: String, seconds: Int, written: String) throws {
        let time = try #require(TimeOfDay(text))
        #expect(time.secondsOfDay == seconds)
        #expect(time.description == written)
    }

    @Test(
        "any other form is no time",
        arguments: [
            "", "24:00", "9:00", "09:0", "09:60", "09:00:60", "09:00:0", "09:00:", "0900", "09.00", " 09:00",
            "09:00 ", "09:00:00.5", "-9:00", "+9:00", "９9:00", "009:00",
        ])
    func refused(text: String) {
        #expect(TimeOfDay(text) == nil)
    }

    @Test("every second of a day comes back from its parts and from its text")
    func everySecond() {
        for second in 0..<86_400 {
            guard let time = TimeOfDay(secondsOfDay: second),
                time == TimeOfDay(hour: time.hour, minute: time.minute, second: time.second),
                time == TimeOfDay(time.description)
            else {
                Issue.record("second \(second) of the day does not come back")
                return
            }
        }
        #expect(TimeOfDay(secondsOfDay: 86_400) == nil)
        #expect(TimeOfDay(secondsOfDay: -1) == nil)
        #expect(TimeOfDay(hour: 24, minute: 0) == nil)
    }

    @Test("a time is stored as its text, and nothing else is read back")
    func codable() throws {
        let time = try #require(TimeOfDay("09:00"))
        let text = String(decoding: try JSONEncoder().encode([time]), as: UTF8.self)
        #expect(text == #"["09:00"]"#)
        #expect(try JSONDecoder().decode([TimeOfDay].self, from: Data(text.utf8)) == [time])
        #expect(throws: DecodingError.self) {
            try JSONDecoder().decode([TimeOfDay].self, from: Data(#"["9:00"]"#.utf8))
        }
    }
}
