import AdviceListener
import Dispatch
import Glibc
import Synchronization
import Testing

/// Over real sockets on the loopback; one after the other, for one of them wants thousands. What counts the
/// process' own memory and descriptors runs in a process of its own.
@Suite(.serialized)
struct ListenerTests {
    @Test("a request is handed over whole and answered 204")
    func whole() throws {
        let received = Received()
        let listener = try Listener(port: 0) { received.add($0) }
        let client = try Client(port: listener.port)
        client.post(
            "grün \u{0} {}", to: "/hooks/a%20b?x=1&y=%2F",
            headers: "Webhook-Id: msg_a\r\nX-Two: 1\r\nX-Two: 2\r\n")
        #expect(try client.answer().status == 204)
        let request = try #require(received.all.first)
        #expect(request.method == "POST")
        #expect(request.path == "/hooks/a%20b?x=1&y=%2F")
        #expect(request.header("webhook-id") == "msg_a")
        #expect(request.headers.filter { $0.name == "X-Two" }.map(\.value) == ["1", "2"])
        #expect(request.header("absent") == nil)
        #expect(request.body == Array("grün \u{0} {}".utf8))
        #expect(request.remoteAddress == "127.0.0.1")
        #expect(received.all.count == 1)
    }

    @Test(
        "other methods, no body and chunked bodies are taken", arguments: ["GET", "PUT", "OPTIONS", "DELETE"])
    func methods(method: String) throws {
        let received = Received()
        let listener = try Listener(port: 0) { received.add($0) }
        let client = try Client(port: listener.port)
        client.send("\(method) /a HTTP/1.1\r\nHost: x\r\n\r\n")
        #expect(try client.answer().status == 204)
        client.send(
            "POST /b HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n"
                + "3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n"
        )
        #expect(try client.answer().status == 204)
        #expect(received.all.map(\.method) == [method, "POST"])
        #expect(received.all.map(\.body) == [[], Array("abcde".utf8)])
    }

    @Test("it answers as it is told", arguments: [200, 204, 304, 410, 429, 503, 599])
    func statuses(status: Int) throws {
        let listener = try Listener(port: 0) { _ in
            Reply(status: status, headers: [("Retry-After", "120")], body: Array("no".utf8))
        }
        let client = try Client(port: listener.port)
        for _ in 0..<3 {
            client.post("a")
            let answer = try client.answer()
            #expect(answer.status == status)
            #expect(answer.headers["retry-after"] == "120")
            #expect(answer.body == (status == 204 || status == 304 ? "" : "no"))
        }
    }

    @Test("each request may be answered on its merits")
    func merits() throws {
        let listener = try Listener(port: 0) { Reply(status: $0.path == "/ok" ? 200 : 404, body: $0.body) }
        let client = try Client(port: listener.port)
        client.post("nonce", to: "/ok")
        #expect(try client.answer().body == "nonce")
        client.post("x", to: "/other")
        #expect(try client.answer().status == 404)
    }

    @Test("an answer that is kept back keeps nobody else waiting, and a stop lets it go")
    func delay() throws {
        let received = Received()
        let listener = try Listener(port: 0) { request in
            received.add(request)
            return Reply(delay: request.path == "/slow" ? .seconds(3600) : .zero)
        }
        let slow = try (0..<50).map { _ in
            let client = try Client(port: listener.port)
            client.post("a", to: "/slow")
            return client
        }
        let quick = try Client(port: listener.port)
        for _ in 0..<100 {
            quick.post("a", to: "/quick")
            #expect(try quick.answer().status == 204)
        }
        #expect(received.waitForCount(150))
        listener.stop()
        for client in slow {
            // The daemon is going: the answer may get through or the connection just end, at once in any
            // case.
            if let answer = try? client.answer() { #expect(answer.status == 204) }
        }
    }

    @Test("a delay lasts at least as long as it says, and the connection goes on after it")
    func delayLasts() throws {
        let listener = try Listener(port: 0, status: 503, delay: .milliseconds(80)) { _ in }
        let client = try Client(port: listener.port)
        for _ in 0..<2 {
            let elapsed = try ContinuousClock().measure {
                client.post("a")
                let answer = try client.answer()
                #expect(answer.status == 503)
            }
            #expect(elapsed >= .milliseconds(80))
        }
    }

    @Test("a body of 1 MiB is taken, a larger one is refused unread and not handed over")
    func largeBody() throws {
        let received = Received()
        let listener = try Listener(port: 0) { received.add($0) }
        let client = try Client(port: listener.port)
        let largest = String(repeating: "a", count: 1 << 20)
        client.post(largest)
        #expect(try client.answer().status == 204)
        let greedy = try Client(port: listener.port)
        greedy.send("POST / HTTP/1.1\r\nHost: x\r\nContent-Length: \((1 << 20) + 1)\r\n\r\n")
        #expect(try greedy.answer().status == 413)
        let sly = try Client(port: listener.port)
        sly.send("POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n")
        for _ in 0..<3 { sly.send("80000\r\n" + String(repeating: "b", count: 0x80000) + "\r\n") }
        #expect(sly.isAtEnd)
        #expect(received.all.map(\.body.count) == [1 << 20])
    }

    @Test("thousands of connections at once each get their own answer")
    func crowd() throws {
        raiseDescriptorLimit()
        let listener = try Listener(port: 0) { Reply(status: 200, body: $0.body) }
        let clients = try (0..<3000).map { _ in try Client(port: listener.port) }
        for (number, client) in clients.enumerated() { client.post("body \(number)") }
        for (number, client) in clients.enumerated() { #expect(try client.answer().body == "body \(number)") }
        for client in clients.reversed() { client.post("again") }
        for client in clients { #expect(try client.answer().body == "again") }
    }

    @Test("requests from many threads at once are all taken, each once")
    func threads() async throws {
        let received = Received()
        let listener = try Listener(port: 0) { received.add($0) }
        let port = listener.port
        try await withThrowingTaskGroup(of: Void.self) { group in
            for thread in 0..<8 {
                group.addTask {
                    for number in 0..<100 {
                        let client = try Client(port: port)
                        client.post("\(thread)-\(number)")
                        #expect(try client.answer().status == 204)
                    }
                }
            }
            try await group.waitForAll()
        }
        #expect(Set(received.all.map { String(decoding: $0.body, as: UTF8.self) }).count == 800)
        #expect(received.all.count == 800)
    }

    @Test("a stop closes the port, whatever was half said; a second one does nothing")
    func stops() throws {
        let listener = try Listener(port: 0) { _ in Reply(delay: .seconds(3600)) }
        let clients = try halfSaid.map { text in
            let client = try Client(port: listener.port)
            client.send(text)
            return client
        }
        listener.stop()
        listener.stop()
        for client in clients { _ = client.isAtEnd }
        #expect(throws: Client.Trouble.self) { try Client(port: listener.port) }
    }

    @Test("a listener gives back every descriptor")
    func descriptors() async {
        await #expect(processExitsWith: .success) {
            func round() throws {
                let listener = try Listener(port: 0) { _ in Reply(delay: .seconds(3600)) }
                let clients = try halfSaid.map { text in
                    let client = try Client(port: listener.port)
                    client.send(text)
                    return client
                }
                listener.stop()
                for client in clients { _ = client.isAtEnd }
            }
            try round()
            let before = openDescriptors()
            for _ in 0..<20 { try round() }
            guard openDescriptors() == before else { exit(1) }
        }
    }

    @Test("what a listener took for requests it gives back, also for those that were broken off")
    func memory() async {
        await #expect(processExitsWith: .success) {
            let body = String(repeating: "a", count: 200_000)
            func round() throws {
                let listener = try Listener(port: 0) { Reply(status: 200, body: $0.body) }
                for _ in 0..<50 {
                    let client = try Client(port: listener.port)
                    client.post(body)
                    guard try client.answer().body.utf8.count == 200_000 else { exit(1) }
                    let rude = try Client(port: listener.port)
                    rude.send(
                        "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 200000\r\n\r\n" + body.dropLast())
                }
                listener.stop()
            }
            for _ in 0..<2 { try round() }
            let before = residentBytes()
            for _ in 0..<10 { try round() }
            // The 500 requests have 100 MB, and those that were broken off as much again.
            guard residentBytes() - before < 20_000_000 else { exit(1) }
        }
    }

    @Test("a port that is taken is refused with the system's reason")
    func portTaken() throws {
        let first = try Listener(port: 0) { _ in Reply() }
        let error = #expect(throws: ListenerError.self) { try Listener(port: first.port) { _ in Reply() } }
        #expect(error?.description == "cannot listen on 127.0.0.1 port \(first.port): Address already in use")
        first.stop()
    }

    @Test("a port is free again when its listener has stopped")
    func portFreed() throws {
        // Another test's connection may take a port in between, but not five times.
        let isFreed = try (0..<5).contains { _ in
            let first = try Listener(port: 0) { _ in Reply() }
            first.stop()
            return (try? Listener(port: first.port) { _ in Reply() }) != nil
        }
        #expect(isFreed)
    }

    @Test("what cannot be listened on is refused")
    func refused() {
        let error = #expect(throws: ListenerError.self) {
            try Listener(port: 0, address: "localhost") { _ in }
        }
        #expect(error == .badAddress("localhost"))
        #expect(throws: ListenerError.badPort(65_536)) { try Listener(port: 65_536) { _ in } }
        #expect(throws: ListenerError.badPort(-1)) { try Listener(port: -1) { _ in } }
        #expect(throws: ListenerError.badStatus(199)) { try Listener(port: 0, status: 199) { _ in } }
        #expect(throws: ListenerError.self) { try Listener(port: 0, address: "192.0.2.1") { _ in } }
    }

    @Test("it listens on IPv6 too")
    func ipv6() throws {
        let listener = try Listener(port: 0, address: "::1") { _ in Reply() }
        #expect(listener.port > 0)
        #expect(throws: Client.Trouble.self) { try Client(port: listener.port) }
    }
}

/// Requests that a stop may find.
private let halfSaid = [
    "", "POST / HTTP/1.1\r\n", "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 9\r\n\r\nabc",
    "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\n\r\nabc",
]

/// What was received, in order.
private final class Received: Sendable {
    private let requests = Mutex<[ReceivedRequest]>([])
    private let arrivals = DispatchSemaphore(value: 0)

    var all: [ReceivedRequest] { requests.withLock { $0 } }

    func add(_ request: ReceivedRequest) {
        requests.withLock { $0.append(request) }
        arrivals.signal()
    }

    /// Waits until so many have come; false where they do not. Once only.
    func waitForCount(_ count: Int) -> Bool {
        (0..<count).allSatisfy { _ in arrivals.wait(timeout: .now() + 20) == .success }
    }
}

private func openDescriptors() -> Int {
    (0..<4096).count { fcntl($0, F_GETFD) != -1 }
}

private func raiseDescriptorLimit() {
    var limit = rlimit()
    getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit)
    limit.rlim_cur = limit.rlim_max
    setrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit)
}

/// The second word of `statm`: resident pages.
private func residentBytes() -> Int {
    guard let file = fopen("/proc/self/statm", "r") else { return 0 }
    defer { fclose(file) }
    var line = [CChar](repeating: 0, count: 128)
    guard fgets(&line, Int32(line.count), file) != nil else { return 0 }
    let words = String(decoding: line.map { UInt8(bitPattern: $0) }, as: UTF8.self).split(separator: " ")
    return (words.count > 1 ? Int(words[1]) ?? 0 : 0) * sysconf(Int32(_SC_PAGESIZE))
}
