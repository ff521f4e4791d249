import Testing

@Suite(.timeLimit(.minutes(5)))
struct FanOutTests {
    @Test("10,000 subscribers on hosts of their own get one release, each once")
    func tenThousand() async throws {
        try await Site.with { site in
            let nginx = try await site.nginx()
            let members = (0..<10_000).map { number in
                Settings.Subscriber(
                    id: "s\(number)", url: "http://127.\(number / 200).\(number % 200).7:\(nginx.port)/")
            }
            var settings = Settings(members)
            settings.logLevel = "warning"
            try site.write(settings)
            let run = try await site.advised("run", "--once", within: .seconds(180))
            #expect(run.ending == .exited(0), "\(run.errors.suffix(2000))")
            let lines = nginx.lines
            #expect(lines.count == 10_000)
            #expect(Set(lines.map(\.host)).count == 10_000)
            #expect(Set(lines.map(\.id)).count == 10_000)
            #expect(lines.allSatisfy { $0.attempt == "1" })
            #expect(try await site.counts()["delivered"] == .number(10_000))
            #expect(try await site.advised("run", "--once", within: .seconds(60)).ending == .exited(0))
            #expect(nginx.lines.count == 10_000)
        }
    }

    @Test("6,000 on one host: who finds no room in memory has its turn all the same, before --once is done")
    func oneHost() async throws {
        try await Site.with { site in
            let nginx = try await site.nginx()
            var settings = Settings(
                (0..<6000).map { .init(id: "s\($0)", url: "http://127.0.0.1:\(nginx.port)/") })
            settings.logLevel = "warning"
            try site.write(settings)
            let run = try await site.advised("run", "--once", within: .seconds(180))
            #expect(run.ending == .exited(0), "\(run.errors.suffix(2000))")
            let lines = nginx.lines
            #expect(lines.count == 6000 && Set(lines.map(\.id)).count == 6000)
            #expect(lines.allSatisfy { $0.attempt == "1" })
        }
    }
}
