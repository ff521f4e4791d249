import AdviceTesting
import Testing

@testable import AdviceCore

/// A scheduler among others on one store (docs/decisions/0016).
@Suite("Scheduler: among others")
struct SharedScheduleTests {
    private let before = "2026-06-30T12:00:00Z"
    private let first = "2026-07-01T13:00:00Z"

    @Test("decides on no release while it may not, makes up for it when it may, and wakes for none meanwhile")
    func mayNot() {
        var rig = Rig(at: before, .of(.sample()))
        rig.start()
        rig.handle(.mayRelease(false))
        let due = rig.pass(until: first)
        #expect(due.releases.isEmpty && rig.rows().isEmpty)
        #expect(due.armed == rig.wall + .minutes(60))
        #expect(rig.handle(.mayRelease(true)).releases.map(\.point.id) == ["p1"])
    }

    @Test("what goes by the files is refused meanwhile, and other decisions are not")
    func commands() {
        var rig = Rig(at: before, .of(.sample()))
        rig.start()
        rig.handle(.mayRelease(false))
        for command in [
            OperatorCommand.start(series: "s", on: nil, after: nil), .releaseNow(series: "s", point: "p1"),
            .revise(series: "s", point: "p1"), .withdraw(series: "s", point: "p1"),
        ] {
            let answers = rig.operate(command).compactMap { effect -> String? in
                if case .answer(_, .refused(let reason)) = effect { reason } else { nil }
            }
            #expect(answers.first?.contains("releases nothing for now") == true, "\(command)")
        }
        #expect(rig.operate(.pause(series: "s", until: nil)).decisions.count == 1)
    }

    @Test("a release that the store puts off is not told of, and not asked for again until it may be")
    func putOff() {
        var rig = Rig(at: before, .of(.sample()))
        rig.start()
        rig.isSlow = true
        rig.pass(until: first)
        let number = rig.underway.first { if case .release = $0.transaction { true } else { false } }?.number
        rig.isSlow = false
        guard let number else {
            Issue.record("nothing was released")
            return
        }
        let effects = rig.handle(.committed(transaction: number, .notNow("other files")))
        #expect(effects.releases.isEmpty && effects.words.isEmpty)
        #expect(rig.pass(.minutes(1)).releases.isEmpty)
        #expect(rig.handle(.mayRelease(true)).releases.map(\.point.id) == ["p1"])
    }

    @Test("a pause that another daemon has written is in force, and what it released is not released again")
    func learned() {
        var one = Rig(at: before, .of(.sample()))
        one.start()
        var two = one
        one.pass(until: first)
        two.pass(.hours(1))
        two.handle(.learned(one.knowledge, two.settings))
        #expect(two.pass(until: first).releases.isEmpty)
        one.operate(.pause(series: "s", until: nil))
        let told = two.handle(.learned(one.knowledge, two.settings))
        #expect(told.words.isEmpty)
        #expect(two.pass(.days(1)).releases.isEmpty)
        one.pass(.days(1))
        let resumed = one.operate(.resume(series: "s", withMissed: false))
        #expect(resumed.decisions.count == 1)
        // Whoever it is that releases the one that the pause has kept: it is released once, and the next
        // after it.
        let released =
            resumed.releases + two.handle(.learned(one.knowledge, two.settings)).releases
            + two.pass(.days(1)).releases
        #expect(released.map(\.point.id) == ["p2", "p3"])
    }

    @Test("work that may have appeared is claimed, once")
    func work() {
        var rig = Rig(at: before, .of(.sample()))
        var isClaiming = !rig.start().claims.isEmpty
        while isClaiming { isClaiming = !rig.handle(.claimed(Claim())).claims.isEmpty }
        #expect(rig.handle(.tick).claims.isEmpty)
        #expect(rig.handle(.workAppeared).claims.count == 1)
    }
}
