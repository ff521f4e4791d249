import AdviceCore
import AdviceCourier
import Foundation
import Synchronization
import Testing

extension OverSockets {
    @Suite("The loop")
    struct CurlLoopTests {
        @Test(
            "a connection is kept where it is wanted, and closed where it is not", arguments: [true, false])
        func keeping(keeps: Bool) async throws {
            let receiver = try Receiver()
            let post = Post()
            for token in 0..<5 as Range<UInt64> {
                var request = CourierRequest.local(port: receiver.port, token: token)
                request.keepsConnection = keeps
                #expect(try await post.send(request).outcome == .delivered)
            }
            post.close()
            receiver.stop()
            #expect(receiver.connections == (keeps ? 1 : 5) && receiver.requests.count == 5)
        }

        @Test("descriptors are where they were after 2,000 deliveries, and after closing in mid-flight")
        func descriptors() async throws {
            try await deliver(10, keeps: true)
            let before = try openDescriptors()
            try await deliver(1000, keeps: true)
            try await deliver(1000, keeps: false)
            #expect(try openDescriptors() == before)
            try await closeInMidFlight()
            #expect(try openDescriptors() == before)
        }

        private func openDescriptors() throws -> [String] {
            try FileManager.default.contentsOfDirectory(atPath: "/proc/self/fd")
                .compactMap {
                    try? FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/fd/\($0)")
                }
                .map { String($0.prefix { $0 != "[" }) }.sorted()
        }

        private func deliver(_ count: Int, keeps: Bool) async throws {
            let receiver = try Receiver()
            let post = Post()
            for _ in 0..<count / 10 {
                var request = CourierRequest.local("http://localhost:\(receiver.port)/")
                request.keepsConnection = keeps
                let replies = await post.send([CourierRequest](repeating: request, count: 10))
                #expect(replies.allSatisfy { $0.outcome == .delivered })
            }
            post.close()
            receiver.stop()
        }

        private func closeInMidFlight() async throws {
            let (arrivals, arrival) = AsyncStream.makeStream(of: Void.self)
            let receiver = try Receiver { _, _ in
                arrival.yield()
                return .keep
            }
            let courier = CurlCourier(addressGuard: AddressGuard(ownAddresses: [])) { replies in
                Issue.record("\(replies.count) replies after or at closing")
            }
            courier.send((0..<50).map { .local(port: receiver.port, token: $0) })
            var count = 0
            for await _ in arrivals {
                count += 1
                if count == 50 { break }
            }
            courier.close()
            // What comes in later is dropped, and closing again is nothing.
            courier.send([.local(port: receiver.port)])
            courier.close()
            receiver.stop()
        }

        @Test("a kept connection that has died is replaced without an attempt lost, as often as it happens")
        func diedConnections() async throws {
            let answered = Mutex<Set<Int32>>([])
            let receiver = try Receiver { connection, _ in
                // The second request on a connection is lost with it.
                let isSecond = answered.withLock { set in
                    let isSecond = set.remove(connection.descriptor) != nil
                    if !isSecond { set.insert(connection.descriptor) }
                    return isSecond
                }
                if isSecond { return .reset }
                connection.write("HTTP/1.1 204 X\r\n\r\n")
                return .keep
            }
            let post = Post()
            for token in 0..<20 as Range<UInt64> {
                var request = CourierRequest.local(port: receiver.port, token: token)
                request.keepsConnection = true
                let reply = try await post.send(request)
                #expect(reply.outcome == .delivered, "\(reply)")
            }
            post.close()
            receiver.stop()
            #expect(receiver.connections == 20 && receiver.requests.count == 39)
        }
    }

    @Suite("This host's own addresses")
    struct OwnAddressesTests {
        @Test("loopback is among them")
        func loopback() {
            #expect(readOwnAddresses().contains(.v4(0x7f00_0001)))
        }
    }
}
