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
}
