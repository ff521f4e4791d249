import AdviceCore
import AdviceCourier
import Testing

extension OverSockets {
    /// What is on the wire to a proxy is not yet on the wire to the receiver.
    @Suite("Through a proxy")
    struct ThroughProxyTests {
        private func request(_ url: String, by proxy: Receiver) -> CourierRequest {
            var request = CourierRequest.local(url)
            request.proxy = "http://127.0.0.1:\(proxy.port)"
            return request
        }

        @Test("one that makes no tunnel has given the receiver nothing")
        func noTunnel() async throws {
            let proxy = try Receiver(status: "403 Forbidden")
            defer { proxy.stop() }
            let reply = try await send(request("https://receiver.test/", by: proxy))
            #expect(proxy.requests.map(\.line) == ["CONNECT receiver.test:443 HTTP/1.1"])
            #expect(reply.outcome == .refused && reply.error == "the proxy does not let us there: 403")
            #expect(!reply.mayHaveArrived && !reply.isDark)
        }

        @Test("a request that it was given and that got no answer may have arrived")
        func lostAnswer() async throws {
            let proxy = try Receiver { _, _ in .reset }
            defer { proxy.stop() }
            let reply = try await send(request("http://receiver.test/in", by: proxy))
            #expect(proxy.requests.first?.line == "POST http://receiver.test/in HTTP/1.1")
            #expect(reply.outcome == .retry && reply.mayHaveArrived)
        }

        @Test("the handle's next attempt goes without it, to whom the guard lets through only")
        func without() async throws {
            let proxy = try Receiver()
            defer { proxy.stop() }
            let receiver = try Receiver()
            defer { receiver.stop() }
            let post = Post()
            defer { post.close() }
            #expect(try await post.send(request("http://receiver.test/", by: proxy)).outcome == .delivered)
            var direct = CourierRequest.local(port: receiver.port)
            #expect(try await post.send(direct).outcome == .delivered)
            direct.allowNetworks = []
            #expect(try await post.send(direct).outcome == .blocked)
            #expect(proxy.requests.count == 1 && receiver.requests.count == 1)
        }

        @Test("a heartbeat's GET has no body, and what follows it is a POST again")
        func getting() async throws {
            let receiver = try Receiver()
            defer { receiver.stop() }
            let post = Post()
            defer { post.close() }
            var ping = CourierRequest.local(port: receiver.port)
            ping.method = .get
            _ = try await post.send(ping)
            _ = try await post.send(.local(port: receiver.port))
            let seen = receiver.requests
            #expect(seen.map { String($0.line.prefix(4)) } == ["GET ", "POST"])
            #expect(seen.map(\.body.isEmpty) == [true, false])
        }
    }
}
