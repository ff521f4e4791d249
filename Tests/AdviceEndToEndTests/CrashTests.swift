import Foundation
import Testing

/// SIGKILL at the worst moments: nothing is lost, and what is repeated is recognisable.
@Suite(.timeLimit(.minutes(5)))
struct CrashTests {
    @Test("killed before the answer: the point comes again, with the same id and the same bytes")
    func killedBeforeTheAnswer() async throws {
        try await Site.with { site in
            let receiver = try await site.receiver()
            try site.write(Settings(ann: receiver.url))
            for round in 1...25 {
                let sent = try await killedRun(site, receiver, "before")
                #expect(sent.count == 2, "round \(round): the answer was lost, so the point must come again")
            }
        }
    }

    @Test("killed after the answer: the point has come, and what comes again has the same id and bytes")
    func killedAfterTheAnswer() async throws {
        try await Site.with { site in
            let receiver = try await site.receiver()
            // While this one keeps the daemon waiting, the other's outcome waits for its group commit: 250
            // ms.
            let slow = try await site.receiver(delay: 0.5)
            var settings = Settings(ann: receiver.url)
            settings.subscribers.append(.init(id: "slow", url: slow.url))
            try site.write(settings)
            var repeats = 0
            for round in 0..<25 {
                let sent = try await killedRun(site, receiver, "after", "\(0.008 * Double(round))")
                #expect((1...2).contains(sent.count), "round \(round)")
                repeats += sent.count - 1
            }
            #expect(repeats >= 5, "most kills fall between the answer and its record")
            #expect(try Set(slow.requests.map(\.id)).count == 1)
        }
    }

    /// One life: a run that is killed, one that finds what it left, one that must find nothing to do. Returns
    /// what arrived, after seeing that it is one point.
    private func killedRun(
        _ site: Site, _ receiver: Receiver, _ order: String, _ more: String = ""
    ) async throws -> [Receiver.Request] {
        let before = receiver.requestCount
        let victim = try site.runOnce(orders: receiver.orders, order, more)
        let ending = try await victim.end()
        if order == "before" { #expect(ending == .killed(by: SIGKILL)) }
        #expect(try await site.advised("run", "--once").ending == .exited(0))
        let sent = try Array(receiver.requests.dropFirst(before))
        #expect(Set(sent.map(\.id)).count == 1 && Set(sent.map(\.body)).count == 1)
        let third = try await site.advised("run", "--once")
        #expect(third.ending == .exited(0))
        #expect(receiver.requestCount == before + sent.count, "a recorded delivery is never sent again")
        let counts = try await site.counts()
        #expect(counts["delivered"] != .number(0) && counts["waiting"] == .number(0))
        try site.loseState()
        return sent
    }

    @Test("killed ten times in a fan-out to 2,000: none is lost, and repeats have the same id and bytes")
    func killedInAFanOut() async throws {
        try await Site.with { site in
            let receiver = try await site.receiver(delay: 0.2)
            var settings = Settings(
                (0..<2_000).map { number in
                    Settings.Subscriber(
                        id: "s\(number)",
                        url: "http://127.\(number / 200).\(number % 200).1:\(receiver.port)/")
                })
            // With answers that take 0.2 s the fan-out would last 25 s: much longer than ten lives together.
            settings.delivery = ["concurrency: 16"]
            try site.write(settings)
            var random = Seeded(state: 20_260_702)
            for _ in 1...10 {
                let seconds = Double.random(in: 0...0.4, using: &random)
                let victim = try site.runOnce(orders: receiver.orders, "after", "\(seconds)")
                #expect(try await victim.end() == .killed(by: SIGKILL), "\(victim.errors.suffix(2000))")
            }
            #expect(try await site.counts()["delivered"] != .number(2_000), "killed in the midst of it")
            settings.delivery = []
            try site.write(settings)
            let last = try await site.daemon()
            try await site.awaitDelivered(2_000, within: .seconds(90))
            last.send(SIGTERM)
            #expect(try await last.end() == .exited(0))
            expectEachOnce(try receiver.requests, of: 2_000)
            let sent = receiver.requestCount
            #expect(sent > 2_000, "what was in flight at a kill comes again: else no kill hit anything")
            #expect(try await site.advised("run", "--once").ending == .exited(0))
            #expect(receiver.requestCount == sent)
        }
    }

    /// Every host was reached, each under one id of its own and with one body.
    private func expectEachOnce(_ requests: [Receiver.Request], of count: Int) {
        var ids: [String: Set<String>] = [:]
        for request in requests { ids[request.host, default: []].insert(request.id) }
        #expect(ids.count == count)
        #expect(ids.values.allSatisfy { $0.count == 1 })
        #expect(Set(ids.values).count == count)
        #expect(Set(requests.map(\.body)).count == 1)
    }
}

/// The same numbers in each run: a failure can be looked at again.
private struct Seeded: RandomNumberGenerator {
    var state: UInt64

    /// SplitMix64.
    mutating func next() -> UInt64 {
        state &+= 0x9e37_79b9_7f4a_7c15
        var mixed = state
        mixed = (mixed ^ (mixed >> 30)) &* 0xbf58_476d_1ce4_e5b9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94d0_49bb_1331_11eb
        return mixed ^ (mixed >> 31)
    }
}
