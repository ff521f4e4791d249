import Foundation
import TestTools
import Testing

/// `store`, `export` and `forget`, as docs/backup-and-restore.md and docs/privacy.md tell of them.
@Suite(.serialized, .timeLimit(.minutes(5)))
struct StoreCommandTests {
    private static let server = PostgresServer("copies")

    private func files(_ folder: String, with part: String) throws -> [String] {
        try FileManager.default.contentsOfDirectory(atPath: folder).filter { $0.contains(part) }.sorted()
    }

    private func mode(_ path: String) throws -> Int? {
        try FileManager.default.attributesOfItem(atPath: path)[.posixPermissions] as? Int
    }

    /// A site whose first point was delivered to `ids`, and whose daemon runs or not.
    private func site(
        _ ids: [String], isRunning: Bool = false,
        _ body: (Site, inout Settings, Receiver) async throws -> Void
    ) async throws {
        try await Site.with { site in
            let receiver = try await site.receiver()
            var settings = Settings(ids.map { .init(id: $0, url: receiver.url + "/" + $0) })
            try site.write(settings)
            if isRunning {
                _ = try await site.daemon()
                try await site.awaitDelivered(ids.count)
            } else {
                #expect(try await site.advised("run", "--once").ending == .exited(0))
            }
            try await body(site, &settings, receiver)
        }
    }

    @Test("a backup is made beside a running daemon, 0600, and never over a file")
    func backup() async throws {
        try await site(["ann"], isRunning: true) { site, _, _ in
            let file = site.folder + "/advised.backup"
            let done = try await site.advised("store", "backup", file)
            #expect(done.ending == .exited(0), "\(done.errors)")
            #expect(try mode(file) == 0o600)
            let again = try await site.advised("store", "backup", file)
            #expect(again.ending == .exited(1) && again.errors.contains("replaces no file"))
            // A daemon holds the state: nothing is put in its place, and nothing is emptied.
            for words in [["restore", file], ["reset", "--yes"], ["copy", "--to", "sqlite:other.db"]] {
                let refused = try await site.advised(["store"] + words)
                #expect(refused.ending == .exited(75), "\(words): \(refused.errors)")
            }
            #expect(try await site.counts()["delivered"] == .number(1))
        }
    }

    @Test("after a restore nothing goes out again that was due; with --resend it does, under its old id")
    func restore() async throws {
        try await Site.with { site in
            let receiver = try await site.receiver()
            let clock = try ClockShim(site, showing: ClockStepTests.noon)
            var settings = Settings(ann: receiver.url)
            (settings.start, settings.at) = (String(ClockStepTests.noon.prefix(10)), "09:00")
            try site.write(settings)
            try site.write(
                settings.yaml.replacing("zone: \(settings.wall.zone)", with: "zone: UTC"), to: "advised.yaml")
            func does(_ words: String...) async throws -> String {
                let done = try await site.advised(words, environment: clock.environment)
                #expect(done.ending == .exited(0), "\(words): \(done.errors)")
                return done.errors
            }
            let file = site.folder + "/advised.backup"
            _ = try await does("run", "--once")
            _ = try await does("store", "backup", file)
            for _ in 0..<2 {
                try clock.step(realtime: 86_400)
                _ = try await does("run", "--once")
            }
            let sent = try await receiver.requests(3)
            #expect(Set(sent.map(\.id)).count == 3)

            // The backup knows of the first alone.
            let said = try await does("store", "restore", file)
            #expect(said.contains("counted as sent: 2 points"), "\(said)")
            _ = try await does("run", "--once")
            #expect(receiver.requestCount == 3)
            #expect(try files(site.state, with: ".replaced-").count == 1)
            #expect(try mode(site.state + "/advised.db") == 0o600)
            try clock.step(realtime: 3600)

            _ = try await does("store", "restore", "--resend", file)
            _ = try await does("run", "--once")
            let again = try await receiver.requests(4)
            #expect(again[3].id == sent[1].id)
        }
    }

    @Test("who came after the backup was made is sent nothing again either; who comes later is welcomed")
    func restoredNewcomer() async throws {
        try await Site.with { site in
            let receiver = try await site.receiver()
            var settings = Settings(ann: receiver.url)
            settings.series = ["join: latest"]
            func comes(_ id: String) throws {
                settings.subscribers.append(.init(id: id, url: receiver.url + id))
                try site.write(settings)
            }
            func does(_ words: String...) async throws {
                let done = try await site.advised(words)
                #expect(done.ending == .exited(0), "\(words): \(done.errors)")
            }
            try site.write(settings)
            let file = site.folder + "/advised.backup"
            try await does("run", "--once")
            try await does("store", "backup", file)
            try comes("bob")
            try await does("run", "--once")
            #expect(receiver.requestCount == 2)
            try await does("store", "restore", file)
            try await does("run", "--once")
            #expect(receiver.requestCount == 2)
            try comes("eve")
            try await does("run", "--once")
            #expect(try await receiver.requests(3).last?.path.hasSuffix("eve") == true)
        }
    }

    @Test("what is no backup is refused, and the database stays as it is")
    func noBackup() async throws {
        try await site(["ann"]) { site, _, receiver in
            let text = try site.write("this is no database, whatever its name may say", to: "broken.backup")
            for (file, code) in [(text, Int32(78)), (site.folder + "/none", 69)] {
                let done = try await site.advised("store", "restore", file)
                #expect(done.ending == .exited(code), "\(done.errors)")
            }
            #expect(try files(site.state, with: "restoring").isEmpty)
            #expect(try files(site.state, with: "replaced").isEmpty)
            #expect(try await site.advised("run", "--once").ending == .exited(0))
            #expect(receiver.requestCount == 1)
        }
    }

    @Test("a broken database is left alone, and a restore brings it back")
    func broken() async throws {
        try await site(["ann"]) { site, _, receiver in
            let file = site.folder + "/advised.backup"
            #expect(try await site.advised("store", "backup", file).ending == .exited(0))
            try Data("broken".utf8).write(to: URL(filePath: site.state + "/advised.db"))
            let refused = try await site.advised("run", "--once")
            #expect(refused.ending == .exited(78) && refused.errors.contains("store restore"))
            let restored = try await site.advised("store", "restore", file)
            #expect(restored.ending == .exited(0), "\(restored.errors)")
            #expect(try await site.advised("run", "--once").ending == .exited(0))
            #expect(receiver.requestCount == 1)
        }
    }

    @Test("a reset asks, keeps what was there, and begins anew")
    func reset() async throws {
        try await site(["ann"]) { site, _, _ in
            #expect(try await site.advised("store", "reset").ending == .exited(64))
            let done = try await site.advised("store", "reset", "--yes")
            #expect(done.ending == .exited(0), "\(done.errors)")
            #expect(try files(site.state, with: "advised.db") == files(site.state, with: ".replaced-"))
            #expect(try await site.advised("log", "--json").json.elements.isEmpty)
        }
    }

    @Test("a copy to PostgreSQL goes on where SQLite was, and back")
    func copy() async throws {
        let database = try StoreCommandTests.server.database()
        try await site(["ann", "bob"]) { site, settings, receiver in
            let there = try await site.advised("store", "copy", "--to", "postgres:\(database.string)")
            #expect(there.ending == .exited(0), "\(there.errors)")
            // No terminal, no bar.
            #expect(!there.errors.contains("#"))
            settings.store = "{ postgres: \"\(database.string)\" }"
            try site.write(settings)
            #expect(try await site.advised("run", "--once").ending == .exited(0))
            #expect(try await site.counts()["delivered"] == .number(2))
            #expect(receiver.requestCount == 2)
            for words in [["backup", site.folder + "/x"], ["reset", "--yes"]] {
                let done = try await site.advised(["store"] + words)
                #expect(done.ending == .exited(1) && done.errors.contains("PostgreSQL"))
            }
            let back = try await site.advised("store", "copy", "--to", "sqlite:again.db")
            #expect(back.ending == .exited(0), "\(back.errors)")
            settings.store = "{ sqlite: again.db }"
            try site.write(settings)
            #expect(try await site.advised("run", "--once").ending == .exited(0))
            #expect(try await site.log().count == 2 && receiver.requestCount == 2)
            let usage = try await site.advised("store", "copy", "--to", "elsewhere")
            #expect(usage.ending == .exited(64))
        }
    }

    @Test("`export` gives all that is kept, and no secret")
    func export() async throws {
        try await site(["ann", "bob"]) { site, _, receiver in
            let done = try await site.advised("export", "ann")
            #expect(done.ending == .exited(0), "\(done.errors)")
            #expect(!done.output.contains(Settings.secret) && !done.output.contains(receiver.url + "/ann"))
            let kept = try done.json
            #expect(kept["id"] == .string("ann"))
            #expect(kept["secrets"] == .array([.string("database")]))
            #expect(kept["memberships"]?.elements.count == 1)
            #expect(kept["deliveries"]?[0]?["log"]?["state"] == .string("delivered"))
            #expect(try await site.advised("export", "eve").ending == .exited(1))
        }
    }

    @Test("`forget` erases at once, and says when the name comes back", arguments: [true, false])
    func forget(isRunning: Bool) async throws {
        try await site(["ann", "bob"], isRunning: isRunning) { site, settings, receiver in
            #expect(try await site.advised("forget", "eve").ending == .exited(1))
            let done = try await site.advised("forget", "ann")
            #expect(done.ending == .exited(0), "\(done.errors)")
            #expect(done.errors.contains("1 delivery erased") && done.errors.contains("take it out"))
            #expect(try await site.advised("export", "ann").ending == .exited(1))
            #expect(try await site.log().count == 1)
            // The roster still has it.
            if isRunning {
                let reload = try await site.advised("reload")
                #expect(reload.ending == .exited(0) && reload.output.contains("forgotten before"))
                let status = try await site.advised("status", "--json")
                #expect(status.ending == .exited(1) && status.output.contains("forgotten before"))
                settings.subscribers.removeFirst()
                try site.write(settings)
                #expect(try await site.advised("reload").ending == .exited(0))
                #expect(try await site.advised("forget", "ann").ending == .exited(0))
                #expect(try await site.advised("status").ending == .exited(0))
            } else {
                let pause = try await site.advised("pause", "daily")
                #expect(pause.errors.contains("forgotten before"), "\(pause.errors)")
            }
            #expect(receiver.requestCount == 2)
        }
    }
}
