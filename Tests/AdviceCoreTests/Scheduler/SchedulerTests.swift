import AdviceCore
import AdviceTesting
import Testing

/// Releases in a world of their own: clocks, crashes, cohorts.
@Suite("Scheduler: releases")
struct SchedulerTests {
    private func world(
        at now: String = "2026-06-30T12:00:00Z", series: Series = .sample(),
        roster: [ToySubscriber] = [ToySubscriber("ann")]
    ) -> World {
        World(wall: moment(now), series: [series], roster: roster)
    }

    private func names(_ world: World, _ subscriber: String = "ann") -> [String] {
        world.ledgerOfReceivers.points(of: subscriber)
    }

    private func points(_ range: ClosedRange<Int>) -> [String] { range.map { "p\($0)" } }

    // MARK: On time, and only once

    @Test("a release is on its way at its moment, and is told of when it is on disk")
    func onTime() {
        var world = world()
        world.start()
        world.run(until: moment("2026-07-01T13:00:00Z"))
        #expect(world.store.releases.isEmpty)
        world.run(for: .milliseconds(50))
        #expect(world.store.releases.map(\.row.releasedAt) == [moment("2026-07-01T13:00:00Z")])
        world.run(for: .seconds(5))
        let told = world.tellings.compactMap { telling -> Span? in
            if case .released(_, let late) = telling { late } else { nil }
        }
        #expect(told == [.zero])
        #expect(world.problems == [])
    }

    @Test("between releases it is woken once an hour and no more")
    func sleeps() {
        var world = world()
        world.start()
        world.run(for: .seconds(1))
        let effects = world.scheduler.copy { $0.handle(.tick, now: world.clock.now) }
        #expect(effects.armed == world.clock.wall + .minutes(60))
        #expect(effects.count == 1)
    }

    @Test("a release that the store has already is not repeated, and its ledger is taken from the store")
    func alreadyReleased() {
        var world = world(at: "2026-07-01T12:00:00Z")
        world.start()
        world.run(for: .minutes(1))
        var scheduler = Scheduler(seed: 1)
        let due = Moment(wall: moment("2026-07-01T13:00:00Z"), boot: .hours(9))
        let first = scheduler.handle(.started(world.store.knowledge, world.settings), now: due)
        #expect(first.releases.map(\.point.id) == ["p1"])
        let calendar = TestZones.calendar("America/New_York")
        let rows = [
            LedgerRow.sample("p1", 1, on: day("2026-07-01"), in: calendar),
            LedgerRow.sample("p2", 2, on: day("2026-07-02"), in: calendar),
        ]
        let answer = Event.committed(transaction: first.transactions[0].number, .alreadyReleased(rows))
        let second = scheduler.handle(answer, now: due)
        #expect(second.releases.isEmpty)
        #expect(second.contains { if case .tell(.alreadyReleased) = $0 { true } else { false } })
        #expect(!second.contains { if case .tell(.released) = $0 { true } else { false } })
        let third = scheduler.handle(
            .tick, now: Moment(wall: moment("2026-07-03T13:00:00Z"), boot: .hours(57)))
        #expect(third.releases.map(\.point.id) == ["p3"])
        #expect(third.releases.map(\.row.sequence) == [3])
    }

    @Test("a crash before the release is on disk, or after, repeats and loses nothing", arguments: 0..<40)
    func crashAtTheRelease(seed: Int) {
        var world = World(
            seed: UInt64(seed), wall: moment("2026-07-01T12:59:59Z"), series: [.sample()],
            roster: (1...4).map { ToySubscriber("s\($0)") })
        world.start()
        world.run(for: .milliseconds(1000 + Int64(seed)))
        world.crash(for: .seconds(2))
        world.run(for: .hours(1))
        #expect(world.store.releases.map(\.point) == ["p1"])
        for number in 1...4 { #expect(names(world, "s\(number)") == ["p1"]) }
        world.checkSettled()
        #expect(world.problems == [])
    }

    @Test(
        "a clock set back, by hours or days, repeats nothing and loses nothing",
        arguments: [Span.minutes(90), .hours(25), .days(3)], [true, false])
    func setBack(span: Span, isNoticed: Bool) {
        var world = world()
        world.start()
        world.run(until: moment("2026-07-04T14:00:00Z"))
        #expect(names(world) == points(1...4))
        world.step(.zero - span, isNoticed: isNoticed)
        world.run(until: moment("2026-07-05T12:59:00Z"))
        #expect(names(world) == points(1...4))
        world.run(until: moment("2026-07-06T14:00:00Z"))
        #expect(names(world) == points(1...6))
        #expect(world.problems == [])
    }

    @Test("a clock set forward is followed at once, and one point a day remains", arguments: [true, false])
    func setForward(isNoticed: Bool) {
        var world = world()
        world.start()
        world.run(until: moment("2026-07-02T14:00:00Z"))
        world.step(.days(3), isNoticed: isNoticed)
        // Unnoticed by the kernel's word, it is noticed when the daemon looks again: within the hour.
        world.run(for: .hours(1))
        #expect(names(world) == points(1...3))
        #expect(world.ledgerOfReceivers.firsts.last?.slotDate == day("2026-07-05"))
        world.run(until: moment("2026-07-06T14:00:00Z"))
        #expect(names(world) == points(1...4))
        #expect(world.problems == [])
    }

    @Test("after a week of downtime the series goes on where it was, one point a day")
    func downtime() {
        var world = world()
        world.start()
        world.run(until: moment("2026-07-02T14:00:00Z"))
        world.crash(for: .days(7))
        world.run(until: moment("2026-07-11T14:00:00Z"))
        #expect(names(world) == points(1...5))
        #expect(
            world.ledgerOfReceivers.firsts.map(\.slotDate)
                == ["2026-07-01", "2026-07-02", "2026-07-09", "2026-07-10", "2026-07-11"].map(day))
        #expect(world.problems == [])
    }

    @Test("what was missed for good is in the ledger with the release, and told")
    func missedIsRecorded() {
        var world = world(series: .sample { $0.catchUp = .latest })
        world.start()
        world.run(until: moment("2026-07-01T14:00:00Z"))
        world.crash(for: .days(3))
        world.run(until: moment("2026-07-04T18:00:00Z"))
        #expect(names(world) == ["p1", "p4"])
        #expect(world.store.rows("s", cohort: 1).map(\.kind) == [.released, .missed, .missed, .released])
        #expect(world.store.rows("s", cohort: 1).map(\.sequence) == [1, 2, 3, 4])
        let missed = world.tellings.compactMap { telling -> String? in
            if case .missed(_, let point, let date) = telling { "\(point) \(date)" } else { nil }
        }
        #expect(missed == ["p2 2026-07-02", "p3 2026-07-03"])
    }

    @Test("a removed series stops, and a series without a way to begin stops nobody else")
    func severalSeries() {
        var world = World(
            wall: moment("2026-07-01T12:00:00Z"),
            series: [.sample("a"), .sample("b", start: day("2026-06-01")), .sample("c", points: 2)])
        world.start()
        world.run(for: .days(1))
        #expect(Set(world.ledgerOfReceivers.firsts.map(\.series)) == ["a", "c"])
        world.series.removeFirst()
        world.reload()
        world.run(for: .days(5))
        #expect(world.ledgerOfReceivers.firsts.filter { $0.series == "a" }.count == 1)
        #expect(world.ledgerOfReceivers.firsts.filter { $0.series == "c" }.count == 2)
        #expect(world.problems == [])
    }

    // MARK: Cohorts

    @Test(
        "every cohort has its own first point, though another's came hours before", arguments: [true, false])
    func cohortsFromTheStart(tellsSince: Bool) {
        var world = world(
            series: .sample(zone: .subscriber(fallback: "UTC")),
            roster: [
                ToySubscriber("ann", zone: "Pacific/Auckland"), ToySubscriber("bob", zone: "Europe/Berlin"),
                ToySubscriber("cid", zone: "America/Los_Angeles"),
                // The same moment as Berlin's: written in the same step.
                ToySubscriber("dan", zone: "Europe/Paris"),
            ])
        world.store.tellsSince = tellsSince
        world.start()
        for _ in 0..<12 {
            world.run(for: .hours(4))
            world.crash(for: .seconds(1))
        }
        world.run(until: moment("2026-07-03T20:00:00Z"))
        for name in ["ann", "bob", "cid", "dan"] { #expect(names(world, name) == points(1...3)) }
        #expect(world.problems == [])
    }

    @Test("a cohort that missed its first slot slides, and does not lose the point that others had")
    func firstSlotMissed() {
        var world = world(
            series: .sample(zone: .subscriber(fallback: "UTC")),
            roster: [
                ToySubscriber("ann", zone: "Pacific/Auckland"), ToySubscriber("bob", zone: "Europe/Berlin"),
            ])
        world.start()
        world.run(until: moment("2026-06-30T22:00:00Z"))
        #expect(names(world, "ann") == ["p1"])
        world.crash(for: .hours(30))
        world.run(until: moment("2026-07-04T20:00:00Z"))
        #expect(names(world, "bob") == points(1...3))
        #expect(world.problems == [])
    }

    @Test(
        "a changed time gives nobody a second point for a date, nor point 1 again",
        arguments: ["20:00", "07:00"], [true, false])
    func changedTime(at: String, tellsSince: Bool) {
        var world = world()
        world.store.tellsSince = tellsSince
        world.start()
        world.run(until: moment("2026-07-03T14:00:00Z"))
        world.series[0].at = timeOfDay(at)
        world.reload()
        world.run(for: .hours(1))
        world.roster.append(ToySubscriber("new"))
        world.reload()
        world.run(until: moment("2026-07-06T04:00:00Z"))
        #expect(names(world) == points(1...5))
        #expect(world.ledgerOfReceivers.firsts.filter { $0.subscriber == "ann" }.map(\.slotDate).count == 5)
        #expect(names(world, "new").suffix(2) == ["p4", "p5"])
        #expect(world.problems == [])
    }

    @Test("a new cohort begins after the last date that any other has used, whichever is the most advanced")
    func inheritsTheLastDate() {
        let series = Series.sample(zone: .subscriber(fallback: "UTC"))
        let zones = ["America/Los_Angeles", "Pacific/Auckland", "Asia/Tokyo"]
        let cohorts = zones.enumerated().map { place, zone in
            CohortRecord(
                number: Int64(place + 1), series: "s", cohort: Cohort(zone: zone, at: .nine), members: 1,
                since: place < 2 ? 1 : 9)
        }
        let setup = SeriesSetup(
            series: series, home: TestZones.calendar("UTC"),
            cohorts: cohorts.map {
                SeriesSetup.CohortSetup(record: $0, calendar: TestZones.calendar($0.cohort.zone))
            })
        let edition = Edition(start: series.start)
        func ledger(_ cohort: Int64, _ rows: [(String, String)]) -> CohortLedger {
            let calendar = TestZones.calendar(zones[Int(cohort) - 1])
            return CohortLedger(
                series: "s", edition: edition, cohort: cohort,
                rows: rows.enumerated().map {
                    LedgerRow.sample($1.0, $0 + 1, on: day($1.1), in: calendar, cut: 5)
                })
        }
        var record = SeriesRecord(
            id: "s", firstSeen: moment("2026-06-30T00:00:00Z"), configuredStart: series.start,
            edition: edition, state: .running, begin: series.start)
        record.details.points = series.points.map { KnownPoint(id: $0.id, digest: $0.digest) }
        // Auckland was down for two of its slots and slid; it is behind, and yet a date ahead.
        let knowledge = StoreKnowledge(
            series: [record], cohorts: cohorts,
            ledgers: [
                ledger(1, [("p1", "2026-07-01"), ("p2", "2026-07-02"), ("p3", "2026-07-03")]),
                ledger(2, [("p1", "2026-07-01"), ("p2", "2026-07-04")]),
            ])
        var scheduler = Scheduler(seed: 1)
        let effects = scheduler.handle(
            .started(knowledge, SchedulerSettings(series: [setup])),
            now: Moment(wall: moment("2026-07-04T12:00:01Z"), boot: .hours(1)))
        #expect(effects.inherited.map(\.cohort) == [3])
        #expect(effects.inherited.first?.rows.map(\.point) == points(1...3))
        #expect(
            effects.inherited.first?.rows.map(\.slotDate)
                == ["2026-07-01", "2026-07-02", "2026-07-04"].map(day))
        #expect(effects.inherited.first?.rows.map(\.kind) == [.inherited, .inherited, .inherited])
    }

    @Test("a time changed and changed back goes on where the series stands")
    func changedBack() {
        var world = world()
        world.start()
        world.run(until: moment("2026-07-02T14:00:00Z"))
        world.series[0].at = timeOfDay("20:00")
        world.reload()
        world.run(until: moment("2026-07-05T12:00:00Z"))
        #expect(names(world) == points(1...4))
        world.series[0].at = .nine
        world.reload()
        world.run(until: moment("2026-07-07T14:00:00Z"))
        #expect(names(world) == points(1...7))
        #expect(world.store.rows("s", cohort: 1).map(\.sequence) == Array(1...7))
        #expect(world.problems == [])
    }

    @Test("who moves to a zone that begins no cohort anew gets each point once, in order")
    func movedZone() {
        var world = world(
            series: .sample(zone: .subscriber(fallback: "UTC")),
            roster: [
                ToySubscriber("ann", zone: "Pacific/Auckland"),
                ToySubscriber("bob", zone: "Pacific/Auckland"),
            ])
        world.start()
        world.run(until: moment("2026-07-03T22:00:00Z"))
        #expect(names(world) == points(1...4))
        world.roster[0].zone = "America/Los_Angeles"
        world.reload()
        world.run(until: moment("2026-07-06T20:00:00Z"))
        #expect(names(world) == points(1...6))
        #expect(names(world, "bob") == points(1...6))
        #expect(world.problems == [])
    }

    // MARK: Edits

    @Test("a point added after the end takes the next slot, and there is no burst")
    func appended() {
        var world = world(series: .sample(points: 2))
        world.start()
        world.run(until: moment("2026-07-10T10:00:00Z"))
        #expect(names(world) == points(1...2))
        world.series[0] = .sample(points: 5)
        world.reload()
        world.run(until: moment("2026-07-11T14:00:00Z"))
        #expect(names(world) == points(1...4))
        #expect(
            world.ledgerOfReceivers.firsts.suffix(2).map(\.slotDate) == ["2026-07-10", "2026-07-11"].map(day))
    }

    // MARK: Ends

    @Test("a refused write ends it before anything more is sent; the next start goes on from disk")
    func refusedWrite() {
        var world = world(at: "2026-07-01T12:59:59Z", roster: (1...6).map { ToySubscriber("s\($0)") })
        world.start()
        world.run(for: .milliseconds(990))
        world.faults.refusedCommit = 1
        world.run(for: .milliseconds(100))
        #expect(world.exits == [.storeRefused])
        #expect(world.sent.isEmpty)
        world.faults.refusedCommit = 0
        world.run(for: .minutes(1))
        for number in 1...6 { #expect(names(world, "s\(number)") == ["p1"]) }
        #expect(world.problems == [])
    }

    @Test("stopped while it sends, it repeats nothing after the restart")
    func stopped() {
        var world = world(at: "2026-07-01T12:59:59Z", roster: (1...40).map { ToySubscriber("s\($0)") })
        world.concurrency = 3
        world.start()
        for _ in 0..<1000 where world.sent.count < 9 { world.run(for: .milliseconds(5)) }
        world.stop()
        world.run(for: .minutes(1))
        #expect(world.exits == [.stopped])
        #expect(world.ledgerOfReceivers.accepted.count < 40)
        world.start()
        world.run(for: .minutes(1))
        #expect(world.ledgerOfReceivers.accepted.count == 40)
        #expect(world.ledgerOfReceivers.accepted.values.allSatisfy { $0 == 1 })
        world.checkSettled()
        #expect(world.problems == [])
    }

    @Test(
        "with --once what is due is released and delivered, and what can wait waits",
        arguments: [true, false])
    func once(isHealthy: Bool) {
        var world = world(at: "2026-06-20T12:00:00Z")
        world.start()
        world.run(for: .minutes(1))
        world.stop()
        world.run(until: moment("2026-07-01T18:00:00Z"))
        world.once = true
        world.receiver = { _, _ in World.Reply(isHealthy ? .delivered : .retry) }
        world.start()
        world.run(for: .minutes(1))
        #expect(world.exits == [.stopped, .quiet(somethingWaits: !isHealthy)])
        #expect(world.store.releases.map(\.point) == ["p1"])
        #expect(world.store.deliveries.values.map(\.state) == [isHealthy ? .delivered : .waiting])
        #expect(world.problems == [])
    }
}

extension Scheduler {
    /// What a copy of it would do.
    fileprivate func copy(_ body: (inout Scheduler) -> [Effect]) -> [Effect] {
        var copy = self
        return body(&copy)
    }
}
