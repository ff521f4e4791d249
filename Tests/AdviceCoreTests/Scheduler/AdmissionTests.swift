import AdviceTesting
import Testing

@testable import AdviceCore

@Suite("Admission")
struct AdmissionTests {
    /// An admission with a clock, which knows what it has let go by the limit key.
    private struct Gate {
        var admission = Admission()
        var now = Span.zero
        private var tickets: [String: [UInt64]] = [:]
        /// Who is to wait in the store, and for how long.
        private(set) var sentAway: [String: Span] = [:]

        var waiting: Int { admission.waiting }
        var parked: Int { admission.parked }
        var inFlight: Int { admission.inFlight }
        var room: Int { admission.room }
        var isEmpty: Bool { admission.isEmpty }

        mutating func limit(concurrency: Int, perHost: Int, hosts: [String: Int], secondPool: Int = 0) {
            admission.limit(
                concurrency: concurrency, perHost: perHost, hosts: hosts, secondPool: secondPool)
        }

        mutating func add(_ delivery: ClaimedDelivery) { admission.add(delivery) }
        mutating func drop() { admission.drop() }
        func nextTurn(after now: Span) -> Span? { admission.nextTurn(after: now) }

        /// The next that may be sent.
        mutating func take() -> ClaimedDelivery? {
            while let decision = admission.take(at: now) {
                switch decision {
                case .wait(let delivery, let span), .spill(let delivery, let span):
                    sentAway[delivery.subscriberID] = span
                case .send(let delivery, let ticket):
                    tickets[delivery.endpoint.limitKey, default: []].append(ticket)
                    return delivery
                }
            }
            return nil
        }

        /// The first that went to `key` is back.
        mutating func free(_ key: String, duration: Span? = nil, slowDown: Span? = nil) {
            let ticket = tickets[key, default: []].removeFirst()
            admission.free(ticket, key, duration: duration, slowDown: slowDown, at: now)
        }
    }

    private func admission(
        concurrency: Int = 100, perHost: Int = 100, hosts: [String: Int] = [:], secondPool: Int = 0
    ) -> Gate {
        var gate = Gate()
        gate.limit(concurrency: concurrency, perHost: perHost, hosts: hosts, secondPool: secondPool)
        return gate
    }

    /// Takes all that may go now; the subscribers' names.
    private func takeAll(_ gate: inout Gate) -> [String] {
        var names: [String] = []
        while let delivery = gate.take() { names.append(delivery.subscriberID) }
        return names
    }

    private func delivery(_ name: String, _ key: String = "a:443") -> ClaimedDelivery {
        .sample(name, limitKey: key)
    }

    @Test("first in, first out")
    func order() {
        var admission = admission()
        for number in 1...200 { admission.add(delivery("\(number)", "\(number):443")) }
        #expect(takeAll(&admission) == (1...100).map { "\($0)" })
        for number in 1...100 { admission.free("\(number):443") }
        #expect(takeAll(&admission) == (101...200).map { "\($0)" })
        for number in 101...200 { admission.free("\(number):443") }
        #expect(admission.isEmpty)
    }

    @Test("no more in flight than concurrency in all, and than per_host for one key")
    func caps() {
        var admission = admission(concurrency: 5, perHost: 2)
        for number in 1...4 { admission.add(delivery("a\(number)", "a:443")) }
        for number in 1...4 { admission.add(delivery("b\(number)", "b:443")) }
        for number in 1...4 { admission.add(delivery("c\(number)", "c:443")) }
        #expect(takeAll(&admission) == ["a1", "a2", "b1", "b2", "c1"])
        #expect(admission.inFlight == 5)
        admission.free("a:443")
        #expect(takeAll(&admission) == ["c2"])
    }

    @Test(
        "an entry for a host and port comes before one for the host, and that before per_host",
        arguments: [
            ("example.org:443", 3), ("example.org:8443", 1), ("other.org:443", 2), ("[::1]:80", 4),
            ("[::1]:81", 5), ("[2001:db8::5]:443", 6), ("[2001:db8::6]:443", 2), ("org:443", 2),
        ])
    func overrides(key: String, cap: Int) {
        var admission = admission(
            perHost: 2,
            hosts: ["example.org": 1, "example.org:443": 3, "[::1]": 5, "[::1]:80": 4, "[2001:db8::5]": 6])
        for number in 1...10 { admission.add(delivery("\(number)", key)) }
        #expect(takeAll(&admission).count == cap)
    }

    @Test("a full key steps aside and holds nobody up; what it parked comes in its order")
    func parked() {
        var admission = admission(perHost: 1)
        for number in 1...3 { admission.add(delivery("slow\(number)", "slow:443")) }
        admission.add(delivery("other", "other:443"))
        #expect(takeAll(&admission) == ["slow1", "other"])
        #expect(admission.parked == 2)
        admission.free("slow:443")
        #expect(takeAll(&admission) == ["slow2"])
        admission.free("slow:443")
        #expect(takeAll(&admission) == ["slow3"])
    }

    @Test("a key with much parked does not keep others out, though one of them hangs")
    func fairness() {
        var admission = admission(concurrency: 2, perHost: 1)
        for number in 1...50 { admission.add(delivery("busy\(number)", "busy:443")) }
        admission.add(delivery("hung", "hung:443"))
        admission.add(delivery("other", "other:443"))
        #expect(takeAll(&admission) == ["busy1", "hung"])
        #expect(admission.parked == 49)
        admission.free("busy:443")
        #expect(takeAll(&admission) == ["other"])
        admission.free("other:443")
        #expect(takeAll(&admission) == ["busy2"])
    }

    @Test("a cap that is raised holds at once for what is parked, a lowered one for what is to come")
    func changedCaps() {
        var admission = admission(perHost: 1)
        for number in 1...5 { admission.add(delivery("\(number)")) }
        #expect(takeAll(&admission) == ["1"])
        admission.limit(concurrency: 100, perHost: 3, hosts: [:])
        #expect(admission.waiting == 4 && admission.parked == 0)
        #expect(takeAll(&admission) == ["2", "3"])
        admission.limit(concurrency: 100, perHost: 1, hosts: [:])
        admission.free("a:443")
        admission.free("a:443")
        #expect(takeAll(&admission) == [])
        admission.free("a:443")
        #expect(takeAll(&admission) == ["4"])
    }

    @Test("room is twice the concurrency less what is here; what is parked counts only where all is full")
    func room() {
        var admission = admission(concurrency: 10, perHost: 1)
        #expect(admission.room == 20)
        for number in 1...6 { admission.add(delivery("\(number)", "\(number):443")) }
        #expect(admission.room == 14)
        _ = takeAll(&admission)
        #expect(admission.room == 14)
        for _ in 1...5 { admission.add(delivery("x", "1:443")) }
        _ = takeAll(&admission)
        #expect(admission.parked == 5)
        // There may be somebody on another host.
        #expect(admission.room == 14)
        for number in 7...10 { admission.add(delivery("\(number)", "\(number):443")) }
        _ = takeAll(&admission)
        #expect(admission.inFlight == 10)
        #expect(admission.room == 5)
    }

    @Test("where too many are parked the rest wait in the store, each for about its turn")
    func spilled() {
        var admission = admission(concurrency: 10, perHost: 2)
        for number in 1...Limits.parkedDeliveries + 5 { admission.add(delivery("\(number)", "a:443")) }
        #expect(takeAll(&admission) == ["1", "2"])
        #expect(admission.parked == Limits.parkedDeliveries)
        let waits = (Limits.parkedDeliveries + 3...Limits.parkedDeliveries + 5).map {
            admission.sentAway["\($0)"] ?? .zero
        }
        #expect(waits == waits.sorted() && Set(waits).count == 3)
        #expect(waits.allSatisfy { $0 >= Limits.shortestSpill })
        // 4,096 before them at 200 ms each, two at a time.
        #expect(waits.allSatisfy { $0 > .seconds(400) && $0 < .seconds(420) })
    }

    @Test("an attempt of more than two seconds makes room for others, as many as the second pool holds")
    func secondPool() {
        var admission = admission(concurrency: 2, perHost: 1, secondPool: 3)
        for number in 1...8 { admission.add(delivery("\(number)", "\(number):443")) }
        #expect(takeAll(&admission) == ["1", "2"])
        admission.now = .milliseconds(1999)
        #expect(takeAll(&admission) == [])
        #expect(admission.admission.nextAging(after: admission.now) == .milliseconds(1))
        admission.now = .seconds(2)
        #expect(takeAll(&admission) == ["3", "4"])
        admission.now = .seconds(4)
        #expect(takeAll(&admission) == ["5"])
        #expect(admission.inFlight == 5 && admission.admission.old == 3)
        admission.now = .seconds(9)
        #expect(takeAll(&admission) == [])
        #expect(admission.admission.nextAging(after: admission.now) == nil)
        // One of the second pool ends: its place goes to the oldest of the first.
        admission.free("1:443")
        #expect(takeAll(&admission) == ["6"])
    }

    @Test("where others answer in milliseconds, who hangs makes room after a tenth of a second")
    func secondPoolSooner() {
        var admission = admission(concurrency: 2, perHost: 1, secondPool: 1)
        for number in 1...200 { admission.add(delivery("\(number)", "\(number):443")) }
        #expect(takeAll(&admission) == ["1", "2"])
        for number in 2...199 {
            admission.free("\(number):443", duration: .milliseconds(5))
            #expect(takeAll(&admission) == ["\(number + 1)"])
        }
        admission.add(delivery("last", "last:443"))
        admission.now = .milliseconds(99)
        #expect(takeAll(&admission) == [])
        #expect(admission.admission.nextAging(after: admission.now) == .milliseconds(1))
        admission.now = .milliseconds(100)
        #expect(takeAll(&admission) == ["last"])
        #expect(admission.admission.old == 1)
    }

    @Test("a 429 keeps all who share the key waiting, for as long as it asks and five minutes at most")
    func slowedDown() {
        var admission = admission(perHost: 2)
        for number in 1...4 { admission.add(delivery("\(number)", "a:443")) }
        admission.add(delivery("other", "b:443"))
        #expect(takeAll(&admission) == ["1", "2", "other"])
        admission.free("a:443", slowDown: .seconds(30))
        #expect(takeAll(&admission) == [])
        #expect(admission.sentAway == ["3": .seconds(30), "4": .seconds(30)])
        #expect(admission.parked == 0 && admission.waiting == 0)
        admission.now = .seconds(30)
        admission.add(delivery("5", "a:443"))
        #expect(takeAll(&admission) == ["5"])
        admission.free("a:443", slowDown: .hours(20))
        admission.add(delivery("6", "a:443"))
        #expect(takeAll(&admission) == [])
        #expect(admission.sentAway["6"] == .minutes(5))
    }

    @Test("a subscriber's own rate is kept, and holds nobody else up")
    func rate() {
        var admission = admission()
        func slow() -> ClaimedDelivery {
            var delivery = delivery("slow")
            let usual = delivery.endpoint
            var options = usual.options
            options.rate = 0.5
            delivery.endpoint = Endpoint(
                url: usual.url, secrets: [], format: .standard, limitKey: usual.limitKey, sharesHost: false,
                options: options)
            return delivery
        }
        admission.add(slow())
        admission.add(slow())
        admission.add(delivery("other"))
        #expect(takeAll(&admission) == ["slow", "other"])
        #expect(admission.sentAway == ["slow": .seconds(2)])
        admission.now = .seconds(2)
        admission.add(slow())
        #expect(takeAll(&admission) == ["slow"])
    }

    @Test("a service that takes so many in a time gets no more, and each that waits has a turn of its own")
    func turns() {
        var admission = admission()
        func post(
            _ name: String, _ key: String = "slack:443|a", _ format: Format = .slack, batch: Int64? = nil
        ) {
            admission.add(.sample(name, batch: batch, limitKey: key, format: format))
        }
        for number in 1...4 { post("\(number)", batch: 1) }
        post("other", "slack:443|b")
        post("plain1", "plain:443", .standard)
        post("plain2", "plain:443", .standard)
        #expect(takeAll(&admission) == ["1", "other", "plain1", "plain2"])
        #expect(admission.sentAway == ["2": .seconds(1), "3": .seconds(2), "4": .seconds(3)])
        // Not a moment early, and a turn that comes in time is kept.
        admission.now = .milliseconds(999)
        post("2")
        #expect(takeAll(&admission) == [])
        #expect(admission.parked == 1)
        #expect(admission.nextTurn(after: admission.now) == .milliseconds(1))
        admission.now = .seconds(1)
        #expect(takeAll(&admission) == ["2"])
        #expect(admission.parked == 0)
        admission.now = .seconds(2)
        post("3")
        #expect(takeAll(&admission) == ["3"])
    }

    @Test("who comes for a turn a moment late has it, and not the turn after all that were sent back")
    func lateForItsTurn() {
        var admission = admission()
        func post(_ name: String, batch: Int64? = nil) {
            admission.add(.sample(name, batch: batch, limitKey: "slack:443|a", format: .slack))
        }
        // A channel that many subscribe to: each has a turn of its own, an hour of them.
        for number in 0...3600 { post("\(number)", batch: 1) }
        #expect(takeAll(&admission) == ["0"])
        #expect(admission.sentAway["3600"] == .seconds(3600))
        // Each comes back in time, but for some that are late: by a moment, and by more than a turn.
        var sent: [String] = []
        var due = 1
        for tick in stride(from: 1000, through: 60_000, by: 250) {
            admission.now = .milliseconds(Int64(tick))
            let isLate = (5_000...5_900).contains(tick) || (20_000...23_400).contains(tick)
            while !isLate, due * 1000 <= tick {
                post("\(due)")
                due += 1
            }
            sent += takeAll(&admission)
        }
        #expect(sent == (1...56).map { "\($0)" })
        #expect(admission.sentAway.count == 3600, "none was sent back again")
        // A retry waits for those that are late, and not for the hour; what is released now does.
        post("retry")
        post("new", batch: 2)
        let ahead = admission.parked
        #expect(takeAll(&admission) == [])
        #expect(admission.sentAway["new"] == .seconds(3601 - 60))
        for _ in 0...ahead {
            admission.now = admission.now + .seconds(1)
            sent += takeAll(&admission)
        }
        #expect(sent.last == "retry" && admission.parked == 0)
    }

    @Test("no more wait here for their turn than have it within seconds; the others go behind all")
    func turnsHere() {
        var admission = admission()
        func post(_ name: String) {
            admission.add(.sample(name, limitKey: "slack:443|a", format: .slack))
        }
        for number in 0..<30 { post("\(number)") }
        #expect(takeAll(&admission) == ["0"])
        #expect(admission.parked == 10)
        #expect(admission.sentAway["10"] == nil && admission.sentAway["11"] == .seconds(11))
        #expect(admission.sentAway["29"] == .seconds(29))
        // What waits here is given up with all else.
        admission.drop()
        #expect(admission.parked == 0 && admission.nextTurn(after: admission.now) == nil)
    }

    @Test("an entry for a host caps all its ports and all the keys on it together")
    func groups() {
        var admission = admission(perHost: 2, hosts: ["chat.org": 3])
        for number in 1...2 { admission.add(delivery("a\(number)", "chat.org:443|a")) }
        for number in 1...2 { admission.add(delivery("b\(number)", "chat.org:443|b")) }
        for number in 1...2 { admission.add(delivery("c\(number)", "chat.org:8443|c")) }
        admission.add(delivery("other", "else.org:443"))
        #expect(takeAll(&admission) == ["a1", "a2", "b1", "other"])
        #expect(admission.parked == 3)
        admission.free("chat.org:443|a")
        #expect(takeAll(&admission) == ["b2"])
        admission.free("chat.org:443|a")
        admission.free("chat.org:443|b")
        #expect(takeAll(&admission) == ["c1", "c2"])
        #expect(admission.parked == 0)
    }

    @Test("drop forgets all but what is in flight")
    func drop() {
        var admission = admission(concurrency: 10, perHost: 1)
        for number in 1...5 { admission.add(delivery("\(number)", "a:443")) }
        admission.add(delivery("b", "b:443"))
        #expect(takeAll(&admission) == ["1", "b"])
        admission.add(delivery("6", "c:443"))
        admission.drop()
        #expect(admission.waiting == 0 && admission.parked == 0 && admission.inFlight == 2)
        #expect(takeAll(&admission) == [])
        admission.free("a:443")
        admission.free("b:443")
        #expect(admission.isEmpty)
        #expect(takeAll(&admission) == [])
    }

    @Test("nothing is lost and no cap is broken, whatever comes and goes", arguments: 0..<50)
    func conservation(seed: Int) {
        var random = SplitMix64(seed: UInt64(seed))
        let concurrency = Int.random(in: 1...12, using: &random)
        let perHost = Int.random(in: 1...4, using: &random)
        var admission = admission(concurrency: concurrency, perHost: perHost)
        var inFlight: [String: Int] = [:]
        var added = 0
        var taken = 0
        for _ in 0..<600 {
            switch Int.random(in: 0..<3, using: &random) {
            case 0:
                added += 1
                let key = "k\(Int.random(in: 0..<5, using: &random)):443"
                admission.add(.sample("\(added)", number: Int64(added), limitKey: key))
            case 1:
                if let delivery = admission.take() {
                    taken += 1
                    inFlight[delivery.endpoint.limitKey, default: 0] += 1
                }
            default:
                let busy = inFlight.keys.filter { inFlight[$0, default: 0] > 0 }.sorted()
                if let key = busy.randomElement(using: &random) {
                    inFlight[key, default: 0] -= 1
                    admission.free(key)
                }
            }
            #expect(admission.waiting + admission.parked + taken == added)
            #expect(admission.inFlight == inFlight.values.reduce(0, +))
            #expect(admission.inFlight <= concurrency)
            #expect(inFlight.values.allSatisfy { $0 <= perHost })
        }
        // Everything comes out in the end, each once.
        var left = inFlight.flatMap { Array(repeating: $0.key, count: $0.value) }
        while !left.isEmpty || !admission.isEmpty {
            if let key = left.popLast() { admission.free(key) }
            while let delivery = admission.take() {
                taken += 1
                left.append(delivery.endpoint.limitKey)
            }
        }
        #expect(taken == added)
    }
}
