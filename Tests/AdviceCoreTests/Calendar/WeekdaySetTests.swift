import AdviceCore
import Testing

@Suite("Weekday set")
struct WeekdaySetTests {
    @Test("a set holds the days it was made of and no other, for every set there is")
    func contains() {
        for bits in 0..<128 {
            let days = Weekday.allCases.filter { bits & (1 << $0.rawValue) != 0 }
            let set = WeekdaySet(days)
            #expect(set.weekdays == days)
            #expect(set.count == days.count)
            #expect(set.isEmpty == days.isEmpty)
            #expect(Weekday.allCases.allSatisfy { set.contains($0) == days.contains($0) })
        }
    }

    @Test("all days, written out or in another order, are the same set")
    func equal() {
        #expect(WeekdaySet.all == [.sun, .mon, .tue, .wed, .thu, .fri, .sat, .mon])
        #expect(WeekdaySet.all != [.mon, .tue, .wed, .thu, .fri])
    }

    @Test("a short name is read back as its day; another text is none")
    func short() {
        #expect(Weekday.allCases.map(\.short) == ["mon", "tue", "wed", "thu", "fri", "sat", "sun"])
        #expect(Weekday.allCases.allSatisfy { Weekday(short: $0.short) == $0 })
        #expect(Weekday(short: "Mon") == nil)
        #expect(Weekday(short: "monday") == nil)
    }
}
