import Foundation
import Testing

/// Name servers that are dead, slow or lying. The figures need the machine to itself.
@Suite(.serialized, .timeLimit(.minutes(3)))
struct LookupsAloneTests {
    /// Lookups under way at once, each a thread: `Resolver.lookupsAtOnce`.
    private static let lookupsAtOnce = 512
    /// The daemon's other threads: libdispatch's for its queues, and the engines'.
    private static let otherThreads = 32

    @Test("names that nobody answers for take no time from the others")
    func hangingNames() async throws {
        let names = (1...40).map { "n\($0).v4-45-33-98-\($0)" }
        let quiet = try await arrivals(names, beside: "nx")
        let beside = try await arrivals(names, beside: "dead")
        let literal = try #require(beside["45.33.99.1"])
        #expect(literal < 1000, "milliseconds until a literal address has its point")
        let last = [quiet, beside].map { $0.values.max() ?? .infinity }
        // Below this the difference is one of the machine's mood.
        let noise = 100.0
        #expect(
            last[1] < max(1.5 * last[0], last[0] + noise),
            "milliseconds beside what is answered, and is not: \(last)")
    }

    /// When each address had its point, in milliseconds after the release, beside 200 names that have none.
    private func arrivals(_ names: [String], beside kind: String) async throws -> [String: Double] {
        try await Site.with { site in
            let island = try await site.island()
            let hosts = (0..<200).map { "n\($0).\(kind).test" } + names.map { $0 + ".test" }
            var settings = settings(hosts + ["45.33.99.1"])
            let due = settings.wall.at(in: 4)
            settings.at = due.text
            try site.write(settings)
            let daemon = try await site.daemon()
            let requests = try await island.receiver.requests(names.count + 1, within: .seconds(60))
            // What is being looked up is nobody's in flight any more when its time is over.
            daemon.send(SIGTERM)
            #expect(try await daemon.end(within: .seconds(10)) == .exited(0))
            let times = requests.map { ($0.host, Double($0.at - due.nanoseconds) / 1e6) }
            return Dictionary(times) { first, _ in first }
        }
    }

    @Test("a thousand names that hang have a bounded number of threads")
    func boundedThreads() async throws {
        try await Site.with { site in
            let island = try await site.island()
            try site.write(settings((0..<1000).map { "n\($0).dead.test" } + ["45.33.99.1"]))
            let daemon = try await site.daemon()
            var most = 0
            let deadline = ContinuousClock.now + .seconds(12)
            try await poll("twelve seconds pass", within: .seconds(20), every: .milliseconds(20)) {
                most = max(most, try threads(of: daemon))
                return ContinuousClock.now >= deadline
            }
            #expect(most > Self.otherThreads, "the names are being looked up")
            #expect(most <= Self.lookupsAtOnce + Self.otherThreads)
            try await island.receiver.requests(1)
            #expect(daemon.endingNow() == nil)
        }
    }

    @Test("what a name server says wrongly, late or not at all is waited out, and none of it is the end")
    func lyingServers() async throws {
        let good = (1...20).map { "v4-45-33-98-\($0)" }
        let late = ["slow.v4-45-33-99-1"]
        let bad = ["nx", "servfail", "refused", "empty", "cutoff", "dead", "garbage", "wrongid", "half"]
        try await Site.with { site in
            let island = try await site.island()
            let hosts = (good + late).map { $0 + ".test" } + bad.map { $0 + ".v4-45-33-97-1.test" }
            try site.write(settings(hosts))
            let run = try await site.advised("run", "--once", within: .seconds(60))
            #expect(run.ending == .exited(1), "\(run.errors.suffix(2000))")
            let log = try await site.advised("log", "--json").json.elements
            for (place, host) in hosts.enumerated() {
                let entry = try #require(log.first { $0["subscriber"] == .string("h\(place)") }, "\(host)")
                let isBad = place >= good.count + late.count
                #expect(entry["state"] == .string(isBad ? "waiting" : "delivered"), "\(host): \(entry)")
                #expect(entry["attempts"] == .number(1), "\(host)")
                let error = entry["error"]?.string ?? ""
                #expect(error.contains("name") == isBad, "\(host): \(error)")
                #expect((entry["next_attempt_at"] != .null) == isBad, "\(host)")
            }
            #expect(try !island.dials.contains { $0.to == "45.33.97.1" })
        }
    }

    private func settings(_ hosts: [String]) -> Settings {
        var settings = Settings(
            hosts.enumerated().map { place, host in .init(id: "h\(place)", url: "http://\(host)/") })
        settings.allowNetworks = ""
        settings.logLevel = "info"
        return settings
    }

    private func threads(of daemon: ChildProcess) throws -> Int {
        let lines = try String(contentsOfFile: "/proc/\(daemon.pid)/status", encoding: .utf8).split(
            separator: "\n")
        let line = try #require(lines.first { $0.hasPrefix("Threads:") })
        return try #require(Int(line.dropFirst("Threads:".count).trimmingCharacters(in: .whitespaces)))
    }
}
