import AdviceCore
import AdviceCourier
import Testing

extension OverSockets {
    @Suite("Connecting only")
    struct ConnectOnlyTests {
        private func connection(_ port: Int, token: UInt64 = 1) -> CourierRequest {
            var request = CourierRequest.local(port: port, token: token)
            request.connectsOnly = true
            return request
        }

        @Test("connects, sends nothing and is done; what comes after it is sent as ever")
        func connects() async throws {
            let receiver = try Receiver()
            defer { receiver.stop() }
            let post = Post()
            defer { post.close() }
            let reply = try await post.send(connection(receiver.port))
            #expect(reply.outcome == .delivered && reply.status == 0 && reply.error == nil)
            #expect(reply.address == "127.0.0.1" && !reply.mayHaveArrived)
            let sent = try await post.send(.local(port: receiver.port))
            #expect(sent.outcome == .delivered && sent.status == 204)
        }

        @Test("says why there is no connection, and does not pass the guard")
        func refused() async throws {
            let receiver = try Receiver()
            let port = receiver.port
            receiver.stop()
            #expect(try await send(connection(port)).error == "connection refused")
            var guarded = connection(port)
            guarded.allowNetworks = []
            let reply = try await send(guarded)
            #expect(reply.outcome == .blocked && reply.error?.contains("loopback") == true)
        }
    }
}
