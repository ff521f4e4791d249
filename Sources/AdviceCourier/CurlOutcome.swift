public import AdviceCore
import CCurl
import Glibc

/// What libcurl and the receiver said about one attempt: all that its outcome depends on.
struct Exchange {
    /// libcurl's result, a `CURLcode`.
    var code: Int = 0
    /// The last status line's code; 0 where none came, 1xx where no final one did.
    var status = 0
    /// The answer's `Retry-After`, between nothing and 24 hours.
    var retryAfter: Span?
    /// The first address the guard refused, as in "10.0.0.5 is private"; nil where one was let through.
    var blockedAddress: String?
    /// The error number of a socket that could not be made, else of the last connection; 0 where none.
    var osErrno: Int32 = 0
    /// How far it came.
    var phase = Phase.lookup
    /// OpenSSL's verdict on the certificate's chain, 0 where it was good, 1 where none was asked for.
    var verifyResult = 0
    /// In which the request was made: services have words of their own.
    var format = Format.standard
    /// The first bytes of the answer's body.
    var body: [UInt8] = []
    /// `X-RateLimit-Reset-After`, and whether `X-RateLimit-Remaining` was 0.
    var limitReset: Span?
    var isLimitSpent = false
    /// The answer's `Location`, as it came.
    var location: [UInt8] = []
    /// `http:` was allowed.
    var allowHTTP = false
    /// No name server has answered.
    var isLookupDark = false
    /// Nothing was to be sent.
    var connectsOnly = false
    /// How far it came with the proxy, where one is used.
    var proxy: ProxyOutcome.Exchange?

    enum Phase { case lookup, connecting, connected }

    var finalStatus: Int? { status >= 200 ? status : nil }
    /// All that was wanted was the connection, and it is there.
    var isConnectedOnly: Bool { connectsOnly && code == 0 }
}

/// What an answer with this status, and without Retry-After, comes to.
public func outcome(ofStatus status: Int) -> Outcome {
    var exchange = Exchange()
    exchange.status = status
    return CurlOutcome.outcome(of: exchange)
}

/// One table from libcurl's codes and HTTP's statuses to outcomes (delivery.md §1), and to words.
enum CurlOutcome {
    /// The outcome of an attempt. A status, once known, decides whatever became of the transfer after it.
    static func outcome(of exchange: Exchange) -> Outcome {
        if exchange.blockedAddress != nil { return .blocked }
        if exchange.isConnectedOnly { return .delivered }
        if let verdict = ProxyOutcome.verdict(on: exchange) { return verdict.outcome }
        if let status = exchange.finalStatus {
            return ServiceAnswer.verdict(on: exchange)?.outcome
                ?? outcome(status: status, retryAfter: exchange.retryAfter)
        }
        if exchange.osErrno == EMFILE || exchange.osErrno == ENFILE { return .ours }
        switch CURLcode(rawValue: UInt32(exchange.code)) {
        case CURLE_UNSUPPORTED_PROTOCOL:
            // The same code stands for an answer that is no HTTP.
            return exchange.phase == .lookup ? .blocked : .retry
        case CURLE_URL_MALFORMAT: return .refused
        case CURLE_SSL_CACERT_BADFILE, CURLE_SSL_CERTPROBLEM: return .ours
        default: return .retry
        }
    }

    /// Whether nothing came back from anybody, as it is where our own network is down.
    static func isDark(_ exchange: Exchange) -> Bool {
        // What a proxy does not reach says nothing of our own network.
        guard exchange.finalStatus == nil, exchange.blockedAddress == nil, exchange.proxy == nil else {
            return false
        }
        switch CURLcode(rawValue: UInt32(exchange.code)) {
        case CURLE_OPERATION_TIMEDOUT: return exchange.phase != .connected
        case CURLE_COULDNT_CONNECT:
            return [ENETUNREACH, EHOSTUNREACH, ENETDOWN, ETIMEDOUT].contains(exchange.osErrno)
        case CURLE_COULDNT_RESOLVE_HOST: return exchange.isLookupDark
        default: return false
        }
    }

    private static func outcome(status: Int, retryAfter: Span?) -> Outcome {
        switch status {
        case 200...299: return .delivered
        // Here Retry-After is about following, which we never do.
        case 300...399: return .refused
        // Closed is closed, however long they ask us to wait.
        case 410: return .gone
        default: break
        }
        if let retryAfter { return .retryAfter(retryAfter) }
        switch status {
        case 429: return .retryAfter(.zero)
        case 400, 413, 415, 422: return .unfit
        case 408, 425: return .retry
        case 400...499: return .refused
        default: return .retry
        }
    }

    /// What a person can act on; nil where delivered. Never holds the URL.
    static func words(for exchange: Exchange, timeout: Span, connectTimeout: Span) -> String? {
        if let blocked = exchange.blockedAddress {
            return "address \(blocked); add it to allow_networks"
        }
        if exchange.isConnectedOnly { return nil }
        if let verdict = ProxyOutcome.verdict(on: exchange) { return verdict.words }
        if let status = exchange.finalStatus {
            return ServiceAnswer.verdict(on: exchange)?.words
                ?? words(status: status, location: exchange.location)
        }
        if exchange.osErrno == EMFILE || exchange.osErrno == ENFILE {
            return "this host is out of file descriptors"
        }
        return words(forCodeOf: exchange, timeout: timeout, connectTimeout: connectTimeout)
    }

    private static func words(status: Int, location: [UInt8]) -> String? {
        if 200...299 ~= status { return nil }
        let line = CurlOutcome.line(status)
        guard 300...399 ~= status else { return line }
        let to = location.isEmpty ? "" : " to \(escaped(origin(of: location), atMost: 200))"
        return "\(line): a redirect\(to), not followed"
    }

    /// `404 Not Found`
    static func line(_ status: Int) -> String {
        phrases[status].map { "\(status) \($0)" } ?? "\(status)"
    }

    /// Scheme and host of a redirect's target: its path often repeats the subscriber's own, which is a
    /// secret.
    private static func origin(of location: [UInt8]) -> [UInt8] {
        let slash = UInt8(ascii: "/")
        let ends: Set<UInt8> = [slash, UInt8(ascii: "?"), UInt8(ascii: "#"), UInt8(ascii: "\\")]
        guard let colon = location.firstIndex(of: UInt8(ascii: ":")),
            location[(colon + 1)...].starts(with: [slash, slash])
        else { return Array("another path".utf8) }
        let host = location[(colon + 3)...].prefix { !ends.contains($0) }
        // A name before an @ is a password's place.
        let shown = host.lastIndex(of: UInt8(ascii: "@")).map { host[($0 + 1)...] } ?? host
        return Array(location[..<(colon + 3)]) + Array(shown)
    }

    private static func words(
        forCodeOf exchange: Exchange, timeout: Span, connectTimeout: Span
    ) -> String {
        switch CURLcode(rawValue: UInt32(exchange.code)) {
        case CURLE_UNSUPPORTED_PROTOCOL:
            exchange.phase == .lookup
                ? exchange.allowHTTP ? "neither https nor http" : "not https: set allow_http, or use https"
                : "the answer is not HTTP"
        case CURLE_URL_MALFORMAT: "the URL is not valid"
        case CURLE_COULDNT_RESOLVE_HOST:
            exchange.isLookupDark
                ? "no name server answers for the host's name" : "the host's name has no address"
        case CURLE_COULDNT_CONNECT: connectWords(errno: exchange.osErrno)
        case CURLE_OPERATION_TIMEDOUT:
            timeoutWords(exchange.phase, timeout: timeout, connectTimeout: connectTimeout)
        case CURLE_PEER_FAILED_VERIFICATION: certificateWords(exchange.verifyResult)
        case CURLE_SSL_CACERT_BADFILE: "the bundle of certificate authorities cannot be read"
        case CURLE_SSL_CERTPROBLEM: "our client certificate or its key cannot be used"
        case CURLE_SSL_CONNECT_ERROR, CURLE_SSL_CIPHER, CURLE_USE_SSL_FAILED:
            "no TLS connection: the receiver speaks no TLS there, or none of 1.2 and newer"
        case CURLE_GOT_NOTHING: "the connection was closed without an answer"
        case CURLE_SEND_ERROR: "the connection was lost while sending"
        case CURLE_RECV_ERROR, CURLE_PARTIAL_FILE: "the connection was lost before an answer"
        // 7.88.1 calls a header line of a megabyte "out of memory": that is the receiver's doing.
        case CURLE_WRITE_ERROR, CURLE_OUT_OF_MEMORY: "the answer's headers are too large"
        case CURLE_WEIRD_SERVER_REPLY, CURLE_BAD_CONTENT_ENCODING: "the answer is not HTTP"
        case CURLE_HTTP2, CURLE_HTTP2_STREAM: "the HTTP/2 stream was broken off"
        default: other(exchange.code)
        }
    }

    private static func other(_ code: Int) -> String {
        let text = curl_easy_strerror(CURLcode(rawValue: UInt32(code))).map { String(cString: $0) }
        return "libcurl \(code): \(text ?? "unknown")"
    }

    private static func connectWords(errno: Int32) -> String {
        switch errno {
        case ECONNREFUSED: "connection refused"
        case ENETUNREACH, EHOSTUNREACH: "no route to the host"
        case ETIMEDOUT: "no connection: the host does not answer"
        case ECONNRESET: "connection reset"
        case 0: "no connection"
        default: "no connection (errno \(errno))"
        }
    }

    private static func timeoutWords(
        _ phase: Exchange.Phase, timeout: Span, connectTimeout: Span
    ) -> String {
        switch phase {
        case .lookup: "no name server has answered within \(seconds(min(timeout, connectTimeout)))"
        case .connecting: "no connection within \(seconds(min(timeout, connectTimeout)))"
        case .connected: "no answer within \(seconds(timeout))"
        }
    }

    /// X509_V_ERR_* of OpenSSL's x509_vfy.h. libcurl compares names itself, before it asks for the chain's
    /// verdict: that is then good, or still the 1 that libcurl begins with.
    private static func certificateWords(_ verifyResult: Int) -> String {
        switch verifyResult {
        case 0, 1, 62, 64: "the certificate is for another host"
        case 9: "the certificate is not valid yet"
        case 10: "the certificate has expired"
        case 18, 19: "the certificate is self-signed"
        case 2, 20, 21: "the certificate's authority is unknown"
        case 23: "the certificate was revoked"
        default: "the certificate was not accepted (OpenSSL \(verifyResult))"
        }
    }

    private static func seconds(_ span: Span) -> String {
        span.milliseconds % 1000 == 0 ? "\(span.seconds) s" : "\(span.milliseconds) ms"
    }

    /// Printable ASCII as it is and every other byte as `\xNN`: a terminal shows this.
    static func escaped(_ bytes: [UInt8], atMost limit: Int) -> String {
        var text = ""
        for byte in bytes.prefix(limit) {
            if (0x20...0x7e).contains(byte), byte != UInt8(ascii: "\\") {
                text.unicodeScalars.append(Unicode.Scalar(byte))
            } else {
                text += "\\x" + (byte < 16 ? "0" : "") + String(byte, radix: 16)
            }
        }
        return bytes.count > limit ? text + "..." : text
    }

    private static let phrases: [Int: String] = [
        300: "Multiple Choices", 301: "Moved Permanently", 302: "Found", 303: "See Other",
        304: "Not Modified", 307: "Temporary Redirect", 308: "Permanent Redirect",
        400: "Bad Request", 401: "Unauthorized", 402: "Payment Required", 403: "Forbidden",
        404: "Not Found", 405: "Method Not Allowed", 406: "Not Acceptable",
        407: "Proxy Authentication Required", 408: "Request Timeout", 409: "Conflict", 410: "Gone",
        411: "Length Required", 412: "Precondition Failed", 413: "Content Too Large",
        414: "URI Too Long", 415: "Unsupported Media Type", 417: "Expectation Failed",
        418: "I'm a teapot", 421: "Misdirected Request", 422: "Unprocessable Content", 423: "Locked",
        425: "Too Early", 426: "Upgrade Required", 428: "Precondition Required",
        429: "Too Many Requests", 431: "Request Header Fields Too Large",
        451: "Unavailable For Legal Reasons", 500: "Internal Server Error", 501: "Not Implemented",
        502: "Bad Gateway", 503: "Service Unavailable", 504: "Gateway Timeout",
        505: "HTTP Version Not Supported", 507: "Insufficient Storage", 508: "Loop Detected",
    ]
}
