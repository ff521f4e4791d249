import AdviceCore
import CCurl

/// What becomes of an attempt where it is the proxy between us and the receiver that had a part in it. A
/// proxy that is down or does not take us is our own affair; what it tells of the receiver is the receiver's.
enum ProxyOutcome {
    /// How far an attempt through a proxy came.
    struct Exchange {
        /// The proxy itself is spoken to by TLS.
        var isSecure = false
        /// Its TCP connection is there.
        var isConnected = false
        /// Its answer to CONNECT, 0 where none came or none was asked for.
        var connectStatus = 0
        /// A `CURLproxycode`, where it speaks SOCKS.
        var socksError = 0
        /// Its URL was no URL, or named a host without an address.
        var isUnknown = false
    }

    struct Verdict: Equatable {
        var outcome: Outcome
        var words: String
    }

    /// Nil where the proxy has done its part: what is left is between the receiver and us.
    static func verdict(on exchange: AdviceCourier.Exchange) -> Verdict? {
        guard let proxy = exchange.proxy, exchange.blockedAddress == nil else { return nil }
        if let status = exchange.finalStatus {
            return status == 407 ? credentials : nil
        }
        if proxy.isUnknown { return Verdict(outcome: .ours, words: "the proxy's name has no address") }
        switch CURLcode(rawValue: UInt32(exchange.code)) {
        case CURLE_COULDNT_RESOLVE_PROXY:
            return Verdict(outcome: .ours, words: "the proxy's name has no address")
        case CURLE_COULDNT_CONNECT:
            return Verdict(outcome: .ours, words: "the proxy cannot be reached")
        case CURLE_PROXY: return socks(proxy.socksError)
        case CURLE_OPERATION_TIMEDOUT:
            if !proxy.isConnected { return Verdict(outcome: .ours, words: "the proxy does not answer") }
            if exchange.phase == .connected { return nil }
            return Verdict(outcome: .retry, words: "no connection through the proxy in time")
        case CURLE_SSL_CONNECT_ERROR, CURLE_PEER_FAILED_VERIFICATION, CURLE_SSL_CIPHER:
            guard proxy.isSecure, proxy.connectStatus == 0 else { return nil }
            return Verdict(outcome: .ours, words: "the proxy's TLS or certificate is not accepted")
        default: return tunnel(proxy.connectStatus)
        }
    }

    private static let credentials = Verdict(
        outcome: .ours, words: "the proxy wants a name and password: 407 Proxy Authentication Required")

    /// What it answered to CONNECT, where that was not yes.
    private static func tunnel(_ status: Int) -> Verdict? {
        switch status {
        case 0, 200...299: nil
        case 401, 407: credentials
        case 400...499: Verdict(outcome: .refused, words: "the proxy does not let us there: \(status)")
        default: Verdict(outcome: .retry, words: "the proxy could not connect: \(status)")
        }
    }

    private static func socks(_ error: Int) -> Verdict {
        switch CURLproxycode(rawValue: UInt32(error)) {
        case CURLPX_REPLY_NOT_ALLOWED:
            Verdict(outcome: .refused, words: "the proxy does not let us there")
        case CURLPX_REPLY_HOST_UNREACHABLE, CURLPX_REPLY_NETWORK_UNREACHABLE, CURLPX_REPLY_TTL_EXPIRED,
            CURLPX_RESOLVE_HOST:
            Verdict(outcome: .retry, words: "the proxy finds no way to the host")
        case CURLPX_REPLY_CONNECTION_REFUSED:
            Verdict(outcome: .retry, words: "the proxy could not connect: connection refused")
        // Also where the host's name is unknown: many proxies say no more than that.
        case CURLPX_REPLY_GENERAL_SERVER_FAILURE:
            Verdict(outcome: .retry, words: "the proxy could not connect")
        case CURLPX_NO_AUTH, CURLPX_USER_REJECTED:
            Verdict(outcome: .ours, words: "the proxy does not take our name and password")
        default: Verdict(outcome: .ours, words: "the proxy does not speak SOCKS as we do (\(error))")
        }
    }
}
