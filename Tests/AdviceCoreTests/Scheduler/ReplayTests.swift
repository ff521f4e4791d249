import AdviceCore
import AdviceTesting
import Testing

/// What an operator has sent again, in a world of its own.
@Suite("Scheduler: replays")
struct ReplayTests {
    private func world(_ answer: @escaping @Sendable (Attempt) -> Outcome = { _ in .delivered }) -> World {
        var world = World(
            wall: moment("2026-06-30T12:00:00Z"), series: [.sample()], roster: [ToySubscriber("ann")])
        world.receiver = { attempt, _ in World.Reply(answer(attempt)) }
        world.start()
        world.run(until: moment("2026-07-03T14:00:00Z"))
        return world
    }

    private func decisions(_ world: World) -> [String] {
        world.tellings.compactMap { if case .decided(let words) = $0 { words } else { nil } }
    }

    @Test("the chosen go out again at once, one after the other, a minute apart; the rest goes on")
    func again() {
        var world = world()
        world.operate(.replay(Replay(subscriber: "ann")))
        world.run(for: .seconds(5))
        let counts = { (world: World) in world.ledgerOfReceivers.accepted.values.sorted() }
        #expect(counts(world) == [1, 1, 2])
        world.run(for: .minutes(3))
        #expect(counts(world) == [2, 2, 2])
        #expect(decisions(world) == ["replay: subscriber ann: 3 deliveries"])
        world.run(for: .days(1))
        world.checkSettled()
        #expect(world.ledgerOfReceivers.points(of: "ann") == ["p1", "p2", "p3", "p4"])
        #expect(world.problems == [])
    }

    @Test("its age counts from the replay, not from the release")
    func age() {
        var world = world()
        world.run(for: .days(20))
        world.operate(.replay(Replay(point: "p1")))
        world.run(for: .minutes(1))
        #expect(world.ledgerOfReceivers.accepted.values.count { $0 == 2 } == 1)
        #expect(world.problems == [])
    }

    @Test("a replay of nothing is refused and is no decision; so is any while the clock is not believed")
    func refused() {
        var world = world()
        world.operate(.replay(Replay(state: .exhausted)))
        world.run(for: .seconds(1))
        #expect(decisions(world) == [])
        let settings = SchedulerSettings(series: [])
        let now = Moment(wall: moment("2026-07-03T14:00:00Z"), boot: .hours(9))
        var knowledge = StoreKnowledge()
        knowledge.hold = ClockHold(since: now.wall, leap: .days(3))
        let decision = Scheduler.decide(
            .replay(Replay(subscriber: "ann")), knowing: knowledge, settings: settings, now: now)
        guard case .refused(let reason) = decision else {
            Issue.record("a replay by a clock that is not believed was not refused")
            return
        }
        #expect(reason.contains("clock accept"))
    }

    @Test("the words say what was chosen, and what was left out")
    func words() {
        let all = Replay(
            subscriber: "ann", series: "s", point: "p1", from: day("2026-07-01"), to: day("2026-07-02"),
            state: .exhausted, hasNewID: true)
        #expect(
            all.words
                == "replay: subscriber ann, point s/p1, from 2026-07-01, to 2026-07-02, "
                + "state exhausted, new id"
        )
        var count = ReplayCount()
        #expect(count.words == "0 deliveries")
        (count.replayed, count.closed, count.superseded) = (1, 2, 3)
        #expect(
            count.words
                == "1 delivery; left out: 2 of closed endpoints, 3 of a text that was corrected since")
        #expect(Replay.subject("p1.2", count: 0) == "p1.2" && Replay.subject("p1.2", count: 3) == "p1.2~3")
    }
}
