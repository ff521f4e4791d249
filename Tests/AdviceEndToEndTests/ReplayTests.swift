import Foundation
import Testing

/// `replay`: what was settled is sent again, through a running daemon within a second, and without one by the
/// next.
@Suite(.timeLimit(.minutes(3)))
struct ReplayTests {
    @Test("sends again under the same webhook-id, and with --new-id under another", arguments: [true, false])
    func again(isRunning: Bool) async throws {
        try await OperatorTests.place(isRunning: isRunning) { place in
            try await place.site.awaitDelivered(1)
            try await place.does("replay", "--subscriber", "ann", "--yes")
            try await next(place, isRunning)
            let second = try await place.receiver.requests(2, within: .seconds(2))
            #expect(second[1].id == second[0].id && second[1].body == second[0].body)
            #expect(second[1].attempt == "1")
            try await place.site.awaitDelivered(1)

            try await place.does("replay", "--point", "use-the-time", "--new-id", "--yes")
            try await next(place, isRunning)
            let third = try await place.receiver.requests(3, within: .seconds(2))
            #expect(third[2].id != third[0].id && third[2].body == third[0].body)
            #expect(try await place.site.judge(place.receiver).allSatisfy { $0 == ["accepted", "refused"] })
            try await place.site.awaitDelivered(1)
            let entry = try await place.site.advised("log", "--json").json[0]
            #expect(entry?["webhook_id"] == .string(third[2].id))
            #expect(
                entry?["attempt_log"]?.elements.map { $0["replay"] } == [.number(0), .number(1), .number(2)])
        }
    }

    @Test("--dry-run counts and sends nothing; where there is nothing to send the answer is no")
    func dryRun() async throws {
        try await OperatorTests.place(isRunning: true) { place in
            try await place.site.awaitDelivered(1)
            for words in [["--state", "delivered"], ["--point", "daily/use-the-time"]] {
                let done = try await place.site.advised(["replay", "--dry-run"] + words)
                #expect(done.ending == .exited(0))
                #expect(done.errors.contains("1 delivery"), "\(done.errors)")
            }
            try await place.refuses("replay", "--dry-run", "--state", "exhausted")
            try await place.refuses("replay", "--yes", "--state", "exhausted")
            try await place.refuses("replay", "--yes", "--subscriber", "eve")
            #expect(place.receiver.requestCount == 1)
        }
    }

    @Test("needs to be told which, and a terminal to ask at")
    func usage() async throws {
        try await Site.with { site in
            try site.write(Settings(ann: "http://127.0.0.1:9/"))
            for words in [
                ["replay", "--yes"], ["replay", "--subscriber", "ann"],
                ["replay", "--from", "soon", "--yes"],
                ["replay", "--state", "waiting", "--yes"],
            ] {
                let done = try await site.advised(words)
                #expect(done.ending == .exited(64), "\(words): \(done.errors)")
            }
        }
    }

    /// Without a daemon the next one sends what was decided.
    private func next(_ place: OperatorTests.Place, _ isRunning: Bool) async throws {
        if !isRunning { #expect(try await place.site.advised("run", "--once").ending == .exited(0)) }
    }
}
