import AdviceCore
import AdviceTesting
import Testing

/// When a series begins (schedule.md R6), and what moves its beginning (R13).
@Suite("Scheduler: beginning")
struct SchedulerBeginningTests {
    private func world(
        at now: String, series: Series = .sample(), roster: [ToySubscriber] = [ToySubscriber("ann")]
    ) -> World {
        World(wall: moment(now), series: [series], roster: roster)
    }

    private func record(_ world: World) -> SeriesRecord? { world.store.records["s"] }

    @Test(
        "seen on or before its start it begins there",
        arguments: [
            "2026-06-01T12:00:00Z", "2026-07-01T04:00:00Z", "2026-07-01T12:59:00Z", "2026-07-01T20:00:00Z",
        ])
    func seenInTime(now: String) {
        var world = world(at: now)
        world.start()
        world.run(until: moment("2026-07-02T12:00:00Z"))
        #expect(record(world)?.state == .running)
        #expect(record(world)?.begin == day("2026-07-01"))
        #expect(record(world)?.edition == Edition(start: day("2026-07-01")))
        #expect(world.ledgerOfReceivers.points(of: "ann") == ["p1"])
        #expect(world.problems == [])
    }

    @Test("seen a day late with members it is unstarted, says so once, and sends nothing for ever")
    func seenLate() {
        var world = world(at: "2026-07-02T04:00:00Z")
        world.start()
        world.run(for: .days(40))
        world.crash(for: .minutes(1))
        world.run(for: .days(40))
        #expect(record(world)?.state == .unstarted)
        #expect(world.sent.isEmpty && world.store.releases.isEmpty)
        // Once when it was first seen, once at the second start.
        #expect(world.tellings.count { if case .unstarted = $0 { true } else { false } } == 2)
    }

    @Test("a lost state directory does not send point 1 to everyone again")
    func lostState() {
        var world = world(at: "2026-06-30T12:00:00Z")
        world.start()
        world.run(for: .days(5))
        #expect(world.store.releases.count == 4)
        var second = World(wall: world.clock.wall, series: world.series, roster: world.roster)
        second.start()
        second.run(for: .days(10))
        #expect(second.sent.isEmpty)
        #expect(record(second)?.state == .unstarted)
    }

    @Test(
        "without members it waits, and begins with the first one on its day",
        arguments: ["2026-06-20", "2026-07-20"])
    func waiting(seen: String) {
        var world = world(at: "\(seen)T12:00:00Z", roster: [])
        world.start()
        world.run(until: moment("2026-07-25T20:00:00Z"))
        #expect(record(world)?.state == .waiting)
        #expect(world.store.releases.isEmpty)
        world.roster = [ToySubscriber("ann")]
        world.reload()
        // Today's slot was at 13:00Z: at once.
        world.run(for: .minutes(1))
        #expect(record(world)?.begin == day("2026-07-25"))
        #expect(world.ledgerOfReceivers.points(of: "ann") == ["p1"])
        world.run(until: moment("2026-07-26T14:00:00Z"))
        #expect(world.ledgerOfReceivers.points(of: "ann") == ["p1", "p2"])
        #expect(world.problems == [])
    }

    @Test("the first member before the start does not begin it before the start")
    func waitingBeforeStart() {
        var world = world(at: "2026-06-20T12:00:00Z", roster: [])
        world.start()
        world.roster = [ToySubscriber("ann")]
        world.reload()
        world.run(for: .seconds(1))
        #expect(record(world)?.state == .running)
        #expect(record(world)?.begin == day("2026-07-01"))
    }

    @Test("when all members leave before the first point it waits again: point 1 is for the first who comes")
    func allLeave() {
        var world = world(at: "2026-06-20T12:00:00Z")
        world.start()
        world.run(for: .hours(1))
        world.roster = []
        world.reload()
        world.run(until: moment("2026-07-05T20:00:00Z"))
        #expect(record(world)?.state == .waiting)
        #expect(world.store.releases.isEmpty)
        world.roster = [ToySubscriber("bob")]
        world.reload()
        world.run(for: .minutes(1))
        #expect(world.ledgerOfReceivers.points(of: "bob") == ["p1"])
    }

    @Test("when all members leave after the first point the series goes on: its calendar is its own")
    func allLeaveLater() {
        var world = world(at: "2026-06-30T12:00:00Z")
        world.start()
        world.run(until: moment("2026-07-02T20:00:00Z"))
        world.roster = []
        world.reload()
        world.run(until: moment("2026-07-04T20:00:00Z"))
        #expect(record(world)?.state == .running)
        #expect(world.store.releases.count == 4)
    }

    // MARK: A moved start

    @Test("a start moved before the first release is taken, with a new edition")
    func movedBefore() {
        var world = world(at: "2026-06-30T12:00:00Z")
        world.start()
        world.run(for: .hours(1))
        world.series[0].start = day("2026-07-04")
        world.reload()
        world.run(until: moment("2026-07-04T14:00:00Z"))
        #expect(record(world)?.edition == Edition(start: day("2026-07-04")))
        #expect(world.ledgerOfReceivers.receipts(of: "ann").map(\.slotDate) == [day("2026-07-04")])
    }

    @Test("a start moved into the past before the first release makes it unstarted")
    func movedIntoThePast() {
        var world = world(at: "2026-06-30T12:00:00Z")
        world.start()
        world.run(for: .hours(1))
        world.series[0].start = day("2026-06-29")
        world.reload()
        world.run(for: .days(10))
        #expect(record(world)?.state == .unstarted)
        #expect(world.sent.isEmpty)
    }

    @Test("a start moved after the first release changes nothing, and is told")
    func movedAfter() {
        var world = world(at: "2026-06-30T12:00:00Z")
        world.start()
        world.run(until: moment("2026-07-03T14:00:00Z"))
        world.series[0].start = day("2026-08-01")
        world.reload()
        world.run(until: moment("2026-07-05T14:00:00Z"))
        #expect(world.ledgerOfReceivers.points(of: "ann") == ["p1", "p2", "p3", "p4", "p5"])
        #expect(record(world)?.edition == Edition(start: day("2026-07-01")))
        #expect(world.tellings.contains { if case .startMoved = $0 { true } else { false } })
    }

    @Test("a start moved together with the time after the first release starts nothing anew")
    func movedWithTheTime() {
        var world = world(at: "2026-06-30T12:00:00Z")
        world.start()
        world.run(until: moment("2026-07-03T14:00:00Z"))
        world.series[0].start = day("2026-07-04")
        world.series[0].at = timeOfDay("20:00")
        world.reload()
        world.run(until: moment("2026-07-06T04:00:00Z"))
        #expect(world.ledgerOfReceivers.points(of: "ann") == ["p1", "p2", "p3", "p4", "p5"])
        #expect(world.problems == [])
    }

    @Test("a start moved while the first release is being written starts nothing anew")
    func movedMeanwhile() {
        var scheduler = Scheduler(seed: 1)
        var world = world(at: "2026-07-01T12:00:00Z")
        world.start()
        world.run(for: .minutes(1))
        let due = Moment(wall: moment("2026-07-01T13:00:00Z"), boot: .hours(3))
        let started = scheduler.handle(.started(world.store.knowledge, world.settings), now: due)
        #expect(started.releases.map(\.point.id) == ["p1"])
        world.series[0].start = day("2026-07-02")
        let moved = scheduler.handle(.configured(world.settings, isRebase: false), now: due)
        #expect(moved.saves.isEmpty)
        let refused = scheduler.handle(
            .operate(.start(series: "s", on: nil, after: nil), request: 1), now: due)
        #expect(refused.saves.isEmpty && refused.answers.count == 1)
    }

    // MARK: The operator

    @Test("an operator begins an unstarted series today, with an edition of today")
    func operatorStarts() {
        var world = world(at: "2026-07-10T20:00:00Z")
        world.start()
        world.run(for: .minutes(1))
        world.operate(.start(series: "s", on: nil, after: nil))
        world.run(for: .minutes(1))
        #expect(world.answers == [.done("start s on 2026-07-10")])
        #expect(record(world)?.edition == Edition(start: day("2026-07-10")))
        #expect(world.ledgerOfReceivers.points(of: "ann") == ["p1"])
        #expect(world.store.decisions == ["start s on 2026-07-10"])
        #expect(world.problems == [])
    }

    @Test("an operator names a day and the point to go on after; counting goes on in the configured edition")
    func operatorGoesOn() {
        var world = world(at: "2026-07-10T20:00:00Z")
        world.start()
        world.run(for: .minutes(1))
        world.operate(.start(series: "s", on: nil, after: "p7"))
        world.run(until: moment("2026-07-11T14:00:00Z"))
        #expect(world.ledgerOfReceivers.points(of: "ann") == ["p8", "p9"])
        #expect(record(world)?.edition == Edition(start: day("2026-07-01")))
        #expect(world.store.releases.map(\.row.sequence) == [8, 9])
        var other = self.world(at: "2026-07-10T20:00:00Z")
        other.start()
        other.run(for: .minutes(1))
        other.operate(.start(series: "s", on: day("2026-07-12"), after: nil))
        other.run(until: moment("2026-07-12T14:00:00Z"))
        #expect(record(other)?.edition == Edition(start: day("2026-07-12")))
        #expect(other.ledgerOfReceivers.receipts(of: "ann").map(\.slotDate) == [day("2026-07-12")])
    }

    @Test(
        "what an operator begins for a later day waits for that day, also when its first member comes before")
    func operatorBeginsWithoutMembers() {
        var world = world(at: "2026-07-10T20:00:00Z", roster: [])
        world.start()
        world.run(for: .minutes(1))
        world.operate(.start(series: "s", on: day("2026-07-20"), after: "p2"))
        world.run(for: .minutes(1))
        #expect(record(world)?.state == .waiting)
        #expect(!world.tellings.contains { if case .begins = $0 { true } else { false } })
        world.roster = [ToySubscriber("ann")]
        world.reload()
        world.run(until: moment("2026-07-20T14:00:00Z"))
        #expect(record(world)?.edition == Edition(start: day("2026-07-20")))
        #expect(world.ledgerOfReceivers.receipts(of: "ann").map(\.slotDate) == [day("2026-07-20")])
        #expect(world.ledgerOfReceivers.points(of: "ann") == ["p3"])
    }

    @Test("a start moved after an operator's word takes the file's day, and keeps what was passed over")
    func movedAfterTheOperator() {
        var world = world(at: "2026-07-10T20:00:00Z")
        world.start()
        world.run(for: .minutes(1))
        world.operate(.start(series: "s", on: day("2026-07-20"), after: "p2"))
        world.run(for: .minutes(1))
        world.series[0].start = day("2026-07-15")
        world.reload()
        world.run(until: moment("2026-07-15T14:00:00Z"))
        #expect(record(world)?.edition == Edition(start: day("2026-07-15")))
        #expect(world.ledgerOfReceivers.points(of: "ann") == ["p3"])
        #expect(world.ledgerOfReceivers.firsts.map(\.slotDate) == [day("2026-07-15")])
    }

    @Test("a command for an edited start, given while no daemon runs, is not undone by the next start")
    func decisionSurvivesAnEdit() {
        var world = world(at: "2026-07-10T20:00:00Z")
        world.start()
        world.run(for: .minutes(1))
        world.stop()
        world.run(for: .minutes(1))
        world.series[0].start = day("2026-07-03")
        let decision = Scheduler.decide(
            .start(series: "s", on: nil, after: nil), knowing: world.store.knowledge,
            settings: world.settings,
            now: world.clock.now)
        guard case .commit(let transactions, let words) = decision, transactions.count == 1 else {
            Issue.record("the command is good")
            return
        }
        #expect(words == "start s on 2026-07-10")
        world.write(transactions[0])
        world.start()
        world.run(for: .minutes(1))
        #expect(world.ledgerOfReceivers.points(of: "ann") == ["p1"])
    }

    @Test(
        "a command that cannot be is refused, and says why",
        arguments: [
            (OperatorCommand.start(series: "x", on: nil, after: nil), "there is no series 'x'; there is: s"),
            (
                .start(series: "s", on: day("2026-07-09"), after: nil),
                "2026-07-09 is past; today is 2026-07-10 in America/New_York"
            ),
            (.start(series: "s", on: nil, after: "p99"), "series s has no point 'p99'"),
        ])
    func refused(command: OperatorCommand, reason: String) {
        var world = world(at: "2026-07-10T20:00:00Z")
        world.start()
        world.run(for: .minutes(1))
        world.operate(command)
        world.run(for: .minutes(1))
        #expect(world.answers == [.refused(reason)])
        #expect(world.store.decisions.isEmpty)
    }

    @Test("a series that has begun cannot be begun again")
    func alreadyBegun() {
        var world = world(at: "2026-07-01T12:00:00Z")
        world.start()
        world.run(for: .hours(2))
        world.operate(.start(series: "s", on: nil, after: nil))
        #expect(world.answers == [.refused("s has begun already: a point of it was released")])
    }

    @Test("a command for a series that is just being recorded asks to be given again")
    func justRecorded() {
        var world = world(at: "2026-07-10T20:00:00Z")
        world.start()
        world.operate(.start(series: "s", on: nil, after: nil))
        #expect(world.answers == [.refused("s is being written at this moment; ask again")])
    }
}
