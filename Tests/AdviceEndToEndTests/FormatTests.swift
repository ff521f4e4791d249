import Foundation
import Testing

/// Every format, to a service that takes what the real one takes and refuses what it refuses.
@Suite(.timeLimit(.minutes(3)))
struct FormatTests {
    /// Reads the requests of each subscriber's service: exactly `count`, each taken.
    private func each(
        of services: Services, are count: Int, _ body: (String, Services.Request) throws -> Void = { _, _ in }
    ) throws {
        for subscriber in services.subscribers {
            let requests = try services.requests(of: Services.service(of: subscriber.id))
            #expect(requests.count == count, "\(subscriber.id)")
            for request in requests {
                #expect(request.problem == nil && request.status < 300, "\(subscriber.id): \(request.text)")
            }
            if let last = requests.last { try body(subscriber.id, last) }
        }
    }

    @Test("a point arrives in every format as its service takes it, once")
    func released() async throws {
        try await Site.with { site in
            let services = try await site.services()
            try site.write(Settings(services.subscribers))
            #expect(try await site.advised("check").ending == .exited(0))
            let run = try await site.advised("run", "--once")
            #expect(run.ending == .exited(0), "\(run.errors)")
            try each(of: services, are: 1) { id, request in
                let text = request.text.removingPercentEncoding ?? ""
                #expect(text.contains("Point 1") || text.contains("Point+1"), "\(id): \(text)")
                #expect(text.contains("Not medical advice") || text.contains("Not+medical+advice"), "\(id)")
            }
            #expect(try await site.advised("run", "--once").ending == .exited(0))
            try each(of: services, are: 1)
        }
    }

    @Test("a correction and a retraction say so in words, in every format")
    func corrected() async throws {
        try await Site.with { site in
            let services = try await site.services()
            let settings = Settings(services.subscribers)
            try site.write(settings)
            #expect(try await site.advised("run", "--once").ending == .exited(0))
            try site.write(
                settings.point(1).replacing("Text of point *1*.", with: "A better text."),
                to: "points/1-use-the-time.md")
            #expect(try await site.advised("revise", "use-the-time").ending == .exited(0))
            #expect(try await site.advised("run", "--once").ending == .exited(0))
            try each(of: services, are: 2) { id, request in
                let text = request.text.replacing("+", with: " ").lowercased()
                #expect(text.contains("better"), "\(id): \(text)")
                #expect(["correct", "revised"].contains { text.contains($0) }, "\(id): \(text)")
            }
            #expect(try await site.advised("withdraw", "use-the-time").ending == .exited(0))
            #expect(try await site.advised("run", "--once").ending == .exited(0))
            try each(of: services, are: 3) { id, request in
                let text = request.text.replacing("+", with: " ").lowercased()
                #expect(text.contains("withdrawn"), "\(id): \(text)")
            }
        }
    }

    @Test("a test is marked as one, in every format, and prints no secret")
    func tested() async throws {
        try await Site.with { site in
            let services = try await site.services()
            try site.write(Settings(services.subscribers))
            for subscriber in services.subscribers {
                let test = try await site.advised("test", subscriber.id)
                #expect(test.ending == .exited(0), "\(subscriber.id): \(test.output)")
                for secret in Services.secrets { #expect(!(test.output + test.errors).contains(secret)) }
            }
            try each(of: services, are: 1) { id, request in
                #expect(request.text.lowercased().contains("test"), "\(id): \(request.text)")
            }
        }
    }

    @Test("an alert arrives in every format")
    func alerted() async throws {
        try await Site.with { site in
            let services = try await site.services()
            let operators = services.subscribers.map { subscriber in
                var subscriber = subscriber
                subscriber.more.append("series: []")
                return subscriber
            }
            var settings = Settings(operators + [.init(id: "ann", url: "http://10.1.2.3/hooks")])
            settings.top = ["alerts: { to: [\(operators.map(\.id).joined(separator: ", "))] }"]
            try site.write(settings)
            #expect(try await site.advised("run", "--once").ending == .exited(0))
            try each(of: services, are: 1) { id, request in
                #expect(request.text.contains("10.1.2.3"), "\(id): \(request.text)")
            }
        }
    }

    @Test("who has another format since the release gets the point in that, as it was then")
    func later() async throws {
        try await Site.with { site in
            let services = try await site.services()
            let receiver = try await site.receiver("503; 204")
            var settings = Settings(ann: receiver.url)
            settings.delivery = ["retries: [1h]"]
            try site.write(settings)
            #expect(try await site.advised("run", "--once").ending == .exited(1))
            var slack = try #require(services.subscribers.first { $0.id == "slack" })
            slack.id = "ann"
            settings.subscribers = [slack]
            try site.write(settings)
            try site.write(
                settings.point(1).replacing("Text of point", with: "Another text of"),
                to: "points/1-use-the-time.md")
            let run = try await site.advised("run", "--once")
            #expect(run.ending == .exited(0), "\(run.errors)")
            let request = try #require(try services.requests(of: "slack").first)
            #expect(request.problem == nil && request.text.contains("Text of point"), "\(request.text)")
        }
    }

    @Test(
        "a template of one's own is as it was at the last reload, and signed; its mistakes have their place")
    func template() async throws {
        try await Site.with { site in
            let receiver = try await site.receiver("503; 204")
            var settings = Settings(ann: receiver.url)
            settings.subscribers[0].more = [
                "format: template", "template: { file: own.mustache, method: PUT }", "also_sign: [github]",
            ]
            settings.delivery = ["retries: [3s]"]
            try site.write(settings)
            try site.write("{\n  \"what\": \"{{titel}}\"\n}\n", to: "own.mustache")
            let check = try await site.advised("check")
            #expect(check.ending == .exited(78))
            #expect(check.output.contains("own.mustache:2:"), "\(check.output)")
            try site.write("{\"what\": \"{{title}}\"}", to: "own.mustache")
            let daemon = try await site.daemon()
            try await receiver.requests(1)
            try site.write("{\"other\": \"{{title}}\"}", to: "own.mustache")
            let requests = try await receiver.requests(2)
            #expect(requests.map(\.method) == ["PUT", "PUT"])
            #expect(
                requests.map { String(decoding: $0.body, as: UTF8.self) }
                    == Array(repeating: #"{"what": "Point 1"}"#, count: 2))
            #expect(requests[0].headers["x-hub-signature-256"]?.hasPrefix("sha256=") == true)
            #expect(requests[0].headers["webhook-signature"] != nil)
            #expect(try await site.advised("reload").ending == .exited(0))
            try await site.awaitDelivered(1)
            #expect(daemon.endingNow() == nil)
            let shown = try await site.advised("preview", "use-the-time")
            #expect(shown.output.hasSuffix("{\"other\": \"Point 1\"}\n"), "\(shown.output)")
        }
    }

    @Test("what the preview shows is what was sent, and it tells no secret")
    func preview() async throws {
        try await Site.with { site in
            let services = try await site.services()
            try site.write(Settings(services.subscribers))
            #expect(try await site.advised("run", "--once").ending == .exited(0))
            for subscriber in services.subscribers {
                let shown = try await site.advised("preview", "use-the-time", "--subscriber", subscriber.id)
                #expect(shown.ending == .exited(0), "\(shown.errors)")
                let sent = try #require(try services.requests(of: Services.service(of: subscriber.id)).first)
                #expect(shown.output.hasSuffix("\n\n\(sent.text)\n"), "\(subscriber.id): \(shown.output)")
                for secret in Services.secrets { #expect(!(shown.output + shown.errors).contains(secret)) }
            }
        }
    }

    @Test("what will be cut is told by `check`, with its file and line")
    func misfits() async throws {
        try await Site.with { site in
            let services = try await site.services()
            let settings = Settings(services.subscribers)
            try site.write(settings)
            let long = String(repeating: "A very long text. ", count: 3000)
            try site.write(
                settings.point(2).replacing("Text of point *2*.", with: long), to: "points/2-build-trust.md")
            let check = try await site.advised("check")
            #expect(check.ending == .exited(0))
            for format in ["slack", "discord", "telegram", "ntfy", "zulip"] {
                #expect(
                    check.output.split(separator: "\n").contains {
                        $0.contains("points/2-build-trust.md:") && $0.contains(": warning: ")
                            && $0.contains("format \(format)")
                    }, "\(format): \(check.output)")
            }
            #expect(!check.output.contains("1-use-the-time.md"))
            // It is cut, and taken.
            #expect(try await site.advised("run", "--once").ending == .exited(0))
        }
    }
}
