import Foundation
import Glibc
import TestTools
import Testing

extension AloneTests {
    @Test("slow-loris and 1,000 idle connections to both servers delay no release, and keep nobody out")
    func crowd() async throws {
        var lateness: [Double] = []
        for _ in 1...3 {
            try await Site.with { site in
                let receiver = try await site.receiver()
                var settings = Settings(ann: receiver.url)
                let ports = [try Loopback.freePort(), try Loopback.freePort()]
                settings.status = "127.0.0.1:\(ports[0])"
                settings.publicPages = "127.0.0.1:\(ports[1])"
                let due = settings.wall.at(in: 8)
                settings.at = due.text
                try site.write(settings)
                let daemon = try await site.daemon()
                try await poll("both listen") { ports.allSatisfy { Loopback.answers(on: $0) } }
                var crowd: [WebClient.Connection] = []
                for number in 1...1000 {
                    let connection = try WebClient.Connection(.port(ports[number % 2]))
                    if number % 3 == 0 { connection.send("GET / HTTP/1.1\r\nHost: loc") }
                    crowd.append(connection)
                }
                // They go on saying a byte now and then until the point is out.
                try await poll("the point goes out", within: .seconds(30), every: .milliseconds(500)) {
                    for connection in crowd { connection.send("a") }
                    return receiver.requestCount > 0
                }
                let request = try #require(try receiver.requests.first)
                #expect(request.at >= due.nanoseconds)
                lateness.append(Double(request.at - due.nanoseconds) / 1e6)
                for port in ports {
                    #expect(try WebClient.get("/", from: .port(port)).status == 200)
                }
                daemon.send(SIGTERM)
                #expect(try await daemon.end() == .exited(0))
            }
        }
        #expect(try #require(lateness.min()) <= 50, "milliseconds late: \(lateness)")
    }

    @Test("the operator's pages of a series with 10,000 subscribers come in less than 50 ms (best of five)")
    func quick() async throws {
        try await Site.with { site in
            var settings = Settings(
                (1...10_000).map { .init(id: "s\($0)", url: "https://h\($0).example.org/") })
            let port = try Loopback.freePort()
            settings.roster = .csv
            settings.status = "127.0.0.1:\(port)"
            // Every delivery has its row, and nothing goes over the wire.
            settings.series = ["shadow: true"]
            settings.logLevel = "warning"
            try site.write(settings)
            let daemon = try site.quietDaemon()
            try await poll(
                "all is settled: \(daemon.errors)", within: .seconds(90), every: .milliseconds(500)
            ) {
                let answer = try? WebClient.get("/status.json", from: .port(port))
                guard let answer, answer.status == 200 else { return false }
                return try JSON(answer.text)["deliveries"]?["cancelled"] == .number(10_000)
            }
            for path in ["/", "/series/daily/deliveries", "/series/daily/deliveries?after=s5000"] {
                var milliseconds: [Double] = []
                for _ in 1...5 {
                    let begun = ContinuousClock.now
                    let answer = try WebClient.get(path, from: .port(port))
                    let took = ContinuousClock.now - begun
                    #expect(answer.status == 200)
                    milliseconds.append(took / .milliseconds(1))
                }
                #expect(try #require(milliseconds.min()) < 50, "\(path): \(milliseconds) ms")
            }
        }
    }

    @Test(
        "over 1,000,000 deliveries, each after a write, they come in less than 50 ms (best of five)"
    )
    func million() async throws {
        try await Site.with { site in
            var settings = Settings(ann: "http://127.0.0.1:9/")
            let port = try Loopback.freePort()
            settings.status = "127.0.0.1:\(port)"
            settings.start = settings.wall.day(1)
            settings.logLevel = "warning"
            try site.write(settings)
            #expect(try await site.advised("run", "--once").ending == .exited(0))
            try await site.fill(deliveries: 1_000_000)
            let daemon = try site.quietDaemon()
            try await poll("it listens: \(daemon.errors)") { Loopback.answers(on: port) }
            for path in ["/status.json", "/", "/metrics", "/healthz", "/readyz"] {
                // The first waits until they are counted.
                try await poll("it is ready") { try WebClient.get(path, from: .port(port)).status == 200 }
                var milliseconds: [Double] = []
                for number in 1...5 {
                    let word = number % 2 == 1 ? "pause" : "resume"
                    #expect(try await site.advised(word, "--subscriber", "ann").ending == .exited(0))
                    let begun = ContinuousClock.now
                    let answer = try WebClient.get(path, from: .port(port))
                    milliseconds.append((ContinuousClock.now - begun) / .milliseconds(1))
                    #expect(answer.status == 200)
                }
                #expect(try #require(milliseconds.min()) < 50, "\(path): \(milliseconds) ms")
            }
            let shown = try JSON(WebClient.get("/status.json", from: .port(port)).text)
            #expect(shown["deliveries"]?["delivered"] == .number(1_000_000))
        }
    }
}

extension Site {
    /// So many that went through, of a point of long ago.
    fileprivate func fill(deliveries count: Int) async throws {
        let script = """
            import sqlite3, sys
            with sqlite3.connect(sys.argv[1]) as store:
                store.execute(\"\"\"INSERT INTO delivery(subject, slot, subscriber, release, state, attempts,
                    status, latency_ms, after_ms)
                    WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < ?)
                    SELECT 1000, i * 16, i, 1000, 1, 1, 204, 20, i / 100 FROM n\"\"\",
                    [int(sys.argv[2])])
            """
        let filled = try await finished(
            start([Tools.python(), "-c", script, "\(state)/advised.db", "\(count)"], named: "fill"),
            within: .seconds(120))
        guard filled.ending == .exited(0) else { throw Missing(filled.errors) }
    }
}
