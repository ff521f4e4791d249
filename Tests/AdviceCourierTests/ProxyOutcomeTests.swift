import AdviceCore
import CCurl
import Testing

@testable import AdviceCourier

@Suite("What a proxy had a part in")
struct ProxyOutcomeTests {
    struct Case: CustomTestStringConvertible {
        var code: CURLcode
        var status = 0
        var proxy = ProxyOutcome.Exchange()
        var phase = Exchange.Phase.connecting
        var outcome: Outcome
        var words: String
        var testDescription: String { "\(code.rawValue) \(status) \(proxy): \(words)" }

        init(
            _ code: CURLcode, status: Int = 0, phase: Exchange.Phase = .connecting, isSecure: Bool = false,
            isConnected: Bool = true, connect: Int = 0, socks: CURLproxycode = CURLPX_OK,
            isUnknown: Bool = false, _ outcome: Outcome, _ words: String
        ) {
            self.code = code
            self.status = status
            self.phase = phase
            self.outcome = outcome
            self.words = words
            proxy.isSecure = isSecure
            proxy.isConnected = isConnected
            proxy.connectStatus = connect
            proxy.socksError = Int(socks.rawValue)
            proxy.isUnknown = isUnknown
        }
    }

    private static let password = "the proxy wants a name and password: 407 Proxy Authentication Required"

    private static let cases = [
        // Ours: nobody is charged.
        Case(CURLE_OK, isUnknown: true, .ours, "the proxy's name has no address"),
        Case(CURLE_COULDNT_RESOLVE_PROXY, .ours, "the proxy's name has no address"),
        Case(CURLE_COULDNT_CONNECT, isConnected: false, .ours, "the proxy cannot be reached"),
        Case(CURLE_OPERATION_TIMEDOUT, isConnected: false, .ours, "the proxy does not answer"),
        Case(CURLE_RECV_ERROR, connect: 407, .ours, password),
        Case(CURLE_RECV_ERROR, connect: 401, .ours, password),
        Case(CURLE_OK, status: 407, phase: .connected, .ours, password),
        Case(CURLE_PROXY, socks: CURLPX_NO_AUTH, .ours, "the proxy does not take our name and password"),
        Case(
            CURLE_PROXY, socks: CURLPX_USER_REJECTED, .ours, "the proxy does not take our name and password"),
        Case(
            CURLE_PROXY, socks: CURLPX_BAD_VERSION, .ours,
            "the proxy does not speak SOCKS as we do (\(CURLPX_BAD_VERSION.rawValue))"),
        Case(
            CURLE_SSL_CONNECT_ERROR, isSecure: true, .ours, "the proxy's TLS or certificate is not accepted"),
        Case(
            CURLE_PEER_FAILED_VERIFICATION, isSecure: true, .ours,
            "the proxy's TLS or certificate is not accepted"),
        // What it tells of the receiver.
        Case(CURLE_OPERATION_TIMEDOUT, .retry, "no connection through the proxy in time"),
        Case(CURLE_RECV_ERROR, connect: 403, .refused, "the proxy does not let us there: 403"),
        Case(CURLE_RECV_ERROR, connect: 503, .retry, "the proxy could not connect: 503"),
        Case(CURLE_PROXY, socks: CURLPX_REPLY_NOT_ALLOWED, .refused, "the proxy does not let us there"),
        Case(
            CURLE_PROXY, socks: CURLPX_REPLY_HOST_UNREACHABLE, .retry, "the proxy finds no way to the host"),
        Case(
            CURLE_PROXY, socks: CURLPX_REPLY_CONNECTION_REFUSED, .retry,
            "the proxy could not connect: connection refused"),
        Case(
            CURLE_PROXY, socks: CURLPX_REPLY_GENERAL_SERVER_FAILURE, .retry, "the proxy could not connect"),
        // It has done its part: the receiver's own.
        Case(
            CURLE_PEER_FAILED_VERIFICATION, isSecure: true, connect: 200, .retry,
            "the certificate is for another host"),
        Case(
            CURLE_SSL_CONNECT_ERROR, connect: 200, .retry,
            "no TLS connection: the receiver speaks no TLS there, or none of 1.2 and newer"),
        Case(CURLE_OPERATION_TIMEDOUT, phase: .connected, .retry, "no answer within 20 s"),
        Case(CURLE_GOT_NOTHING, phase: .connected, .retry, "the connection was closed without an answer"),
        Case(CURLE_OK, status: 404, phase: .connected, .refused, "404 Not Found"),
    ]

    @Test("each has its outcome and its words, and none says that our network is down", arguments: cases)
    func outcome(_ given: Case) {
        var exchange = Exchange()
        exchange.code = Int(given.code.rawValue)
        exchange.status = given.status
        exchange.phase = given.phase
        exchange.proxy = given.proxy
        #expect(CurlOutcome.outcome(of: exchange) == given.outcome)
        #expect(
            CurlOutcome.words(for: exchange, timeout: .seconds(20), connectTimeout: .seconds(10))
                == given.words)
        #expect(!CurlOutcome.isDark(exchange))
    }

    @Test(
        "a proxy's host and port are what libcurl takes them for",
        arguments: [
            ("http://proxy.example", "proxy.example", 1080), ("http://p:3128", "p", 3128),
            ("https://proxy.example/", "proxy.example", 443),
            ("socks5h://ann:x%40y@p.example:9", "p.example", 9),
            ("socks5h://p", "p", 1080), ("http://127.0.0.1:8080", nil, 0), ("http://[::1]:8080", nil, 0),
        ])
    func host(_ url: String, _ name: String?, _ port: Int) throws {
        let host = try #require(ProxyHost(of: url))
        #expect(host.named?.name == name)
        #expect(host.named?.port ?? 0 == port)
    }

    @Test("what is no proxy's URL is none", arguments: ["", "proxy", "ftp://p", "http://", "http://p:70000"])
    func noHost(_ url: String) {
        let host = ProxyHost(of: url)
        #expect(host == nil)
    }
}
