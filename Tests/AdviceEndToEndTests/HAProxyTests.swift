import Foundation
import Testing

/// Debian's haproxy as a peer: who asks for time gets it, and nobody else pays for it.
@Suite(.timeLimit(.minutes(2)))
struct HAProxyTests {
    /// A fault, what is shown of it, and how long the next attempt must not come.
    struct Fault {
        var path: String
        var rule: String
        var status: Int?
        /// Any of these.
        var errors: [String]
        var waitSeconds: Double

        /// The settings' own wait.
        static let schedule = 600.0

        static let all = [
            Fault(
                path: "/busy", rule: "return status 503 hdr retry-after 1800", status: 503,
                errors: ["503 Service Unavailable"], waitSeconds: 1800),
            Fault(
                path: "/until", rule: "return status 503 hdr retry-after \"%[date(1800),http_date]\"",
                status: 503, errors: ["503 Service Unavailable"], waitSeconds: 1800),
            Fault(
                path: "/limited", rule: "return status 429 hdr retry-after 900", status: 429,
                errors: ["429 Too Many Requests"], waitSeconds: 900),
            // Less than the schedule: it is the schedule that is kept to.
            Fault(
                path: "/soon", rule: "return status 429 hdr retry-after 5", status: 429,
                errors: ["429 Too Many Requests"], waitSeconds: schedule),
            Fault(
                path: "/bare", rule: "return status 429", status: 429, errors: ["429 Too Many Requests"],
                waitSeconds: schedule),
            Fault(
                path: "/tarpit", rule: "tarpit deny_status 500", status: 500,
                errors: ["500 Internal Server Error"], waitSeconds: schedule),
            // Where haproxy may not drop it silently (it needs CAP_NET_ADMIN), the connection is reset.
            Fault(
                path: "/drop", rule: "silent-drop", status: nil,
                errors: ["no answer within 6 s", "the connection was lost before an answer"],
                waitSeconds: schedule),
            Fault(
                path: "/reset", rule: "reject", status: nil,
                errors: [
                    "the connection was closed without an answer", "the connection was lost before an answer",
                ], waitSeconds: schedule),
        ]
    }

    @Test("whatever it does, the next attempt comes no earlier than asked, and nobody else is delayed")
    func faults() async throws {
        try await Site.with { site in
            let proxy = try await site.haproxy(Fault.all.map { "\($0.rule) if { path \($0.path) }" })
            func url(_ host: Int, _ path: String) -> String { "http://127.1.1.\(host):\(proxy.port)\(path)" }
            let others = (1...40).map { Settings.Subscriber(id: "good\($0)", url: url(100 + $0, "/")) }
            let faulty = Fault.all.enumerated().map { number, fault in
                Settings.Subscriber(id: String(fault.path.dropFirst()), url: url(number + 1, fault.path))
            }
            var settings = Settings(faulty + others)
            settings.delivery = ["retries: [\(Int(Fault.schedule))s]", "timeout: 6s"]
            try site.write(settings)
            #expect(try await site.advised("run", "--once").ending == .exited(1))

            let log = try await site.log()
            for fault in Fault.all {
                let entry = try #require(log[String(fault.path.dropFirst())])
                #expect(entry.state == "waiting" && entry.attempts == 1, "\(fault.path)")
                #expect(entry.status == fault.status, "\(fault.path)")
                #expect(
                    fault.errors.contains(entry.error ?? "none"), "\(fault.path): \(entry.error ?? "none")")
                let wait = try #require(try entry.waitSeconds)
                // An HTTP date is of whole seconds.
                let asked = fault.waitSeconds - (fault.path == "/until" ? 1 : 0)
                #expect(wait >= asked && wait <= asked * 1.2 + 5, "\(fault.path): \(wait) s")
            }
            for other in others {
                #expect(log[other.id]?.state == "delivered" && log[other.id]?.attempts == 1)
            }
            // The slow ones take 4 and 6 s; as haproxy saw it, nobody waited for them.
            let wanted = Fault.all.count + others.count
            try await poll("haproxy's note of all: \(proxy.output)", within: .seconds(20)) {
                proxy.lines.count >= wanted
            }
            let lines = proxy.lines
            let begun = try #require(lines.map(\.at).min())
            let last = try #require(lines.on("/").map(\.at).max())
            #expect(lines.count == wanted, "\(proxy.output)")
            #expect(last - begun < 3000, "milliseconds: \(last - begun)")
        }
    }

    @Test("a limit of six in two seconds is kept to by all who share the host, and by nobody else")
    func rateLimit() async throws {
        try await Site.with { site in
            let proxy = try await site.haproxy(
                [
                    "track-sc0 hdr(host) if { dst 127.1.2.1 }",
                    "return status 429 hdr retry-after 2 if { sc_http_req_rate(0) gt 6 }",
                ], table: "type string len 64 size 1k expire 1m store http_req_rate(2s)")
            var settings = Settings(
                (1...12).map { .init(id: "s\($0)", url: "http://127.1.2.1:\(proxy.port)/limited") }
                    + (1...12).map { .init(id: "t\($0)", url: "http://127.1.3.\($0):\(proxy.port)/free") })
            settings.delivery = [
                "retries: [\(Array(repeating: "1s", count: 20).joined(separator: ", "))]", "per_host: 1",
            ]
            try site.write(settings)
            let daemon = try await site.daemon()
            try await site.awaitDelivered(24, within: .seconds(60))
            daemon.send(SIGTERM)
            #expect(try await daemon.end() == .exited(0))

            let lines = proxy.lines.sorted { $0.at < $1.at }
            let (limited, free) = (lines.on("/limited"), lines.on("/free"))
            let accepted = limited.filter { $0.status == 204 }
            #expect(accepted.count == 12 && Set(accepted.map(\.id)).count == 12, "nobody gets it twice")
            #expect(limited.count > 12)
            // One at a time to this host: after a 429 nobody comes for two seconds. haproxy looks at the
            // clock once for all that it finds to do: 2 ms are its own.
            for (refused, next) in zip(limited, limited.dropFirst()) where refused.status == 429 {
                #expect(next.at - refused.at >= 1998, "milliseconds: \(next.at - refused.at)")
            }
            #expect(free.map(\.status) == Array(repeating: 204, count: 12))
            let wait = try #require(free.last).at - (try #require(lines.first)).at
            #expect(wait < 1900, "milliseconds: \(wait)")
        }
    }
}

extension [HAProxy.Line] {
    fileprivate func on(_ path: Substring) -> [HAProxy.Line] { filter { $0.path == path } }
}
