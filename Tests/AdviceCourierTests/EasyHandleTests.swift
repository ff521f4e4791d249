import AdviceCore
import AdviceCourier
import Foundation
import Testing

extension OverSockets {
    @Suite("One transfer")
    struct EasyHandleTests {
        private static let head = "HTTP/1.1 200 OK\r\n"

        /// What a receiver may do after it has said 200.
        enum Manner: String, CaseIterable {
            case truncated, endlessBody, drippingBody, drippingHeaders, endlessHeaders, hugeHeader,
                brokenChunks
            case junkAfter, resetAfter
        }

        @Test("once 2xx was said it is delivered, whatever comes after it", arguments: Manner.allCases)
        func delivered(manner: Manner) async throws {
            let receiver = try Receiver { connection, _ in Self.behave(manner, connection) }
            let reply = try await send(.local(port: receiver.port, timeout: .seconds(2)))
            receiver.stop()
            #expect(reply.outcome == .delivered && reply.status == 200 && reply.error == nil, "\(reply)")
            #expect(receiver.requests.count == 1)
            #expect(reply.replyPrefix.count <= 1024)
        }

        @Test(
            "once 503 was said it is that, and its wish is heard, whatever comes after it",
            arguments: Manner.allCases)
        func unavailable(manner: Manner) async throws {
            let head = "HTTP/1.1 503 Busy\r\nretry-after: 7\r\n"
            let receiver = try Receiver { connection, _ in Self.behave(manner, connection, head: head) }
            let reply = try await send(.local(port: receiver.port, timeout: .seconds(1)))
            receiver.stop()
            #expect(reply.outcome == .retryAfter(.seconds(7)) && reply.status == 503, "\(reply)")
            #expect(reply.error == "503 Service Unavailable")
            #expect(receiver.requests.count == 1 && reply.replyPrefix.count <= 1024)
        }

        private static func behave(
            _ manner: Manner, _ connection: Connection, head: String = head
        ) -> Receiver.Next {
            switch manner {
            case .truncated: connection.write(head + "content-length: 100\r\n\r\nshort")
            case .endlessBody:
                connection.write(head + "transfer-encoding: chunked\r\n\r\n")
                let chunk = "1000\r\n" + String(repeating: "x", count: 4096) + "\r\n"
                while connection.write(chunk) {}
            case .drippingBody:
                connection.write(head + "content-length: 100000\r\n\r\n")
                while connection.isOpen(after: 20), connection.write("x") {}
            case .drippingHeaders:
                connection.write(head)
                while connection.isOpen(after: 20), connection.write("x: y\r\n") {}
            case .endlessHeaders:
                connection.write(head)
                while connection.write("x: \(String(repeating: "y", count: 1000))\r\n") {}
            case .hugeHeader:
                connection.write(head + "x: ")
                while connection.write(String(repeating: "y", count: 65_536)) {}
            case .brokenChunks:
                connection.write(head + "transfer-encoding: chunked\r\n\r\nzz\r\nno number\r\n")
            case .junkAfter: connection.write(head + "content-length: 2\r\n\r\nokHTTP/1.1 500 Junk\r\n\r\n")
            case .resetAfter:
                connection.write(head + "content-length: 100\r\n\r\nx")
                return .reset
            }
            return .close
        }

        /// What a receiver may do that never says what became of the request.
        enum Evasion: String, CaseIterable {
            case drippingStatus, drippingContinue, halfAStatus, nothing, zeroes, onlyLineEnds

            /// What is shown of it, by the manner in which libcurl meets it.
            var words: [String] {
                switch self {
                case .drippingStatus, .drippingContinue: ["no answer within 1 s"]
                case .halfAStatus: ["the answer is not HTTP", "the connection was closed without an answer"]
                case .nothing: ["the connection was closed without an answer"]
                case .zeroes, .onlyLineEnds: ["the answer is not HTTP"]
                }
            }
        }

        @Test(
            "without a final status it is tried again, and nobody is kept waiting",
            arguments: Evasion.allCases)
        func evasive(evasion: Evasion) async throws {
            let receiver = try Receiver { connection, _ in Self.behave(evasion, connection) }
            let reply = try await send(.local(port: receiver.port, timeout: .seconds(1)))
            receiver.stop()
            #expect(reply.outcome == .retry && reply.status == 0, "\(reply)")
            #expect(evasion.words.contains(reply.error ?? "none"), "\(reply.error ?? "none")")
            #expect(reply.latency < .seconds(5))
        }

        private static func behave(_ evasion: Evasion, _ connection: Connection) -> Receiver.Next {
            switch evasion {
            case .drippingStatus:
                for letter in "HTTP/1.1 200 OK" + String(repeating: "!", count: 1000) {
                    guard connection.isOpen(after: 20), connection.write(String(letter)) else { break }
                }
            case .drippingContinue:
                while connection.isOpen(after: 20), connection.write("HTTP/1.1 100 Continue\r\n\r\n") {}
            case .halfAStatus: connection.write("HTTP/1.")
            case .nothing: break
            case .zeroes: connection.write(String(repeating: "\0", count: 4096))
            case .onlyLineEnds: connection.write(String(repeating: "\r\n", count: 2048))
            }
            return .close
        }

        @Test("a compressed answer of 20 MB is not unpacked")
        func bomb() async throws {
            let packed = try Self.zeroesPacked(megabytes: 20)
            let receiver = try Receiver { connection, _ in
                connection.write(
                    Self.head + "content-encoding: gzip\r\ncontent-length: \(packed.count)\r\n\r\n", packed)
                return .close
            }
            let reply = try await send(.local(port: receiver.port))
            receiver.stop()
            #expect(packed.count < 50_000)
            #expect(reply.outcome == .delivered && reply.replyPrefix == Array(packed.prefix(1024)))
        }

        private static func zeroesPacked(megabytes: Int) throws -> [UInt8] {
            let process = Process()
            let output = Pipe()
            process.executableURL = URL(filePath: "/bin/sh")
            process.arguments = ["-c", "head -c \(megabytes)000000 /dev/zero | gzip -9"]
            process.standardOutput = output
            try process.run()
            let packed = try output.fileHandleForReading.readToEnd() ?? Data()
            process.waitUntilExit()
            return Array(packed)
        }

        @Test("an endless body is left after 16 KiB, long before the time-out")
        func bodyLimit() async throws {
            let receiver = try Receiver { connection, _ in Self.behave(.endlessBody, connection) }
            let reply = try await send(.local(port: receiver.port, timeout: .seconds(60)))
            receiver.stop()
            #expect(reply.outcome == .delivered && reply.latency < .seconds(10))
            #expect(reply.replyPrefix.count == 1024)
        }

        @Test("headers without end, or without a status, are left after 32 KiB")
        func headerLimit() async throws {
            let receiver = try Receiver { connection, _ in
                while connection.write(
                    "HTTP/1.1 103 Early Hints\r\nx: \(String(repeating: "y", count: 500))\r\n\r\n")
                {}
                return .close
            }
            let reply = try await send(.local(port: receiver.port, timeout: .seconds(60)))
            receiver.stop()
            #expect(reply.outcome == .retry && reply.status == 0)
            #expect(reply.error == "the answer's headers are too large")
            #expect(reply.latency < .seconds(10))
        }

        @Test("an interim answer is none, and what it said is forgotten")
        func interim() async throws {
            let receiver = try Receiver { connection, _ in
                connection.write(
                    "HTTP/1.1 103 X\r\nretry-after: 99\r\n\r\nHTTP/1.1 503 X\r\ncontent-length: 0\r\n\r\n")
                return .close
            }
            let reply = try await send(.local(port: receiver.port))
            receiver.stop()
            #expect(reply.outcome == .retry && reply.status == 503)
        }

        @Test("an answer that is not HTTP is the receiver's trouble")
        func notHTTP() async throws {
            let receiver = try Receiver { connection, _ in
                connection.write("SSH-2.0-OpenSSH_9.2\r\n")
                return .close
            }
            let reply = try await send(.local(port: receiver.port))
            receiver.stop()
            #expect(reply.outcome == .retry && reply.status == 0 && reply.error == "the answer is not HTTP")
        }

        @Test(
            "loopback is blocked before a packet is sent, in whatever spelling",
            arguments: [
                "127.0.0.1", "127.1", "0x7f.1", "0177.0.0.1", "2130706433", "0", "127.0.0.2", "localhost",
                "[::1]", "[::ffff:127.0.0.1]", "[::ffff:7f00:1]", "[::127.0.0.1]", "[::]",
            ])
        func guarded(host: String) async throws {
            let receiver = try Receiver()
            var request = CourierRequest.local("http://\(host):\(receiver.port)/")
            request.allowNetworks = []
            let reply = try await send(request)
            receiver.stop()
            #expect(reply.outcome == .blocked && reply.status == 0 && reply.address == nil)
            let words = try #require(reply.error)
            #expect(words.hasPrefix("address ") && words.hasSuffix("; add it to allow_networks"))
            #expect(receiver.connections == 0)
        }

        @Test(
            "an allowed address is let through, in whatever spelling",
            arguments: ["127.0.0.1", "0x7f.1", "2130706433", "localhost", "[::1]", "[::ffff:127.0.0.1]"])
        func allowed(host: String) async throws {
            let receiver = try Receiver()
            let reply = try await send(.local("http://\(host):\(receiver.port)/"))
            receiver.stop()
            #expect(reply.outcome == .delivered && receiver.connections == 1)
        }

        @Test("the words name the address and what it is")
        func blockedWords() async throws {
            var request = CourierRequest.local("http://10.0.0.5/")
            let reply = try await send(request)
            #expect(reply.error == "address 10.0.0.5 is private; add it to allow_networks")
            request.url = "http://[::ffff:169.254.169.254]/latest/meta-data"
            let metadata = try await send(request)
            #expect(
                metadata.error
                    == "address ::ffff:169.254.169.254 is link-local; add it to allow_networks")
        }

        @Test("an own address is blocked, whatever its block")
        func own() async throws {
            let receiver = try Receiver()
            let post = Post(ownAddresses: [.v4(0x7f00_0001)])
            var request = CourierRequest.local(port: receiver.port)
            request.allowNetworks = []
            let reply = try await post.send(request)
            post.close()
            receiver.stop()
            #expect(reply.error == "address 127.0.0.1 is this host's own; add it to allow_networks")
        }

        @Test("a kept connection is judged again: no request goes out once its address is not allowed")
        func keptConnection() async throws {
            let receiver = try Receiver()
            let post = Post()
            var request = CourierRequest.local(port: receiver.port)
            request.keepsConnection = true
            let first = try await post.send(request)
            request.allowNetworks = []
            let second = try await post.send(request)
            post.close()
            receiver.stop()
            #expect(first.outcome == .delivered)
            #expect(second.outcome == .blocked && second.address == nil)
            #expect(receiver.requests.count == 1 && receiver.connections == 1)
        }
    }
}
