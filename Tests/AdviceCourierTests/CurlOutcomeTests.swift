import AdviceCore
import Glibc
import Testing

@testable import AdviceCourier

/// An attempt that ended with libcurl's `code` and HTTP's `status`.
private func exchange(code: Int, status: Int = 0, phase: Exchange.Phase = .connected) -> Exchange {
    var exchange = Exchange()
    exchange.code = code
    exchange.status = status
    exchange.phase = phase
    return exchange
}

private func words(_ exchange: Exchange) -> String? {
    CurlOutcome.words(for: exchange, timeout: .seconds(15), connectTimeout: .milliseconds(2500))
}

@Suite("Outcomes")
struct CurlOutcomeTests {
    @Test(
        "a status decides, whatever libcurl said after it",
        arguments: [
            (200, .delivered, nil), (201, .delivered, nil), (202, .delivered, nil), (204, .delivered, nil),
            (226, .delivered, nil), (299, .delivered, nil),
            (300, .refused, "300 Multiple Choices: a redirect, not followed"),
            (301, .refused, "301 Moved Permanently: a redirect, not followed"),
            (302, .refused, "302 Found: a redirect, not followed"),
            (303, .refused, "303 See Other: a redirect, not followed"),
            (304, .refused, "304 Not Modified: a redirect, not followed"),
            (307, .refused, "307 Temporary Redirect: a redirect, not followed"),
            (308, .refused, "308 Permanent Redirect: a redirect, not followed"),
            (399, .refused, "399: a redirect, not followed"),
            (400, .unfit, "400 Bad Request"), (401, .refused, "401 Unauthorized"),
            (402, .refused, "402 Payment Required"), (403, .refused, "403 Forbidden"),
            (404, .refused, "404 Not Found"), (405, .refused, "405 Method Not Allowed"),
            (406, .refused, "406 Not Acceptable"), (407, .refused, "407 Proxy Authentication Required"),
            (408, .retry, "408 Request Timeout"), (409, .refused, "409 Conflict"), (410, .gone, "410 Gone"),
            (411, .refused, "411 Length Required"), (413, .unfit, "413 Content Too Large"),
            (415, .unfit, "415 Unsupported Media Type"), (418, .refused, "418 I'm a teapot"),
            (422, .unfit, "422 Unprocessable Content"), (425, .retry, "425 Too Early"),
            (426, .refused, "426 Upgrade Required"), (429, .retryAfter(.zero), "429 Too Many Requests"),
            (431, .refused, "431 Request Header Fields Too Large"),
            (451, .refused, "451 Unavailable For Legal Reasons"), (499, .refused, "499"),
            (500, .retry, "500 Internal Server Error"), (501, .retry, "501 Not Implemented"),
            (502, .retry, "502 Bad Gateway"), (503, .retry, "503 Service Unavailable"),
            (504, .retry, "504 Gateway Timeout"), (507, .retry, "507 Insufficient Storage"),
            (599, .retry, "599"),
            (600, .retry, "600"), (999, .retry, "999"),
        ] as [(Int, Outcome, String?)])
    func statuses(status: Int, outcome: Outcome, said: String?) {
        // OK, partial file, write error, out of memory, timed out, nothing got, send and receive errors, h2.
        for code in [0, 8, 16, 18, 23, 27, 28, 52, 55, 56, 61, 92] {
            let exchange = exchange(code: code, status: status)
            #expect(CurlOutcome.outcome(of: exchange) == outcome)
            #expect(words(exchange) == said)
        }
    }

    @Test(
        "without a final status libcurl's code decides",
        arguments: [
            (0, .retry, "libcurl 0: No error"),
            (1, .retry, "the answer is not HTTP"),
            (3, .refused, "the URL is not valid"),
            (5, .retry, "libcurl 5: Couldn't resolve proxy name"),
            (6, .retry, "the host's name has no address"),
            (7, .retry, "no connection"),
            (8, .retry, "the answer is not HTTP"),
            (16, .retry, "the HTTP/2 stream was broken off"),
            (18, .retry, "the connection was lost before an answer"),
            (23, .retry, "the answer's headers are too large"),
            (26, .retry, "libcurl 26: Failed to open/read local data from file/application"),
            (27, .retry, "the answer's headers are too large"),
            (28, .retry, "no answer within 15 s"),
            (35, .retry, "no TLS connection: the receiver speaks no TLS there, or none of 1.2 and newer"),
            (43, .retry, "libcurl 43: A libcurl function was given a bad argument"),
            (47, .retry, "libcurl 47: Number of redirects hit maximum amount"),
            (52, .retry, "the connection was closed without an answer"),
            (53, .retry, "libcurl 53: SSL crypto engine not found"),
            (54, .retry, "libcurl 54: Can not set SSL crypto engine as default"),
            (55, .retry, "the connection was lost while sending"),
            (56, .retry, "the connection was lost before an answer"),
            (58, .ours, "our client certificate or its key cannot be used"),
            (59, .retry, "no TLS connection: the receiver speaks no TLS there, or none of 1.2 and newer"),
            (60, .retry, "the certificate is for another host"),
            (61, .retry, "the answer is not HTTP"),
            (64, .retry, "no TLS connection: the receiver speaks no TLS there, or none of 1.2 and newer"),
            (65, .retry, "libcurl 65: Send failed since rewinding of the data stream failed"),
            (66, .retry, "libcurl 66: Failed to initialise SSL crypto engine"),
            (77, .ours, "the bundle of certificate authorities cannot be read"),
            (80, .retry, "libcurl 80: Failed to shut down the SSL connection"),
            (81, .retry, "libcurl 81: Socket not ready for send/recv"),
            (83, .retry, "libcurl 83: Issuer check against peer certificate failed"),
            (91, .retry, "libcurl 91: SSL server certificate status verification FAILED"),
            (92, .retry, "the HTTP/2 stream was broken off"),
            (98, .retry, "libcurl 98: SSL Client Certificate required"),
            (99, .retry, "libcurl 99: Unrecoverable error in select/poll"),
        ] as [(Int, Outcome, String)])
    func codes(code: Int, outcome: Outcome, said: String) {
        // An interim answer is none.
        for status in [0, 100, 103] {
            let exchange = exchange(code: code, status: status)
            #expect(CurlOutcome.outcome(of: exchange) == outcome)
            #expect(words(exchange) == said)
        }
    }

    @Test(
        "Retry-After turns every refusal into a wait, save a redirect and a closed place",
        arguments: [
            (200, .delivered), (301, .refused), (410, .gone),
            (400, .retryAfter(.seconds(7))), (403, .retryAfter(.seconds(7))), (413, .retryAfter(.seconds(7))),
            (429, .retryAfter(.seconds(7))), (500, .retryAfter(.seconds(7))), (503, .retryAfter(.seconds(7))),
        ] as [(Int, Outcome)])
    func retryAfter(status: Int, outcome: Outcome) {
        var exchange = exchange(code: 0, status: status)
        exchange.retryAfter = .seconds(7)
        #expect(CurlOutcome.outcome(of: exchange) == outcome)
    }

    @Test(
        "a redirect says to which host, escaped and cut, and never by which path",
        arguments: [
            ("https://example.org/hooks/SECRET?key=SECRET", "https://example.org"),
            ("https://user:SECRET@example.org:8443/", "https://example.org:8443"),
            ("https://example.org\u{1b}[2J\\SECRET", "https://example.org\\x1b[2J"),
            ("/hooks/SECRET/", "another path"), ("hooks/SECRET", "another path"),
            ("https:SECRET", "another path"),
        ])
    func redirect(location: String, shown: String) {
        var moved = exchange(code: 0, status: 302)
        moved.location = Array(location.utf8)
        #expect(words(moved) == "302 Found: a redirect to \(shown), not followed")
    }

    @Test("a redirect's host is cut at 200 bytes")
    func longRedirect() {
        var moved = exchange(code: 0, status: 302)
        moved.location = Array(("http://" + String(repeating: "a", count: 194)).utf8)
        let cut = "http://" + String(repeating: "a", count: 193)
        #expect(words(moved) == "302 Found: a redirect to \(cut)..., not followed")
        moved.location.removeLast()
        #expect(words(moved) == "302 Found: a redirect to \(cut), not followed")
    }

    @Test("a refused address is blocked before anything else is asked", arguments: [6, 7, 28, 42])
    func blocked(code: Int) {
        var exchange = exchange(code: code, phase: .connecting)
        exchange.blockedAddress = "10.0.0.5 is private"
        #expect(CurlOutcome.outcome(of: exchange) == .blocked)
        #expect(words(exchange) == "address 10.0.0.5 is private; add it to allow_networks")
    }

    @Test("another scheme is blocked where nothing was dialled")
    func scheme() {
        var exchange = exchange(code: 1, phase: .lookup)
        #expect(CurlOutcome.outcome(of: exchange) == .blocked)
        #expect(words(exchange) == "not https: set allow_http, or use https")
        exchange.allowHTTP = true
        #expect(CurlOutcome.outcome(of: exchange) == .blocked)
        #expect(words(exchange) == "neither https nor http")
    }

    @Test("a host out of descriptors is our own fault", arguments: [EMFILE, ENFILE])
    func descriptors(number: Int32) {
        var exchange = exchange(code: 7, phase: .connecting)
        exchange.osErrno = number
        #expect(CurlOutcome.outcome(of: exchange) == .ours)
        #expect(words(exchange) == "this host is out of file descriptors")
    }

    @Test(
        "what became of the connection is said",
        arguments: [
            (ECONNREFUSED, "connection refused"), (EHOSTUNREACH, "no route to the host"),
            (ENETUNREACH, "no route to the host"), (ETIMEDOUT, "no connection: the host does not answer"),
            (ECONNRESET, "connection reset"), (EPERM, "no connection (errno 1)"),
        ])
    func connecting(number: Int32, said: String) {
        var exchange = exchange(code: 7, phase: .connecting)
        exchange.osErrno = number
        #expect(CurlOutcome.outcome(of: exchange) == .retry)
        #expect(words(exchange) == said)
    }

    @Test("a time-out says what was waited for, and how long")
    func timeouts() {
        #expect(words(exchange(code: 28, phase: .lookup)) == "no name server has answered within 2500 ms")
        #expect(words(exchange(code: 28, phase: .connecting)) == "no connection within 2500 ms")
        #expect(words(exchange(code: 28, phase: .connected)) == "no answer within 15 s")
    }

    @Test(
        "a refused certificate says why",
        arguments: [
            (0, "the certificate is for another host"), (1, "the certificate is for another host"),
            (9, "the certificate is not valid yet"),
            (10, "the certificate has expired"), (18, "the certificate is self-signed"),
            (19, "the certificate is self-signed"), (20, "the certificate's authority is unknown"),
            (23, "the certificate was revoked"), (24, "the certificate was not accepted (OpenSSL 24)"),
        ])
    func certificates(verifyResult: Int, said: String) {
        var exchange = exchange(code: 60)
        exchange.verifyResult = verifyResult
        #expect(words(exchange) == said)
    }

    @Test("no code of any libcurl, nor a number beyond, lacks an outcome and words")
    func everyCode() {
        for code in 0...200 {
            let exchange = exchange(code: code)
            #expect(CurlOutcome.outcome(of: exchange) != .delivered)
            #expect(words(exchange)?.isEmpty == false)
        }
    }
}
