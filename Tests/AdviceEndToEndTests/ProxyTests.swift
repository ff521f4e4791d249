import Foundation
import Testing

/// Debian's tinyproxy and microsocks as the proxy between us and the receivers.
@Suite(.timeLimit(.minutes(5)))
struct ProxyTests {
    private static let schemes = ["http", "socks5h"]

    @Test("a point comes through it, to a name that only the proxy looks up", arguments: schemes)
    func through(_ scheme: String) async throws {
        try await Site.with { site in
            let proxy = try await site.proxy(scheme, user: "ann", password: "sesam17")
            let receiver = try await site.receiver()
            var settings = Settings(ann: "http://localhost:\(receiver.port)/")
            // The guard would not let us there ourselves.
            settings.allowNetworks = "10.9.9.0/24"
            settings.delivery = ["proxy: \(scheme)://ann:sesam17@127.0.0.1:\(proxy)"]
            try site.write(settings)
            let done = try await site.advised("run", "--once")
            #expect(done.ending == .exited(0), "\(done.errors)")
            #expect(try receiver.requests.map(\.method) == ["POST"])
            #expect(try await site.judge(receiver) == [["accepted", "refused"]])
            #expect(!done.errors.contains("sesam17"))
        }
    }

    @Test("TLS is the receiver's own from end to end, and its certificate is judged here", arguments: schemes)
    func encrypted(_ scheme: String) async throws {
        try await Site.with { site in
            let proxy = try await site.proxy(scheme)
            let ports = try await site.tlsReceivers()
            var settings = Settings(
                ["good", "expired"].map { name in
                    let port = Int(ports[name]?.number ?? 0)
                    return .init(
                        id: name, url: "https://127.0.0.1:\(port)/", more: ["tls: { ca: known.pem }"])
                })
            settings.delivery = ["proxy: \(scheme)://127.0.0.1:\(proxy)"]
            try site.write(settings)
            #expect(try await site.advised("run", "--once").ending == .exited(1))
            let log = try await site.log()
            #expect(log["good"]?.state == "delivered")
            #expect(log["expired"]?.error == "the certificate has expired")
            #expect(try site.read("requests") == "good \(log["good"]?.webhook_id ?? "")\n")
        }
    }

    @Test("an address that the guard denies is not given to it")
    func guarded() async throws {
        try await Site.with { site in
            let proxy = try await site.proxy("http")
            let receiver = try await site.receiver()
            var settings = Settings(ann: receiver.url)
            settings.allowNetworks = "10.9.9.0/24"
            settings.delivery = ["proxy: http://127.0.0.1:\(proxy)"]
            try site.write(settings)
            _ = try await site.advised("run", "--once")
            let log = try await site.log()
            #expect(log["ann"]?.state == "exhausted")
            #expect(log["ann"]?.error?.hasPrefix("address 127.0.0.1 is ") == true, "\(log)")
            #expect(receiver.connectionCount == 0)
        }
    }

    @Test("one that is down is our own affair: nothing is charged, and all goes on when it is back")
    func down() async throws {
        try await Site.with { site in
            let port = try Loopback.freePort()
            let receiver = try await site.receiver()
            var settings = Settings(ann: "http://localhost:\(receiver.port)/")
            settings.delivery = ["proxy: http://127.0.0.1:\(port)"]
            try site.write(settings)
            #expect(try await site.advised("run", "--once").ending == .exited(1))
            let before = try #require(try await site.log()["ann"])
            #expect(before.state == "waiting" && before.attempts == 0)
            #expect(before.error == "the proxy cannot be reached")

            try await site.proxy("http", port: port)
            let daemon = try await site.daemon()
            // A minute after it was found down.
            try await receiver.requests(1, within: .seconds(120))
            try await site.awaitDelivered(1)
            daemon.send(SIGTERM)
            _ = try await daemon.end()
        }
    }

    @Test("one that wants a name and password that it is not given: our own affair", arguments: schemes)
    func refused(_ scheme: String) async throws {
        try await Site.with { site in
            let proxy = try await site.proxy(scheme, user: "ann", password: "sesam17")
            let receiver = try await site.receiver()
            var settings = Settings(ann: "http://localhost:\(receiver.port)/")
            settings.delivery = ["proxy: \(scheme)://127.0.0.1:\(proxy)"]
            try site.write(settings)
            #expect(try await site.advised("run", "--once").ending == .exited(1))
            let ann = try #require(try await site.log()["ann"])
            #expect(ann.state == "waiting" && ann.attempts == 0)
            #expect(ann.error?.contains("password") == true, "\(ann.error ?? "none")")
            #expect(receiver.connectionCount == 0)
        }
    }

    @Test("what it says of the receiver is the receiver's: nobody listens there")
    func unreachable() async throws {
        try await Site.with { site in
            let proxy = try await site.proxy("socks5h")
            let closed = try Loopback.freePort()
            var settings = Settings(ann: "http://localhost:\(closed)/")
            settings.delivery = ["proxy: socks5h://127.0.0.1:\(proxy)"]
            try site.write(settings)
            #expect(try await site.advised("run", "--once").ending == .exited(1))
            let ann = try #require(try await site.log()["ann"])
            #expect(ann.state == "waiting" && ann.attempts == 1)
            #expect(ann.error?.hasPrefix("the proxy could not connect") == true, "\(ann.error ?? "none")")
        }
    }

    @Test("`check` says that names are the proxy's to judge, and the environment's proxies are never used")
    func environment() async throws {
        try await Site.with { site in
            let receiver = try await site.receiver()
            var settings = Settings(ann: receiver.url)
            try site.write(settings)
            let none = try Loopback.freePort()
            let away = ["http_proxy", "https_proxy", "all_proxy", "HTTPS_PROXY", "ALL_PROXY"]
                .map { ($0, "http://127.0.0.1:\(none)") }
            let environment = Dictionary(uniqueKeysWithValues: away)
            let done = try await site.advised(["run", "--once"], environment: environment)
            #expect(done.ending == .exited(0))
            #expect(try receiver.requests.count == 1)

            settings.delivery = ["proxy: http://ann:sesam17@127.0.0.1:\(none)"]
            try site.write(settings)
            let check = try await site.advised("check")
            #expect(check.ending == .exited(0))
            #expect(check.errors.contains("delivery.proxy: receivers' names are looked up by the proxy"))
            #expect(!check.errors.contains("sesam17") && !check.output.contains("sesam17"))
        }
    }
}

extension Site {
    /// Starts a proxy for one scheme on loopback, with a name and password where they are given; its port.
    @discardableResult
    fileprivate func proxy(
        _ scheme: String, user: String? = nil, password: String = "", port wanted: Int? = nil
    ) async throws -> Int {
        let port = try wanted ?? Loopback.freePort()
        if scheme == "socks5h" {
            let program = try Tools.debian("microsocks", package: "microsocks")
            let access = user.map { ["-u", $0, "-P", password] } ?? []
            _ = try await serve(
                [program, "-i", "127.0.0.1", "-p", "\(port)"] + access, named: "microsocks", on: port)
        } else {
            let program = try Tools.debian("tinyproxy", package: "tinyproxy-bin")
            var lines = ["Port \(port)", "Listen 127.0.0.1", "Timeout 60", "Allow 127.0.0.0/8"]
            if let user { lines.append("BasicAuth \(user) \(password)") }
            let configuration = try write(lines.joined(separator: "\n") + "\n", to: "tinyproxy.conf")
            _ = try await serve([program, "-d", "-c", configuration], named: "tinyproxy", on: port)
        }
        return port
    }
}
