import AdviceTesting
import Testing

@testable import AdviceCore

@Suite("A heartbeat")
struct HeartbeatTests {
    private func beating(at boot: Span = .days(1)) -> Heartbeat {
        var heartbeat = Heartbeat()
        heartbeat.want(true)
        let isSent = heartbeat.take(at: boot, isQuiet: false)
        let telling = heartbeat.answered(nil, at: boot)
        #expect(isSent && telling == nil)
        return heartbeat
    }

    @Test("is sent at the start, whatever else is under way, and once only")
    func start() {
        var heartbeat = Heartbeat()
        let unwanted = heartbeat.take(at: .days(1), isQuiet: true)
        #expect(!unwanted)
        #expect(heartbeat.nextLook(at: .days(1)) == nil)
        heartbeat.want(true)
        #expect(heartbeat.nextLook(at: .days(1)) == .zero)
        let first = heartbeat.take(at: .days(1), isQuiet: false)
        #expect(first && heartbeat.isUnderway)
        let second = heartbeat.take(at: .days(2), isQuiet: true)
        #expect(!second)
    }

    @Test("is sent a day after the last one that was taken")
    func daily() {
        var heartbeat = beating()
        #expect(heartbeat.nextLook(at: .days(1)) == .hours(24))
        let early = heartbeat.take(at: .days(2) - .seconds(1), isQuiet: true)
        let due = heartbeat.take(at: .days(2), isQuiet: true)
        #expect(!early && due)
    }

    @Test(
        "is sent when a release is through: nothing is in flight, and the last part of its spread has begun")
    func release() {
        var heartbeat = beating()
        let at = Span.days(1) + .hours(3)
        heartbeat.released(over: .minutes(30), at: at)
        #expect(heartbeat.nextLook(at: at) == .minutes(30))
        let between = heartbeat.take(at: at + .minutes(10), isQuiet: true)
        let busy = heartbeat.take(at: at + .minutes(30), isQuiet: false)
        let through = heartbeat.take(at: at + .minutes(31), isQuiet: true)
        #expect(!between && !busy && through)
        _ = heartbeat.answered(nil, at: at + .minutes(31))
        let again = heartbeat.take(at: at + .minutes(32), isQuiet: true)
        #expect(!again)
    }

    @Test("is tried again ever more slowly; its first failure is told, and its recovery")
    func failures() {
        var heartbeat = Heartbeat()
        heartbeat.want(true)
        var boot = Span.days(1)
        var told: [Bool] = []
        for wait in Heartbeat.waits + [.hours(1)] {
            let isDue = heartbeat.take(at: boot, isQuiet: true)
            #expect(isDue)
            let telling = heartbeat.answered("503 Service Unavailable", at: boot)
            if case .heartbeatRefused("503 Service Unavailable") = telling {
                told.append(true)
            } else {
                told.append(false)
            }
            #expect(heartbeat.nextLook(at: boot) == wait)
            let early = heartbeat.take(at: boot + wait - .seconds(1), isQuiet: true)
            #expect(!early)
            boot = boot + wait
        }
        #expect(told == [true, false, false, false, false])
        let isDue = heartbeat.take(at: boot, isQuiet: true)
        #expect(isDue)
        guard case .heartbeatTaken = heartbeat.answered(nil, at: boot) else {
            Issue.record("the recovery is told")
            return
        }
        #expect(heartbeat.nextLook(at: boot) == .hours(24))
    }

    @Test("a fan-out that went well while one was on its way is worth another at once, whatever became of it")
    func releasedMeanwhile() {
        var heartbeat = Heartbeat()
        heartbeat.want(true)
        let boot = Span.days(1)
        let first = heartbeat.take(at: boot, isQuiet: true)
        heartbeat.released(over: .zero, at: boot)
        let beside = heartbeat.take(at: boot, isQuiet: true)
        _ = heartbeat.answered("503 Service Unavailable", at: boot)
        let again = heartbeat.take(at: boot, isQuiet: true)
        #expect(first && !beside && again)
    }

    @Test("the daemon's clock may be set: its day is one of time that went by")
    func clock() {
        var rig = Rig(at: "2026-07-01T12:00:00Z")
        rig.settings.hasHeartbeat = true
        let pings = [
            rig.start().pings, rig.handle(.pinged(error: nil)).pings, rig.step(.hours(-30)).pings,
            rig.pass(.hours(23)).pings, rig.pass(.hours(1)).pings,
        ]
        #expect(pings == [1, 0, 0, 0, 1])
    }

    @Test("none goes out at the end, nor where none is wanted")
    func silence() {
        var rig = Rig(at: "2026-07-01T12:00:00Z")
        var pings = [rig.start().pings, rig.pass(.hours(48)).pings]
        rig.settings.hasHeartbeat = true
        pings.append(rig.reload().pings)
        _ = rig.handle(.pinged(error: "refused"))
        _ = rig.handle(.stopping)
        pings.append(rig.pass(.hours(48)).pings)
        #expect(pings == [0, 0, 1, 0])
    }
}

extension [Effect] {
    fileprivate var pings: Int { filter { if case .ping = $0 { true } else { false } }.count }
}
