import Foundation
import Testing

/// How a series begins, and when it does not (schedule.md R6, R7).
@Suite(.timeLimit(.minutes(2)))
struct BeginningTests {
    @Test(
        "a lost state directory sends nothing; `start` begins the series within a second, the daemon running")
    func lostState() async throws {
        try await Site.with { site in
            let receiver = try await site.receiver()
            try await lose(site, receiver)
            let daemon = try await site.daemon()
            let status = try await site.advised("status", "--json")
            #expect(status.ending == .exited(1))
            #expect(try status.json["series"]?[0]?["state"] == .string("unstarted"))
            #expect(daemon.errors.contains("advised start daily"))
            #expect(receiver.connectionCount == 0)

            let start = try await site.advised("start", "daily")
            #expect(start.ending == .exited(0), "\(start.errors)")
            try await receiver.requests(1, within: .seconds(1))
            try await site.awaitDelivered(1)
            #expect(try await site.advised("status").ending == .exited(0))
            let again = try await site.advised("start", "daily")
            #expect(again.ending == .exited(1), "\(again.errors)")
            #expect(receiver.requestCount == 1)
            daemon.send(SIGTERM)
            #expect(try await daemon.end() == .exited(0))
        }
    }

    @Test("`start --after` begins a series offline, after the point that people have had")
    func startOffline() async throws {
        try await Site.with { site in
            let receiver = try await site.receiver()
            try await lose(site, receiver)
            #expect(try await site.advised("run", "--once").ending == .exited(0))
            #expect(receiver.connectionCount == 0)
            let start = try await site.advised("start", "daily", "--after", "use-the-time")
            #expect(start.ending == .exited(0), "\(start.errors)")
            #expect(receiver.connectionCount == 0)
            #expect(try await site.advised("run", "--once").ending == .exited(0))
            let request = try #require(try receiver.requests.first)
            let body = try JSON(String(decoding: request.body, as: UTF8.self))
            #expect(body["data"]?["point"]?["id"] == .string("build-trust"))
        }
    }

    @Test("`start` of a series that is not there, and with an impossible day")
    func startOfNothing() async throws {
        try await Site.with { site in
            try site.write(Settings(ann: "http://127.0.0.1:9/"))
            #expect(try await site.advised("start", "weekly").ending == .exited(1))
            #expect(try await site.advised("start", "daily", "--on", "2026-02-30").ending == .exited(64))
            #expect(
                try await site.advised("start", "daily", "--after", "no-such-point").ending == .exited(1))
        }
    }

    @Test("an empty roster waits, and its series begins with the first subscriber")
    func emptyRoster() async throws {
        try await Site.with { site in
            let receiver = try await site.receiver()
            var settings = Settings()
            settings.start = settings.wall.day(-20)
            try site.write(settings)
            let daemon = try await site.daemon()
            let status = try await site.advised("status", "--json")
            #expect(try status.json["series"]?[0]?["state"] == .string("waiting"))
            #expect(status.ending == .exited(0), "to have no subscribers yet is no fault")

            settings.subscribers = [.init(id: "ann", url: receiver.url)]
            try site.write(settings)
            daemon.send(SIGHUP)
            let request = try #require(try await receiver.requests(1).first)
            let body = try JSON(String(decoding: request.body, as: UTF8.self))
            #expect(body["data"]?["point"]?["number"] == .number(1))
            #expect(body["data"]?["release"]?["day"] == .string(settings.wall.day()))
        }
    }

    @Test("nothing goes out before the start date")
    func beforeTheStart() async throws {
        try await Site.with { site in
            let receiver = try await site.receiver()
            var settings = Settings(ann: receiver.url)
            settings.start = settings.wall.day(1)
            try site.write(settings)
            #expect(try await site.advised("run", "--once").ending == .exited(0))
            #expect(receiver.connectionCount == 0)
            let next = try await site.advised("status", "--json").json["series"]?[0]?["next"]
            #expect(next?["scheduled_for"]?.string?.hasPrefix(settings.wall.day(0).prefix(8)) == true)
        }
    }

    /// A series that began some days ago, and no state: released nothing, as far as anybody can tell.
    private func lose(_ site: Site, _ receiver: Receiver) async throws {
        var settings = Settings(ann: receiver.url)
        settings.start = settings.wall.day(-3)
        try site.write(settings)
    }
}
