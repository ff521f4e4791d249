import Foundation
import Testing

/// mitmproxy before a receiver: the case in which nobody can know whether a point arrived.
@Suite(.timeLimit(.minutes(2)))
struct LostAnswerTests {
    @Test("where the answer is lost the same id and bytes come again, and the receiver can tell")
    func lost() async throws {
        try await Site.with { site in
            let receiver = try await site.receiver()
            let port = try await site.mitmproxy(before: receiver)
            var settings = Settings(
                (1...3).map { .init(id: "s\($0)", url: "http://127.0.0.1:\(port)/hooks/\($0)") })
            settings.delivery = ["retries: [1s, 5s]"]
            try site.write(settings)
            let daemon = try await site.daemon()
            try await site.awaitDelivered(3)
            daemon.send(SIGTERM)
            #expect(try await daemon.end() == .exited(0))

            let byID = Dictionary(grouping: try receiver.requests, by: \.id)
            #expect(byID.count == 3)
            for twice in byID.values {
                #expect(twice.map(\.attempt) == ["1", "2"])
                #expect(twice.map(\.status) == [204, 204])
                #expect(Set(twice.map(\.body)).count == 1)
                #expect(Set(twice.map(\.path)).count == 1)
            }
            // Each of the six is signed for the time of its own attempt.
            let judged = try await site.judge(receiver)
            #expect(judged == Array(repeating: ["accepted", "refused"], count: 6))
            for entry in try await site.log().values {
                #expect(entry.attemptLog.map(\.status) == [nil, 204])
                #expect(entry.attemptLog.first?.error == "the connection was closed without an answer")
            }
        }
    }
}

extension Site {
    /// The port of a mitmproxy that hands on to `receiver`, and loses what it answers first.
    fileprivate func mitmproxy(before receiver: Receiver) async throws -> Int {
        let port = try Loopback.freePort()
        try await serve(
            [
                Tools.pypi("mitmdump"), "--quiet", "--mode", "reverse:http://127.0.0.1:\(receiver.port)",
                "--listen-host", "127.0.0.1", "--listen-port", "\(port)",
                "--scripts", Tools.script("lost_answer.py"), "--set", "confdir=\(folder)/mitmproxy",
            ], named: "mitmproxy", on: port, environment: ["PYTHONDONTWRITEBYTECODE": "1"])
        return port
    }
}
