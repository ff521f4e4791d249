import Foundation
import Testing

/// What an operator sees while a file is being repaired.
@Suite(.timeLimit(.minutes(2)))
struct LookingTests {
    @Test("a mistake in a file hides neither the state nor the log of a daemon that goes on; it is degraded")
    func brokenFile() async throws {
        try await Site.with { site in
            let receiver = try await site.receiver()
            try site.write(Settings(ann: receiver.url))
            let daemon = try await site.daemon()
            try await receiver.requests(1)
            try await poll("it is recorded") { daemon.errors.contains("delivered ") }
            try site.write("series: [\n", to: "advised.yaml")

            let status = try await site.advised("status", "--json")
            #expect(status.ending == .exited(1))
            #expect(status.errors.contains("advised.yaml:"))
            #expect(try status.json["running"] == .bool(true))
            #expect(try status.json["deliveries"]?["delivered"] == .number(1))
            let log = try await site.advised("log", "--json")
            #expect(log.ending == .exited(0))
            #expect(try log.json[0]?["subscriber"] == .string("ann"))
            #expect(daemon.endingNow() == nil)
        }
    }

    @Test("the only attempt of a delivery that went through at once is in the log")
    func attemptLog() async throws {
        try await Site.with { site in
            let receiver = try await site.receiver()
            try site.write(Settings(ann: receiver.url))
            #expect(try await site.advised("run", "--once").ending == .exited(0))
            let attempt = try await site.advised("log", "--json").json[0]?["attempt_log"]?[0]
            #expect(attempt?["attempt"] == .number(1))
            #expect(attempt?["status"] == .number(204))
        }
    }

    @Test("a reload that would change the store is refused, and says that it needs a restart")
    func storeChanged() async throws {
        try await Site.with { site in
            let receiver = try await site.receiver()
            let settings = Settings(ann: receiver.url)
            try site.write(settings)
            _ = try await site.daemon()
            try await receiver.requests(1)
            try site.write(settings.yaml + "\nstore: { sqlite: other.db }\n", to: "advised.yaml")
            let reload = try await site.advised("reload")
            #expect(reload.ending != .exited(0))
            #expect(reload.errors.contains("needs a restart"))
        }
    }
}
