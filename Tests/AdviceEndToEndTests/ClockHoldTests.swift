import Foundation
import Testing

/// When the clock is not believed (schedule.md R8 c and d), in the real daemon under a clock of the tests'
/// own.
@Suite(.timeLimit(.minutes(5)))
struct ClockHoldTests {
    private static let threeDays = 3 * 86_400.0
    /// So far that the slot of the day it leads to is an hour past.
    private static let leap = threeDays + 3600

    @Test("three days forward: nothing is released until the clock is known to be synchronized")
    func leap() async throws {
        try await ClockStepTests().running(at: "12:30:00", sync: .unsynchronized) { place in
            try await place.step(ClockHoldTests.leap)
            try await place.isSuspect()
            #expect(place.receiver.requestCount == 0)
            try place.clock.setSync(.synchronized)
            try await place.receiver.requests(1)
            #expect(
                try await place.site.advised("status", "--json").json["clock"]?["state"] == .string("trusted")
            )
        }
    }

    @Test("`clock accept` ends a hold within a second; before, `start` and `release --now` are refused")
    func accepted() async throws {
        try await ClockStepTests().running(at: "12:30:00", sync: .unsynchronized) { place in
            #expect(try await place.site.advised("clock", "accept").ending == .exited(1))
            try await place.step(ClockHoldTests.leap)
            try await place.isSuspect()
            let plan = try await place.site.advised("plan", "--json").json[0]
            #expect(plan?["state"] == .string("blocked"))
            #expect(plan?["why"]?.string?.contains("clock") == true)
            #expect(
                try await place.site.advised("release", "build-trust", "--now").ending == .exited(1))
            #expect(try await place.site.advised("clock", "accept").ending == .exited(0))
            try await place.receiver.requests(1, within: .seconds(1))
        }
    }

    @Test("where nobody can know, ten minutes")
    func blind() async throws {
        try await ClockStepTests().running(at: "12:30:00", sync: .refused) { place in
            try await place.step(ClockHoldTests.leap)
            try await place.isSuspect()
            try place.clock.suspend(480)
            // It has been woken by the resume, and looked.
            try await place.isSuspect()
            #expect(place.receiver.requestCount == 0)
            try place.clock.suspend(130)
            try await place.receiver.requests(1)
        }
    }

    @Test("a hold is kept over a restart, and ends where the clock is put back")
    func restart() async throws {
        try await ClockStepTests().running(at: "12:30:00", sync: .unsynchronized) { place in
            try await place.step(ClockHoldTests.threeDays)
            try await place.isSuspect()
            place.daemon.kill()
            _ = try await place.daemon.end()
            let second = try await place.site.daemon(environment: place.clock.environment)
            try await place.isSuspect()
            try place.clock.step(realtime: -ClockHoldTests.threeDays)
            try await poll("it goes on: \(second.errors.suffix(500))") {
                second.errors.contains("the clock is believed")
            }
            #expect(place.receiver.requestCount == 0)
            try place.clock.step(realtime: 3600)
            try await place.receiver.requests(1)
        }
    }

    @Test("three days back: what went out is not repeated, and the day after has its point")
    func back() async throws {
        try await ClockStepTests().running(at: "12:00:02") { place in
            try await place.receiver.requests(1)
            try await place.site.awaitDelivered(1)
            try await place.step(-ClockHoldTests.threeDays)
            for _ in 0..<9 { try await place.step(28_800) }
            #expect(place.receiver.requestCount == 1)
            for _ in 0..<3 { try await place.step(28_800) }
            let requests = try await place.receiver.requests(2)
            try await place.stop()
            #expect(Set(requests.map(\.id)).count == 2 && place.receiver.requestCount == 2)
        }
    }

    @Test("a start 500 days beyond the last time that was seen is held")
    func farBeyond() async throws {
        try await ClockStepTests().running(at: "12:00:02") { place in
            try await place.receiver.requests(1)
            try await place.site.awaitDelivered(1)
            try await place.stop()
            try place.clock.setSync(.unsynchronized)
            try place.clock.suspend(500 * 86_400)
            let second = try await place.site.daemon(environment: place.clock.environment)
            try await place.isSuspect()
            #expect(second.errors.contains("far beyond"))
            #expect(place.receiver.requestCount == 1)
            #expect(try await place.site.advised("clock", "accept").ending == .exited(0))
            try await place.receiver.requests(2)
        }
    }

    @Test("just after boot a clock that is not set yet is waited for")
    func justBooted() async throws {
        try await ClockStepTests().running(at: "12:00:00", sinceBoot: 20, sync: .unsynchronized) { place in
            #expect(place.daemon.errors.contains("just booted"))
            #expect(place.receiver.requestCount == 0)
            let status = try await place.site.advised("status", "--json")
            #expect(try status.json["clock"]?["state"] == .string("awaited"))
            try place.clock.setSync(.synchronized)
            try await place.receiver.requests(1)
        }
    }
}

extension ClockStepTests.Place {
    /// Awaits that the daemon holds: `status` says so.
    func isSuspect() async throws {
        let deadline = ContinuousClock.now + .seconds(10)
        while true {
            let status = try await site.advised("status", "--json")
            if try status.json["clock"]?["state"] == .string("suspect") {
                #expect(status.ending == .exited(1))
                return
            }
            guard ContinuousClock.now < deadline else {
                throw TimedOut(description: "not suspect: \(status.output)")
            }
        }
    }
}
