import Foundation
import Glibc
import Testing

/// Subscribers in CSV and JSON lines, from the file to the wire (interface.md §1.2).
@Suite(.timeLimit(.minutes(5)))
struct RowsTests {
    private static func settings(_ roster: Settings.Roster, _ url: String, more: Int = 0) -> Settings {
        var settings = Settings(ann: url)
        settings.subscribers += (0..<more).map { .init(id: "s\($0)", url: "\(url)?\($0)") }
        settings.roster = roster
        settings.logLevel = "info"
        return settings
    }

    @Test("one subscriber and a thousand get their point, signed", arguments: [Settings.Roster.csv, .jsonl])
    func delivered(_ roster: Settings.Roster) async throws {
        try await Site.with { site in
            let receiver = try await site.receiver()
            try site.write(Self.settings(roster, receiver.url))
            let check = try await site.advised("check")
            #expect(check.ending == .exited(0) && check.errors.contains("subscribers: 1)"), "\(check.errors)")
            #expect(try await site.advised("run", "--once").ending == .exited(0))
            #expect(try await site.judge(receiver) == [["accepted", "refused"]])
        }
        try await Site.with { site in
            let nginx = try await site.nginx()
            try site.write(Self.settings(roster, "http://127.0.0.1:\(nginx.port)/", more: 999))
            let run = try await site.advised("run", "--once", within: .seconds(60))
            #expect(run.ending == .exited(0), "\(run.errors.suffix(2000))")
            #expect(Set(nginx.lines.map(\.id)).count == 1000)
            #expect(nginx.lines.count == 1000)
        }
    }

    @Test(
        "a reload takes rows that came, changed and went; one with a mistake changes nothing, and says where",
        arguments: [Settings.Roster.csv, .jsonl])
    func reload(_ roster: Settings.Roster) async throws {
        try await Site.with { site in
            let receiver = try await site.receiver()
            var settings = Self.settings(roster, receiver.url)
            try site.write(settings)
            _ = try await site.daemon()
            try await receiver.requests(1)
            try await site.awaitDelivered(1)

            settings = Self.settings(roster, receiver.url, more: 1000)
            try site.write(settings)
            let grown = try await site.advised(["reload", "--json"], within: .seconds(60))
            #expect(grown.ending == .exited(0), "\(grown.errors)")
            #expect(try grown.json["subscribers"]?["added"]?.elements.count == 1000)

            settings.subscribers[1].url += "&moved"
            settings.subscribers.removeLast(3)
            try site.write(settings)
            let changed = try await site.advised("reload")
            #expect(changed.output.contains("0 added, 3 removed, 1 changed"), "\(changed.output)")

            settings.subscribers[500].secret = "short"
            try site.write(settings)
            let refused = try await site.advised("reload")
            #expect(refused.ending == .exited(78))
            // CSV has a line of keys before the first row.
            let line = roster == .csv ? 502 : 501
            #expect(refused.errors.contains("\(settings.rosterName):\(line):"), "\(refused.errors)")
            #expect(!refused.errors.contains("short"))

            // The roster of before is in force: mended, the file changes nothing.
            settings.subscribers[500].secret = Settings.secret
            try site.write(settings)
            let mended = try await site.advised("reload")
            #expect(mended.output.contains("0 added, 0 removed, 0 changed"), "\(mended.output)")
            #expect(try await site.advised("plan", "--subscriber", "s996").ending == .exited(0))
            #expect(try await site.advised("plan", "--subscriber", "s997").ending != .exited(0))
            #expect(receiver.requestCount == 1)
        }
    }

    @Test(
        "every mistake in the rows has its line, and `run` takes none of it",
        arguments: [
            (
                Settings.Roster.csv,
                "id,url,secret\nann,ftp://127.0.0.1/,none\nbob,http://127.0.0.1:9/\n"
                    + "ann,http://127.0.0.1:9/,none\n",
                ["2:5", "3:1", "4:1"]
            ),
            (
                .jsonl,
                #"{"id":"ann","url":"ftp://127.0.0.1/","secret":"none"}"# + "\n"
                    + #"{"id":"bob","headers":{}}"# + "\n" + #"{"id":"cat""# + "\n",
                ["1:19", "2:1", "2:13", "3:12"]
            ),
        ])
    func mistakes(_ roster: Settings.Roster, _ text: String, _ places: [String]) async throws {
        try await Site.with { site in
            var settings = Self.settings(roster, "http://127.0.0.1:9/")
            settings.roster = roster
            try site.write(settings)
            try site.write(text, to: settings.rosterName)
            for command in ["check", "run"] {
                let done = try await site.advised(command)
                #expect(done.ending == .exited(78))
                let said = done.output + done.errors
                for place in places {
                    #expect(said.contains("\(settings.rosterName):\(place): error: "), "\(place): \(said)")
                }
            }
            #expect(!FileManager.default.fileExists(atPath: site.state + "/advised.db"))
        }
    }

    @Test(
        "a start reads rows that are as they were no more, and those that are not",
        arguments: [Settings.Roster.csv, .jsonl])
    func unchanged(_ roster: Settings.Roster) async throws {
        try await Site.with { site in
            let receiver = try await site.receiver()
            var settings = Self.settings(roster, receiver.url)
            settings.start = settings.wall.day(1)
            func started() async throws -> String {
                let daemon = try await site.daemon()
                daemon.send(SIGTERM)
                #expect(try await daemon.end() == .exited(0))
                return daemon.errors
            }
            // By its times it is told from when it is two seconds old.
            func settle() async throws {
                let path = site.folder + "/" + settings.rosterName
                var status = stat()
                #expect(stat(path, &status) == 0)
                let changed = status.st_ctim.tv_sec
                try await poll("the file is some seconds old") { time(nil) - changed > 2 }
            }
            let asItWas = "started for 1 subscribers, whose file is as it was"
            try site.write(settings)
            #expect(try await !started().contains(asItWas), "nobody has taken it yet")
            #expect(try await started().contains(asItWas), "too new to be told by its times, so by its bytes")
            try await settle()
            #expect(try await started().contains(asItWas))
            try site.write(settings)
            #expect(try await started().contains(asItWas), "another file with the same bytes")

            settings.subscribers.append(.init(id: "bob", url: receiver.url + "?bob"))
            try site.write(settings)
            try await settle()
            #expect(try await started().contains("started for 2 subscribers\""))
            #expect(try await started().contains("started for 2 subscribers, whose"))
            let plan = try await site.advised("plan", "--subscriber", "bob")
            #expect(plan.ending == .exited(0), "\(plan.errors)")

            // Other settings may make other cohorts of the same rows.
            settings.series = ["days: [mon]"]
            try site.write(settings)
            #expect(try await started().contains("started for 2 subscribers\""))
        }
    }

    @Test(
        "a file of rows that everybody may read and that holds a secret is refused, with what to do",
        arguments: [Settings.Roster.csv, .jsonl])
    func worldReadable(_ roster: Settings.Roster) async throws {
        try await Site.with { site in
            var settings = Self.settings(roster, "http://127.0.0.1:9/")
            settings.start = settings.wall.day(1)
            try site.write(settings)
            // Also where the rows are known, and are passed over.
            #expect(try await site.advised("run", "--once").ending == .exited(0))
            let path = site.folder + "/" + settings.rosterName
            try FileManager.default.setAttributes([.posixPermissions: 0o644], ofItemAtPath: path)
            for command in [["check"], ["run", "--once"]] {
                let refused = try await site.advised(command)
                #expect(refused.ending == .exited(78))
                #expect((refused.output + refused.errors).contains("chmod 640 \(path)"))
                #expect(!(refused.output + refused.errors).contains(Settings.secret))
            }
            settings.subscribers[0].secret = "none"
            try site.write(settings)
            try FileManager.default.setAttributes([.posixPermissions: 0o644], ofItemAtPath: path)
            #expect(try await site.advised("check").ending == .exited(0))
        }
    }
}
