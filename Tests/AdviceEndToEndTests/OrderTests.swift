import Foundation
import Testing

/// One point after the other for each subscriber (schedule.md R17, R12).
@Suite(.timeLimit(.minutes(3)))
struct OrderTests {
    @Test("a point waits, held, behind one that is not settled, and goes when it is")
    func held() async throws {
        try await Site.with { site in
            let receiver = try await site.receiver("503; 204")
            var settings = Settings(ann: receiver.url)
            settings.delivery = ["retries: [26h]"]
            (settings.start, settings.at) = ("2031-07-01", "12:00:00")
            try site.write(settings)
            try site.write(
                settings.yaml.replacing("zone: \(settings.wall.zone)", with: "zone: UTC"), to: "advised.yaml")
            let clock = try ClockShim(site, showing: ClockStepTests.noon)
            let daemon = try await site.daemon(environment: clock.environment)
            try await receiver.requests(1)
            try await poll("it is recorded") { daemon.errors.contains("next attempt at") }
            // A day later, in steps that nobody need mistrust: the second point is released, and held.
            for _ in 0..<3 { try clock.step(realtime: 8 * 3600 + 60) }
            try await poll("the second is released: \(daemon.errors.suffix(400))") {
                daemon.errors.contains("released daily/build-trust")
            }
            try await poll("it is held: \(daemon.errors.suffix(400))") {
                daemon.errors.contains("behind an earlier point")
            }
            #expect(try await site.counts()["held"] == .number(1))
            #expect(receiver.requestCount == 1)
            // The first is tried again, gets through, and sets the second free.
            try clock.step(realtime: 8 * 3600)
            let requests = try await receiver.requests(3)
            #expect(requests.map(\.attempt) == ["1", "2", "1"])
            #expect(requests[0].id == requests[1].id && requests[1].id != requests[2].id)
        }
    }

    @Test("`join: latest` gives a newcomer the newest point at once; `next` nothing")
    func latest() async throws {
        for (join, count) in [("latest", 2), ("next", 1)] {
            try await Site.with { site in
                let receiver = try await site.receiver()
                var settings = Settings(ann: receiver.url)
                settings.series = ["join: \(join)"]
                try site.write(settings)
                let daemon = try await site.daemon()
                try await receiver.requests(1)
                try await site.awaitDelivered(1)
                settings.subscribers.append(.init(id: "bob", url: receiver.url))
                try site.write(settings)
                let reload = try await site.advised("reload")
                #expect(reload.output.contains("join: \(join)"), "\(reload.output)")
                try await receiver.requests(count)
                daemon.send(SIGTERM)
                #expect(try await daemon.end() == .exited(0))
                #expect(receiver.requestCount == count)
            }
        }
    }

    @Test("`join: from-start` counts from the day of joining, which a restart does not move")
    func fromStart() async throws {
        try await Site.with { site in
            let receiver = try await site.receiver()
            var settings = Settings(ann: receiver.url)
            settings.series = ["join: from-start"]
            settings.start = settings.wall.day(0)
            settings.subscribers[0].more = ["joined: \(settings.wall.day(-1))"]
            settings.subscribers.append(.init(id: "bob", url: receiver.url))
            try site.write(settings)
            #expect(try await site.advised("run", "--once").ending == .exited(0))
            // ann joined yesterday: her first day is today. bob's is tomorrow.
            let log = try await site.advised("log", "--json").json.elements
            #expect(log.map { $0["subscriber"]?.string } == ["ann"])
            let plan = try await site.advised("plan", "--json", "--subscriber", "bob").json.elements
            #expect(plan.first?["day"] == .string(settings.wall.day(1)))
            #expect(plan.first?["cohort"]?.string?.hasSuffix("joined \(settings.wall.day())") == true)
        }
    }
}
