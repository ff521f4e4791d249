import Foundation
import Testing

/// What operators are told, by the daemon itself.
@Suite(.timeLimit(.minutes(2)))
struct AlertTests {
    @Test("a delivery that is given up is told to those whom `alerts` names, signed and once")
    func exhausted() async throws {
        try await Site.with { site in
            let receiver = try await site.receiver()
            // The guard blocks the one, so that it is given up at once.
            var settings = Settings([
                .init(id: "ann", url: "http://10.1.2.3/hooks"),
                .init(id: "ops", url: receiver.url, more: ["series: []"]),
            ])
            settings.logLevel = "info"
            try site.write(settings)
            try site.write(settings.yaml + "alerts: { to: [ops] }\n", to: "advised.yaml")
            #expect(try await site.advised("run", "--once").ending == .exited(0))
            let requests = try receiver.requests
            #expect(requests.count == 1)
            let body = try JSON(String(decoding: try #require(requests.first).body, as: UTF8.self))
            #expect(body["type"] == .string("advice.alert"))
            let data = body["data"]
            #expect(data?["kind"] == .string("exhausted") && data?["severity"] == .string("warning"))
            #expect(data?["series"] == .string("daily") && data?["point"] == .string("use-the-time"))
            #expect(data?["subscribers"]?.elements.map(\.string) == ["ann"])
            #expect(data?["count"] == .number(1))
            #expect(data?["text"]?.string?.contains("10.1.2.3") == true)
            #expect(data?["text"]?.string?.contains("hooks") == false, "no URL")
            let words = try await site.judge(receiver, secret: Settings.secret)
            #expect(words == [["accepted", "refused"]])
            // It is in the log like anything else, and the next run repeats nothing.
            #expect(try await site.advised("run", "--once").ending == .exited(0))
            #expect(receiver.requestCount == 1)
        }
    }

    @Test("who is not to be told of a kind is not, and without `alerts` nobody is")
    func quiet() async throws {
        try await Site.with { site in
            let receiver = try await site.receiver()
            let settings = Settings([
                .init(id: "ann", url: "http://10.1.2.3/hooks"),
                .init(id: "ops", url: receiver.url, more: ["series: []"]),
            ])
            try site.write(settings)
            try site.write(settings.yaml + "alerts: { to: [ops], on: [closed, clock] }\n", to: "advised.yaml")
            #expect(try await site.advised("run", "--once").ending == .exited(0))
            #expect(receiver.requestCount == 0)
        }
    }
}
