import Foundation
import Testing

/// What services say in words of their own, for real.
@Suite(.timeLimit(.minutes(3)))
struct ServiceAnswerTests {
    private func only(_ ids: [String], of services: Services) -> Settings {
        var settings = Settings(services.subscribers.filter { ids.contains($0.id) })
        settings.delivery = ["retries: [1s, 1s, 1s]"]
        return settings
    }

    @Test("who is gone by its service's word is closed at once, and opens by a new URL or token")
    func gone() async throws {
        try await Site.with { site in
            let blocked = #"{\"ok\":false,\"description\":\"Forbidden: bot was blocked by the user\"}"#
            let services = try await site.services(
                """
                {"slack": [[404, {}, "no_service"]], "discord": [[404, {}, "{}"]],
                 "matrix": [[401, {}, "{}"]], "telegram": [[403, {}, "\(blocked)"]]}
                """)
            let ids = ["discord", "matrix", "slack", "telegram"]
            var settings = only(ids, of: services)
            try site.write(settings)
            #expect(try await site.advised("run", "--once").ending == .exited(0))
            let status = try await site.advised("status", "--json").json
            #expect(Set((status["closed"]?.elements ?? []).compactMap(\.string)) == Set(ids))
            #expect(try await site.counts()["cancelled"] == .number(4))
            let log = try await site.log()
            #expect(log["slack"]?.error?.contains("no such webhook") == true, "\(log)")
            #expect(log["telegram"]?.error?.contains("the bot was blocked") == true)
            #expect(try services.requests.count == 4)

            let matrix = try #require(settings.subscribers.firstIndex { $0.id == "matrix" })
            settings.subscribers[matrix].more.removeLast()
            settings.subscribers[matrix].more.append("token: ANOTHER")
            try site.write(settings)
            #expect(try await site.advised("run", "--once").ending == .exited(0))
            let after = try await site.advised("status", "--json").json["closed"]?.elements
            #expect(Set((after ?? []).compactMap(\.string)) == ["discord", "slack", "telegram"])
        }
    }

    @Test("how long a service asks to wait in its body is kept to, with the same bytes after")
    func waits() async throws {
        try await Site.with { site in
            let limited = #"{\"ok\":false,\"error_code\":429,\"parameters\":{\"retry_after\":3}}"#
            let services = try await site.services(
                """
                {"discord": [[429, {}, "{\\"retry_after\\": 2.5}"]], "telegram": [[429, {}, "\(limited)"]],
                 "matrix": [[429, {}, "{\\"retry_after_ms\\": 2500}"]],
                 "zulip": [[429, {}, "{\\"retry-after\\": 2.5}"]]}
                """)
            let ids = ["discord", "telegram", "matrix", "zulip"]
            try site.write(only(ids, of: services))
            let daemon = try await site.daemon()
            try await site.awaitDelivered(4)
            for id in ids {
                let requests = try services.requests(of: id)
                try #require(requests.count == 2, "\(id)")
                #expect(requests[0].body == requests[1].body, "\(id)")
                #expect(requests[0].path == requests[1].path, "\(id)")
                let waited = Double(requests[1].at - requests[0].at) / 1e9
                #expect(waited >= 2.5, "\(id) was tried again after \(waited) s")
            }
            daemon.send(SIGTERM)
            #expect(try await daemon.end() == .exited(0))
        }
    }

    @Test("a 200 that says no is not delivered")
    func refusedInTheBody() async throws {
        try await Site.with { site in
            let no = #"{\"ok\":false,\"error_code\":500}"#
            let services = try await site.services(#"{"telegram": [[200, {}, "\#(no)"]]}"#)
            try site.write(only(["telegram"], of: services))
            let daemon = try await site.daemon()
            try await site.awaitDelivered(1)
            #expect(try services.requests(of: "telegram").map(\.status) == [200, 200])
            #expect(daemon.endingNow() == nil)
        }
    }

    @Test("a bot's chats get their points one after the other, as fast as the service takes them")
    func pace() async throws {
        try await Site.with { site in
            let services = try await site.services()
            let usual = try #require(services.subscribers.first { $0.id == "telegram" })
            var settings = Settings(
                (1...20).map { number in
                    var chat = usual
                    chat.id = "chat\(number)"
                    chat.more = chat.more.map { $0.hasPrefix("to:") ? "to: \"-\(number)\"" : $0 }
                    return chat
                })
            settings.delivery = ["per_host: 64"]
            try site.write(settings)
            let run = try await site.advised("run", "--once")
            #expect(run.ending == .exited(0), "\(run.errors)")
            let times = try services.requests(of: "telegram").map(\.at).sorted()
            try #require(times.count == 20)
            #expect(times[19] - times[0] >= 15 * 34_000_000, "30 a second at most")
        }
    }
}
