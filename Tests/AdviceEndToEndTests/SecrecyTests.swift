import Foundation
import Testing

/// Secrets, URLs' paths and receivers' words: what may be written where (promise P13).
@Suite(.timeLimit(.minutes(2)))
struct SecrecyTests {
    /// Parts of a chat service's URL are as good as a password.
    private let path = "hooks/T0SECRETPATH/B0SECRETPATH"
    private let query = "key=SECRETQUERY"
    private let header = "SECRETHEADERVALUE"
    private let fromFile = "whsec_" + Data("a secret that is in a file".utf8).base64EncodedString()

    @Test("no secret and no URL's path is in anything that a daemon or a command writes")
    func nothingIsShown() async throws {
        try await Site.with { site in
            // One that accepts, one that refuses and names a place, one that is not there, one that is
            // denied.
            let receiver = try await site.receiver()
            let elsewhere = try await site.receiver("302 location=http://127.0.0.1/\(path)?\(query)")
            try write(site, receiver, elsewhere)
            let daemon = try await site.daemon()
            try await receiver.requests(1)
            try await elsewhere.requests(1)
            try await site.awaitDelivered(1)
            var written: [String: String] = [:]
            for command in [
                ["status", "--json"], ["status"], ["log", "--json"], ["log"], ["plan", "--json"],
                ["preview", "use-the-time"], ["test", "ann"], ["test", "moved"], ["test", "gone"],
                ["check", "--json"],
                ["start", "daily"],
            ] {
                let done = try await site.advised(command)
                written[command.joined(separator: " ")] = done.output + done.errors
            }
            daemon.send(SIGUSR1)
            // A broken configuration is logged too: with its secrets left out.
            let old = try String(contentsOfFile: site.folder + "/subscribers.yaml", encoding: .utf8)
            try site.write(
                old.replacing("format: standard", with: "format: standart"), to: "subscribers.yaml")
            let reload = try await site.advised("reload")
            written["reload"] = reload.output + reload.errors
            #expect(reload.errors.contains("standart"), "the mistake is named: \(reload.errors)")
            daemon.send(SIGTERM)
            #expect(try await daemon.end() == .exited(0))
            written["the daemon"] = daemon.output + daemon.errors
            #expect(daemon.errors.contains("moved"), "the log is not empty")
            for (writer, text) in written { expectNoSecret(text, by: writer) }
        }
    }

    @Test("no secret and no URL's path is in anything that a daemon writes into the journal")
    func journal() async throws {
        try await Site.with { site in
            let receiver = try await site.receiver()
            let elsewhere = try await site.receiver("302 location=http://127.0.0.1/\(path)?\(query)")
            try write(site, receiver, elsewhere, logFormat: "auto")
            let journal = try await site.journal()
            let daemon = try await site.daemon(with: journal)
            try await receiver.requests(1)
            try await elsewhere.requests(1)
            try await site.awaitDelivered(1)
            try await site.awaitState("waiting", of: 2)
            for id in ["ann", "moved", "gone", "denied"] { try await site.advised("test", id) }
            daemon.send(SIGUSR1)
            let old = try String(contentsOfFile: site.folder + "/subscribers.yaml", encoding: .utf8)
            try site.write(
                old.replacing("format: standard", with: "format: standart"), to: "subscribers.yaml")
            try await site.advised("reload")
            daemon.send(SIGTERM)
            #expect(try await daemon.end() == .exited(0))
            // What must be there, so that it is known to have been read: words, fields, and each of the four.
            let words = [
                "SYSLOG_IDENTIFIER=advised\n", "MESSAGE=stopped", "standart", "ADVISED_STATUS=302\n",
            ]
            let entries = ["ann", "moved", "gone", "denied"].map { "ADVISED_SUBSCRIBER=\($0)\n" }
            for known in words + entries {
                #expect(journal.text.contains(known), "the journal has no \(known): \(journal.text)")
            }
            expectNoSecret(journal.text, by: "the journal")
            expectNoSecret(daemon.output + daemon.errors, by: "the daemon")
        }
    }

    @Test("the URLs and tokens of services are in nothing that is written, said or answered")
    func services() async throws {
        try await Site.with { site in
            // Each is refused once, in words that repeat the URL, and taken after.
            let services = try await site.services(
                """
                {"slack": [[500, {"location": "http://x/XXSLACKSECRET"}, "try /services/T0/B0/XXSLACKSECRET"],
                           [500, {}, "try /services/T0/B0/XXSLACKSECRET, not XXSLACKSECRET"]],
                 "discord": [[302, {"location": "/api/webhooks/1/XXDISCORDSECRET"}, ""]],
                 "telegram": [[404, {}, "{\\"description\\":\\"/bot12345:XXTELEGRAMSECRET\\"}"]]}
                """)
            var settings = Settings(services.subscribers)
            settings.subscribers.append(
                .init(
                    id: "nowhere", url: "http://127.0.0.1:\(try Loopback.freePort())/services/XXSLACKSECRET",
                    secret: nil, more: ["format: slack"]))
            settings.delivery = ["retries: [1h]"]
            settings.top = ["alerts: { to: [ntfy] }"]
            try site.write(settings)
            let daemon = try await site.daemon()
            try await site.awaitState("waiting", of: 4)
            var written: [String: String] = [:]
            for command in [
                ["status", "--json"], ["log", "--json"], ["log"], ["plan", "--json"], ["check", "--json"],
                ["reload", "--json"], ["preview", "use-the-time"],
            ] + settings.subscribers.map({ ["test", $0.id] }) {
                let done = try await site.advised(command)
                written[command.joined(separator: " ")] = done.output + done.errors
            }
            // The socket's own answers, as a client sees them.
            for request in [#"{"command":"status"}"#, #"{"command":"reload"}"#] {
                written["control: \(request)"] = try await site.askSocket(request)
            }
            daemon.send(SIGUSR1)
            daemon.send(SIGTERM)
            #expect(try await daemon.end() == .exited(0))
            written["the daemon"] = daemon.output + daemon.errors
            #expect(daemon.errors.contains("discord"), "the log is not empty")
            for (writer, text) in written {
                #expect(!text.isEmpty, "\(writer) says something")
                for secret in Services.secrets + [Settings.secret] {
                    #expect(!text.contains(secret), "\(writer) shows \(secret)")
                }
            }
        }
    }

    @Test("no secret is in a mistake that is about a secret")
    func mistakes() async throws {
        try await Site.with { site in
            let urls = [
                "http://user:SECRETHEADERVALUE@127.0.0.1/", "http://127.0.0.1/\(path)\\x",
                "gopher://127.0.0.1/\(path)", "http://127.0.0.1:99999/\(path)?\(query)",
            ]
            var members = urls.enumerated().map { Settings.Subscriber(id: "u\($0)", url: $1) }
            members.append(
                .init(id: "short", url: "http://127.0.0.1/", secret: "whsec_U0VDUkVUSEVBREVSVkFMVUU="))
            members.append(
                .init(id: "h", url: "http://127.0.0.1/", more: [#"headers: { X-A: "\#(header)\u0007" }"#]))
            try site.write(Settings(members))
            let check = try await site.advised("check")
            #expect(check.ending == .exited(78))
            let lines = (check.output + check.errors).split(separator: "\n").filter { $0.contains("error:") }
            #expect(lines.count >= members.count, "\(lines)")
            expectNoSecret(check.output + check.errors, by: "check")
            #expect(!check.output.contains("U0VDUkVU"))
        }
    }

    @Test("the database and its folder are for their owner alone")
    func modes() async throws {
        try await Site.with { site in
            try site.write(Settings(ann: "http://127.0.0.1:9/"))
            try await site.advised("run", "--once")
            #expect(try mode(site.state) == 0o700)
            for name in try FileManager.default.contentsOfDirectory(atPath: site.state) {
                #expect(try mode(site.state + "/" + name) & 0o077 == 0, "\(name)")
            }
        }
    }

    @Test("a file that everybody may read and that holds a secret is refused, with what to do")
    func worldReadable() async throws {
        try await Site.with { site in
            try site.write(Settings(ann: "http://127.0.0.1:9/"))
            try FileManager.default.setAttributes(
                [.posixPermissions: 0o644], ofItemAtPath: site.folder + "/subscribers.yaml")
            let check = try await site.advised("check")
            #expect(check.ending == .exited(78))
            #expect((check.output + check.errors).contains("chmod 640"))
        }
    }

    private func write(
        _ site: Site, _ receiver: Receiver, _ elsewhere: Receiver, logFormat: String = "json"
    ) throws {
        func url(_ port: Int, _ host: String = "127.0.0.1") -> String {
            "http://\(host):\(port)/\(path)?\(query)"
        }
        let secretPath = try site.write(fromFile, to: "secret")
        var settings = Settings([
            .init(
                id: "ann", url: url(receiver.port),
                more: ["headers: { X-Key: \(header) }", "format: standard"]),
            .init(id: "moved", url: url(elsewhere.port), secret: "{ file: \(secretPath) }"),
            .init(id: "gone", url: url(try Loopback.freePort())),
            .init(id: "denied", url: url(receiver.port, "10.255.255.1")),
        ])
        settings.delivery = ["retries: [1h]"]
        settings.logFormat = logFormat
        try site.write(settings)
    }

    private func expectNoSecret(_ text: String, by writer: String) {
        let secrets = [path, "SECRETPATH", query, header, Settings.secret, fromFile]
        for secret in secrets + [Settings.secret, fromFile].map({ String($0.dropFirst(6)) }) {
            let line = text.split(separator: "\n").first { $0.contains(secret) }
            #expect(line == nil, "\(writer) shows \(secret)")
        }
    }

    private func mode(_ path: String) throws -> Int {
        let attributes = try FileManager.default.attributesOfItem(atPath: path)
        return try #require(attributes[.posixPermissions] as? Int)
    }
}

extension Site {
    /// What the daemon's socket answers to a line.
    fileprivate func askSocket(_ request: String) async throws -> String {
        let program = """
            import socket, sys
            client = socket.socket(socket.AF_UNIX)
            client.connect(sys.argv[1])
            client.sendall(sys.argv[2].encode() + b"\\n")
            print(client.makefile().read())
            """
        let asked = try start(
            [Tools.python(), "-c", program, state + "/control.sock", request], named: "socket")
        let done = try await finished(asked, within: .seconds(30))
        #expect(done.ending == .exited(0), "\(done.errors)")
        return done.output
    }
}
