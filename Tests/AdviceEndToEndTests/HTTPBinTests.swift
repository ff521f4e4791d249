import Testing

/// PyPI's httpbin, which answers as its URL says: every status, slow, without end.
@Suite(.timeLimit(.minutes(2)))
struct HTTPBinTests {
    /// What became of one delivery after its first attempt.
    struct Became: Equatable, CustomStringConvertible {
        var state = "waiting"
        var status: Int?
        /// When it is tried again: after 600 s by the settings, or by a rule of its own.
        var next: Next?

        enum Next: String { case schedule, fiveMinutes, anHour, sooner, other }

        var description: String { "\(state) \(status ?? 0) \(next?.rawValue ?? "settled")" }
    }

    private static let schedule = 600.0

    /// What a status comes to, and the word by which `test` names that.
    private static func became(_ status: Int) -> (Became, outcome: String) {
        switch status {
        case 200..<300: (Became(state: "delivered", status: status, next: nil), "delivered")
        case 300..<400, 401, 403, 404, 405: (Became(status: status, next: .schedule), "refused")
        case 400, 413, 415, 422: (Became(status: status, next: .fiveMinutes), "unfit")
        case 410: (Became(status: status, next: .anHour), "gone")
        case 429: (Became(status: status, next: .schedule), "retry after")
        default: (Became(status: status, next: .schedule), "retry")
        }
    }

    private static let statuses = [
        200, 201, 204, 301, 302, 304, 307, 308, 400, 401, 403, 404, 405, 408, 410, 413, 415, 422, 425, 429,
        500, 502, 503, 504,
    ]

    /// Paths, what becomes of them, and the reason that is shown.
    private static let manners: [(name: String, path: String, became: Became, error: String?)] = [
        ("slow", "/delay/12", Became(next: .schedule), "no answer within 4 s"),
        ("in-time", "/delay/1", became(200).0, nil),
        // 200 is said at once, and its body has not ended when the time is up.
        ("drip", "/drip?duration=12&numbytes=6", became(200).0, nil),
        ("late-drip", "/drip?delay=12&numbytes=1", Became(next: .schedule), "no answer within 4 s"),
        ("bad-drip", "/drip?duration=12&numbytes=6&code=503", became(503).0, "503 Service Unavailable"),
        ("stream", "/stream-bytes/100000", became(200).0, nil),
        ("large", "/bytes/100000", became(200).0, nil),
    ]

    @Test("each status and each manner of answering comes to what the table says, in one run")
    func table() async throws {
        try await Site.with { site in
            let elsewhere = try await site.receiver()
            let bin = try await site.httpbin()
            var expected: [String: Became] = [:]
            var paths: [String: String] = [:]
            for status in Self.statuses {
                (expected["s\(status)"], paths["s\(status)"]) = (Self.became(status).0, "/status/\(status)")
            }
            for manner in Self.manners {
                (expected[manner.name], paths[manner.name]) = (manner.became, manner.path)
            }
            for code in [301, 302, 303, 307, 308] {
                expected["to\(code)"] = Self.became(code).0
                paths["to\(code)"] = "/redirect-to?status_code=\(code)&url=\(elsewhere.url)"
            }
            var settings = Settings(bin.members(paths))
            settings.delivery = ["retries: [\(Int(Self.schedule))s]", "timeout: 4s"]
            try site.write(settings)
            #expect(try await site.advised("run", "--once").ending == .exited(1))

            let log = try await site.log()
            #expect(log.count == expected.count)
            for name in expected.keys.sorted() {
                let entry = try #require(log[name])
                let found = Became(state: entry.state, status: entry.status, next: try next(entry))
                #expect(found == expected[name], "\(name): \(entry.error ?? "no error")")
            }
            for status in Self.statuses {
                let lines = try await site.advised("test", "s\(status)").output.split(separator: "\n")
                #expect(lines.last.map(String.init) == Self.became(status).outcome, "\(lines)")
            }
            for manner in Self.manners { #expect(log[manner.name]?.error == manner.error, "\(manner.name)") }
            #expect(elsewhere.connectionCount == 0)
            // Nothing but what the daemon and `test` were told to send: no redirect was followed.
            #expect(!bin.log.contains("/redirect/") && !bin.log.contains("GET /status"))
            #expect(log["s302"]?.error == "302 Found: a redirect to another path, not followed")
        }
    }

    private func next(_ entry: LoggedDelivery) throws -> Became.Next? {
        guard let wait = try entry.waitSeconds else { return nil }
        // The jitter is up to a fifth, upward only; 5 s are for a machine that is busy with other tests.
        func isAfter(_ seconds: Double) -> Bool { wait >= seconds && wait <= seconds * 1.2 + 5 }
        if isAfter(Self.schedule) { return .schedule }
        if isAfter(300) { return .fiveMinutes }
        if isAfter(3600) { return .anHour }
        return wait < 300 ? .sooner : .other
    }
}

/// httpbin on gunicorn.
private struct HTTPBin {
    let port: Int
    let process: ChildProcess

    /// `METHOD PATH STATUS` of each request.
    var log: String { process.output }

    /// Each on a host of its own.
    func members(_ paths: [String: String]) -> [Settings.Subscriber] {
        paths.sorted { $0.key < $1.key }.enumerated().map { number, entry in
            .init(id: entry.key, url: "\"http://127.1.0.\(number + 1):\(port)\(entry.value)\"")
        }
    }
}

extension Site {
    fileprivate func httpbin() async throws -> HTTPBin {
        let port = try Loopback.freePort()
        let child = try await serve(
            [
                Tools.pypi("gunicorn"), "--bind", "0.0.0.0:\(port)", "--worker-class", "gthread",
                "--threads", "40", "--pythonpath", Tools.scripts, "--no-control-socket",
                "--worker-tmp-dir", folder, "--access-logfile", "-", "--access-logformat",
                "%(m)s %(U)s %(s)s",
                "any_method:app",
            ], named: "httpbin", on: port, environment: ["PYTHONDONTWRITEBYTECODE": "1"])
        return HTTPBin(port: port, process: child)
    }
}
