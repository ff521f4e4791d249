import Testing

@testable import AdviceCore

@Suite("Slot calendar")
struct SlotCalendarTests {
    @Test("a date that the zone skipped whole has no slot; the dates beside it have theirs")
    func skippedDate() throws {
        let date = try #require(CivilDate("2011-12-30"))
        for text in ["00:00", "09:00", "23:59:59"] {
            let calendar = SlotCalendar(zone: try SystemZones.rules("Pacific/Apia"), at: try time(text))
            #expect(calendar.slot(on: date) == nil)
            let before = try #require(calendar.slot(on: date.previous))
            let after = try #require(calendar.slot(on: date.next))
            #expect(after.instant - before.instant == .days(1))
        }
    }

    @Test("a date that comes twice has one slot, on its first")
    func repeatedDate() throws {
        let calendar = SlotCalendar(zone: try SystemZones.rules("Pacific/Kwajalein"), at: try time("09:00"))
        let date = try #require(CivilDate("1969-09-30"))
        let slot = try #require(calendar.slot(on: date))
        #expect(slot.instant.description == "1969-09-29T22:00:00Z")
        #expect(slot.kind == .overlap)
        #expect(slot.offsetSeconds == 11 * 3600)
        // The wall clock shows 09:00 of the 30th a second time, 23 hours later; the next slot is the 1st's.
        let next = try #require(calendar.slot(on: date.next))
        #expect(next.instant - slot.instant == .hours(47))
        #expect(calendar.date(at: slot.instant + .hours(23)) == date)
        #expect(calendar.endOfDay(date) == slot.instant + .hours(38))
    }

    @Test("a whole day set back, midnight to midnight, keeps one slot a date")
    func wholeDaySetBack() throws {
        // +12 until midnight of 2001-09-10, then -12: the 9th is lived through twice.
        let start = Int64(11_574 * 86_400) + 12 * 3600
        let rules = try ZoneRules(
            tzif: TZifBytes(transitions: [(start, 1)], offsets: [43_200, -43_200], footer: "").bytes)
        let calendar = SlotCalendar(zone: rules, at: try time("00:00"))
        let date = CivilDate(day: 11_574)
        #expect(rules.local(of: Instant(seconds: start)).date == date)
        #expect(rules.local(of: Instant(seconds: start - 1)).date == date)
        #expect(calendar.slot(on: date)?.instant == Instant(seconds: start - 86_400))
        #expect(calendar.slot(on: date)?.kind == .overlap)
        #expect(calendar.slot(on: date.next)?.instant == Instant(seconds: start + 86_400))
        #expect(calendar.slot(on: date.next)?.kind == .plain)
        #expect(calendar.endOfDay(date) == Instant(seconds: start + 86_400))
    }

    @Test("the slot of a gap at the end of a day keeps its date, though its moment lies on the next")
    func gapAcrossMidnight() throws {
        let calendar = SlotCalendar(zone: try SystemZones.rules("America/Nuuk"), at: try time("23:30"))
        let date = try #require(CivilDate("2026-03-28"))
        let slot = try #require(calendar.slot(on: date))
        #expect(slot.date == date)
        #expect(calendar.date(at: slot.instant) == date.next)
        #expect(slot.instant > calendar.endOfDay(date))
    }

    @Test(
        "a date beyond what an instant can hold has no slot",
        arguments: ["0001-01-01", "2262-01-01", "9999-12-31"])
    func beyond(text: String) throws {
        let calendar = SlotCalendar(zone: .utc, at: try time("09:00"))
        #expect(calendar.slot(on: try #require(CivilDate(text))) == nil)
    }

    @Test("every zone has one slot on every date of 2025 to 2040 at six times of day, strictly ascending")
    func everySlot() throws {
        let times = try ["00:00", "02:15", "02:30", "09:00", "23:00", "23:30"].map(time)
        let first = try #require(CivilDate("2025-01-01"))
        let last = try #require(CivilDate("2040-12-31"))
        var days: [SlotRun] = []
        for name in SystemZones.names {
            let zone = try SystemZones.rules(name)
            for at in times {
                days.append(SlotRun(calendar: SlotCalendar(zone: zone, at: at), from: first, through: last))
            }
        }
        let expected = SystemZones.names.count * times.count * (last - first + 1)
        #expect(days.map(\.slots).reduce(0, +) == expected)
        #expect(days.map(\.wrong).reduce(0, +) == 0)
        #expect(expected > 20_000_000)
        let cost = days.map(\.nanosecondsPerSlot).sorted()[days.count / 2]
        print(
            "slot instant: \(cost) ns, the median of \(days.count) calendars of \(last - first + 1) dates"
        )
        #if !DEBUG
            #expect(cost <= 200)
        #endif
    }

    private func time(_ text: String) throws -> TimeOfDay {
        try #require(TimeOfDay(text))
    }
}

/// All slots of one calendar, counted, checked and timed.
private struct SlotRun {
    let slots: Int
    /// How many were lost, not later than the one before, or not what the wall clock shows.
    let wrong: Int
    let nanosecondsPerSlot: Double

    init(calendar: SlotCalendar, from first: CivilDate, through last: CivilDate) {
        var found: [Slot] = []
        found.reserveCapacity(last - first + 1)
        let elapsed = ContinuousClock().measure {
            for day in first.day...last.day {
                if let slot = calendar.slot(on: CivilDate(day: day)) { found.append(slot) }
            }
        }
        var wrong = 0
        var previous: Slot?
        for slot in found {
            if let previous, slot.instant <= previous.instant || slot.date != previous.date.next {
                wrong += 1
            }
            if !SlotRun.isShown(slot, in: calendar) { wrong += 1 }
            previous = slot
        }
        slots = found.count
        self.wrong = wrong
        nanosecondsPerSlot = elapsed / .nanoseconds(last - first + 1)
    }

    /// The wall clock shows the slot's date and time at its moment; after a gap, the gap's length later.
    private static func isShown(_ slot: Slot, in calendar: SlotCalendar) -> Bool {
        let local = calendar.zone.local(of: slot.instant)
        let shown = local.date.day * 86_400 + local.time.secondsOfDay
        let meant = slot.date.day * 86_400 + calendar.at.secondsOfDay
        guard case .gap(let length) = slot.kind else { return shown == meant }
        return shown == meant + length
    }
}
