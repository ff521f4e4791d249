import Foundation
import Testing

/// What an operator's signals do to a running daemon.
@Suite(.timeLimit(.minutes(2)))
struct SignalTests {
    @Test(
        "TERM and INT: what is in flight is awaited and recorded, and nothing comes again",
        arguments: [SIGTERM, SIGINT])
    func stop(_ signal: Int32) async throws {
        try await Site.with { site in
            let receiver = try await site.receiver(delay: 1)
            try site.write(Settings(ann: receiver.url))
            let daemon = try await site.daemon()
            try await receiver.requests(1)
            daemon.send(signal)
            #expect(try await daemon.end() == .exited(0))
            #expect(try await site.counts()["delivered"] == .number(1))
            #expect(try await site.advised("run", "--once").ending == .exited(0))
            #expect(receiver.requestCount == 1)
        }
    }

    @Test("TERM in a fan-out: the next run sends the rest, and repeats nothing")
    func stopInAFanOut() async throws {
        try await Site.with { site in
            // However busy this machine is: who comes 61st waits until the signal has been sent, and who
            // waits keeps the next one to its host from being sent.
            let receiver = try await site.receiver(gate: "gate", openFor: 60)
            var settings = Settings(
                (0..<300).map { .init(id: "s\($0)", url: "http://127.0.1.\($0 % 100 + 1):\(receiver.port)/") }
            )
            settings.delivery = ["concurrency: 32", "per_host: 1", "timeout: 30s"]
            try site.write(settings)
            let daemon = try await site.daemon()
            try await receiver.requests(61)
            daemon.send(SIGTERM)
            try await poll("the stop is logged") { daemon.errors.contains("stopping: ") }
            try site.write("", to: "gate")
            #expect(try await daemon.end() == .exited(0))
            let sent = receiver.requestCount
            #expect(sent < 300)
            #expect(try await site.counts()["delivered"] == .number(Double(sent)))
            #expect(try await site.advised("run", "--once").ending == .exited(0))
            let requests = try receiver.requests
            #expect(requests.count == 300 && Set(requests.map(\.id)).count == 300)
        }
    }

    @Test("HUP with a broken configuration keeps the old one, which still delivers")
    func brokenReload() async throws {
        try await Site.with { site in
            let receiver = try await site.receiver()
            var settings = Settings(ann: receiver.url)
            settings.at = settings.wall.at(in: 10).text
            try site.write(settings)
            let daemon = try await site.daemon()
            try site.write("series: [\n", to: "advised.yaml")
            daemon.send(SIGHUP)
            try await poll("the refusal is logged") { daemon.errors.contains("reload is refused") }
            #expect(daemon.errors.contains("advised.yaml:"), "each mistake is logged with its line")
            let reload = try await site.advised("reload")
            #expect(reload.ending != .exited(0))
            #expect(reload.errors.contains("advised.yaml:"))
            try await receiver.requests(1)
            #expect(daemon.endingNow() == nil)
        }
    }

    @Test("HUP with a good configuration takes a new subscriber")
    func goodReload() async throws {
        try await Site.with { site in
            let receiver = try await site.receiver()
            var settings = Settings(ann: receiver.url)
            // Who comes after the release gets nothing of it: time enough for a busy machine.
            settings.at = settings.wall.at(in: 30).text
            try site.write(settings)
            let daemon = try await site.daemon()
            settings.subscribers.append(.init(id: "bob", url: receiver.url))
            try site.write(settings)
            daemon.send(SIGHUP)
            try await poll("the reload is logged") {
                daemon.errors.contains("reloaded: 2 subscribers, 1 added")
            }
            let requests = try await receiver.requests(2)
            #expect(Set(requests.map(\.id)).count == 2)
        }
    }

    @Test("`reload` says what changed, and tells that no daemon runs")
    func reloadCommand() async throws {
        try await Site.with { site in
            var settings = Settings(ann: "http://127.0.0.1:9/")
            settings.start = settings.wall.day(1)
            try site.write(settings)
            #expect(try await site.advised("reload").ending == .exited(3))
            let daemon = try await site.daemon()
            settings.subscribers = [.init(id: "bob", url: "http://127.0.0.1:9/")]
            try site.write(settings)
            let reload = try await site.advised("reload")
            #expect(reload.ending == .exited(0))
            #expect(reload.output.contains("1 added, 1 removed, 0 changed"), "\(reload.output)")
            #expect(daemon.endingNow() == nil)
        }
    }

    @Test("USR1 logs the status, with the next point")
    func status() async throws {
        try await Site.with { site in
            var settings = Settings(ann: "http://127.0.0.1:9/")
            settings.start = settings.wall.day(1)
            settings.logLevel = "notice"
            try site.write(settings)
            let daemon = try site.quietDaemon()
            try await poll("the control socket is there") {
                FileManager.default.fileExists(atPath: site.state + "/control.sock")
            }
            try await site.awaitRunning()
            daemon.send(SIGUSR1)
            try await poll("the status is logged: \(daemon.errors)") {
                daemon.errors.contains("use-the-time") && daemon.errors.contains(settings.start)
            }
        }
    }
}

extension Site {
    /// Awaits a daemon that says nothing, by asking for its status.
    func awaitRunning() async throws {
        let deadline = ContinuousClock.now + .seconds(20)
        while try await advised("status").ending != .exited(0) {
            guard ContinuousClock.now < deadline else { throw TimedOut(description: "no healthy daemon") }
        }
    }
}
