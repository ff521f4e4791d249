import AdviceCore
import AdviceCourier
import Foundation
import Testing

extension OverSockets {
    @Suite("The engine")
    struct CurlCourierTests {
        @Test("a POST arrives with exactly the bytes and headers that were decided")
        func exactBytes() async throws {
            let receiver = try Receiver()
            var request = CourierRequest.local("http://127.0.0.1:\(receiver.port)/a/b?c=%20d")
            let body = [UInt8](0...255) + [0, 13, 10, 0]
            request.body = SharedBody(body)
            request.headers = ["content-type: application/json", "webhook-id: msg_1", "webhook-attempt: 3"]
            let reply = try await send(request)
            #expect(reply.outcome == .delivered && reply.status == 204 && reply.error == nil)
            #expect(reply.token == 1 && reply.address == "127.0.0.1" && reply.latency > .zero)
            receiver.stop()
            let seen = try #require(receiver.requests.first)
            #expect(seen.line == "POST /a/b?c=%20d HTTP/1.1")
            #expect(seen.body == body)
            #expect(
                seen.headers == [
                    "Host: 127.0.0.1:\(receiver.port)", "Accept: */*", "content-type: application/json",
                    "webhook-id: msg_1", "webhook-attempt: 3", "Content-Length: 260",
                ])
        }

        @Test("a PUT is a PUT, and the handle's next request a POST again")
        func put() async throws {
            let receiver = try Receiver()
            let post = Post()
            var request = CourierRequest.local(port: receiver.port)
            request.method = .put
            _ = try await post.send(request)
            request.method = .post
            _ = try await post.send(request)
            post.close()
            receiver.stop()
            #expect(receiver.requests.map(\.line) == ["PUT /hook HTTP/1.1", "POST /hook HTTP/1.1"])
            #expect(receiver.requests.map(\.body) == [Array("{}".utf8), Array("{}".utf8)])
        }

        @Test("an empty body and one of a megabyte arrive whole, without Expect")
        func sizes() async throws {
            let receiver = try Receiver()
            let post = Post()
            for body in ["", String(repeating: "advice ", count: 150_000)] {
                let reply = try await post.send(.local("http://127.0.0.1:\(receiver.port)/", body: body))
                #expect(reply.outcome == .delivered)
                #expect(receiver.requests.last?.body == Array(body.utf8))
                #expect(receiver.requests.last?.values(of: "expect") == [])
            }
            post.close()
            receiver.stop()
        }

        @Test("each of 500 requests sent at once comes back once, to its own token")
        func tokens() async throws {
            let receiver = try Receiver { connection, request in
                let number = Int(request.line.split(separator: " ")[1].dropFirst()) ?? 0
                connection.write("HTTP/1.1 \(200 + number % 50) X\r\ncontent-length: 0\r\n\r\n")
                return .close
            }
            let post = Post()
            let replies = await post.send(
                (0..<500).map { .local("http://127.0.0.1:\(receiver.port)/\($0)", token: $0) })
            post.close()
            receiver.stop()
            #expect(replies.map(\.token) == Array(0..<500))
            #expect(replies.map(\.status) == (0..<500).map { 200 + $0 % 50 })
        }

        @Test(
            "a refusal keeps its status, its wish, its words, its date and its first kilobyte",
            arguments: [
                ("503 X", "retry-after: 120", .retryAfter(.seconds(120)), "503 Service Unavailable"),
                ("503 X", "Retry-After:  7 ", .retryAfter(.seconds(7)), "503 Service Unavailable"),
                (
                    "503 X", "retry-after: Sun, 06 Nov 1994 08:49:37 GMT", .retryAfter(.zero),
                    "503 Service Unavailable"
                ),
                (
                    "503 X", "retry-after: Fri, 31 Dec 9999 23:59:59 GMT", .retryAfter(.hours(24)),
                    "503 Service Unavailable"
                ),
                ("503 X", "retry-after: -1", .retry, "503 Service Unavailable"),
                ("503 X", "x-retry-after: 5", .retry, "503 Service Unavailable"),
                ("429 X", "retry-after: 3", .retryAfter(.seconds(3)), "429 Too Many Requests"),
                ("429 X", "x: y", .retryAfter(.zero), "429 Too Many Requests"),
                ("410 X", "retry-after: 3", .gone, "410 Gone"),
                ("422 X", "x: y", .unfit, "422 Unprocessable Content"),
                ("404 X", "x: y", .refused, "404 Not Found"),
                ("500 X", "x: y", .retry, "500 Internal Server Error"),
                ("200 X", "retry-after: 3", .delivered, nil),
            ] as [(String, String, Outcome, String?)])
        func refusals(status: String, header: String, outcome: Outcome, words: String?) async throws {
            let receiver = try Receiver { connection, _ in
                let body = String(repeating: "0123456789", count: 200)
                connection.write(
                    "HTTP/1.1 \(status)\r\n\(header)\r\nDate: Sun, 22 Nov 2026 12:00:00 GMT\r\n"
                        + "content-length: 2000\r\n\r\n\(body)")
                return .keep
            }
            let reply = try await send(.local(port: receiver.port))
            receiver.stop()
            #expect(reply.outcome == outcome && reply.error == words)
            #expect(reply.status == Int(status.prefix(3)))
            #expect(reply.replyPrefix == Array(String(repeating: "0123456789", count: 103).utf8.prefix(1024)))
            #expect(reply.date == Instant(seconds: 1_795_348_800))
        }

        @Test("nothing of one attempt is left in the next on the same handle")
        func fresh() async throws {
            let receiver = try Receiver { connection, request in
                if request.line.contains("/full") {
                    connection.write(
                        "HTTP/1.1 503 X\r\nretry-after: 9\r\ndate: Sun, 22 Nov 2026 12:00:00 GMT\r\n"
                            + "location: /x\r\ncontent-length: 2\r\n\r\nno")
                } else if request.line.contains("/bare") {
                    connection.write("HTTP/1.1 302 X\r\ncontent-length: 0\r\n\r\n")
                }
                return .close
            }
            let post = Post()
            let base = "http://127.0.0.1:\(receiver.port)"
            let full = try await post.send(.local("\(base)/full"))
            #expect(full.outcome == .retryAfter(.seconds(9)) && full.replyPrefix == Array("no".utf8))
            let silent = try await post.send(.local("\(base)/silent"))
            #expect(silent.outcome == .retry && silent.status == 0)
            #expect(silent.replyPrefix.isEmpty && silent.date == nil)
            let bare = try await post.send(.local("\(base)/bare"))
            #expect(bare.outcome == .refused && bare.error == "302 Found: a redirect, not followed")
            #expect(bare.replyPrefix.isEmpty && bare.date == nil)
            var plain = CourierRequest.local(base)
            plain.allowHTTP = false
            let blocked = try await post.send(plain)
            #expect(blocked.outcome == .blocked && blocked.address == nil)
            post.close()
            receiver.stop()
        }

        @Test("a refused connection, a reset and a closed one are told apart")
        func connections() async throws {
            let receiver = try Receiver { _, request in request.line.contains("/reset") ? .reset : .close }
            let post = Post()
            let base = "http://127.0.0.1:\(receiver.port)"
            let closed = try await post.send(.local("\(base)/close"))
            let reset = try await post.send(.local("\(base)/reset"))
            receiver.stop()
            let refused = try await post.send(.local("\(base)/"))
            post.close()
            #expect(closed.outcome == .retry && closed.error == "the connection was closed without an answer")
            #expect(reset.outcome == .retry && reset.error == "the connection was lost before an answer")
            #expect(refused.outcome == .retry && refused.error == "connection refused")
            #expect(refused.status == 0 && refused.address == "127.0.0.1")
        }

        @Test("a receiver that never answers is left at the time-out, and does not make others wait")
        func timeout() async throws {
            let receiver = try Receiver { connection, request in
                if request.line.contains("/fast") { connection.write("HTTP/1.1 204 X\r\n\r\n") }
                return request.line.contains("/fast") ? .close : .keep
            }
            let post = Post()
            let base = "http://127.0.0.1:\(receiver.port)"
            let replies = await post.send([
                .local("\(base)/silent", token: 1, timeout: .milliseconds(900)),
                .local("\(base)/fast", token: 2),
            ])
            post.close()
            receiver.stop()
            #expect(replies[0].outcome == .retry && replies[0].error == "no answer within 900 ms")
            #expect(replies[0].latency >= .milliseconds(900) && replies[0].latency < .seconds(8))
            #expect(replies[1].outcome == .delivered && replies[1].latency < replies[0].latency)
        }

        @Test("a name without an address is theirs")
        func unknownName() async throws {
            let reply = try await send(.local("http://no-such-host.invalid/"))
            #expect(reply.outcome == .retry && reply.error == "the host's name has no address")
            #expect(reply.address == nil)
        }

        @Test("http is refused before dialling where it is not allowed")
        func plainHTTP() async throws {
            let receiver = try Receiver()
            var request = CourierRequest.local(port: receiver.port)
            request.allowHTTP = false
            let reply = try await send(request)
            receiver.stop()
            #expect(reply.outcome == .blocked && reply.error == "not https: set allow_http, or use https")
            #expect(receiver.connections == 0)
        }

        @Test("replies that come together are handed over together")
        func batches() async throws {
            let receiver = try Receiver()
            let (stream, continuation) = AsyncStream.makeStream(of: Int.self)
            let courier = CurlCourier(addressGuard: AddressGuard(ownAddresses: [])) {
                continuation.yield($0.count)
            }
            var request = CourierRequest.local(port: receiver.port)
            request.allowHTTP = false
            courier.send((0..<100).map { _ in request })
            for await count in stream {
                #expect(count == 100)
                break
            }
            courier.close()
            receiver.stop()
        }
    }
}
