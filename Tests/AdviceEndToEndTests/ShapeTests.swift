import Foundation
import Testing

/// The JSON that scripts read: its keys and their types (more may be added, none renamed).
@Suite(.timeLimit(.minutes(2)))
struct ShapeTests {
    @Test("`plan --json`")
    func plan() async throws {
        try await Site.with { site in
            let settings = Settings(ann: "http://127.0.0.1:9/")
            try site.write(settings)
            let done = try await site.advised("plan", "--json")
            #expect(done.ending == .exited(0))
            let rows = try done.json.elements
            #expect(rows.map { $0["number"] } == [.number(1), .number(2), .number(3)])
            #expect(rows.map { $0["id"]?.string } == settings.points)
            #expect(rows.map { $0["state"] } == [.string("due"), .string("planned"), .string("planned")])
            #expect(rows.map { $0["day"]?.string } == (0...2).map { settings.wall.day($0) })
            for row in rows {
                expect(
                    row,
                    [
                        "series": "string", "cohort": "string", "number": "number", "id": "string",
                        "title": "string", "day": "string", "local": "string", "offset": "string",
                        "scheduled_for": "string", "state": "string", "why": "string?",
                    ])
                #expect(row["cohort"] == .string("\(settings.wall.zone) 00:00"))
                expectInstant(row["scheduled_for"])
            }
        }
    }

    @Test("`plan` of one day, of one point, and of a count; of nothing it is 1")
    func chosenPlan() async throws {
        try await Site.with { site in
            let settings = Settings(ann: "http://127.0.0.1:9/")
            try site.write(settings)
            let tomorrow = settings.wall.day(1)
            for chosen in [["build-trust"], ["daily/build-trust"], ["2"], [tomorrow]] {
                let rows = try await site.advised(["plan"] + chosen + ["--json"]).json.elements
                #expect(rows.map { $0["id"] } == [.string("build-trust")], "\(chosen)")
            }
            let counted = try await site.advised("plan", "--from", tomorrow, "--count", "1", "--json").json
            #expect(counted.elements.map { $0["day"] } == [.string(tomorrow)])
            #expect(try await site.advised("plan", "none").ending == .exited(1))
            #expect(try await site.advised("plan", "--series", "weekly").ending == .exited(1))
            #expect(try await site.advised("plan", "--subscriber", "bob").ending == .exited(1))
        }
    }

    @Test("`log --json`, of a delivery that took two attempts and of one that waits")
    func log() async throws {
        try await Site.with { site in
            let receiver = try await site.receiver("503; 204")
            var settings = Settings([
                .init(id: "ann", url: receiver.url),
                .init(id: "bob", url: "http://127.0.0.1:\(try Loopback.freePort())/"),
            ])
            settings.delivery = ["retries: [1s, 1h]"]
            try site.write(settings)
            let daemon = try await site.daemon()
            try await receiver.requests(2)
            try await site.awaitDelivered(1)
            daemon.send(SIGTERM)
            try await daemon.end()
            let entries = try await site.advised("log", "--json").json.elements
            #expect(Set(entries.compactMap { $0["subscriber"]?.string }) == ["ann", "bob"])
            for entry in entries { expectLogEntry(entry) }
            let ann = try #require(try await site.advised("log", "--subscriber", "ann", "--json").json[0])
            #expect(ann["state"] == .string("delivered") && ann["attempts"] == .number(2))
            #expect(ann["webhook_id"] == .string(try receiver.requests[0].id))
            #expect(ann["attempt_log"]?.elements.map { $0["attempt"] } == [.number(1), .number(2)])
            let waiting = try await site.advised("log", "--state", "waiting", "--json").json.elements
            #expect(waiting.map { $0["subscriber"] } == [.string("bob")])
            expectInstant(waiting.first?["next_attempt_at"])
            let none = try await site.advised("log", "--point", "build-trust", "--json")
            #expect(none.ending == .exited(0) && none.output.hasPrefix("["))
        }
    }

    private func expectLogEntry(_ entry: JSON) {
        expect(
            entry,
            [
                "webhook_id": "string", "subscriber": "string", "series": "string", "number": "number",
                "point": "string", "day": "string", "state": "string", "attempts": "number",
                "next_attempt_at": "string?", "settled_at": "string?", "status": "number?",
                "latency_ms": "number?", "error": "string?", "attempt_log": "array",
            ])
        for attempt in entry["attempt_log"]?.elements ?? [] {
            expect(
                attempt,
                [
                    "attempt": "number", "at": "string", "status": "number?", "error": "string?",
                    "latency_ms": "number", "address": "string?",
                ])
            expectInstant(attempt["at"])
        }
    }

    @Test("`status --json`, running and not")
    func status() async throws {
        try await Site.with { site in
            var settings = Settings(ann: "http://127.0.0.1:9/")
            settings.start = settings.wall.day(1)
            try site.write(settings)
            expectStatus(try await site.advised("status", "--json").json, running: false)
            let daemon = try await site.daemon()
            expectStatus(try await site.advised("status", "--json").json, running: true)
            daemon.send(SIGTERM)
            try await daemon.end()
        }
    }

    private func expectStatus(_ status: JSON, running: Bool) {
        expect(
            status,
            [
                "running": "boolean", "version": "string", "series": "array", "deliveries": "object",
                "suspended": "array", "closed": "array", "clock": "object", "store": "object",
            ])
        #expect(status["running"] == .bool(running))
        let series = status["series"]?[0] ?? .null
        expect(
            series,
            ["id": "string", "state": "string", "released": "number", "of": "number", "next": "object?"])
        #expect(series["state"] == .string("running") && series["of"] == .number(3))
        expect(series["next"] ?? .null, ["number": "number", "id": "string", "scheduled_for": "string"])
        let states = ["waiting", "held", "delivered", "exhausted", "cancelled"]
        expect(status["deliveries"] ?? .null, Dictionary(uniqueKeysWithValues: states.map { ($0, "number") }))
        expect(status["clock"] ?? .null, ["state": "string"])
        #expect(status["store"]?["engine"] == .string("sqlite"))
    }

    @Test("`check --json`: every mistake of every file in one run, nothing else on standard output")
    func check() async throws {
        try await Site.with { site in
            var settings = Settings(ann: "http://127.0.0.1:9/")
            try site.write(settings)
            #expect(try await site.advised("check", "--json").ending == .exited(0))
            settings.start = "soon"
            settings.series = ["titel: x"]
            settings.subscribers[0].secret = "short"
            try site.write(settings)
            let done = try await site.advised("check", "--json")
            #expect(done.ending == .exited(78))
            let rows = try done.json.elements
            for row in rows {
                expect(
                    row,
                    [
                        "file": "string", "line": "number", "column": "number", "severity": "string",
                        "message": "string",
                    ])
            }
            let mistakes = rows.filter { $0["severity"] == .string("error") }
            #expect(mistakes.count == 3, "\(mistakes)")
            #expect(mistakes.contains { $0["message"]?.string?.contains("title") == true }, "the nearest key")
        }
    }

    /// `"number?"` may also be null, but is always there.
    private func expect(
        _ object: JSON, _ shape: [String: String], _ location: SourceLocation = #_sourceLocation
    ) {
        for (key, type) in shape {
            let found = object[key]?.type ?? "nothing"
            let isAllowed =
                type.hasSuffix("?") ? [String(type.dropLast()), "null"].contains(found) : found == type
            #expect(isAllowed, "\(key): \(found), not \(type)", sourceLocation: location)
        }
    }

    /// RFC 3339 in UTC.
    private func expectInstant(_ value: JSON?, _ location: SourceLocation = #_sourceLocation) {
        let text = value?.string ?? "nothing"
        let isInstant = text.wholeMatch(of: /\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z/) != nil
        #expect(isInstant, "\(text)", sourceLocation: location)
    }
}
