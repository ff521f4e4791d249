import AdviceTesting
import Testing

@testable import AdviceCore

@Suite("Scheduler: what is over is forgotten")
struct PruningTests {
    private let retention = Retention(deliveries: .days(400), replies: .days(14), removed: .days(30))

    private func rig(_ retention: Retention?) -> Rig {
        var rig = Rig(at: "2026-07-01T12:00:00Z", .of(.sample()))
        rig.settings.retention = retention
        return rig
    }

    /// With every claim answered: there is nothing to send.
    private func settle(_ rig: inout Rig, _ effects: [Effect]) -> [Effect] {
        var all = effects
        var last = effects
        while !last.claims.isEmpty {
            last = rig.handle(.claimed(Claim()))
            all += last
        }
        return all
    }

    private func prunes(_ effects: [Effect]) -> [Prune] {
        effects.transactions.compactMap {
            if case .prune(let step) = $0.transaction { step } else { nil }
        }
    }

    @Test("at the start and a day after, by the look of every hour: no instant is asked for")
    func daily() throws {
        var rig = rig(retention)
        let steps = prunes(settle(&rig, rig.start()))
        let first = try #require(steps.first)
        #expect(steps.count == 1)
        #expect(first.deliveriesBefore == moment("2026-07-01T12:00:00Z") - .days(400))
        #expect(first.repliesBefore == moment("2026-06-17T12:00:00Z"))
        #expect(first.removedBefore == moment("2026-06-01T12:00:00Z") && first.from == nil)
        var later: [Prune] = []
        for hour in 1...47 {
            let effects = settle(&rig, rig.pass(.hours(1)))
            #expect(effects.armed.map { $0 - rig.wall <= .hours(1) } ?? true, "hour \(hour)")
            later += prunes(effects)
        }
        #expect(later.count == 1)
    }

    @Test("in steps, one on its way at a time, each where the one before came to")
    func steps() {
        var rig = rig(retention)
        rig.start()
        rig.isSlow = true
        var pruning = Pruning()
        pruning.want(retention)
        let now = Moment(wall: moment("2026-07-01T12:00:00Z"), boot: .days(1))
        let first = pruning.take(at: now, isQuiet: true)
        let second = pruning.take(at: now, isQuiet: true)
        #expect(first?.from == nil && first != nil && second == nil)
        let place = Prune.Place.deliveries(subject: 3, slot: 4, subscriber: 5)
        pruning.pruned(place, at: now.boot)
        let third = pruning.take(at: Moment(wall: now.wall + .seconds(9), boot: now.boot), isQuiet: true)
        #expect(third?.from == place && third?.repliesBefore == first?.repliesBefore)
        pruning.pruned(nil, at: now.boot)
        let fourth = pruning.take(at: now, isQuiet: true)
        #expect(fourth == nil)
    }

    @Test("not while something is due or in flight, but beside it where there is never a quiet moment")
    func busy() {
        var pruning = Pruning()
        pruning.want(retention)
        let wall = moment("2026-07-01T12:00:00Z")
        let busy = pruning.take(at: Moment(wall: wall, boot: .days(1)), isQuiet: false)
        let still = pruning.take(at: Moment(wall: wall, boot: .days(1) + .hours(23)), isQuiet: false)
        let never = pruning.take(at: Moment(wall: wall, boot: .days(2)), isQuiet: false)
        #expect(busy == nil && still == nil && never != nil)
    }

    @Test("nothing is, by a clock that is not believed, nor where nothing is said of it")
    func notNow() {
        var forever = rig(nil)
        let begun = settle(&forever, forever.start())
        let unwanted = settle(&forever, forever.pass(.days(3)))
        #expect(prunes(begun + unwanted).isEmpty)
        var held = rig(retention)
        held.knowledge.hold = ClockHold(since: held.wall, leap: .days(900))
        let before = settle(&held, held.start())
        let still = settle(&held, held.pass(.hours(30)))
        #expect(prunes(before + still).isEmpty)
        let after = settle(&held, held.operate(.acceptClock))
        #expect(prunes(after).count == 1)
    }

    @Test("`run --once` ends when it is done with that too")
    func once() {
        var scheduler = Scheduler(seed: 1, once: true)
        let rig = rig(retention)
        let knowledge = StoreKnowledge()
        var effects = scheduler.handle(.started(knowledge, rig.settings), now: rig.now)
        var place = 0
        while place < effects.count {
            defer { place += 1 }
            switch effects[place] {
            case .commit(let number, .prune(let step)):
                #expect(effects.exits.isEmpty)
                let next: Prune.Place? = step.from == nil ? .alerts : nil
                effects += scheduler.handle(
                    .committed(transaction: number, .pruned(next)), now: rig.now)
            case .commit(let number, .release):
                effects += scheduler.handle(.committed(transaction: number, .released(1)), now: rig.now)
            case .commit(let number, _):
                effects += scheduler.handle(.committed(transaction: number, .done), now: rig.now)
            case .claim: effects += scheduler.handle(.claimed(Claim()), now: rig.now)
            default: continue
            }
        }
        #expect(prunes(effects).map(\.from) == [nil, .alerts])
        #expect(effects.exits.count == 1)
    }
}

@Suite("Scheduler: a restored store")
struct RestoredScheduleTests {
    @Test("every slot since the backup counts as used by its point, and the plan goes on after it")
    func counted() throws {
        var rig = Rig(at: "2026-06-30T12:00:00Z", .of(.sample()))
        rig.start()
        rig.pass(until: "2026-07-01T13:00:00Z")
        rig.pass(until: "2026-07-02T13:00:00Z")
        #expect(rig.rows().map(\.point) == ["p1", "p2"])
        // Five days later the store of that day is brought back.
        let now = moment("2026-07-07T13:30:00Z")
        let ledgers = Scheduler.countedAsSent(knowing: rig.knowledge, settings: rig.settings, at: now)
        let ledger = try #require(ledgers.first)
        #expect(ledgers.count == 1)
        #expect(ledger.rows.map(\.point) == ["p1", "p2", "p3", "p4", "p5", "p6", "p7"])
        #expect(ledger.rows.map(\.sequence) == Array(1...7))
        #expect(ledger.rows.dropFirst(2).allSatisfy { $0.kind == .inherited })
        #expect(ledger.rows.last?.slotDate.description == "2026-07-07")
        #expect(ledger.rows.last?.why == Scheduler.restoredWords)

        rig.knowledge.ledgers = ledgers
        rig.wall = now
        let started = rig.start()
        #expect(started.releases.isEmpty)
        let next = rig.pass(until: "2026-07-08T13:00:00Z")
        #expect(next.releases.map(\.point.id) == ["p8"])
    }

    @Test("where nothing came due since, nothing is counted")
    func nothing() {
        var rig = Rig(at: "2026-06-30T12:00:00Z", .of(.sample()))
        rig.start()
        rig.pass(until: "2026-07-01T13:00:00Z")
        rig.pass(until: "2026-07-02T13:00:00Z")
        let ledgers = Scheduler.countedAsSent(
            knowing: rig.knowledge, settings: rig.settings, at: moment("2026-07-03T12:59:00Z"))
        #expect(ledgers.isEmpty)
    }
}
