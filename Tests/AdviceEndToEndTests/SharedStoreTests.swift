import Foundation
import TestTools
import Testing

/// Daemons on one PostgreSQL server (P15, docs/several-machines.md): no leader, and what one leaves the
/// others do.
@Suite(.serialized, .timeLimit(.minutes(5)))
struct SharedStoreTests {
    /// Of its own: it is crashed.
    private static let server = PostgresServer("machines")

    private let password = "a-word-that-nobody-may-see"

    /// `count` subscribers of one receiver, each on a host of its own, and a store that all daemons share.
    private func settings(_ receiver: Receiver, _ count: Int, _ database: PostgresDatabase) -> Settings {
        var settings = Settings(
            (0..<count).map { number in
                Settings.Subscriber(
                    id: "s\(number)", url: "http://127.9.\(number / 200).\(number % 200):\(receiver.port)/")
            })
        settings.store = "{ postgres: \"\(database.string) password=\(password)\" }"
        settings.delivery = ["concurrency: 48"]
        settings.logLevel = "info"
        return settings
    }

    /// No delivery was lost, and what came twice is the same to the byte.
    private func expectEach(_ count: Int, _ receiver: Receiver, atMostTwice: Int) throws {
        let requests = try receiver.requests
        let byHost = Dictionary(grouping: requests, by: \.host)
        #expect(byHost.count == count)
        #expect(requests.count <= count + atMostTwice, "\(requests.count - count) were repeated")
        for (host, requests) in byHost {
            #expect(Set(requests.map(\.id)).count == 1, "\(host)")
            #expect(Set(requests.map(\.body)).count == 1, "\(host)")
        }
    }

    @Test("one daemon delivers, commands look and decide there, and nobody sees the password")
    func one() async throws {
        let database = try SharedStoreTests.server.database()
        try await Site.with { site in
            let receiver = try await site.receiver()
            var settings = settings(receiver, 2, database)
            settings.logLevel = "trace"
            try site.write(settings)
            #expect(try await site.advised("check").ending == .exited(0))
            #expect(try database.query("SELECT count(*) FROM pg_class WHERE relname = 'meta'") == "0")
            let daemon = try await site.daemon()
            try await receiver.requests(2)
            try await site.awaitDelivered(2)
            let status = try await site.advised("status", "--json")
            #expect(try status.json["store"]?["engine"] == .string("postgres"))
            #expect(try await site.log().count == 2)
            let pause = try await site.advised("pause", "daily")
            #expect(pause.ending == .exited(0), "\(pause.errors)")
            let follow = try site.follow("--json")
            let replay = try await site.advised("replay", "--subscriber", "s1", "--yes")
            #expect(replay.ending == .exited(0), "\(replay.errors)")
            let requests = try await receiver.requests(3)
            #expect(requests[2].id == requests.first { $0.host == requests[2].host }?.id)
            try await poll("log --follow shows it") { follow.output.split(separator: "\n").count >= 3 }
            daemon.send(SIGTERM)
            #expect(try await daemon.end() == .exited(0), "\(daemon.errors.suffix(1000))")
            // Without a daemon here a command decides by itself.
            let resume = try await site.advised("resume", "daily")
            #expect(resume.ending == .exited(0), "\(resume.errors)")
            #expect(try database.query("SELECT count(*) FROM decision") == "3")
            for said in [daemon.errors, status.output, pause.errors, resume.errors, follow.errors] {
                #expect(!said.contains(password))
            }
        }
    }

    @Test("a server that is not there is exit 69, without its password")
    func away() async throws {
        try await Site.with { site in
            var settings = Settings(ann: "http://127.0.0.1:1/")
            settings.store = "{ postgres: \"host=\(site.folder) dbname=none password=\(password)\" }"
            try site.write(settings)
            for command in [["run"], ["status"], ["pause", "daily"]] {
                let done = try await site.advised(command)
                #expect(done.ending == .exited(69), "\(command): \(done.errors)")
                #expect(!done.errors.isEmpty && !done.errors.contains(password))
            }
        }
    }

    @Test("three daemons share a fan-out: each delivery is sent once, and each daemon sends some")
    func three() async throws {
        let database = try SharedStoreTests.server.database()
        try await Site.with { site in
            let receiver = try await site.receiver(delay: 0.1)
            try site.write(settings(receiver, 4000, database))
            var daemons: [ChildProcess] = []
            for name in ["a", "b", "c"] { daemons.append(try await site.daemon(state: name)) }
            try await receiver.requests(4000, within: .seconds(60))
            try await poll("all is recorded", within: .seconds(30), every: .milliseconds(100)) {
                try database.query("SELECT count(*) FROM delivery WHERE state = 1") == "4000"
            }
            for daemon in daemons {
                daemon.send(SIGTERM)
                #expect(try await daemon.end() == .exited(0), "\(daemon.errors.suffix(1000))")
                #expect(daemon.errors.contains("delivered daily/use-the-time"))
            }
            try expectEach(4000, receiver, atMostTwice: 0)
            #expect(try database.query("SELECT count(*) FROM release") == "1")
            #expect(try database.query("SELECT count(*) FROM batch") == "0")
        }
    }

    @Test("what a daemon had that is killed in a fan-out the others send, under the same ids")
    func killed() async throws {
        let database = try SharedStoreTests.server.database()
        try await Site.with { site in
            let receiver = try await site.receiver(delay: 0.1, gate: "gate", openFor: 600)
            try site.write(settings(receiver, 3000, database))
            var daemons: [ChildProcess] = []
            for name in ["a", "b", "c"] { daemons.append(try await site.daemon(state: name)) }
            try await receiver.requests(600)
            daemons[0].send(SIGKILL)
            _ = try await daemons[0].end()
            try site.write("", to: "gate")
            // As if a minute had gone by: its lease is over.
            let dead = try String(contentsOfFile: site.folder + "/a/instance", encoding: .utf8)
            let name = dead.trimmingCharacters(in: .whitespacesAndNewlines)
            try database.query("UPDATE daemon SET lease = 1 WHERE instance = '\(name)'")
            try await poll("all is recorded", within: .seconds(60), every: .milliseconds(100)) {
                try database.query("SELECT count(*) FROM delivery WHERE state = 1") == "3000"
            }
            // What it had on the wire, and a group that was not yet on the disk.
            try expectEach(3000, receiver, atMostTwice: 48 + 512)
        }
    }

    @Test("a server that is killed in a fan-out and comes back costs nothing but time")
    func crashed() async throws {
        let database = try SharedStoreTests.server.database()
        try await Site.with { site in
            let receiver = try await site.receiver(delay: 0.05)
            try site.write(settings(receiver, 3000, database))
            let daemons = [try await site.daemon(state: "a"), try await site.daemon(state: "b")]
            for count in [500, 1500] {
                try await receiver.requests(count)
                SharedStoreTests.server.crash()
            }
            try await poll("all is recorded", within: .seconds(60), every: .milliseconds(100)) {
                (try? database.query("SELECT count(*) FROM delivery WHERE state = 1")) == "3000"
            }
            // Nobody has died: what they had in memory they had, and nothing is sent twice.
            try expectEach(3000, receiver, atMostTwice: 0)
            #expect(daemons.contains { $0.errors.contains("the store is lost") })
            for daemon in daemons {
                #expect(!daemon.errors.contains(password))
                daemon.send(SIGTERM)
                #expect(try await daemon.end() == .exited(0), "\(daemon.errors.suffix(1000))")
            }
        }
    }

    @Test("a roster in rows is one of the files", arguments: [Settings.Roster.csv, .jsonl])
    func rows(_ roster: Settings.Roster) async throws {
        let database = try SharedStoreTests.server.database()
        try await Site.with { site in
            let receiver = try await site.receiver()
            var settings = settings(receiver, 1, database)
            settings.roster = roster
            try site.write(settings)
            _ = try await site.daemon(state: "a")
            try await receiver.requests(1)
            settings.subscribers[0].id = "another"
            try site.write(settings)
            _ = try await site.daemon(state: "b")
            let degraded = try await site.advised("status", "--state-dir", site.folder + "/b")
            #expect(degraded.output.contains("other files were taken"), "\(degraded.output)")
        }
    }

    @Test("a daemon whose files are others sends and says so, until it takes the same")
    func otherFiles() async throws {
        let database = try SharedStoreTests.server.database()
        try await Site.with { site in
            let receiver = try await site.receiver()
            var settings = settings(receiver, 1, database)
            try site.write(settings)
            _ = try await site.daemon(state: "a")
            try await receiver.requests(1)
            settings.subscribers[0].more = ["paused: true"]
            try site.write(settings)
            let other = try await site.daemon(state: "b")
            let degraded = try await site.advised("status", "--state-dir", site.folder + "/b")
            #expect(degraded.ending == .exited(1))
            #expect(degraded.output.contains("other files were taken"), "\(degraded.output)")
            let reload = try await site.advised("reload", "--state-dir", site.folder + "/b")
            #expect(reload.ending == .exited(0), "\(reload.errors)")
            let sound = try await site.advised("status", "--state-dir", site.folder + "/b")
            #expect(!sound.output.contains("other files were taken"), "\(sound.output)")
            // Now it is the first that has others; it hears of it.
            try await poll("it says so", within: .seconds(20)) {
                try String(contentsOfFile: site.folder + "/2-daemon.err", encoding: .utf8)
                    .contains("other files were taken")
            }
            #expect(other.endingNow() == nil)
        }
    }
}
