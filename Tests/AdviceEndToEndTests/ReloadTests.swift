import Foundation
import Testing

/// What a reload says that it changes, and what it refuses (schedule.md R13, interface.md §1.3).
@Suite(.timeLimit(.minutes(3)))
struct ReloadTests {
    @Test("the difference: where a new subscriber begins, and what became of points and plan")
    func difference() async throws {
        try await OperatorTests.place(isRunning: true) { place in
            var settings = place.settings
            settings.subscribers.append(.init(id: "discord", url: place.receiver.url))
            settings.points = ["use-the-time", "brand-new", "build-trust", "ask-along"]
            try FileManager.default.removeItem(atPath: place.site.folder + "/points")
            try FileManager.default.createDirectory(
                atPath: place.site.folder + "/points", withIntermediateDirectories: true)
            try place.site.write(settings)
            // The last one is the old one under another name.
            try place.site.write(
                place.settings.point(3).replacing("bring-someone", with: "ask-along")
                    .replacing("number: 3", with: "number: 4"), to: "points/4-ask-along.md")
            let reload = try await place.site.advised("reload", "--json")
            #expect(reload.ending == .exited(0), "\(reload.errors)")
            let json = try reload.json
            let added = json["subscribers"]?["added"]?[0]
            #expect(added?["id"] == .string("discord"))
            let words = added?["begins"]?[0]?["words"]?.string
            #expect(words == "discord starts at point 2 of 4; 1 will not be sent (join: next)")
            let series = json["series"]?[0]
            #expect(series?["inserted"]?[0]?["id"] == .string("brand-new"))
            #expect(series?["inserted"]?[0]?["is_next"] == .bool(true))
            #expect(series?["renamed"]?[0]?["from"] == .string("bring-someone"))
            #expect(series?["renamed"]?[0]?["to"] == .string("ask-along"))
            #expect(series?["plan"]?[0]?["id"] == .string("build-trust"))
            #expect(series?["plan"]?[0]?["to"] == .string(settings.wall.day(2)))
            #expect(place.receiver.requestCount == 1)

            try place.site.write(settings)
            let again = try await place.site.advised("reload")
            #expect(again.output.contains("0 added, 0 removed, 0 changed"), "\(again.output)")
        }
    }

    @Test(
        "`reload --json` that is refused says why in JSON: each mistake with its place, or the reason alone")
    func refusedAsJSON() async throws {
        try await OperatorTests.place(isRunning: true) { place in
            var settings = place.settings
            settings.start = "2026-02-30"
            try place.site.write(settings)
            let mistaken = try await place.site.advised("reload", "--json")
            #expect(mistaken.ending == .exited(78))
            #expect(try mistaken.json["reason"]?.string?.contains("is refused") == true)
            let mistakes = try mistaken.json["mistakes"]?.elements ?? []
            let mistake = try #require(mistakes.first { $0["severity"] == .string("error") })
            #expect(mistake["file"] == .string(place.site.configPath))
            #expect(mistake["line"] == .number(5) && mistake["column"] == .number(12))
            #expect(mistake["message"]?.string?.isEmpty == false)

            settings.start = settings.wall.day(2)
            try place.site.write(settings)
            let moved = try await place.site.advised("reload", "--json")
            #expect(moved.ending == .exited(78))
            #expect(try moved.json["reason"]?.string?.contains("--rebase") == true)
            #expect(try moved.json["mistakes"] == .array([]))
        }
    }

    @Test(
        "a start that moves after the first release is refused, and taken with --rebase: nothing is repeated")
    func rebase() async throws {
        try await OperatorTests.place(isRunning: true) { place in
            try await place.site.awaitDelivered(1)
            var settings = place.settings
            settings.start = settings.wall.day(2)
            try place.site.write(settings)
            let refused = try await place.site.advised("reload")
            #expect(refused.ending == .exited(78))
            #expect(refused.errors.contains("--rebase"))
            #expect(try await place.site.advised("status").ending == .exited(1), "degraded")
            #expect(try await place.plan("build-trust")["day"] == .string(settings.wall.day(1)))
            #expect(try await place.site.advised("reload", "--rebase").ending == .exited(0))
            #expect(try await place.site.advised("status").ending == .exited(0))
            let plan = try await place.site.advised("plan", "--json").json.elements
            #expect(plan.map { $0["day"]?.string } == (2...4).map { settings.wall.day($0) })
            #expect(place.receiver.requestCount == 1)
        }
    }

    @Test("a new edition takes no date that the old one has used: nobody gets two points for one day")
    func rebaseToday() async throws {
        try await OperatorTests.place(isRunning: true) { place in
            try await place.site.awaitDelivered(1)
            var settings = place.settings
            settings.start = settings.wall.day(-1)
            settings.subscribers.append(.init(id: "bob", url: place.receiver.url))
            try place.site.write(settings)
            #expect(try await place.site.advised("reload", "--rebase").ending == .exited(0))
            let plan = try await place.site.advised("plan", "--json").json.elements
            #expect(plan.map { $0["day"]?.string } == (1...3).map { settings.wall.day($0) })
            #expect(place.receiver.requestCount == 1)
        }
    }
}
