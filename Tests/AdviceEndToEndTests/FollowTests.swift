import Foundation
import Testing

/// `log --follow`: what is recorded, as it is recorded.
@Suite(.timeLimit(.minutes(3)))
struct FollowTests {
    @Test(
        "shows what there is and then what comes, each once, and ends on INT and TERM",
        arguments: [SIGINT, SIGTERM])
    func follow(signal: Int32) async throws {
        try await OperatorTests.place(isRunning: true) { place in
            try await place.site.awaitDelivered(1)
            let log = try place.site.follow("--json", "--subscriber", "ann")
            try await poll("the first is shown: \(log.errors)") { log.output.hasSuffix("\n") }
            try await place.does("replay", "--subscriber", "ann", "--yes")
            let lines = try await poll("the replay is shown: \(log.output)") { () -> [Substring]? in
                let lines = log.output.split(separator: "\n")
                return lines.last?.contains("\"replay\":1") == true ? lines : nil
            }
            let entries = try lines.map { try JSON(String($0)) }
            #expect(entries.allSatisfy { $0["subscriber"] == .string("ann") })
            #expect(entries.first?["state"] == .string("delivered"))
            #expect(entries.last?["state"] == .string("delivered"))
            #expect(Set(lines).count == lines.count)
            log.send(signal)
            #expect(try await log.end(within: .seconds(5)) == .exited(0))
        }
    }

    @Test("waits where there is no store yet, and filters what comes")
    func beforeAny() async throws {
        try await Site.with { site in
            let receiver = try await site.receiver()
            try site.write(Settings(["ann", "bob"].map { .init(id: $0, url: receiver.url) }))
            try FileManager.default.createDirectory(atPath: site.state, withIntermediateDirectories: true)
            let log = try site.follow("--subscriber", "bob")
            #expect(try await site.advised("run", "--once").ending == .exited(0))
            try await poll("bob's is shown: \(log.errors)") { log.output.contains("bob") }
            #expect(!log.output.contains("ann"))
            log.send(SIGTERM)
            #expect(try await log.end(within: .seconds(5)) == .exited(0))
        }
    }
}
