import Foundation
import Testing

/// What receivers verify with: PyPI's svix and standardwebhooks, and PyNaCl for ed25519.
@Suite(.timeLimit(.minutes(2)))
struct VerifierTests {
    /// As it came, and with its body, its id and its timestamp changed.
    private static let good = ["accepted", "refused", "refused", "refused"]
    private static let bad = Array(repeating: "refused", count: 4)

    @Test(
        "svix and standardwebhooks accept each of two secrets in rotation, and nothing that was tampered with"
    )
    func rotation() async throws {
        try await Site.with { site in
            let (old, fresh) = (try await site.newSecret(), try await site.newSecret())
            let receiver = try await site.receiver()
            func member(_ id: String, _ secret: String) -> Settings.Subscriber {
                .init(id: id, url: "http://127.0.0.1:\(receiver.port)/\(id)", secret: secret)
            }
            try site.write(
                Settings([member("both", "[\(fresh), \(old)]"), member("old", old), member("new", fresh)]))
            #expect(try await site.advised("run", "--once").ending == .exited(0))
            for (secret, holders) in [(old, ["/both", "/old"]), (fresh, ["/both", "/new"])] {
                let judged = try await site.judge("v1", secret, receiver)
                #expect(
                    judged.map(\.library).sorted() == ["standardwebhooks", "svix"].flatMap { [$0, $0, $0] })
                for line in judged {
                    let expected = holders.contains(line.path) ? Self.good : Self.bad
                    #expect(line.verdicts == expected, "\(line.library) \(line.path)")
                }
            }
        }
    }

    @Test(
        "five minutes are the libraries' patience with a clock, and the timestamp is the attempt's own",
        arguments: [(-320, bad), (-270, good), (0, good), (270, good), (320, bad)])
    func tolerance(_ offset: Int, _ expected: [String]) async throws {
        try await Site.with { site in
            let receiver = try await site.receiver()
            try site.write(Settings(ann: receiver.url))
            let clock = try ClockShim(site)
            try clock.step(realtime: Double(offset))
            let test = try await site.advised("test", "ann", environment: clock.environment)
            #expect(test.ending == .exited(0), "\(test.errors)")
            let judged = try await site.judge("v1", Settings.secret, receiver)
            #expect(judged.map(\.library) == ["svix", "standardwebhooks"])
            for line in judged { #expect(line.verdicts == expected, "\(line.library)") }
        }
    }

    @Test("PyNaCl verifies what a `whsk_` secret signs, and refuses what was tampered with or is another's")
    func ed25519() async throws {
        try await Site.with { site in
            let keys = try await site.advised("keys", "new", "--ed25519")
            let open = try #require(
                keys.errors.split(whereSeparator: \.isWhitespace).last { $0.hasPrefix("whpk_") })
            let stranger = try await site.advised("keys", "new", "--ed25519").output.dropLast()
            let receiver = try await site.receiver()
            func member(_ id: String, _ secret: some StringProtocol) -> Settings.Subscriber {
                .init(id: id, url: "http://127.0.0.1:\(receiver.port)/\(id)", secret: String(secret))
            }
            try site.write(
                Settings([
                    member("ann", keys.output.dropLast()), member("bob", stranger),
                    member("both", "[\(Settings.secret), \(keys.output.dropLast())]"),
                ]))
            #expect(try await site.advised("run", "--once").ending == .exited(0))
            let judged = try await site.judge("v1a", String(open), receiver)
            #expect(judged.count == 3)
            for line in judged {
                #expect(line.verdicts == (line.path == "/bob" ? Self.bad : Self.good), "\(line.path)")
            }
            // Beside it the libraries find the signature that they know.
            for line in try await site.judge("v1", Settings.secret, receiver) {
                #expect(line.verdicts == (line.path == "/both" ? Self.good : Self.bad), "\(line.path)")
            }
        }
    }
}

/// What one library made of one request.
private struct Judged {
    var library: String
    var path: String
    var verdicts: [String]
}

extension Site {
    fileprivate func newSecret() async throws -> String {
        String(try await advised("keys", "new").output.dropLast())
    }

    fileprivate func judge(_ version: String, _ key: String, _ receiver: Receiver) async throws -> [Judged] {
        let judged = try await finished(
            start(
                [Tools.python(), Tools.script("verifiers.py"), version, key, receiver.log], named: "verifiers"
            ),
            within: .seconds(60))
        guard judged.ending == .exited(0) else { throw Missing(judged.errors) }
        return judged.output.split(separator: "\n").map { line in
            let words = line.split(separator: " ").map(String.init)
            return Judged(library: words[0], path: words[1], verdicts: Array(words.dropFirst(2)))
        }
    }
}
