import Foundation
import Testing

/// What people script against and once could not rely on.
@Suite(.timeLimit(.minutes(3)))
struct ContractTests {
    @Test("`log` gives a correction the webhook-id that was sent, and says what it is")
    func correctionInTheLog() async throws {
        try await OperatorTests.place(isRunning: true) { place in
            try await place.site.awaitDelivered(1)
            try await place.does("withdraw", "use-the-time")
            let requests = try await place.receiver.requests(2)
            try await place.site.awaitDelivered(2)
            let log = try await place.site.advised("log", "--json").json.elements
            #expect(Set(log.map { $0["webhook_id"]?.string }) == Set(requests.map(\.id)))
            #expect(log.map { $0["type"]?.string } == ["advice.point.withdrawn", "advice.point.released"])
            let plan = try await place.site.advised("plan", "use-the-time", "--json").json[0]
            #expect(plan?["state"] == .string("cancelled"))
            #expect(plan?["why"]?.string?.contains("withdrawn") == true)
        }
    }

    @Test("a reload of thousands is answered, with a difference that names them all")
    func largeReload() async throws {
        try await OperatorTests.place(isRunning: true) { place in
            try await place.site.awaitDelivered(1)
            var settings = place.settings
            settings.subscribers += (0..<9000).map { .init(id: "s\($0)", url: "http://127.0.0.1:9/") }
            try place.site.write(settings)
            let reload = try await place.site.advised(["reload", "--json"], within: .seconds(60))
            #expect(reload.ending == .exited(0), "\(reload.errors)")
            #expect(try reload.json["subscribers"]?["added"]?.elements.count == 9000)
        }
    }

    @Test("reloads that are asked for at once are all answered, and the last edit is taken")
    func reloadsAtOnce() async throws {
        try await OperatorTests.place(isRunning: true) { place in
            try await place.site.awaitDelivered(1)
            var settings = place.settings
            settings.subscribers += (0..<3000).map { .init(id: "s\($0)", url: "http://127.0.0.1:9/") }
            try place.site.write(settings)
            async let first = place.site.advised("reload")
            async let second = place.site.advised("reload")
            async let third = place.site.advised("reload")
            let endings = try await [first.ending, second.ending, third.ending]
            #expect(endings == [.exited(0), .exited(0), .exited(0)])
            #expect(try await place.site.advised("plan", "--subscriber", "s2999").ending == .exited(0))
        }
    }

    @Test("a file with a mistake keeps no operator from a daemon that runs")
    func brokenFile() async throws {
        try await OperatorTests.place(isRunning: true) { place in
            try await place.site.awaitDelivered(1)
            try place.site.write("series: [\n", to: "advised.yaml")
            try await place.does("skip", "build-trust")
            try await place.does("unskip", "daily/build-trust")
            try await place.does("withdraw", "use-the-time")
            try await place.receiver.requests(2)
        }
    }

    @Test("a day on which nothing goes out says why, and a point's id comes before another's number")
    func planWords() async throws {
        try await Site.with { site in
            var settings = Settings(ann: "http://127.0.0.1:9/")
            settings.points = ["2", "build-trust", "bring-someone"]
            settings.start = settings.wall.day(1)
            settings.series = ["blackout: [\(settings.wall.day(2))]", "at_end: loop"]
            try site.write(settings)
            let dark = try await site.advised("plan", settings.wall.day(2))
            #expect(dark.ending == .exited(1) && dark.errors.contains("is in blackout"))
            let early = try await site.advised("plan", settings.wall.day())
            #expect(early.ending == .exited(1) && early.errors.contains("it begins on"))
            let two = try await site.advised("plan", "2", "--json").json.elements
            #expect(two.map { $0["number"] } == [.number(1)])
            // A loop goes on after its first round.
            let later = try await site.advised("plan", settings.wall.day(9), "--json").json.elements
            #expect(later.count == 1)
        }
    }

    @Test("a start that was moved after the first release leaves the daemon degraded")
    func movedStart() async throws {
        try await Site.with { site in
            let receiver = try await site.receiver()
            var settings = Settings(ann: receiver.url)
            try site.write(settings)
            #expect(try await site.advised("run", "--once").ending == .exited(0))
            settings.start = settings.wall.day(5)
            try site.write(settings)
            _ = try await site.daemon()
            let status = try await site.advised("status", "--json")
            #expect(status.ending == .exited(1))
            #expect(try status.json["degraded"]?.elements.isEmpty == false)
        }
    }

    @Test("an endpoint that is suspended shows in `status`, and `resume` opens it")
    func suspended() async throws {
        try await Site.with { site in
            let receiver = try await site.receiver("503; 503; 503; 204")
            var settings = Settings(ann: receiver.url)
            settings.delivery = ["retries: [1s, 2h]"]
            try site.write(settings)
            let shim = try ClockShim(site)
            let daemon = try await site.daemon(environment: shim.environment)
            try await receiver.requests(2)
            try await poll("the second failure is recorded") { daemon.errors.contains("attempt 2 of") }
            // The machine sleeps for three days; the third attempt fails like the others.
            try shim.suspend(73 * 3600)
            try await receiver.requests(3)
            try await poll("the endpoint is suspended") { daemon.errors.contains("suspended: 503") }
            let status = try await site.advised("status", "--json")
            #expect(status.ending == .exited(1))
            #expect(try status.json["suspended"]?.elements.map(\.string) == ["ann"])
            #expect(try status.json["deliveries"]?["exhausted"] == .number(0))
            // Opened by hand, it gets what was held, in order.
            #expect(try await site.advised("resume", "--subscriber", "ann").ending == .exited(0))
            let requests = try await receiver.requests(5)
            let points = try requests.dropFirst(3).map { request in
                let body = try JSON(String(decoding: request.body, as: UTF8.self))
                return body["data"]?["point"]?["id"]?.string
            }
            #expect(points == ["use-the-time", "build-trust"])
            #expect(requests[3].id == requests[0].id)
            #expect(try await site.advised("status", "--json").json["suspended"]?.elements == [])
        }
    }
}
