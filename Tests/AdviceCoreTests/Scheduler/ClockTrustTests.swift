import AdviceTesting
import Testing

@testable import AdviceCore

private let hour = Span.hours(1)

/// The table of schedule.md R8: what is believed of a clock, and what makes it believed again.
@Suite("Clock trust")
struct ClockTrustTests {
    private let noon = Moment(wall: moment("2026-07-01T12:00:00Z"), boot: .days(9))

    private func after(_ moment: Moment, wall: Span, boot: Span) -> Moment {
        Moment(wall: moment.wall + wall, boot: moment.boot + boot)
    }

    private func trust(mark: Instant? = nil, hold: ClockHold? = nil, at now: Moment? = nil) -> ClockTrust {
        var trust = ClockTrust()
        trust.start(now ?? noon, mark: mark, hold: hold)
        return trust
    }

    /// A clock that leapt three days at noon.
    private func held() -> (trust: ClockTrust, at: Moment) {
        var trust = trust()
        let leapt = after(noon, wall: .days(3), boot: .zero)
        _ = trust.notice(leapt)
        return (trust, leapt)
    }

    // MARK: Steps

    /// Wall and boot time that go by between two looks, the step that is noticed, and whether it is held.
    @Test(
        "a step is told from the time that goes by, a suspend included",
        arguments: [
            (hour, hour, nil, false),
            (hour + .milliseconds(500), hour, nil, false),
            (hour + .seconds(1), hour, nil, false),
            (hour - .seconds(1), hour, nil, false),
            (hour + .milliseconds(1001), hour, .milliseconds(1001), false),
            (hour - .milliseconds(1001), hour, .milliseconds(-1001), false),
            (.hours(12) - .seconds(1), .zero, .hours(12) - .seconds(1), false),
            (.hours(12), .zero, .hours(12), true),
            (hour + .days(3), hour, .days(3), true),
            (hour - .days(3), hour, .days(-3), false),
            (.days(3), .days(3), nil, false),
        ] as [(Span, Span, Span?, Bool)])
    func step(wall: Span, boot: Span, step: Span?, isHeld: Bool) {
        var trust = trust()
        #expect(trust.notice(after(noon, wall: wall, boot: boot)) == step)
        #expect(trust.isHolding == isHeld)
        #expect(trust.hold?.leap == (isHeld ? step : nil))
        #expect(trust.hold?.since == (isHeld ? noon.wall + wall : nil))
    }

    @Test("each step counts from the look before it: small ones do not add up, and none is noticed twice")
    func repeated() {
        var trust = trust()
        let first = after(noon, wall: .hours(7), boot: .zero)
        #expect(trust.notice(first) == .hours(7))
        #expect(trust.notice(first) == nil)
        #expect(trust.notice(after(first, wall: .hours(7), boot: .zero)) == .hours(7))
        #expect(!trust.isHolding)
    }

    // MARK: Start

    /// Against the mark of 2026-07-01T12:00Z: time since boot, when it is, and what comes of it.
    @Test(
        "what a start makes of a clock",
        arguments: [
            (.days(399), .days(1), "trusted"),
            (.days(400), .days(1), "trusted"),
            (.days(400) + .seconds(1), .days(1), "suspect"),
            (.days(401), .days(1), "suspect"),
            (.days(401), .seconds(20), "suspect"),
            (.days(-20_000), .days(1), "trusted"),
            (.zero, .seconds(299), "settling"),
            (.zero, .seconds(300), "trusted"),
        ] as [(Span, Span, String)])
    func starting(beyond: Span, boot: Span, expected: String) {
        #expect(word(trust(mark: noon.wall, at: Moment(wall: noon.wall + beyond, boot: boot))) == expected)
    }

    private func word(_ trust: ClockTrust) -> String {
        switch trust.state {
        case .trusted: "trusted"
        case .settling: "settling"
        case .suspect: "suspect"
        }
    }

    @Test("a state that knows no time yet believes any")
    func noMark() {
        let far = Moment(wall: moment("2199-01-01T00:00:00Z"), boot: .days(1))
        #expect(word(trust(at: far)) == "trusted")
    }

    @Test(
        "a hold outlives a restart, and a boot, as long as the clock has not gone back behind it",
        arguments: [
            (Span.zero, Span.days(1), "suspect"), (.hours(5), .days(1), "suspect"),
            (.hours(5), .seconds(10), "suspect"), (.hours(-1), .days(1), "trusted"),
            (.hours(-1), .seconds(10), "settling"),
        ])
    func kept(later: Span, boot: Span, expected: String) {
        let hold = ClockHold(since: noon.wall, leap: .days(3))
        let now = Moment(wall: noon.wall + later, boot: boot)
        let found = trust(mark: noon.wall - .days(3), hold: hold, at: now)
        #expect(word(found) == expected)
        if expected == "suspect" { #expect(found.hold == hold) }
    }

    // MARK: Evidence

    /// How long after the leap, what is found, and whether the clock is held after that.
    @Test(
        "evidence ends a hold, and not knowing ends it after ten minutes",
        arguments: [
            (.synchronized, .zero, false),
            (.unsynchronized, .minutes(10), true),
            (.unsynchronized, .days(30), true),
            (.unknown, .minutes(10) - .seconds(1), true),
            (.unknown, .minutes(10), false),
        ] as [(ClockSync, Span, Bool)])
    func evidence(sync: ClockSync, later: Span, isHeld: Bool) {
        var (trust, leapt) = held()
        trust.probed(sync, after(leapt, wall: later, boot: later))
        #expect(trust.isHolding == isHeld)
    }

    @Test("the ten minutes are of time since boot: a clock that leaps on does not shorten them")
    func blindByBoot() {
        var (trust, leapt) = held()
        trust.probed(.unknown, after(leapt, wall: .days(1), boot: .minutes(9)))
        #expect(trust.isHolding)
    }

    @Test("after a restart the ten minutes begin anew")
    func blindAfterRestart() {
        let now = Moment(wall: noon.wall + .days(1), boot: .days(2))
        var trust = trust(hold: ClockHold(since: noon.wall, leap: .days(3)), at: now)
        trust.probed(.unknown, after(now, wall: .minutes(9), boot: .minutes(9)))
        #expect(trust.isHolding)
        trust.probed(.unknown, after(now, wall: .minutes(10), boot: .minutes(10)))
        #expect(!trust.isHolding)
    }

    @Test(
        "put back by hand to within twelve hours of where it was, the clock is believed again",
        arguments: [
            (Span.days(-3), false), (.days(-3) - .hours(30), false), (.days(-3) + .hours(11), false),
            (.days(-3) + .hours(12), true), (.days(-2), true), (.days(2), true),
        ])
    func putBack(by step: Span, isHeld: Bool) {
        var (trust, leapt) = held()
        #expect(trust.notice(after(leapt, wall: hour + step, boot: hour)) == step)
        #expect(trust.isHolding == isHeld)
    }

    @Test(
        "a clock that stood beyond the mark is believed again when it is put back to where it can be",
        arguments: [(Span.days(-100), false), (.days(-99), true), (.days(1), true)])
    func putBackToTheMark(by step: Span, isHeld: Bool) {
        let now = Moment(wall: noon.wall + .days(500), boot: .days(1))
        var trust = trust(mark: noon.wall, at: now)
        _ = trust.notice(after(now, wall: step, boot: .zero))
        #expect(trust.isHolding == isHeld)
    }

    @Test("an operator's word ends a hold, and what was accepted is what the next leap is measured from")
    func accepted() {
        var (trust, leapt) = held()
        trust.trust(leapt)
        #expect(!trust.isHolding)
        #expect(trust.notice(after(leapt, wall: hour, boot: hour)) == nil)
        #expect(!trust.isHolding)
        #expect(trust.notice(after(leapt, wall: hour + .hours(13), boot: hour)) == .hours(13))
        #expect(trust.isHolding)
    }

    // MARK: After boot

    /// Time since boot and what is found, and whether it is still waited.
    @Test(
        "just after boot a clock known not to be set is given sixty seconds",
        arguments: [
            (.seconds(2), .synchronized, false),
            (.seconds(2), .unknown, false),
            (.seconds(2), .unsynchronized, true),
            (.seconds(59), .unsynchronized, true),
            (.seconds(60), .unsynchronized, false),
        ] as [(Span, ClockSync, Bool)])
    func settling(later: Span, sync: ClockSync, isWaiting: Bool) {
        let start = Moment(wall: noon.wall, boot: .seconds(10))
        var trust = trust(mark: noon.wall, at: start)
        trust.probed(sync, after(start, wall: later, boot: later))
        #expect(trust.isHolding == isWaiting)
    }

    @Test("the step that sets the clock after boot is what was waited for, however far it goes")
    func setAfterBoot() {
        let start = Moment(wall: noon.wall, boot: .seconds(10))
        var trust = trust(mark: noon.wall, at: start)
        let set = after(start, wall: .days(40), boot: .seconds(2))
        #expect(trust.notice(set) == .days(40) - .seconds(2))
        #expect(word(trust) == "settling")
        trust.probed(.synchronized, set)
        #expect(trust.notice(after(set, wall: hour, boot: hour)) == nil)
        #expect(word(trust) == "trusted")
    }

    // MARK: Looking for it

    @Test("evidence is looked for every five seconds, and once a minute when eleven have gone by")
    func probing() {
        var (trust, leapt) = held()
        var asked: [Int64] = []
        for second in 0..<900 {
            let now = after(leapt, wall: .seconds(Int64(second)), boot: .seconds(Int64(second)))
            if trust.takeProbe(now) != nil { asked.append(Int64(second)) }
            #expect((trust.nextLook(now)?.seconds ?? 0) <= 60)
        }
        #expect(Array(asked.prefix(4)) == [0, 5, 10, 15])
        #expect(zip(asked, asked.dropFirst()).allSatisfy { $1 - $0 == ($0 < 660 ? 5 : 60) })
        #expect(asked.last == 840)
    }

    @Test("evidence of a leap must be newer than the leap; where the clock stood at start any will do")
    func since() {
        var (leapt, now) = held()
        #expect(leapt.takeProbe(now) == .some(now.wall))
        let far = Moment(wall: noon.wall + .days(500), boot: .days(1))
        var started = trust(mark: noon.wall, at: far)
        #expect(started.takeProbe(far) == .some(nil))
    }

    @Test("who believes the clock looks for nothing")
    func believes() {
        var trust = trust()
        #expect(trust.takeProbe(noon) == .none)
        #expect(trust.nextLook(noon) == nil)
    }
}
