import AdviceCore
import AdviceCourier
import Testing

/// The suites that open sockets, one after another: some count the process's descriptors.
@Suite(.serialized, .timeLimit(.minutes(2)))
enum OverSockets {}

/// A courier with its replies gathered for a test.
final class Post: Sendable {
    let courier: CurlCourier
    private let replies: AsyncStream<CourierReply>

    init(
        ownAddresses: [IPAddress] = [], caBundle: String = CurlCourier.systemCABundle,
        resolver: Resolver = Resolver()
    ) {
        let (stream, continuation) = AsyncStream.makeStream(of: CourierReply.self)
        replies = stream
        courier = CurlCourier(
            addressGuard: AddressGuard(ownAddresses: ownAddresses), caBundle: caBundle, resolver: resolver
        ) {
            for reply in $0 { continuation.yield(reply) }
        }
    }

    /// Sends all at once; the replies in the order of their tokens.
    func send(_ requests: [CourierRequest]) async -> [CourierReply] {
        courier.send(requests)
        var got: [CourierReply] = []
        for await reply in replies {
            got.append(reply)
            if got.count == requests.count { break }
        }
        return got.sorted { $0.token < $1.token }
    }

    func send(_ request: CourierRequest) async throws -> CourierReply {
        try #require(await send([request]).first)
    }

    func close() { courier.close() }
}

/// Sends one request through a courier of its own.
func send(_ request: CourierRequest) async throws -> CourierReply {
    let post = Post()
    defer { post.close() }
    return try await post.send(request)
}

extension CourierRequest {
    /// A request to loopback, over http and let through.
    static func local(
        _ url: String, token: UInt64 = 1, body: String = "{}", timeout: Span = .seconds(20)
    ) -> CourierRequest {
        var request = CourierRequest(
            token: token, url: url, headers: ["content-type: application/json", "webhook-id: msg_1"],
            body: SharedBody(Array(body.utf8)), connectTimeout: .seconds(10), timeout: timeout)
        request.allowHTTP = true
        request.allowNetworks = [
            AddressBlock(around: .v4(127 << 24), prefixLength: 8),
            AddressBlock(around: .v6(1), prefixLength: 128),
        ]
        return request
    }

    static func local(port: Int, token: UInt64 = 1, timeout: Span = .seconds(20)) -> CourierRequest {
        local("http://127.0.0.1:\(port)/hook", token: token, timeout: timeout)
    }
}
