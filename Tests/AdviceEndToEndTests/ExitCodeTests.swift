import Foundation
import Testing

/// The exit codes that scripts rely on.
@Suite(.timeLimit(.minutes(2)))
struct ExitCodeTests {
    @Test(
        "usage that cannot be meant is 64",
        arguments: [
            ["no-such-command"], ["run", "--no-such-option"], ["test"], ["start"],
            ["plan", "--from", "tomorrow"],
            ["plan", "2027-02-30"], ["plan", "--count", "0"], ["log", "--state", "lost"], ["verify"],
            ["keys", "old"],
        ])
    func usage(_ arguments: [String]) async throws {
        try await Site.with { site in
            let child = try await site.plain(arguments)
            #expect(child.ending == .exited(64), "\(child.errors)")
            #expect(child.output.isEmpty && !child.errors.isEmpty)
        }
    }

    @Test(
        "a bad configuration is 78 for `run` and `check`, and each mistake has its place",
        arguments: ["run", "check"])
    func configuration(_ command: String) async throws {
        try await Site.with { site in
            var settings = Settings(ann: "ftp://127.0.0.1/")
            settings.start = "2026-02-30"
            try site.write(settings)
            let done = try await site.advised(command)
            #expect(done.ending == .exited(78))
            let said = done.output + done.errors
            #expect(said.contains("advised.yaml:5:12: error: "), "\(said)")
            #expect(said.contains("subscribers.yaml:2:8: error: "), "\(said)")
            #expect(!FileManager.default.fileExists(atPath: site.state + "/advised.db"))
        }
    }

    @Test("a configuration that is not there is 78", arguments: ["run", "check", "plan", "status"])
    func noConfiguration(_ command: String) async throws {
        try await Site.with { site in
            let done = try await site.advised(command)
            #expect(done.ending == .exited(78))
            #expect((done.output + done.errors).contains("advised.yaml"))
        }
    }

    @Test("a second daemon on one state directory is 75, and the first goes on")
    func secondDaemon() async throws {
        try await Site.with { site in
            var settings = Settings(ann: "http://127.0.0.1:9/")
            settings.start = settings.wall.day(1)
            try site.write(settings)
            let first = try await site.daemon()
            for arguments in [["run"], ["run", "--once"]] {
                let second = try await site.advised(arguments)
                #expect(second.ending == .exited(75))
                #expect(second.errors.contains(site.state))
            }
            #expect(first.endingNow() == nil)
            #expect(try await site.advised("status").ending == .exited(0))
        }
    }

    @Test("`status` is 3 where no daemon runs, before and after one")
    func notRunning() async throws {
        try await Site.with { site in
            var settings = Settings(ann: "http://127.0.0.1:9/")
            settings.start = settings.wall.day(1)
            try site.write(settings)
            #expect(try await site.advised("status").ending == .exited(3))
            let daemon = try await site.daemon()
            #expect(try await site.advised("status").ending == .exited(0))
            daemon.kill()
            #expect(try await site.advised("status").ending == .exited(3))
        }
    }

    @Test("`run --once` is 1 while something is left, and tells when it is tried again")
    func somethingLeft() async throws {
        try await Site.with { site in
            let receiver = try await site.receiver("500")
            try site.write(Settings(ann: receiver.url))
            #expect(try await site.advised("run", "--once").ending == .exited(1))
            #expect(try await site.counts()["waiting"] == .number(1))
            #expect(receiver.requestCount == 1)
        }
    }

    @Test(
        "`test` is 0 on a 2xx and 1 on anything else, and leaves no trace",
        arguments: [204, 200, 302, 404, 500])
    func test(_ status: Int) async throws {
        try await Site.with { site in
            let receiver = try await site.receiver("\(status)")
            try site.write(Settings(ann: receiver.url))
            let done = try await site.advised("test", "ann")
            #expect(done.ending == .exited(status < 300 ? 0 : 1))
            #expect(done.output.contains("< \(status)"))
            let request = try #require(try receiver.requests.first)
            #expect(request.id.hasPrefix("msg_test_"))
            let body = try JSON(String(decoding: request.body, as: UTF8.self))
            #expect(body["type"] == .string("advice.test"))
            #expect(body["data"]?["test"] == .bool(true))
            #expect(try await site.judge(receiver) == [["accepted", "refused"]])
            #expect(try await site.advised("log", "--json").json == .array([]))
        }
    }

    @Test("`test --point` shows that point, marked as a test; an unknown name is 1")
    func testPoint() async throws {
        try await Site.with { site in
            let receiver = try await site.receiver()
            try site.write(Settings(ann: receiver.url))
            #expect(try await site.advised("test", "ann", "--point", "build-trust").ending == .exited(0))
            let request = try #require(try receiver.requests.first)
            let body = try JSON(String(decoding: request.body, as: UTF8.self))
            #expect(body["type"] == .string("advice.test"))
            #expect(body["data"]?["test"] == .bool(true))
            #expect(body["data"]?["point"]?["id"] == .string("build-trust"))
            #expect(try await site.advised("test", "ann", "--point", "none").ending == .exited(1))
            #expect(try await site.advised("test", "bob").ending == .exited(1))
            #expect(receiver.requestCount == 1)
        }
    }

    @Test("`plan` of what the files do not have is 1, and says what is meant; so is a day without a point")
    func planOfNothing() async throws {
        try await Site.with { site in
            try site.write(Settings(ann: "http://127.0.0.1:9/"))
            for (name, words) in [
                ("build-trst", "no point 'build-trst'; did you mean 'build-trust'"),
                ("daly/build-trust", "did you mean 'daily'"), ("99", "no point '99'"),
                ("1999-01-01", "nothing is planned for '1999-01-01'"),
            ] {
                let done = try await site.advised("plan", name)
                #expect(done.ending == .exited(1) && done.output.isEmpty, "\(name)")
                #expect(done.errors.contains(words), "\(name): \(done.errors)")
            }
        }
    }

    @Test("a store that is no database is 78, and stays as it is")
    func brokenStore() async throws {
        try await Site.with { site in
            try site.write(Settings(ann: "http://127.0.0.1:9/"))
            try FileManager.default.createDirectory(
                atPath: site.state, withIntermediateDirectories: true, attributes: [.posixPermissions: 0o700])
            let text = String(repeating: "not a database. ", count: 1_000)
            let path = try site.write(text, to: "state/advised.db")
            let done = try await site.advised("run", "--once")
            #expect(done.ending == .exited(78), "\(done.errors)")
            #expect(done.errors.contains("advised.db"))
            #expect(FileManager.default.contents(atPath: path) == Data(text.utf8))
        }
    }
}
