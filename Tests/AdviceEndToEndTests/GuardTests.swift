import Foundation
import Testing

/// Configurations that load and are refused all the same, or shown before they are taken.
@Suite(.timeLimit(.minutes(2)))
struct GuardTests {
    @Test("a roster that has lost most of its subscribers is taken by force only")
    func shrunkenRoster() async throws {
        try await Site.with { site in
            var settings = Settings((1...40).map { .init(id: "s\($0)", url: "http://127.0.0.1:9/\($0)") })
            settings.start = settings.wall.day(3)
            try site.write(settings)
            let daemon = try await site.daemon()
            settings.subscribers.removeLast(11)
            try site.write(settings)
            let refused = try await site.advised("reload")
            #expect(refused.ending == .exited(78))
            #expect(refused.errors.contains("11 of 40"))
            #expect(try await site.advised("reload", "--force").ending == .exited(0))
            settings.subscribers.removeLast(3)
            try site.write(settings)
            #expect(try await site.advised("reload").ending == .exited(0))
            #expect(daemon.endingNow() == nil)
        }
    }

    @Test("a start that is moved after the first release is refused")
    func movedStart() async throws {
        try await Site.with { site in
            let receiver = try await site.receiver()
            var settings = Settings(ann: receiver.url)
            try site.write(settings)
            _ = try await site.daemon()
            try await site.awaitDelivered(1)
            let began = settings.start
            settings.start = settings.wall.day(2)
            try site.write(settings)
            let refused = try await site.advised("reload")
            #expect(refused.ending == .exited(78))
            #expect(refused.errors.contains(began))
        }
    }

    @Test("a series whose start is still to come begins by itself, or on a day that is named")
    func futureStart() async throws {
        try await Site.with { site in
            let receiver = try await site.receiver()
            var settings = Settings(ann: receiver.url)
            settings.start = settings.wall.day(2)
            try site.write(settings)
            let refused = try await site.advised("start", "daily")
            #expect(refused.ending == .exited(1))
            #expect(refused.errors.contains(settings.start))
            #expect(try await site.advised("run", "--once").ending == .exited(0))
            #expect(receiver.connectionCount == 0)
            let today = settings.wall.day()
            #expect(try await site.advised("start", "daily", "--on", today).ending == .exited(0))
            #expect(try await site.advised("run", "--once").ending == .exited(0))
            #expect(receiver.requestCount == 1)
            #expect(try await site.advised("start", "daily", "--after", "bring-someone").ending == .exited(1))
        }
    }

    @Test("after an edit of the time the plan shows what a daemon will do: nobody gets a point again")
    func planAfterEdit() async throws {
        try await Site.with { site in
            let receiver = try await site.receiver()
            var settings = Settings(ann: receiver.url)
            try site.write(settings)
            #expect(try await site.advised("run", "--once").ending == .exited(0))
            settings.at = "23:59:59"
            try site.write(settings)
            let before = try await site.advised("plan", "--json").json
            #expect(before[0]?["id"] == .string("use-the-time") && before[0]?["state"] == .string("released"))
            #expect(before[1]?["day"] == .string(settings.wall.day(1)))
            #expect(try await site.advised("run", "--once").ending == .exited(0))
            let after = try await site.advised("plan", "--json").json
            #expect(after[1]?["day"] == before[1]?["day"])
            #expect(receiver.requestCount == 1)
        }
    }

    @Test("a second daemon on one database is turned away, also from another state directory")
    func sharedDatabase() async throws {
        try await Site.with { site in
            let receiver = try await site.receiver()
            let settings = Settings(ann: receiver.url)
            try site.write(settings)
            try FileManager.default.createDirectory(
                atPath: site.folder + "/shared", withIntermediateDirectories: true)
            try site.write(
                settings.yaml + "store: { sqlite: \(site.folder)/shared/advised.db }\n", to: "advised.yaml")
            let daemon = try await site.daemon()
            try await receiver.requests(1)
            let second = try await site.advised("run", "--once", "--state-dir", site.folder + "/other")
            #expect(second.ending == .exited(75))
            #expect(receiver.requestCount == 1)
            #expect(daemon.endingNow() == nil)
        }
    }
}
