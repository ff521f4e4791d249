import Foundation
import Testing

/// `keys`, `verify` and `listen`: what is needed to set up a receiver, against PyPI's standardwebhooks.
@Suite(.timeLimit(.minutes(2)))
struct SigningTests {
    @Test("`keys new` makes a secret that standardwebhooks signs and verifies with")
    func roundTrip() async throws {
        try await Site.with { site in
            let keys = try await site.advised("keys", "new")
            #expect(keys.ending == .exited(0))
            let secret = String(keys.output.dropLast())
            #expect(secret.hasPrefix("whsec_") && !secret.contains("\n"))
            #expect(try await site.advised("keys", "new").output != keys.output)

            let body = try site.write(#"{"a": "ü"}"#, to: "body")
            let headers = try site.write(
                try await site.sign(body, id: "msg_1", secret: secret), to: "headers")
            #expect(try await verify(site, secret, headers, body).ending == .exited(0))

            let receiver = try await site.receiver()
            try site.write(Settings([.init(id: "ann", url: receiver.url, secret: secret)]))
            try await site.advised("run", "--once")
            #expect(try await site.judge(receiver, secret: secret) == [["accepted", "refused"]])
        }
    }

    @Test("while a secret is changed for another, a receiver with either accepts")
    func rotation() async throws {
        try await Site.with { site in
            let old = String(try await site.advised("keys", "new").output.dropLast())
            let fresh = String(try await site.advised("keys", "new").output.dropLast())
            let receiver = try await site.receiver()
            try site.write(Settings([.init(id: "ann", url: receiver.url, secret: "[\(fresh), \(old)]")]))
            try await site.advised("run", "--once")
            for secret in [old, fresh] {
                #expect(try await site.judge(receiver, secret: secret) == [["accepted", "refused"]])
            }
            #expect(try await site.judge(receiver) == [["refused", "refused"]])
        }
    }

    @Test("an ed25519 key pair signs what `verify` accepts with its public half alone")
    func keyPair() async throws {
        try await Site.with { site in
            let keys = try await site.advised("keys", "new", "--ed25519")
            let secret = String(keys.output.dropLast())
            #expect(secret.hasPrefix("whsk_"))
            let open = try #require(
                keys.errors.split(whereSeparator: \.isWhitespace).last { $0.hasPrefix("whpk_") })
            let receiver = try await site.receiver()
            try site.write(Settings([.init(id: "ann", url: receiver.url, secret: secret)]))
            try await site.advised("run", "--once")
            let request = try #require(try receiver.requests.first)
            let headers = try site.write(
                request.headers.map { "\($0.key): \($0.value)\n" }.joined(), to: "headers")
            let body = try site.write(String(decoding: request.body, as: UTF8.self), to: "body")
            #expect(try await verify(site, String(open), headers, body).ending == .exited(0))
            let changed = try site.write(String(decoding: request.body, as: UTF8.self) + " ", to: "changed")
            #expect(try await verify(site, String(open), headers, changed).ending == .exited(1))
        }
    }

    @Test(
        "`verify` knows the golden vector, and refuses it with anything changed",
        arguments: [
            ("msg_p5jXN8AQM9LWM0D4loKWxJek", "1614265330", #"{"test": 2432232314}"#, Int32(0)),
            ("msg_p5jXN8AQM9LWM0D4loKWxJel", "1614265330", #"{"test": 2432232314}"#, 1),
            ("msg_p5jXN8AQM9LWM0D4loKWxJek", "1614265331", #"{"test": 2432232314}"#, 1),
            ("msg_p5jXN8AQM9LWM0D4loKWxJek", "1614265330", #"{"test":2432232314}"#, 1),
        ])
    func golden(_ id: String, _ timestamp: String, _ text: String, _ code: Int32) async throws {
        try await Site.with { site in
            let body = try site.write(text, to: "body")
            let headers = try site.write(
                """
                Webhook-Id: \(id)
                webhook-timestamp: \(timestamp)
                webhook-signature: v1,AAAA v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=

                """, to: "headers")
            let bare = "MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
            for secret in [bare, "whsec_" + bare] {
                #expect(try await verify(site, secret, headers, body).ending == .exited(code))
            }
        }
    }

    @Test("`listen` shows each webhook and whether its signature holds, and answers as told")
    func listen() async throws {
        try await Site.with { site in
            let secret = try site.write(Settings.secret + "\n", to: "secret")
            let listener = try site.listener(
                ["--port", "0", "--secret", secret, "--status", "201", "--json"])
            let port = try await poll("it listens: \(listener.errors)") {
                listener.errors.firstMatch(of: /127\.0\.0\.1:(\d+)/).flatMap { Int($0.output.1) }
            }
            let other = "whsec_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"
            try site.write(
                Settings([
                    .init(id: "ann", url: "http://127.0.0.1:\(port)/a"),
                    .init(id: "bob", url: "http://127.0.0.1:\(port)/b", secret: other),
                ]))
            for (subscriber, isValid) in [("ann", true), ("bob", false)] {
                let test = try await site.advised("test", subscriber)
                #expect(test.ending == .exited(0) && test.output.contains("< 201"))
                let line = try await poll("it is shown") {
                    listener.output.split(separator: "\n").last {
                        $0.contains("\"/\(subscriber.prefix(1))\"")
                    }
                }
                #expect(try JSON(String(line))["valid"] == .bool(isValid))
            }
            listener.send(SIGTERM)
            #expect(try await listener.end() == .exited(0))
        }
    }

    private func verify(
        _ site: Site, _ secret: String, _ headers: String, _ body: String
    ) async throws -> Site.Finished {
        try await site.advised("verify", "--secret", secret, "--headers", headers, "--body", body)
    }
}
