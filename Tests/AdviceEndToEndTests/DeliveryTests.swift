import Foundation
import Testing

/// One release to one receiver: what arrives there, and what becomes of each answer.
@Suite(.timeLimit(.minutes(2)))
struct DeliveryTests {
    @Test("the POST verifies with standardwebhooks, and a tampered one does not")
    func verifies() async throws {
        try await Site.with { site in
            let receiver = try await site.receiver()
            try site.write(Settings(ann: receiver.url))
            #expect(try await site.advised("run", "--once").ending == .exited(0))
            #expect(receiver.requestCount == 1)
            #expect(try await site.judge(receiver) == [["accepted", "refused"]])
            let stranger = "whsec_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"
            #expect(try await site.judge(receiver, secret: stranger) == [["refused", "refused"]])
        }
    }

    @Test("the request is the one of the contract")
    func request() async throws {
        try await Site.with { site in
            let receiver = try await site.receiver()
            let settings = Settings(ann: receiver.url)
            try site.write(settings)
            try await site.advised("run", "--once")
            let request = try #require(try receiver.requests.first)
            #expect(request.method == "POST")
            #expect(request.path == "/hooks/advice")
            #expect(request.headers["content-type"] == "application/json")
            #expect(request.headers["user-agent"]?.hasPrefix("advised/") == true)
            #expect(request.headers["webhook-attempt"] == "1")
            #expect(request.id.hasPrefix("msg_") && request.id.count == 30)
            let body = try JSON(String(decoding: request.body, as: UTF8.self))
            #expect(body["type"] == .string("advice.point.released"))
            let data = try #require(body["data"])
            #expect(data["series"]?["id"] == .string("daily"))
            #expect(data["point"]?["id"] == .string("use-the-time"))
            #expect(data["point"]?["number"] == .number(1))
            #expect(data["point"]?["of"] == .number(3))
            #expect(data["release"]?["day"] == .string(settings.start))
            #expect(data["release"]?["zone"] == .string(settings.wall.zone))
            #expect(data["notice"] == .string("Not medical advice."))
        }
    }

    @Test("a second run sends nothing, and a preview shows the very bytes that were sent")
    func once() async throws {
        try await Site.with { site in
            let receiver = try await site.receiver()
            try site.write(Settings(ann: receiver.url))
            try await site.advised("run", "--once")
            #expect(try await site.advised("run", "--once").ending == .exited(0))
            let requests = try receiver.requests
            #expect(requests.count == 1)
            let preview = try await site.advised("preview", "use-the-time")
            #expect(preview.output.hasSuffix(String(decoding: requests[0].body, as: UTF8.self) + "\n"))
            #expect(preview.output.contains("webhook-id: \(requests[0].id)\n"))
        }
    }

    @Test("a 429 with Retry-After: 3 is tried again not before 3 s, with the same id and bytes")
    func retryAfter() async throws {
        try await Site.with { site in
            let receiver = try await site.receiver("429 retry-after=3; 204")
            var settings = Settings(ann: receiver.url)
            // Without the header it would be tried again within 2 s.
            settings.delivery = ["retries: [1s, 1s]"]
            try site.write(settings)
            let daemon = try await site.daemon()
            let requests = try await receiver.requests(2)
            #expect(requests[1].at - requests[0].at >= 3_000_000_000)
            #expect(requests.map(\.attempt) == ["1", "2"])
            #expect(requests[0].id == requests[1].id && requests[0].body == requests[1].body)
            try await site.awaitDelivered(1)
            daemon.send(SIGTERM)
            try await daemon.end()
            let entry = try #require(try await site.advised("log", "--json").json[0])
            #expect(entry["attempt_log"]?.elements.map { $0["status"] } == [.number(429), .number(204)])
        }
    }

    @Test("a redirect is not followed, and shows as refused")
    func redirect() async throws {
        try await Site.with { site in
            let elsewhere = try await site.receiver()
            let receiver = try await site.receiver("302 location=\(elsewhere.url)")
            try site.write(Settings(ann: receiver.url))
            #expect(try await site.advised("run", "--once").ending == .exited(1))
            #expect(receiver.requestCount == 1)
            #expect(elsewhere.connectionCount == 0)
            let entry = try #require(try await site.advised("log", "--json").json[0])
            #expect(entry["status"] == .number(302))
            #expect(entry["state"] == .string("waiting"))
            let test = try await site.advised("test", "ann")
            #expect(test.ending == .exited(1))
            #expect(test.output.hasSuffix("refused\n"), "\(test.output)")
            #expect(elsewhere.connectionCount == 0)
        }
    }

    @Test(
        "a private address that was not allowed is never dialled, however it is written",
        arguments: ["127.0.0.1", "0x7f.1", "2130706433", "[::ffff:127.0.0.1]", "localhost"])
    func blocked(_ host: String) async throws {
        try await Site.with { site in
            let receiver = try await site.receiver()
            var settings = Settings(ann: "http://\(host):\(receiver.port)/")
            settings.allowNetworks = ""
            try site.write(settings)
            let run = try await site.advised("run", "--once")
            #expect(run.ending == .exited(0), "\(run.errors)")
            let entry = try #require(try await site.advised("log", "--json").json[0])
            #expect(entry["state"] == .string("exhausted"))
            #expect(entry["error"]?.string?.contains("allow_networks") == true, "\(entry)")
            #expect(receiver.connectionCount == 0)
        }
    }

    @Test("unsigned where the subscriber says so, and his own headers are sent")
    func unsigned() async throws {
        try await Site.with { site in
            let receiver = try await site.receiver()
            try site.write(
                Settings([
                    .init(id: "ann", url: receiver.url, secret: "none", more: ["headers: { X-Team: blue }"])
                ]))
            #expect(try await site.advised("run", "--once").ending == .exited(0))
            let request = try #require(try receiver.requests.first)
            #expect(request.headers["x-team"] == "blue")
            #expect(request.headers["webhook-signature"] == nil)
        }
    }
}

extension Site {
    /// Awaits that the running daemon has recorded so many deliveries.
    func awaitDelivered(_ count: Int, within limit: Duration = .seconds(60)) async throws {
        try await awaitState("delivered", of: count, within: limit)
    }

    /// Awaits that the record has `count` deliveries in a state.
    func awaitState(
        _ state: String, of count: Int, within limit: Duration = .seconds(60)
    ) async throws {
        let deadline = ContinuousClock.now + limit
        while try await counts()[state] != .number(Double(count)) {
            guard ContinuousClock.now < deadline else {
                throw TimedOut(description: "\(count) are not \(state): \(try await counts())")
            }
        }
    }

    /// `deliveries` of `status --json`.
    func counts() async throws -> JSON {
        let status = try await advised("status", "--json")
        return try #require(try status.json["deliveries"], "\(status.errors)")
    }
}
