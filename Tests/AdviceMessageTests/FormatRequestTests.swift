import AdviceCore
import AdviceMessage
import Foundation
import Testing

struct FormatRequestTests {
    private static let secret = "whsec_AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8="

    @Test(
        "method and place of a request",
        arguments: [
            (Format.slack, "POST", "https://hooks.example.org/secret-path"),
            (.discord, "POST", "https://discord.com/api/webhooks/1/secret-path?thread_id=7&wait=true"),
            (.telegram, "POST", "https://api.telegram.org/bot123:secret-token/sendMessage"),
            (
                .matrix, "PUT",
                "https://matrix.example.org/_matrix/client/v3/rooms/%21room%3Aexample.org/send/"
                    + "m.room.message/msg_p5jxn8aqm9lwm0d4lokwxjek2a"
            ),
            (.zulip, "POST", "https://zulip.example.org/api/v1/messages"),
            (.ntfy, "POST", "https://ntfy.example.org/"),
        ])
    func place(format: Format, method: String, url: String) throws {
        let request = try write(.released(try buildTrust()), as: format).request
        #expect(request.method.rawValue == method)
        #expect(request.url == url)
    }

    @Test("a URL that has what a format adds is left as it is")
    func idempotentQuery() throws {
        let destination = Destination(url: "https://discord.com/api/webhooks/1/x?wait=true")
        let request = try write(.released(try buildTrust()), as: .discord, to: destination).request
        #expect(request.url == "https://discord.com/api/webhooks/1/x?wait=true")
    }

    @Test("chat services are told no webhook-id and no signature; the others are")
    func headers() throws {
        let signing = Signing(
            secrets: [try SigningSecret(Self.secret)], github: GitHubSecret(Self.secret))
        for format in Format.allCases {
            let rendering = Rendering(.released(try buildTrust()), as: format)
            let request = try rendering.request(
                to: destination(format), AttemptIdentity(id: "msg_a", timestamp: 1, attempt: 2),
                signing: signing, userAgent: "advised/1")
            let names = request.headers.map { String($0.prefix { $0 != ":" }) }
            let isSigned = !chatFormats.contains(format)
            for name in ["webhook-id", "webhook-signature", "webhook-attempt", "x-hub-signature-256"] {
                #expect(names.contains(name) == isSigned, "\(format) \(name)")
            }
            #expect(names.contains("user-agent"))
            #expect(Set(names).count == names.count)
        }
    }

    @Test("a header of the entry's own stands in place of ours")
    func custom() throws {
        let rendering = Rendering(.released(try buildTrust()), as: .ntfy)
        let request = try rendering.request(
            to: destination(.ntfy), AttemptIdentity(id: "msg_a", timestamp: 1, attempt: 1), userAgent: "a",
            custom: [
                try CustomHeader(name: "Authorization", value: "Basic x"),
                try CustomHeader(name: "User-Agent", value: "b"),
            ])
        #expect(
            request.headers.filter { $0.lowercased().hasPrefix("authorization") } == [
                "Authorization: Basic x"
            ])
        #expect(request.headers.filter { $0.lowercased().hasPrefix("user-agent") } == ["User-Agent: b"])
    }

    @Test("one body serves all subscribers where nothing in it is theirs")
    func shared() throws {
        let own: Set<Format> = [.cloudevents, .telegram, .zulip, .ntfy, .template]
        for format in Format.allCases {
            let request = try write(.released(try buildTrust()), as: format).request
            #expect((request.ownBody != nil) == own.contains(format), "\(format)")
        }
    }

    @Test("a correction names what it replaces, in each format that has a place for it")
    func replaces() throws {
        var revised = try buildTrust()
        revised.release.revision = 2
        for format in [Format.standard, .cloudevents] {
            let body = try write(.revised(revised, at: Instant(seconds: 0)), as: format).body
            let data = try #require(try decoded(body, format)["data"] as? [String: Any])
            let release = try #require(data["release"] as? [String: Any])
            #expect(release["replaces"] as? String == "msg_vrjo2shrxo5uydxlv3bgt6klr4")
        }
    }

    @Test(
        "a request that lacks a field is refused with the field's name",
        arguments: [
            (Format.telegram, "to"), (.telegram, "token"), (.matrix, "to"), (.matrix, "token"),
            (.zulip, "to"),
            (.zulip, "topic"), (.zulip, "user"), (.zulip, "token"), (.ntfy, "topic"), (.template, "template"),
        ])
    func missing(format: Format, field: String) throws {
        var destination = destination(format)
        switch field {
        case "to": destination.to = nil
        case "token": destination.token = nil
        case "topic": destination.topic = nil
        case "user": destination.user = nil
        default: destination.template = nil
        }
        let changed = destination
        #expect {
            _ = try write(.released(try buildTrust()), as: format, to: changed)
        } throws: { error in
            "\(error)".contains("'\(field)'")
        }
    }

    @Test("what may be a secret is never printed", arguments: Format.allCases)
    func secrecy(_ format: Format) throws {
        let request = try write(.released(try buildTrust()), as: format).request
        let signing = Signing(secrets: [try SigningSecret(Self.secret)], github: GitHubSecret(Self.secret))
        for shown in [
            "\(request)", "\(destination(format))", String(reflecting: request),
            String(reflecting: destination(format)), "\(signing)", String(reflecting: signing),
        ] {
            #expect(!shown.contains("secret-path"), "\(shown)")
            #expect(!shown.contains("secret-token"))
            #expect(!shown.contains("AAECAwQF"))
        }
        var dumped = ""
        dump(request, to: &dumped)
        dump(destination(format), to: &dumped)
        dump(signing, to: &dumped)
        #expect(!dumped.contains("secret-path") && !dumped.contains("secret-token"))
    }

    @Test("CloudEvents' handshake asks for leave with our name")
    func handshake() {
        let request = cloudEventsHandshake(
            to: Destination(url: "https://x.org/e"), origin: "advice.example.org", userAgent: "advised/1")
        #expect(request.method == .options)
        #expect(request.headers.contains("webhook-request-origin: advice.example.org"))
    }
}
