import Foundation
import Testing

/// Debian's `webhook`, which many people have before their scripts: what its own rules accept is delivered,
/// and what they refuse is tried again.
@Suite(.timeLimit(.minutes(2)))
struct DebianWebhookTests {
    /// What the receiver is told, and what a right one is told.
    private static let (secret, token) = ("a secret of webhook's own", "blue-7")

    @Test("a header that its match rule wants is sent; without it the point is refused and waits")
    func token() async throws {
        try await Site.with { site in
            let receiver = try await site.debianWebhook(secret: Self.secret, token: Self.token)
            func member(_ id: String, _ token: String) -> Settings.Subscriber {
                .init(
                    id: id, url: "http://127.0.0.1:\(receiver.port)/hooks/token",
                    more: ["headers: { X-Token: \(token) }"])
            }
            try site.write(Settings([member("ann", Self.token), member("bob", "red-7")]))
            #expect(try await site.advised("run", "--once").ending == .exited(1))
            let log = try await site.log()
            #expect(log["ann"]?.state == "delivered" && log["ann"]?.status == 200)
            #expect(log["bob"]?.state == "waiting" && log["bob"]?.error == "403 Forbidden")
        }
    }

    @Test("`also_sign: [github]` holds by its HMAC rule where both have one secret, and else it is refused")
    func alsoSign() async throws {
        for (own, state, status) in [(Settings.secret, "delivered", 200), (Self.secret, "waiting", 500)] {
            try await Site.with { site in
                let receiver = try await site.debianWebhook(secret: own, token: Self.token)
                try site.write(
                    Settings([
                        .init(
                            id: "ann", url: "http://127.0.0.1:\(receiver.port)/hooks/signed",
                            more: ["also_sign: [github]"])
                    ]))
                try await site.advised("run", "--once")
                let ann = try #require(try await site.log()["ann"])
                #expect(ann.state == state && ann.status == status, "\(ann)")
            }
        }
    }

    /// Its HMAC rule signs the body alone: what it accepts at last are the bytes that the preview showed.
    @Test("signed with another secret it is refused and tried again; signed with its own it is delivered")
    func hmac() async throws {
        try await Site.with { site in
            let receiver = try await site.debianWebhook(secret: Self.secret, token: Self.token)
            var settings = Settings(ann: "http://127.0.0.1:\(receiver.port)/hooks/signed")
            settings.delivery = ["retries: [\(Array(repeating: "1s", count: 30).joined(separator: ", "))]"]
            settings.subscribers[0].more = [
                "headers: { X-Hub-Signature-256: sha256=\(String(repeating: "0", count: 64)) }"
            ]
            try site.write(settings)
            let daemon = try await site.daemon()
            try await poll("it is refused") { daemon.errors.contains("next attempt at") }

            let body = try await site.previewedBody()
            func sign(with secret: String) async throws -> String {
                let signature = try await site.hmac(body, secret: secret)
                settings.subscribers[0].more = ["headers: { X-Hub-Signature-256: sha256=\(signature) }"]
                try site.write(settings)
                #expect(try await site.advised("reload").ending == .exited(0))
                return signature
            }
            let another = try await sign(with: "another")
            try await poll("it refuses that one: \(receiver.process.errors)") {
                receiver.process.errors.contains("invalid payload signatures [\(another)]")
            }
            _ = try await sign(with: Self.secret)
            try await site.awaitDelivered(1)
            daemon.send(SIGTERM)
            #expect(try await daemon.end() == .exited(0))
            let statuses = try #require(try await site.log()["ann"]).attemptLog.map(\.status)
            #expect(Set(statuses.dropLast()) == [500] && statuses.last == 200, "\(statuses)")
        }
    }
}

extension Site {
    /// Starts it with two places: `signed` wants an HMAC over the body in GitHub's header, `token` a header
    /// with a token. It shows which signatures it refuses.
    fileprivate func debianWebhook(
        secret: String, token: String
    ) async throws -> (process: ChildProcess, port: Int) {
        let port = try Loopback.freePort()
        func place(_ id: String, _ rule: String) -> String {
            """
            {"id": "\(id)", "execute-command": "/bin/true", "http-methods": ["POST"],
             "trigger-rule-mismatch-http-response-code": 403, "trigger-rule": {"match": \(rule)}}
            """
        }
        let rules = try write(
            """
            [\(place("signed", """
                {"type": "payload-hmac-sha256", "secret": "\(secret)",
                 "parameter": {"source": "header", "name": "X-Hub-Signature-256"}}
                """)),
             \(place("token", """
                {"type": "value", "value": "\(token)", "parameter": {"source": "header", "name": "X-Token"}}
                """))]
            """, to: "rules.json")
        let program = try Tools.debian("webhook", package: "webhook")
        let child = try await serve(
            [program, "-hooks", rules, "-ip", "127.0.0.1", "-port", "\(port)", "-verbose"],
            named: "webhook", on: port)
        return (child, port)
    }

    /// A file with the bytes that were sent of the first point.
    fileprivate func previewedBody() async throws -> String {
        let shown = try await advised("preview", "use-the-time").output
        let head = try #require(shown.range(of: "\n\n"))
        return try write(String(shown[head.upperBound...].dropLast()), to: "body")
    }

    /// In hexadecimal, made by openssl.
    fileprivate func hmac(_ file: String, secret: String) async throws -> String {
        let openssl = try Tools.debian("openssl", package: "openssl")
        let made = try await finished(
            start([openssl, "dgst", "-sha256", "-r", "-hmac", secret, file], named: "openssl"),
            within: .seconds(10))
        return String(made.output.prefix { $0 != " " })
    }
}
