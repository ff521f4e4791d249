import AdviceCore
import AdviceTesting
import Testing

/// What other schedulers get wrong (schedule.md, the list at its top), one case each, in a whole simulated
/// daemon: the point comes, once, and at this instant.
@Suite("Defects of others")
struct DefectsOfOthersTests {
    /// A day whose time does not exist, or comes twice.
    struct Change: Sendable, CustomTestStringConvertible {
        var defect: String
        var zone: String
        var at: String
        /// The day in question.
        var day: String
        /// When its point goes out; nil where the zone has no such day.
        var goes: String?

        var testDescription: String { "\(defect): \(zone) \(at) on \(day)" }
    }

    static let changes = [
        Change(
            defect: "systemd, cron and Kubernetes lose the day in the gap", zone: "Europe/Berlin",
            at: "02:30", day: "2026-03-29", goes: "2026-03-29T01:30:00Z"),
        Change(
            defect: "systemd, Quartz and EventBridge lose the day in the gap", zone: "America/New_York",
            at: "02:30", day: "2026-03-08", goes: "2026-03-08T07:30:00Z"),
        Change(
            defect: "systemd loses a midnight that is in the gap", zone: "Africa/Cairo", at: "00:00",
            day: "2026-04-24", goes: "2026-04-23T22:00:00Z"),
        Change(
            defect: "Foundation loses the day in a gap of 30 minutes", zone: "Australia/Lord_Howe",
            at: "02:15", day: "2026-10-04", goes: "2026-10-03T15:45:00Z"),
        Change(
            defect: "Foundation loses the day whose gap ends it", zone: "America/Nuuk", at: "23:30",
            day: "2026-03-28", goes: "2026-03-29T01:30:00Z"),
        Change(
            defect: "a day that a zone skips is taken for one that was missed", zone: "Pacific/Apia",
            at: "09:00", day: "2011-12-30", goes: nil),
        Change(
            defect: "Kubernetes and Temporal fire twice in the overlap", zone: "Europe/Berlin", at: "02:30",
            day: "2026-10-25", goes: "2026-10-25T00:30:00Z"),
        Change(
            defect: "a rule for whole hours fires twice in an overlap of 30 minutes",
            zone: "Australia/Lord_Howe", at: "01:45", day: "2026-04-05", goes: "2026-04-04T14:45:00Z"),
    ]

    @Test("each day's point goes out once, whatever the clocks are set to", arguments: changes)
    func changeOfClocks(change: Change) {
        let start = day(change.day) + -2
        var world = DefectsOfOthersTests.world(start, change.at, change.zone)
        world.start()
        world.run(for: .days(7))
        let receipts = world.ledgerOfReceivers.receipts(of: "ann")
        let dates = (0..<6).map { start + $0 }.filter { change.goes != nil || $0 != day(change.day) }
        #expect(receipts.prefix(5).map(\.slotDate) == Array(dates.prefix(5)))
        #expect(receipts.prefix(5).map(\.point) == ["p1", "p2", "p3", "p4", "p5"])
        if let goes = change.goes {
            let instant = receipts.first { $0.slotDate == day(change.day) }?.at
            #expect(instant.map { $0 - moment(goes) < .seconds(1) && $0 >= moment(goes) } ?? false)
        }
        #expect(world.problems == [])
    }

    @Test("a restart inside the overlap repeats nothing (Foundation, APScheduler)")
    func restartInOverlap() {
        var world = DefectsOfOthersTests.world(day("2026-10-24"), "02:30", "Europe/Berlin")
        world.start()
        // Between the first 02:30, at 00:30Z, and the second, at 01:30Z.
        world.run(until: moment("2026-10-25T00:45:00Z"))
        #expect(world.ledgerOfReceivers.points(of: "ann") == ["p1", "p2"])
        world.crash(for: .minutes(1))
        world.run(until: moment("2026-10-25T23:00:00Z"))
        #expect(world.ledgerOfReceivers.points(of: "ann") == ["p1", "p2"])
        world.run(until: moment("2026-10-26T02:00:00Z"))
        #expect(world.ledgerOfReceivers.points(of: "ann") == ["p1", "p2", "p3"])
        #expect(world.problems == [])
    }

    @Test(
        "a clock set back repeats nothing (systemd rewinds its last trigger)", arguments: [-1, -3, -30, -72])
    func clockSetBack(hours: Int64) {
        var world = DefectsOfOthersTests.world(day("2026-07-01"), "09:00", "America/New_York")
        world.start()
        world.run(until: moment("2026-07-03T13:00:30Z"))
        #expect(world.ledgerOfReceivers.points(of: "ann") == ["p1", "p2", "p3"])
        world.step(.hours(hours))
        // The instants of days that were used come again.
        world.run(for: .hours(-hours))
        #expect(world.ledgerOfReceivers.points(of: "ann") == ["p1", "p2", "p3"])
        world.run(for: .days(1))
        #expect(world.ledgerOfReceivers.points(of: "ann") == ["p1", "p2", "p3", "p4"])
        #expect(world.problems == [])
    }

    @Test("a clock set forward over the instant releases at once, and once", arguments: [1, 5, 11])
    func clockSetForward(hours: Int64) {
        var world = DefectsOfOthersTests.world(day("2026-07-01"), "09:00", "America/New_York")
        world.start()
        world.run(until: moment("2026-07-02T13:00:00Z") - .minutes(30))
        world.step(.hours(hours))
        world.run(for: .seconds(2))
        #expect(world.ledgerOfReceivers.points(of: "ann") == ["p1", "p2"])
        world.run(until: moment("2026-07-03T13:00:02Z"))
        #expect(world.ledgerOfReceivers.points(of: "ann") == ["p1", "p2", "p3"])
        #expect(world.problems == [])
    }

    @Test(
        "a week of downtime loses nothing (Oban and River forget what fell into it)",
        arguments: CatchUp.allCases)
    func weekOfDowntime(catchUp: CatchUp) {
        var world = DefectsOfOthersTests.world(day("2026-07-01"), "09:00", "America/New_York", catchUp)
        world.start()
        world.run(until: moment("2026-07-03T14:00:00Z"))
        world.crash(for: .days(7))
        world.run(for: .days(7) + .minutes(30))
        let got = world.ledgerOfReceivers.points(of: "ann")
        switch catchUp {
        case .slide: #expect(got == ["p1", "p2", "p3", "p4"])
        case .all: #expect(got == (1...10).map { "p\($0)" })
        case .latest: #expect(got == ["p1", "p2", "p3", "p10"])
        }
        world.run(for: .days(20))
        let missed = world.store.rows("s", cohort: 1).count { $0.kind == .missed }
        #expect(missed == (catchUp == .latest ? 6 : 0))
        #expect(world.ledgerOfReceivers.points(of: "ann").count + missed == 15)
        #expect(world.problems == [])
    }

    @Test("an inserted point is the next to go, and moves nobody's day (Mautic, Drip and Mailchimp lose it)")
    func insertedPoint() {
        var world = DefectsOfOthersTests.world(day("2026-07-01"), "09:00", "America/New_York")
        world.start()
        world.run(until: moment("2026-07-04T20:00:00Z"))
        // Before p2, which has gone, and before p5, which comes next.
        world.series[0].reorder(["p1", "new1", "p2", "p3", "p4", "new2", "p5", "p6"])
        world.reload()
        world.run(until: moment("2026-07-08T20:00:00Z"))
        let receipts = world.ledgerOfReceivers.receipts(of: "ann")
        #expect(receipts.map(\.point) == ["p1", "p2", "p3", "p4", "new1", "new2", "p5", "p6"])
        #expect(receipts.map(\.slotDate) == (0..<8).map { day("2026-07-01") + $0 })
        #expect(world.problems == [])
    }

    @Test(
        "a subscriber who moves gets each point once, and none is lost (Mautic, Mailchimp miss zones)",
        arguments: [
            ("Pacific/Auckland", "America/Los_Angeles"), ("America/Los_Angeles", "Pacific/Auckland"),
            ("Europe/Berlin", "Pacific/Kiritimati"), ("Pacific/Kiritimati", "Pacific/Pago_Pago"),
        ],
        [1, 9, 13, 23])
    func movedSubscriber(move: (from: String, to: String), hour: Int64) {
        var series = Series.sample(zone: .subscriber(fallback: "Europe/Berlin"))
        series.start = day("2026-07-01")
        var world = World(
            wall: moment("2026-06-29T00:00:00Z"), series: [series],
            roster: [
                ToySubscriber("ann", zone: move.from), ToySubscriber("bob", zone: move.to),
                ToySubscriber("eve", zone: "Europe/Berlin"),
            ])
        world.start()
        world.run(until: moment("2026-07-05T00:00:00Z") + .hours(hour))
        world.roster[0].zone = move.to
        world.reload()
        world.run(until: moment("2026-07-20T00:00:00Z"))
        for subscriber in ["ann", "bob", "eve"] {
            #expect(world.ledgerOfReceivers.points(of: subscriber) == (1...15).map { "p\($0)" })
        }
        #expect(world.problems == [])
    }

    @Test(
        "the second cycle of a loop sends everything again, on the next release day, in its own edition"
    )
    func secondCycle() {
        var world = DefectsOfOthersTests.world(day("2026-07-01"), "09:00", "America/New_York")
        world.series[0].atEnd = .loop
        world.series[0].reorder(["p1", "p2", "p3"])
        world.start()
        world.run(until: moment("2026-07-07T20:00:00Z"))
        let receipts = world.ledgerOfReceivers.receipts(of: "ann")
        #expect(receipts.map(\.point) == ["p1", "p2", "p3", "p1", "p2", "p3", "p1"])
        #expect(receipts.map(\.slotDate) == (0..<7).map { day("2026-07-01") + $0 })
        #expect(
            receipts.map(\.edition)
                == Array(repeating: "2026-07-01", count: 3) + Array(repeating: "2026-07-01.2", count: 3) + [
                    "2026-07-01.3"
                ])
        #expect(world.problems == [])
    }

    /// Ten days' points for `ann`, seen in time.
    private static func world(
        _ start: CivilDate, _ at: String, _ zone: String, _ catchUp: CatchUp = .slide
    ) -> World {
        let series = Series.sample(start: start, at: timeOfDay(at), zone: .named(zone)) {
            $0.catchUp = catchUp
        }
        return World(wall: Instant(seconds: Int64(start.day * 86_400)) - .days(1), series: [series])
    }
}
