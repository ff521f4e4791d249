import Foundation
import Testing

/// What is measured here needs the machine to itself: `scripts/test` runs this suite after all others.
@Suite(.serialized, .timeLimit(.minutes(5)))
struct AloneTests {
    @Test("a release starts within 50 ms of its instant (best of three)")
    func punctual() async throws {
        var lateness: [Double] = []
        for _ in 1...3 {
            try await Site.with { site in
                let receiver = try await site.receiver()
                var settings = Settings(ann: receiver.url)
                let due = settings.wall.at(in: 5)
                settings.at = due.text
                try site.write(settings)
                let daemon = try await site.daemon()
                let request = try #require(try await receiver.requests(1).first)
                #expect(request.at >= due.nanoseconds, "nothing goes out before its time")
                lateness.append(Double(request.at - due.nanoseconds) / 1e6)
                daemon.send(SIGTERM)
                #expect(try await daemon.end() == .exited(0))
            }
        }
        #expect(try #require(lateness.min()) <= 50, "milliseconds late: \(lateness)")
    }

    @Test("an idle minute costs no wakeup, both servers on, and waiting less than 10 MB")
    func idle() async throws {
        try await Site.with { site in
            var settings = Settings(ann: "http://127.0.0.1:9/")
            settings.status = "127.0.0.1:\(try Loopback.freePort())"
            settings.publicPages = "unix:readers.sock"
            settings.start = settings.wall.day(1)
            // The recheck comes at most every hour; the next release is at least ten minutes off.
            settings.at = "23:00"
            try site.write(settings)
            let daemon = try await site.daemon()
            let settled = try await quiet(daemon)
            let begun = ContinuousClock.now
            try await poll("a minute passes", within: .seconds(90), every: .seconds(5)) {
                ContinuousClock.now - begun >= .seconds(60)
            }
            #expect(try wakeups(of: daemon) == settled)
            let kilobytes = try anonymousKilobytes(of: daemon)
            #expect(kilobytes < 10_000, "anonymous memory: \(kilobytes) kB")
            daemon.send(SIGTERM)
            #expect(try await daemon.end() == .exited(0))
        }
    }

    /// The voluntary context switches of each thread, once no thread has made one, or come or gone, in 10 s.
    /// (libdispatch lets idle threads go after some seconds.)
    private func quiet(_ daemon: ChildProcess) async throws -> [String: String] {
        var last = try wakeups(of: daemon)
        var since = ContinuousClock.now
        try await poll("the daemon is quiet", within: .seconds(60), every: .milliseconds(250)) {
            let now = try wakeups(of: daemon)
            if now != last { (last, since) = (now, ContinuousClock.now) }
            return ContinuousClock.now - since >= .seconds(10)
        }
        return last
    }

    private func wakeups(of daemon: ChildProcess) throws -> [String: String] {
        let folder = "/proc/\(daemon.pid)/task"
        var wakeups: [String: String] = [:]
        for thread in try FileManager.default.contentsOfDirectory(atPath: folder) {
            wakeups[thread] = try field("voluntary_ctxt_switches", "\(folder)/\(thread)/status")
        }
        return wakeups
    }

    private func anonymousKilobytes(of daemon: ChildProcess) throws -> Int {
        let value = try field("RssAnon", "/proc/\(daemon.pid)/status")
        return try #require(Int(value.prefix { $0.isNumber }), "\(value)")
    }

    private func field(_ name: String, _ path: String) throws -> String {
        let lines = try String(contentsOfFile: path, encoding: .utf8).split(separator: "\n")
        let line = try #require(lines.first { $0.hasPrefix(name + ":") })
        return line.dropFirst(name.count + 1).trimmingCharacters(in: .whitespaces)
    }
}
