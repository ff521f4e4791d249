import Foundation
import TestTools
import Testing

/// `check --connect`: what guard, DNS, TLS and clock say of each endpoint, and not a byte of a request.
@Suite(.timeLimit(.minutes(3)))
struct ConnectTests {
    @Test("dials each endpoint once for a host, sends nothing, and says who cannot be reached, and why")
    func dials() async throws {
        try await Site.with { site in
            let receiver = try await site.receiver()
            try site.write(
                Settings([
                    .init(id: "ann", url: receiver.url), .init(id: "bob", url: receiver.url + "/b"),
                    .init(id: "eve", url: "http://127.0.0.1:9/secret-path"),
                    .init(id: "lou", url: "http://10.255.255.1/secret-path"),
                ]))
            let done = try await site.advised("check", "--connect", "--json")
            #expect(done.ending == .exited(1), "\(done.errors)")
            let found = try done.json.elements.filter { $0["message"]?.string?.contains("reached") == true }
            #expect(found.allSatisfy { $0["severity"] == .string("warning") })
            #expect(
                found.map { "\($0["message"]?.string ?? "-")" }.sorted()
                    == [
                        "'eve' cannot be reached: connection refused",
                        "'lou' cannot be reached: address 10.255.255.1 is private; add it to allow_networks",
                    ])
            #expect(!(done.output + done.errors).contains("secret-path"))
            try await poll("the connection is logged") { receiver.connectionCount == 1 }
            #expect(receiver.requestCount == 0)
        }
    }

    @Test("exit 0 where all are reached; without --connect nobody is dialled")
    func reached() async throws {
        try await Site.with { site in
            let receiver = try await site.receiver()
            try site.write(Settings(ann: receiver.url))
            #expect(try await site.advised("check").ending == .exited(0))
            #expect(receiver.connectionCount == 0)
            let done = try await site.advised("check", "--connect")
            #expect(done.ending == .exited(0), "\(done.errors)")
            #expect(done.errors.contains("'ann': 127.0.0.1 is reached in"))
            #expect(!done.errors.contains(receiver.url))
        }
    }

    @Test("a server that does not wait for its standbys is warned of, and one that cannot be reached")
    func standbys() async throws {
        let server = PostgresServer("standbys")
        defer { server.end() }
        let database = try server.database()
        try await Site.with { site in
            let receiver = try await site.receiver()
            var settings = Settings(ann: receiver.url)
            settings.store = "{ postgres: \"\(database.string)\" }"
            try site.write(settings)
            func warnings() async throws -> String {
                let done = try await site.advised("check", "--connect")
                #expect(done.ending == .exited(0), "\(done.errors)")
                return done.output
            }
            #expect(try await !warnings().contains("standbys"))
            let standby = Process()
            standby.executableURL = URL(filePath: "/bin/sh")
            standby.arguments = [
                "-c", "exec /usr/lib/postgresql/*/bin/pg_receivewal -d \"$0\" -D \"$1\"", database.string,
                site.folder,
            ]
            try standby.run()
            defer { standby.terminate() }
            try await poll("the standby is there") {
                try database.query("SELECT count(*) FROM pg_stat_replication") == "1"
            }
            let warned = try await warnings()
            #expect(warned.contains("warning: the server does not wait for its standbys"), "\(warned)")
            settings.store = "{ postgres: \"host=\(site.folder) user=nobody dbname=none\" }"
            try site.write(settings)
            let lost = try await warnings()
            #expect(lost.contains("advised.yaml:") && lost.contains("No such file or directory"), "\(lost)")
        }
    }
}
