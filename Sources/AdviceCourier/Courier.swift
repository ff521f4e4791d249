public import AdviceCore

/// The seam to the network. Requests go in and replies come out in batches: a hop between queues costs more
/// than an attempt's bookkeeping.
public protocol Courier: Sendable {
    /// Starts every request at once and calls `receive` with replies as they come, several at a time, on a
    /// queue of the courier's own. Each token comes back exactly once.
    func send(_ requests: [CourierRequest])

    /// Cancels what is in flight and releases every handle and socket. Nothing is received after it returns.
    func close()
}

/// Bytes that many requests share: one body for a whole release.
public final class SharedBody: Sendable {
    public let bytes: [UInt8]
    /// The same bytes where libcurl reads them: an array's own storage has no address that may be kept.
    /// Written once, in `init`, and freed with the last request that shares it.
    nonisolated(unsafe) let pointer: UnsafeRawPointer

    public init(_ bytes: [UInt8]) {
        self.bytes = bytes
        let copy = UnsafeMutableRawBufferPointer.allocate(byteCount: max(1, bytes.count), alignment: 1)
        copy.copyBytes(from: bytes)
        pointer = UnsafeRawPointer(copy.baseAddress.unsafelyUnwrapped)
    }

    deinit { pointer.deallocate() }
}

/// One attempt, ready to go: every byte is decided, nothing is looked up after this.
public struct CourierRequest: Sendable {
    /// The caller's name for this attempt; comes back in the reply.
    public var token: UInt64
    /// Parsed only by libcurl. Never logged.
    public var url: String
    /// Whole header lines without their line ends, for example `webhook-id: msg_1`.
    public var headers: [String]
    public var body: SharedBody
    /// By whose rules the answer is judged.
    public var format = Format.standard
    /// POST, or PUT for the formats that want it; without a body GET, a heartbeat's, and OPTIONS, a
    /// handshake's.
    public var method: Method = .post
    public var connectTimeout: Span
    /// The whole attempt, from the name's lookup to the last byte.
    public var timeout: Span
    /// Networks that the address guard lets through for this endpoint, on top of the public ones.
    public var allowNetworks: [AddressBlock] = []
    public var allowHTTP: Bool = false
    /// More than one delivery is due to this host: its connection is kept. Otherwise the connection and the
    /// DNS entry are dropped at once, for libcurl 7.88.1 walks both caches at every transfer.
    public var keepsConnection: Bool = false
    public var version: HTTPVersion = .http11
    /// A URL of http, https or socks5h, with a name and password where it wants them: nil for none. It dials
    /// the receiver then, and the address guard sees only it. Never logged.
    public var proxy: String?
    /// What the endpoint wants of TLS besides; nil for what all others have.
    public var tls: TLS?
    /// Connects, shakes hands and goes: nothing is asked of the receiver. It is `delivered` where that went
    /// well.
    public var connectsOnly: Bool = false

    public enum Method: String, Sendable {
        case post = "POST"
        case put = "PUT"
        case get = "GET"
        case options = "OPTIONS"

        /// Without a body.
        var isBare: Bool { self == .get || self == .options }
    }

    /// Paths of PEM files, and the client's private key itself: it may have come from anywhere.
    public struct TLS: Hashable, Sendable {
        /// Stands in place of the system's bundle of authorities.
        public var authorities: String?
        /// The client's certificate, with the chain to its authority.
        public var certificate: String?
        public var key: [UInt8]?

        public init(authorities: String? = nil, certificate: String? = nil, key: [UInt8]? = nil) {
            self.authorities = authorities
            self.certificate = certificate
            self.key = key
        }
    }

    public enum HTTPVersion: Sendable { case http11, http2 }

    public init(
        token: UInt64, url: String, headers: [String], body: SharedBody, connectTimeout: Span, timeout: Span
    ) {
        self.token = token
        self.url = url
        self.headers = headers
        self.body = body
        self.connectTimeout = connectTimeout
        self.timeout = timeout
    }
}

/// What one attempt came to, with what a person wants to know about it.
public struct CourierReply: Sendable {
    public var token: UInt64
    public var outcome: Outcome
    /// The final HTTP status, 0 where none came.
    public var status: Int
    /// In words a person can act on, nil where delivered: "connection refused", "404 Not Found, redirect...".
    /// Never holds the URL.
    public var error: String?
    public var latency: Span
    /// The address dialled (without port), nil where none was.
    public var address: String?
    /// The reply's first bytes, at most 1 KiB, as they came: show them escaped.
    public var replyPrefix: [UInt8]
    /// The reply's `Date` header, for judging our own clock.
    public var date: Instant?
    /// The request was on the wire, and no answer came.
    public var mayHaveArrived: Bool
    /// Nothing came back from anybody: no route, no connection in time, no answer from the name server. A
    /// refused connection, a reset and an unknown name are answers.
    public var isDark = false
    /// The service has said that nothing more is taken for so long, of all who share the limit key.
    public var rest: Span?
    /// `WebHook-Allowed-Origin`: from whom the receiver takes events of CloudEvents, in its own words.
    public var allowedOrigin: String?

    public init(
        token: UInt64, outcome: Outcome, status: Int, error: String?, latency: Span, address: String?,
        replyPrefix: [UInt8], date: Instant?, mayHaveArrived: Bool = false
    ) {
        self.token = token
        self.outcome = outcome
        self.status = status
        self.error = error
        self.latency = latency
        self.address = address
        self.replyPrefix = replyPrefix
        self.date = date
        self.mayHaveArrived = mayHaveArrived
    }
}
