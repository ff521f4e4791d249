import AdviceCore
import Foundation
import Synchronization
import Testing

@testable import AdviceCourier

extension OverSockets {
    @Suite("Names")
    struct ResolverTests {
        private static let loopback = IPAddress.v4(127 << 24 | 1)

        /// The broadcast address, which takes no connection.
        private static let nowhere = IPAddress.v4(.max)

        private static func named(_ url: String) -> CourierRequest {
            var request = CourierRequest.local(url)
            request.allowNetworks.append(AddressBlock(around: nowhere, prefixLength: 32))
            return request
        }

        // MARK: The resolver

        @Test("one name is asked for once, however many wait for it")
        func once() async {
            let gate = Gate()
            let asked = Mutex(0)
            let resolver = Resolver { _ in
                asked.withLock { $0 += 1 }
                gate.wait()
                return .addresses([Self.loopback])
            }
            let answers = Answers()
            for _ in 0..<100 { answers.ask(resolver, "a.example") }
            gate.open()
            #expect(await answers.next(100) == Array(repeating: .addresses([Self.loopback]), count: 100))
            #expect(asked.withLock(\.self) == 1)
        }

        @Test("there are at most so many lookups at once, and all have their turn")
        func bounded() async {
            let gate = Gate()
            let most = Mutex((now: 0, ever: 0))
            let resolver = Resolver { _ in
                most.withLock { $0 = ($0.now + 1, max($0.ever, $0.now + 1)) }
                gate.wait()
                most.withLock { $0.now -= 1 }
                return .unknown
            }
            let count = Resolver.lookupsAtOnce * 2
            let answers = Answers()
            for number in 0..<count { answers.ask(resolver, "n\(number).example") }
            #expect(resolver.running == Resolver.lookupsAtOnce)
            gate.open()
            #expect(await answers.next(count).count == count)
            #expect(most.withLock(\.ever) == Resolver.lookupsAtOnce)
        }

        @Test("names that took long last time leave room for the others")
        func slowLane() async {
            let gate = Gate()
            let slow = Mutex(0)
            let resolver = Resolver { name in
                if name.hasPrefix("slow") {
                    slow.withLock { $0 += 1 }
                    gate.wait()
                    slow.withLock { $0 -= 1 }
                    return .unreachable
                }
                return .addresses([Self.loopback])
            }
            let count = Resolver.lookupsAtOnce
            let first = Answers()
            for number in 0..<count { first.ask(resolver, "slow\(number).example") }
            gate.open(afterNanoseconds: Resolver.isSlow)
            #expect(await first.next(count).allSatisfy { $0 == .unreachable })
            gate.close()
            let second = Answers()
            for number in 0..<count { second.ask(resolver, "slow\(number).example") }
            let quick = Answers()
            quick.ask(resolver, "quick.example")
            #expect(await quick.next(1) == [.addresses([Self.loopback])])
            #expect(slow.withLock(\.self) <= Resolver.slowLookupsAtOnce)
            gate.open()
            #expect(await second.next(count).count == count)
        }

        @Test("nobody asks for a name for which nobody waits any more")
        func unwanted() async {
            let gate = Gate()
            let asked = Mutex<[String]>([])
            let resolver = Resolver { name in
                asked.withLock { $0.append(name) }
                if name.hasPrefix("n") { gate.wait() }
                return .unknown
            }
            let answers = Answers()
            for number in 0..<Resolver.lookupsAtOnce { answers.ask(resolver, "n\(number).example") }
            answers.ask(resolver, "late.example", until: 1)
            gate.open()
            _ = await answers.next(Resolver.lookupsAtOnce)
            let last = Answers()
            last.ask(resolver, "last.example")
            _ = await last.next(1)
            #expect(asked.withLock { !$0.contains("late.example") && $0.contains("last.example") })
        }

        @Test("an answer is kept for who comes soon, where that is wanted, and a refusal never is")
        func kept() async {
            let asked = Mutex(0)
            let resolver = Resolver { name in
                asked.withLock { $0 += 1 }
                return name.hasPrefix("no") ? .unknown : .addresses([Self.loopback])
            }
            let answers = Answers()
            for (name, isKept, count) in [
                ("a.example", true, 1), ("a.example", true, 1), ("a.example", false, 2),
                ("no.example", true, 3), ("no.example", true, 4),
            ] {
                answers.ask(resolver, name, isKept: isKept)
                _ = await answers.next(1)
                #expect(asked.withLock(\.self) == count)
            }
        }

        @Test("the system's resolver knows this host, and says of what cannot be that it is not")
        func system() {
            guard case .addresses(let addresses) = Resolver.getaddrinfo("localhost") else {
                Issue.record("localhost has no address")
                return
            }
            #expect(addresses.contains(Self.loopback) || addresses.contains(.v6(1)))
        }

        // MARK: The engine

        @Test("goes where the resolver says, under the name it was given", arguments: ["", "."])
        func named(_ end: String) async throws {
            let receiver = try Receiver()
            let post = Post(resolver: Resolver { _ in .addresses([Self.loopback]) })
            let url = "http://only-here.example\(end):\(receiver.port)/hook"
            let reply = try await post.send(.local(url))
            post.close()
            receiver.stop()
            #expect(reply.outcome == .delivered && reply.address == "127.0.0.1", "\(reply)")
            #expect(receiver.requests.first?.values(of: "host").first?.hasPrefix("only-here.example") == true)
        }

        @Test("tries a host's next address where the first refuses")
        func next() async throws {
            let receiver = try Receiver()
            let post = Post(resolver: Resolver { _ in .addresses([Self.nowhere, Self.loopback]) })
            let reply = try await post.send(Self.named("http://two.example:\(receiver.port)/"))
            post.close()
            receiver.stop()
            #expect(reply.outcome == .delivered && reply.address == "127.0.0.1", "\(reply)")
        }

        @Test("a handle forgets where the host of its last attempt was")
        func forgets() async throws {
            let receiver = try Receiver()
            let answer = Mutex(Self.loopback)
            let post = Post(resolver: Resolver { _ in .addresses([answer.withLock(\.self)]) })
            var request = Self.named("http://moves.example:\(receiver.port)/")
            let first = try await post.send(request)
            // It is nowhere now, and libcurl must not remember better.
            answer.withLock { $0 = Self.nowhere }
            request.token = 2
            let second = try await post.send(request)
            post.close()
            receiver.stop()
            #expect(first.outcome == .delivered)
            #expect(second.outcome == .retry && second.address == "255.255.255.255", "\(second)")
        }

        @Test(
            "a name that leads nowhere is a retry, in words, and dark only where nobody has answered",
            arguments: [
                (Resolver.Answer.unknown, "the host's name has no address", false),
                (.unreachable, "no name server answers for the host's name", true),
            ])
        func nowhere(_ answer: Resolver.Answer, _ words: String, _ isDark: Bool) async throws {
            let post = Post(resolver: Resolver { _ in answer })
            let reply = try await post.send(.local("http://nowhere.example/"))
            post.close()
            #expect(reply.outcome == .retry && reply.status == 0 && reply.address == nil)
            #expect(reply.error == words && reply.isDark == isDark && !reply.mayHaveArrived)
        }

        @Test("a denied address is not dialled, whoever the name belongs to")
        func denied() async throws {
            let receiver = try Receiver()
            let post = Post(resolver: Resolver { _ in .addresses([Self.loopback]) })
            var request = CourierRequest.local("http://rebound.example:\(receiver.port)/")
            request.allowNetworks = []
            let reply = try await post.send(request)
            post.close()
            receiver.stop()
            #expect(reply.outcome == .blocked && receiver.requests.isEmpty)
            #expect(reply.error == "address 127.0.0.1 is loopback; add it to allow_networks")
        }

        @Test("names that nobody answers for keep no address waiting, and end when their time is up")
        func hung() async throws {
            let receiver = try Receiver()
            let gate = Gate()
            let post = Post(
                resolver: Resolver { _ in
                    gate.wait()
                    return .unknown
                })
            var requests = (0..<200).map { number -> CourierRequest in
                var request = CourierRequest.local("http://hung\(number).example/", token: UInt64(number))
                request.connectTimeout = .milliseconds(400)
                return request
            }
            requests.append(.local(port: receiver.port, token: 1000))
            let replies = await post.send(requests)
            gate.open()
            post.close()
            receiver.stop()
            let literal = try #require(replies.last)
            #expect(literal.outcome == .delivered && literal.latency < .milliseconds(400), "\(literal)")
            for reply in replies.dropLast() {
                #expect(reply.outcome == .retry && reply.isDark)
                #expect(reply.error == "no name server has answered within 400 ms")
                #expect(reply.latency >= .milliseconds(400) && reply.latency < .seconds(5))
            }
        }

        @Test("an answer that comes after the engine has closed finds nobody")
        func afterwards() async {
            let gate = Gate()
            let resolver = Resolver { _ in
                gate.wait()
                return .addresses([Self.loopback])
            }
            let post = Post(resolver: resolver)
            post.courier.send([.local("http://late.example/")])
            let other = Answers()
            other.ask(resolver, "late.example")
            post.close()
            gate.open()
            #expect(await other.next(1) == [.addresses([Self.loopback])])
        }
    }
}

/// Lets lookups go on when it is opened.
private final class Gate: Sendable {
    private let condition = NSCondition()
    private let isOpen = Mutex(false)

    func wait() {
        condition.lock()
        while !isOpen.withLock(\.self) { condition.wait() }
        condition.unlock()
    }

    func open() { set(true) }
    func close() { set(false) }

    func open(afterNanoseconds span: UInt64) {
        let time = DispatchTime(uptimeNanoseconds: clock_gettime_nsec(CLOCK_MONOTONIC) + span)
        DispatchQueue(label: "gate").asyncAfter(deadline: time) { self.open() }
    }

    private func set(_ value: Bool) {
        condition.lock()
        isOpen.withLock { $0 = value }
        condition.broadcast()
        condition.unlock()
    }
}

/// What a resolver has said, in order.
private final class Answers: Sendable {
    private let stream: AsyncStream<Resolver.Answer>
    private let continuation: AsyncStream<Resolver.Answer>.Continuation

    init() { (stream, continuation) = AsyncStream.makeStream() }

    func ask(_ resolver: Resolver, _ name: String, until: UInt64 = .max, isKept: Bool = false) {
        let continuation = continuation
        let known = resolver.resolve(name, until: until, isKept: isKept) { continuation.yield($0) }
        if let known { continuation.yield(known) }
    }

    func next(_ count: Int) async -> [Resolver.Answer] {
        var answers: [Resolver.Answer] = []
        for await answer in stream {
            answers.append(answer)
            if answers.count == count { break }
        }
        return answers
    }
}
