import Foundation
import Testing

/// `confirm: challenge`: who has not said that it wants anything is sent nothing but the question.
@Suite(.timeLimit(.minutes(2)))
struct ConsentTests {
    private struct Body: Decodable {
        var type: String
        var data: Content
        struct Content: Decodable { var challenge: String? }
    }

    private func types(_ receiver: Receiver) throws -> [String] {
        try receiver.requests.map { try JSONDecoder().decode(Body.self, from: $0.body).type }
    }

    private func settings(_ url: String) -> Settings {
        Settings([
            .init(id: "ann", url: url, more: ["confirm: challenge"]), .init(id: "bob", url: url + "?bob"),
        ])
    }

    @Test("a signed challenge comes first and once, and with its echo the point")
    func consents() async throws {
        try await Site.with { site in
            let receiver = try await site.receiver("200 echo")
            var settings = settings(receiver.url)
            try site.write(settings)
            #expect(try await site.advised("run", "--once").ending == .exited(0))
            let asked = try receiver.requests.filter { !$0.path.hasSuffix("?bob") }
            let bodies = try asked.map { try JSONDecoder().decode(Body.self, from: $0.body) }
            #expect(bodies.map(\.type) == ["advice.endpoint.verify", "advice.point.released"])
            #expect(bodies.first?.data.challenge.map { $0.utf8.count >= 22 } == true)
            #expect(Set(asked.map(\.id)).count == 2 && asked.map(\.attempt) == ["1", "1"])
            #expect(try await site.judge(receiver).allSatisfy { $0 == ["accepted", "refused"] })
            let log = try await site.log()
            #expect(log["ann"]?.state == "delivered" && log["ann"]?.attempts == 1)

            // Not again with the next start, nor after an edit that leaves the endpoint as it is.
            settings.subscribers[0].more.append("headers: { X-Team: blue }")
            try site.write(settings)
            let before = receiver.requestCount
            #expect(try await site.advised("run", "--once").ending == .exited(0))
            #expect(receiver.requestCount == before)
            // Of another URL nobody knows yet whether it wants it.
            settings.subscribers[0].url = receiver.url + "/other"
            try site.write(settings)
            let daemon = try await site.daemon()
            #expect(try await site.advised("replay", "--subscriber", "ann", "--yes").ending == .exited(0))
            try await receiver.requests(before + 2)
            daemon.send(SIGTERM)
            _ = try await daemon.end()
            #expect(try types(receiver).suffix(2) == ["advice.endpoint.verify", "advice.point.released"])
        }
    }

    @Test("of CloudEvents the handshake is asked: who allows our name gets the point, and who does not waits")
    func handshake() async throws {
        try await Site.with { site in
            let willing = try await site.receiver("200 webhook-allowed-origin=advice.example.org; 204")
            let silent = try await site.receiver("200")
            let other = try await site.receiver("200 webhook-allowed-origin=other.example.org")
            var settings = Settings(
                [("ann", willing), ("bob", silent), ("cat", other)].map { id, receiver in
                    .init(id: id, url: receiver.url, more: ["format: cloudevents", "confirm: challenge"])
                })
            settings.delivery = ["contact: https://advice.example.org/about"]
            try site.write(settings)
            #expect(try await site.advised("run", "--once").ending == .exited(1))
            let asked = try willing.requests
            #expect(asked.map(\.method) == ["OPTIONS", "POST"])
            #expect(asked.first?.headers["webhook-request-origin"] == "advice.example.org")
            #expect(asked.first?.body.isEmpty == true)
            #expect(asked.last?.headers["content-type"]?.hasPrefix("application/cloudevents+json") == true)
            #expect(try silent.requests.map(\.method) == ["OPTIONS"])
            #expect(try other.requests.map(\.method) == ["OPTIONS"])
            let status = try await site.advised("status", "--json").json
            #expect(Set(status["unconfirmed"]?.elements.compactMap(\.string) ?? []) == ["bob", "cat"])
        }
    }

    @Test(
        "a 2xx without the echo is no consent: everything is held, and nothing else is sent",
        arguments: ["200", "204", "404"])
    func silent(_ answer: String) async throws {
        try await Site.with { site in
            let receiver = try await site.receiver(answer)
            var settings = settings(receiver.url)
            settings.subscribers.removeLast()
            try site.write(settings)
            #expect(try await site.advised("run", "--once").ending == .exited(1))
            let status = try await site.advised("status", "--json").json
            #expect(status["unconfirmed"]?[0] == .string("ann"))
            let log = try await site.log()
            #expect(log["ann"]?.state == "held" && log["ann"]?.attempts == 0)
            #expect(log["ann"]?.error?.hasPrefix("unconfirmed: \(answer)") == true, "\(log)")

            // An operator may have it asked again, and no more than that.
            #expect(try await site.advised("resume", "--subscriber", "ann").ending == .exited(0))
            #expect(try await site.advised("run", "--once").ending == .exited(1))
            #expect(try types(receiver) == ["advice.endpoint.verify", "advice.endpoint.verify"])
        }
    }

    @Test("the receivers of the documentation give their consent", arguments: Sample.allCases)
    func documented(_ sample: Sample) async throws {
        try await Site.with { site in
            let receiver = try await site.sample(sample)
            var settings = settings(receiver.url)
            settings.subscribers.removeLast()
            try site.write(settings)
            #expect(try await site.advised("run", "--once").ending == .exited(0))
            #expect(try await site.log()["ann"]?.state == "delivered")
        }
    }
}
