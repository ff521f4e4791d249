import AdviceCore
import CCurl

/// Every libcurl option in use, in one place. All are set explicitly: several defaults are Debian's or the
/// environment's, and one of them (CAPATH) makes each TLS connection 24 times as dear.
///
/// `setOnce` runs when a handle is made, `set` for each attempt. No handle is ever reset: `curl_easy_reset`
/// would bring CAPATH back.
enum Options {
    /// Seconds after which a kept connection is not used again: certificates are checked only at connecting.
    static let connectionLifeSeconds = 300
    /// Seconds for which a kept host's addresses are remembered.
    static let dnsLifeSeconds = 60

    /// What is the same for all attempts.
    static func setOnce(_ easy: UnsafeMutableRawPointer, caBundle: String) {
        setSafety(easy)
        setTLS(easy, caBundle: caBundle)
        // Signals are the daemon's; without this libcurl would use SIGALRM for lookups that time out.
        long(easy, CURLOPT_NOSIGNAL, 1)
        // Names are looked up by `Resolver`. Were libcurl to do it after all, a lookup that outlives its
        // attempt would block every other one (7.88.1 joins its thread).
        long(easy, CURLOPT_QUICK_EXIT, 1)
        long(easy, CURLOPT_TCP_NODELAY, 1)
        long(easy, CURLOPT_MAXLIFETIME_CONN, connectionLifeSeconds)
        long(easy, CURLOPT_BUFFERSIZE, 16_384)
        long(easy, CURLOPT_POST, 1)
    }

    /// Nothing but the request that was decided, to the address that was judged.
    private static func setSafety(_ easy: UnsafeMutableRawPointer) {
        // A followed 301 turns the signed POST into an empty GET that "succeeds".
        long(easy, CURLOPT_FOLLOWLOCATION, 0)
        long(easy, CURLOPT_UNRESTRICTED_AUTH, 0)
        long(easy, CURLOPT_DISALLOW_USERNAME_IN_URL, 1)
        long(easy, CURLOPT_NETRC, Int(CURL_NETRC_IGNORED.rawValue))
        long(easy, CURLOPT_HTTP09_ALLOWED, 0)
        long(easy, CURLOPT_SUPPRESS_CONNECT_HEADERS, 1)
        setProxy(easy, nil)
        string(easy, CURLOPT_PRE_PROXY, nil)
        // No compression is asked for and none undone: a 4.7 MB bomb became 1.07 GB.
        string(easy, CURLOPT_ACCEPT_ENCODING, nil)
        string(easy, CURLOPT_COOKIEFILE, nil)
        // Alt-Svc is off until an option of its own is set, even to nothing: that alone would start it. The
        // same holds for HSTS, save for this one.
        long(easy, CURLOPT_HSTS_CTRL, 0)
    }

    private static func setTLS(_ easy: UnsafeMutableRawPointer, caBundle: String) {
        long(easy, CURLOPT_SSL_VERIFYPEER, 1)
        long(easy, CURLOPT_SSL_VERIFYHOST, 2)
        long(easy, CURLOPT_SSLVERSION, CURL_SSLVERSION_TLSv1_2)
        // 7.88.1 keeps the parsed bundle only where CAPATH is unset, and Debian sets it: 31.5 ms of CPU for
        // a connection without this line, 1.3 ms with it (lib/vtls/openssl.c).
        string(easy, CURLOPT_CAINFO, caBundle)
        string(easy, CURLOPT_CAPATH, nil)
        long(easy, CURLOPT_CA_CACHE_TIMEOUT, 86_400)
        long(easy, CURLOPT_PROXY_SSL_VERIFYPEER, 1)
        long(easy, CURLOPT_PROXY_SSL_VERIFYHOST, 2)
        long(easy, CURLOPT_PROXY_SSLVERSION, CURL_SSLVERSION_TLSv1_2)
        string(easy, CURLOPT_PROXY_CAINFO, caBundle)
        string(easy, CURLOPT_PROXY_CAPATH, nil)
    }

    /// The proxy that is configured, or none. Empty strings, and none of the environment's: its http_proxy
    /// would dial for us, unguarded, and its no_proxy would leave the configured one out.
    static func setProxy(_ easy: UnsafeMutableRawPointer, _ proxy: String?) {
        string(easy, CURLOPT_PROXY, proxy ?? "")
        string(easy, CURLOPT_NOPROXY, proxy == nil ? "*" : "")
    }

    /// GET (or what CUSTOMREQUEST says), and no body, until POSTFIELDS is set again: that makes it a POST.
    static func setGetting(_ easy: UnsafeMutableRawPointer) { long(easy, CURLOPT_HTTPGET, 1) }

    /// An endpoint's own TLS, or that of all others. libcurl copies the key.
    static func setTLS(
        _ easy: UnsafeMutableRawPointer, _ tls: CourierRequest.TLS?, caBundle: String
    ) {
        string(easy, CURLOPT_CAINFO, tls?.authorities ?? caBundle)
        string(easy, CURLOPT_SSLCERT, tls?.certificate)
        guard let key = tls?.key else {
            check(ccurl_set_copied(easy, CURLOPT_SSLKEY_BLOB, nil, 0), CURLOPT_SSLKEY_BLOB)
            return
        }
        key.withUnsafeBytes { bytes in
            check(
                ccurl_set_copied(easy, CURLOPT_SSLKEY_BLOB, bytes.baseAddress, bytes.count),
                CURLOPT_SSLKEY_BLOB)
        }
    }

    /// What differs between attempts and is no pointer to the handle's own memory. `used` is the time that
    /// the attempt has taken already.
    static func set(_ easy: UnsafeMutableRawPointer, for request: CourierRequest, used: Span) {
        string(easy, CURLOPT_URL, request.url)
        string(easy, CURLOPT_PROTOCOLS_STR, request.allowHTTP ? "http,https" : "https")
        // What is not named here is libcurl's own to say.
        let isNamed = request.method == .put || request.method == .options
        string(easy, CURLOPT_CUSTOMREQUEST, isNamed ? request.method.rawValue : nil)
        long(easy, CURLOPT_CONNECTTIMEOUT_MS, milliseconds(request.connectTimeout - used))
        long(easy, CURLOPT_TIMEOUT_MS, milliseconds(request.timeout - used))
        long(easy, CURLOPT_CONNECT_ONLY, request.connectsOnly ? 1 : 0)
        setKeeping(easy, request.keepsConnection && !request.connectsOnly)
        switch request.version {
        case .http11: long(easy, CURLOPT_HTTP_VERSION, CURL_HTTP_VERSION_1_1)
        case .http2: long(easy, CURLOPT_HTTP_VERSION, CURL_HTTP_VERSION_2TLS)
        }
    }

    /// One at least: 0 would be libcurl's own five minutes, or no limit at all.
    private static func milliseconds(_ span: Span) -> Int { max(1, Int(span.milliseconds)) }

    /// 7.88.1 walks its whole DNS cache at the end of each transfer and its whole connection cache at each
    /// eviction: a fan-out to N hosts is quadratic unless they stay out of both (16 times slower at 20,000).
    private static func setKeeping(_ easy: UnsafeMutableRawPointer, _ keeps: Bool) {
        long(easy, CURLOPT_FORBID_REUSE, keeps ? 0 : 1)
        long(easy, CURLOPT_DNS_CACHE_TIMEOUT, keeps ? dnsLifeSeconds : 0)
        long(easy, CURLOPT_SSL_SESSIONID_CACHE, keeps ? 1 : 0)
    }

    /// An option that this libcurl does not take must not pass unseen: one of them may be the guard's.
    static func check(_ code: CURLcode, _ option: CURLoption) {
        precondition(code == CURLE_OK, "libcurl takes option \(option.rawValue), but said \(code.rawValue)")
    }

    private static func long(_ easy: UnsafeMutableRawPointer, _ option: CURLoption, _ value: Int) {
        check(ccurl_set_long(easy, option, value), option)
    }

    private static func string(_ easy: UnsafeMutableRawPointer, _ option: CURLoption, _ value: String?) {
        check(ccurl_set_string(easy, option, value), option)
    }
}
