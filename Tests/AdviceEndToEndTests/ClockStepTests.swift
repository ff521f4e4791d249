import Foundation
import Testing

/// The wall clock is set, and the machine sleeps, while the daemon runs. Its clock begins at noon UTC of a
/// day in 2031, so that no test comes near midnight.
@Suite(.timeLimit(.minutes(5)))
struct ClockStepTests {
    static let noon = "2031-07-01T12:00:00Z"

    @Test("a step is told of, with its size", arguments: [3600.0, -3600.0, 2.0, -2.0])
    func told(_ seconds: Double) async throws {
        try await running(at: "18:00:00") { place in
            try await place.step(seconds)
            #expect(try place.stepsTold.count == 1)
            #expect(try abs(#require(place.stepsTold.first) - seconds) < 0.01)
            #expect(place.receiver.requestCount == 0)
        }
    }

    @Test("a release that a step passes over goes out at once")
    func steppedOver() async throws {
        try await running(at: "12:30:00") { place in
            let stepped = WallTime.nanosecondsNow()
            try await place.step(3600)
            let request = try #require(try await place.receiver.requests(1).first)
            #expect(request.at - stepped < 1_000_000_000)
        }
    }

    @Test(
        "a release that a step brings near goes out at its instant by the clock as it is then",
        arguments: [[], [-3600.0]])
    func instantOfTheNewClock(_ before: [Double]) async throws {
        try await running(at: "12:30:00") { place in
            for step in before { try await place.step(step) }
            let due = try ClockShim.instant("2031-07-01T12:30:00Z")
            try await place.step(Double(due - place.clock.now) / 1e9 - 3)
            let request = try #require(try await place.receiver.requests(1).first)
            let late = request.at + place.clock.realtimeOffset - due
            #expect((0..<1_000_000_000).contains(late), "\(late) ns")
        }
    }

    @Test("a release that falls into a suspend goes out at once, and no step is told of")
    func suspended() async throws {
        try await running(at: "12:30:00") { place in
            let resumed = WallTime.nanosecondsNow()
            try place.clock.suspend(3600)
            let request = try #require(try await place.receiver.requests(1).first)
            #expect(request.at - resumed < 1_000_000_000)
            try await place.stop()
            #expect(try place.stepsTold.isEmpty)
        }
    }

    @Test("a clock that is set back sends nothing twice, and the next day has its own point")
    func setBack() async throws {
        try await running(at: "12:00:02") { place in
            let first = try #require(try await place.receiver.requests(1).first)
            try await place.site.awaitDelivered(1)
            // Back before the release's instant, and over it again; then on to the next day's, in steps
            // that nobody need mistrust.
            for seconds in [-3600.0, 3600, 28_800, 28_800, 28_800] {
                try await place.step(seconds)
            }
            try await place.receiver.requests(2)
            try await place.stop()
            let requests = try place.receiver.requests
            #expect(requests.count == 2)
            #expect(requests.filter { $0.id == first.id }.count == 1)
        }
    }

    // MARK: The instrument itself

    @Test("a program under the shim lives by its clock, and by what it says of its synchronisation")
    func instrument() async throws {
        try await Site.with { site in
            let made = ContinuousClock.now
            let clock = try ClockShim(site, showing: ClockStepTests.noon, sinceBoot: 90)
            try clock.suspend(1000)
            try clock.step(realtime: -5000)
            for (sync, answer) in [
                (ClockShim.Sync.refused, "-1 1"), (.synchronized, "0 0"), (.unsynchronized, "5 0"),
            ] {
                try clock.setSync(sync)
                let before = clock.now
                let child = try site.start(
                    [Tools.python(), "-c", ClockStepTests.looking], named: "looking",
                    environment: clock.environment)
                let done = try await site.finished(child, within: .seconds(20))
                let lines = done.output.split(separator: "\n")
                try #require(lines.count == 3, "\(done.errors)")
                let wall = try #require(Double(lines[0])) * 1e9
                // However long a busy machine takes over it: a microsecond is what a Double keeps of a date.
                #expect((Double(before) - 1e3...Double(clock.now) + 1e3).contains(wall))
                let latest = 1090 + (ContinuousClock.now - made) / .seconds(1)
                #expect(try (1090...latest).contains(#require(Double(lines[1]))))
                #expect(lines[2] == answer)
            }
        }
    }

    /// The wall clock, the time since boot, and what adjtimex says.
    private static let looking = """
        import ctypes, time
        print(time.time())
        print(time.clock_gettime(time.CLOCK_BOOTTIME))
        libc = ctypes.CDLL(None, use_errno=True)
        print(libc.adjtimex((ctypes.c_long * 64)()), ctypes.get_errno())
        """

    @Test("a timer that is armed follows the clock, and one that asks for it hears of each setting")
    func instrumentTimers() async throws {
        try await Site.with { site in
            let clock = try ClockShim(site, showing: ClockStepTests.noon)
            let child = try site.start(
                [Tools.python(), "-c", ClockStepTests.waiting], named: "waiting",
                environment: clock.environment)
            /// Awaits what is said.
            func says(_ text: String) async throws {
                try await poll("\(text) after \(child.output): \(child.errors)") { child.output == text }
            }
            try await says("armed\n")
            try clock.step(realtime: -100)
            try await says("armed\nset\n")
            // Nothing is set: nothing is heard.
            try clock.setSync(.refused)
            try clock.suspend(150)
            try await says("armed\nset\nset\n")
            try clock.step(realtime: 49)
            try await says("armed\nset\nset\nset\nended\n")
            #expect(try await child.end() == .exited(0))
        }
    }

    /// A timer of the wall clock for 100 s from now, and one that never ends and hears of settings.
    private static let waiting = """
        import ctypes, select, time
        libc = ctypes.CDLL(None, use_errno=True)
        def armed(seconds, flags):
            timer = libc.timerfd_create(0, 0)
            assert libc.timerfd_settime(timer, flags, (ctypes.c_long * 4)(0, 0, seconds, 0), None) == 0
            return timer
        due = int(time.time()) + 100
        timer, settings = armed(due, 1), armed(2 ** 62, 3)
        buffer = ctypes.create_string_buffer(8)
        print("armed", flush=True)
        waited, count = [timer, settings], 0
        while timer in waited or count < 3:
            ready, _, _ = select.select(waited, [], [])
            if settings in ready:
                assert libc.read(settings, buffer, 8) == -1 and ctypes.get_errno() == 125
                count += 1
                print("set", flush=True)
            if timer in ready:
                assert libc.read(timer, buffer, 8) == 8 and time.time() >= due
                waited.remove(timer)
        print("ended", flush=True)
        """
}

// MARK: A daemon under the shim

extension ClockStepTests {
    /// A daemon whose clock the test sets, and the receiver that it sends to.
    struct Place {
        let site: Site
        let clock: ClockShim
        let receiver: Receiver
        let daemon: ChildProcess

        /// The steps that its log tells of, in seconds.
        var stepsTold: [Double] {
            get throws {
                try daemon.errors.matches(of: /the clock was set by (-?[0-9.e-]+) s/).map {
                    try #require(Double($0.1))
                }
            }
        }

        /// Sets the clock, and awaits that the daemon says so.
        func step(_ seconds: Double) async throws {
            let before = try stepsTold.count
            try clock.step(realtime: seconds)
            try await poll("a step by \(seconds) s is told of: \(daemon.errors.suffix(500))") {
                try stepsTold.count > before
            }
        }

        func stop() async throws {
            daemon.send(SIGTERM)
            #expect(try await daemon.end() == .exited(0))
        }
    }

    /// Runs `body` beside a daemon whose series begins today, at noon by its clock, with its first release
    /// `at` that time of day.
    func running(
        at: String, sinceBoot: Double? = nil, sync: ClockShim.Sync = .synchronized,
        _ body: (Place) async throws -> Void
    ) async throws {
        try await Site.with { site in
            let receiver = try await site.receiver()
            var settings = Settings(ann: receiver.url)
            (settings.start, settings.at) = (String(ClockStepTests.noon.prefix(10)), at)
            try site.write(settings)
            // The wall's own zone is chosen by the machine's clock.
            try site.write(
                settings.yaml.replacing("zone: \(settings.wall.zone)", with: "zone: UTC"), to: "advised.yaml")
            let clock = try ClockShim(
                site, showing: ClockStepTests.noon, sinceBoot: sinceBoot, sync: sync)
            let daemon = try await site.daemon(environment: clock.environment)
            try await body(Place(site: site, clock: clock, receiver: receiver, daemon: daemon))
        }
    }
}
