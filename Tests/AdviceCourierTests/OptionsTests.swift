import AdviceCore
import AdviceCourier
import Foundation
import Testing

extension OverSockets {
    @Suite("Options")
    struct OptionsTests {
        @Test("a redirect is not followed, and its target is named", arguments: [301, 302, 303, 307, 308])
        func redirect(status: Int) async throws {
            let elsewhere = try Receiver()
            let receiver = try Receiver { connection, _ in
                connection.write(
                    "HTTP/1.1 \(status) X\r\nLocation: http://127.0.0.1:\(elsewhere.port)/x\r\n"
                        + "content-length: 0\r\n\r\n")
                return .keep
            }
            let reply = try await send(.local(port: receiver.port))
            receiver.stop()
            elsewhere.stop()
            #expect(reply.outcome == .refused && reply.status == status)
            #expect(
                reply.error?.hasSuffix(": a redirect to http://127.0.0.1:\(elsewhere.port), not followed")
                    == true)
            #expect(elsewhere.connections == 0)
        }

        @Test("the environment's proxies are not asked", arguments: ["http_proxy", "ALL_PROXY", "all_proxy"])
        func proxy(variable: String) async throws {
            let proxy = try Receiver()
            let receiver = try Receiver()
            setenv(variable, "http://127.0.0.1:\(proxy.port)", 1)
            defer { unsetenv(variable) }
            let reply = try await send(.local(port: receiver.port))
            receiver.stop()
            proxy.stop()
            #expect(reply.outcome == .delivered)
            #expect(receiver.connections == 1 && proxy.connections == 0)
        }

        @Test("nothing is asked for that was not decided: no compression, no cookies kept")
        func headers() async throws {
            let receiver = try Receiver { connection, _ in
                connection.write("HTTP/1.1 200 X\r\nset-cookie: a=b\r\ncontent-length: 0\r\n\r\n")
                return .keep
            }
            let post = Post()
            _ = try await post.send(.local(port: receiver.port))
            _ = try await post.send(.local(port: receiver.port))
            post.close()
            receiver.stop()
            #expect(receiver.requests.count == 2)
            for request in receiver.requests {
                #expect(request.values(of: "accept-encoding") == [] && request.values(of: "cookie") == [])
            }
        }

        @Test("a compressed answer is kept as it came")
        func compressed() async throws {
            let bytes = "\u{1f}\u{8}not really gzip"
            let receiver = try Receiver { connection, _ in
                connection.write(
                    "HTTP/1.1 200 X\r\ncontent-encoding: gzip\r\n"
                        + "content-length: \(bytes.utf8.count)\r\n\r\n\(bytes)"
                )
                return .keep
            }
            let reply = try await send(.local(port: receiver.port))
            receiver.stop()
            #expect(reply.outcome == .delivered && reply.replyPrefix == Array(bytes.utf8))
        }

        @Test(
            "a URL with a user name, or of another scheme, dials nobody",
            arguments: [
                "http://user:word@127.0.0.1:PORT/", "ftp://127.0.0.1:PORT/", "gopher://127.0.0.1:PORT/x",
            ])
        func schemes(url: String) async throws {
            let receiver = try Receiver()
            let url = url.replacingOccurrences(of: "PORT", with: "\(receiver.port)")
            let reply = try await send(.local(url))
            receiver.stop()
            #expect(reply.outcome != .delivered && receiver.connections == 0)
        }
    }

    @Suite("TLS", .serialized)
    struct TLSTests {
        @Test("a certificate of a known authority for the right host is accepted")
        func accepted() async throws {
            let shop = try TLSReceiver(.good)
            defer { shop.stop() }
            let reply = try await shop.send(1)[0]
            #expect(reply.outcome == .delivered && reply.status == 204, "\(reply)")
        }

        @Test(
            "every other certificate is refused, with the reason",
            arguments: [
                (.expired, "the certificate has expired"),
                (.otherHost, "the certificate is for another host"),
                (.unknownAuthority, "the certificate's authority is unknown"),
                (.selfSigned, "the certificate is self-signed"),
            ] as [(TLSReceiver.Certificate, String)])
        func refused(certificate: TLSReceiver.Certificate, words: String) async throws {
            let shop = try TLSReceiver(certificate)
            defer { shop.stop() }
            let reply = try await shop.send(1)[0]
            #expect(reply.outcome == .retry && reply.status == 0 && reply.error == words, "\(reply)")
        }

        @Test("TLS 1.1 is not spoken")
        func oldTLS() async throws {
            let shop = try TLSReceiver(.good, newest: "TLSv1_1")
            defer { shop.stop() }
            let reply = try await shop.send(1)[0]
            #expect(
                reply.outcome == .retry && reply.error?.hasPrefix("no TLS connection") == true, "\(reply)")
        }

        @Test("an endpoint's own authorities stand in place of the system's, for that request alone")
        func ownAuthorities() async throws {
            let shop = try TLSReceiver(.good)
            defer { shop.stop() }
            let post = Post()
            defer { post.close() }
            var request = CourierRequest.local("https://localhost:\(shop.port)/hook")
            func outcome(_ tls: CourierRequest.TLS?) async throws -> String? {
                request.tls = tls
                request.token += 1
                let reply = try await post.send(request)
                return reply.outcome == .delivered ? nil : reply.error ?? "\(reply.outcome)"
            }
            let unknown = "the certificate's authority is unknown"
            #expect(try await outcome(nil) == unknown)
            #expect(try await outcome(.init(authorities: shop.authority)) == nil)
            #expect(try await outcome(nil) == unknown)
        }

        @Test("a client's certificate and key are shown to the receiver that asks, and to no other")
        func clientCertificate() async throws {
            let shop = try TLSReceiver(.good, asksClients: true)
            defer { shop.stop() }
            let post = Post(caBundle: shop.bundle)
            defer { post.close() }
            var request = CourierRequest.local("https://localhost:\(shop.port)/hook")
            func send(_ tls: CourierRequest.TLS?) async throws -> CourierReply {
                request.tls = tls
                request.token += 1
                return try await post.send(request)
            }
            let own = CourierRequest.TLS(certificate: shop.certificate, key: try shop.key)
            #expect(try await send(nil).outcome == .retry)
            #expect(try await send(own).outcome == .delivered)
            #expect(try await send(nil).outcome == .retry)
            let broken = CourierRequest.TLS(certificate: shop.certificate, key: Array("no key\n".utf8))
            let reply = try await send(broken)
            #expect(reply.outcome == .ours)
            #expect(reply.error == "our client certificate or its key cannot be used")
        }

        @Test("authorities of their own cost those without no second look at the system's")
        func apart() async throws {
            let shop = try TLSReceiver(.good)
            defer { shop.stop() }
            let (replies, reply) = AsyncStream.makeStream(of: CourierReply.self)
            let courier = ShardedCourier(addressGuard: AddressGuard(ownAddresses: [])) {
                for one in $0 { reply.yield(one) }
            }
            defer { courier.close() }
            let opened = try OpenCount(of: CurlCourier.systemCABundle)
            var next = replies.makeAsyncIterator()
            for token in 0..<10 {
                var request = CourierRequest.local(
                    "https://localhost:\(shop.port)/hook", token: UInt64(token))
                if token % 2 == 1 { request.tls = .init(authorities: shop.authority) }
                courier.send([request])
                let outcome = try #require(await next.next()).outcome
                #expect((outcome == .delivered) == (token % 2 == 1))
            }
            #expect(opened.count() == 1)
        }

        @Test("a receiver without TLS is told apart")
        func noTLS() async throws {
            let receiver = try Receiver { connection, _ in
                connection.write("HTTP/1.1 400 plain\r\n\r\n")
                return .close
            }
            // Whatever the handshake's bytes are, they are answered: they hold no end of a request's head.
            let reply = try await send(.local("https://127.0.0.1:\(receiver.port)/", timeout: .seconds(1)))
            receiver.stop()
            #expect(reply.outcome == .retry && reply.status == 0, "\(reply)")
        }

        @Test("a missing bundle is our own fault")
        func missingBundle() async throws {
            let shop = try TLSReceiver(.good)
            defer { shop.stop() }
            let post = Post(caBundle: "/nonexistent/bundle.pem")
            let reply = try await post.send(.local("https://127.0.0.1:\(shop.port)/"))
            post.close()
            #expect(reply.outcome == .ours, "\(reply)")
            #expect(reply.error == "the bundle of certificate authorities cannot be read")
        }

        /// Without CAPATH cleared, libcurl 7.88.1 reads and parses all authorities for each connection: 24
        /// times the CPU.
        @Test("the bundle of authorities is read once for thirty connections")
        func bundleCache() async throws {
            let shop = try TLSReceiver(.good)
            defer { shop.stop() }
            let watch = try OpenCount(of: shop.bundle)
            let replies = try await shop.send(30)
            #expect(replies.allSatisfy { $0.outcome == .delivered })
            #expect(watch.count() == 1)
        }
    }
}
