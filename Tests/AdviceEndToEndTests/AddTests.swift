import Foundation
import Testing

/// `advised add FORMAT`: from a URL to a test in the channel, without an editor.
@Suite(.timeLimit(.minutes(3)))
struct AddTests {
    private let remarks = "# Ours, and how they came here.\n"

    /// A site with services and a roster of one, ann, who is written by hand.
    private func place(
        _ script: String = "{}", _ body: (Site, Services, Settings) async throws -> Void
    ) async throws {
        try await Site.with { site in
            let services = try await site.services(script)
            var settings = Settings(ann: "http://127.0.0.1:\(services.receiver.port)/any")
            settings.at = settings.wall.at(in: 300).text
            try site.write(settings)
            try site.write(remarks + settings.rosterText, to: "subscribers.yaml")
            try await body(site, services, settings)
        }
    }

    private func url(_ path: String, _ services: Services) -> String {
        "http://127.0.0.1:\(services.receiver.port)\(path)"
    }

    @Test(
        "a URL from a pipe is a subscriber with a test in the channel; comments stay, secrets are kept apart")
    func slack() async throws {
        try await place { site, services, settings in
            let secret = url("/services/T0/B0/XXSLACKSECRET", services)
            let done = try await site.add("slack", "--id", "team", answers: [secret])
            #expect(done.ending == .exited(0), "\(done.errors)")
            #expect(!(done.output + done.errors).contains("XXSLACKSECRET"))
            let added = "- id: team\n  format: slack\n  url: { file: secrets/team-url }\n"
            #expect(try site.text(of: "subscribers.yaml") == remarks + settings.rosterText + added)
            #expect(try site.text(of: "secrets/team-url") == secret + "\n")
            #expect(try site.mode("secrets/team-url") == 0o640 && site.mode("secrets") == 0o750)
            #expect(try site.mode("subscribers.yaml") == 0o600, "it keeps its own")
            let requests = try services.requests
            #expect(requests.map(\.service) == ["slack"] && requests.first?.problem == nil)
            #expect(requests.first?.text.contains("[test]") == true)
            #expect(try await site.advised("check").ending == .exited(0))
        }
    }

    @Test("a running daemon takes it at once")
    func running() async throws {
        try await place { site, services, _ in
            let daemon = try await site.daemon()
            let done = try await site.add(
                "discord", answers: [url("/api/webhooks/1/XXDISCORDSECRET", services)])
            #expect(done.ending == .exited(0), "\(done.errors)")
            #expect(done.errors.contains("discord"), "what has changed is said: \(done.errors)")
            try await poll("it is reloaded: \(daemon.errors)") { daemon.errors.contains("reloaded") }
            #expect(!daemon.errors.contains("XXDISCORDSECRET"))
        }
    }

    @Test("every format can be added from a pipe")
    func everyFormat() async throws {
        try await place { site, services, _ in
            let asked: [(format: String, arguments: [String], answers: [String])] = [
                ("standard", [], [url("/any", services)]),
                ("cloudevents", ["--unsigned"], [url("/events", services)]),
                ("teams", [], [url("/workflows/1/paths/invoke?sig=XXTEAMSSECRET", services)]),
                ("googlechat", [], [url("/v1/spaces/S/messages?key=k&token=XXGOOGLESECRET", services)]),
                ("mattermost", [], [url("/hooks/XXMATTERMOSTSECRET", services)]),
                ("matrix", [], [url("", services), "XXMATRIXSECRET", "!room:example.org"]),
                (
                    "zulip", ["--topic", "advice"],
                    [url("", services), "XXZULIPSECRET", "general", "bot@example.org"]
                ),
                ("ntfy", [], [url("", services), "a-topic"]),
                ("template", ["--preset", "gotify"], [url("/message?token=XXTEMPLATESECRET", services)]),
            ]
            for (format, arguments, answers) in asked {
                let done = try await site.add([format] + arguments, answers: answers)
                #expect(done.ending == .exited(0), "\(format): \(done.output) \(done.errors)")
                for secret in Services.secrets { #expect(!(done.output + done.errors).contains(secret)) }
            }
            for request in try services.requests { #expect(request.problem == nil, "\(request.service)") }
            #expect(try services.requests.count == asked.count)
            // Telegram's server is known; it is not to be reached from here.
            let telegram = try await site.add(
                "telegram", "--no-test", "--to=-100123", answers: ["12345:XXTELEGRAMSECRET"])
            #expect(telegram.ending == .exited(0), "\(telegram.errors)")
            #expect(try site.text(of: "secrets/telegram-token") == "12345:XXTELEGRAMSECRET\n")
            #expect(try await site.advised("check").ending == .exited(0))
        }
    }

    @Test("a receiver of one's own gets a secret that is told once, and the test verifies with it")
    func standard() async throws {
        try await place { site, _, _ in
            let receiver = try await site.receiver()
            let done = try await site.add("standard", "--id", "own", answers: [receiver.url])
            #expect(done.ending == .exited(0), "\(done.errors)")
            let secret = try #require(done.output.split(separator: "\n").last.map(String.init))
            #expect(secret.hasPrefix("whsec_"))
            #expect(try site.text(of: "secrets/own") == secret + "\n")
            #expect(try await site.judge(receiver, secret: secret) == [["accepted", "refused"]])
        }
    }

    @Test("where the test is not taken nothing is added, and the files are as they were")
    func refused() async throws {
        try await place(#"{"slack": [[404, {}, "no_service"]]}"#) { site, services, settings in
            let done = try await site.add("slack", answers: [url("/services/XXSLACKSECRET", services)])
            #expect(done.ending == .exited(1))
            #expect(done.errors.contains("nothing was added"))
            #expect(try site.text(of: "subscribers.yaml") == remarks + settings.rosterText)
            #expect(!FileManager.default.fileExists(atPath: site.folder + "/secrets"))
        }
    }

    @Test("what is not right is said, and nothing is added")
    func mistakes() async throws {
        try await place { site, services, settings in
            let good = url("/services/T0/B0/XXSLACKSECRET", services)
            let cases: [(arguments: [String], answers: [String], ending: Int32, words: String)] = [
                (["slak"], [good], 64, "did you mean 'slack'?"), (["slack"], [], 64, "no answer"),
                (["slack"], ["ftp://XXSLACKSECRET"], 64, "the URL"),
                (["slack", "--id", "ann"], [good], 64, "already"),
                (["slack", "--id", "a b"], [good], 64, "an id is"),
                (["slack", "--to", "x"], [good], 64, "--to is not for format slack"),
                (["slack", "--series", "dayly"], [good], 64, "did you mean 'daily'?"),
                (["matrix"], [url("", services), "t", "#alias:example.org"], 78, "begins with '!'"),
                (["template"], [good, "gotfy"], 64, "there is no such preset"),
            ]
            for (arguments, answers, ending, words) in cases {
                let done = try await site.add(arguments, answers: answers)
                #expect(done.ending == .exited(ending), "\(arguments): \(done.errors)")
                #expect(done.errors.contains(words), "\(arguments): \(done.errors)")
                #expect(!done.errors.contains("XXSLACKSECRET"), "\(arguments)")
                #expect(
                    try site.text(of: "subscribers.yaml") == remarks + settings.rosterText, "\(arguments)")
                #expect(!FileManager.default.fileExists(atPath: site.folder + "/secrets"), "\(arguments)")
            }
            #expect(try services.requests.isEmpty)
            let flow = "[{ id: ann, url: \(url("/any", services)), secret: none }]\n"
            try site.write(flow, to: "subscribers.yaml")
            let left = try await site.add("slack", answers: [good])
            #expect(left.ending == .exited(1) && left.errors.contains("- id: slack"), "\(left.errors)")
            #expect(try site.text(of: "subscribers.yaml") == flow)
        }
    }

    @Test("on a terminal it asks, and shows nothing of a secret that is typed")
    func terminal() async throws {
        try await place { site, services, _ in
            let secret = url("/services/T0/B0/XXSLACKSECRET", services)
            let answers = try site.write("team\n\(secret)\n", to: "answers")
            let child = try site.start(
                [Tools.python(), Tools.script("terminal.py"), answers] + site.words("add", "slack"),
                named: "terminal")
            let done = try await site.finished(child, within: .seconds(30))
            #expect(done.ending == .exited(0), "\(done.output)")
            #expect(done.output.contains("[slack]: team") && done.output.contains("URL of the webhook: "))
            #expect(!done.output.contains("XXSLACKSECRET"), "\(done.output)")
            #expect(try site.text(of: "secrets/team-url") == secret + "\n")
        }
    }
}

extension Site {
    /// `add` with lines on its standard input.
    fileprivate func add(_ arguments: String..., answers: [String]) async throws -> Finished {
        try await add(arguments, answers: answers)
    }

    fileprivate func add(_ arguments: [String], answers: [String]) async throws -> Finished {
        let input = try write(answers.map { $0 + "\n" }.joined(), to: "answers-" + UUID().uuidString)
        let shell = ["/bin/sh", "-c", "exec \"$@\" <\(input)", "sh"]
        return try await finished(
            start(shell + words(["add"] + arguments), named: "add"), within: .seconds(30))
    }

    fileprivate func text(of name: String) throws -> String {
        try String(contentsOfFile: folder + "/" + name, encoding: .utf8)
    }

    fileprivate func mode(_ name: String) throws -> Int? {
        try FileManager.default.attributesOfItem(atPath: folder + "/" + name)[.posixPermissions] as? Int
    }
}
