import AdviceCore
import CCurl

/// A proxy's host, as libcurl finds it in the proxy's URL.
struct ProxyHost {
    /// Nil where it is an address.
    var named: Host?

    /// libcurl's own port for proxies whose URL has none (lib/url.c).
    private static let usualPort = 1080
    private static let usualSecurePort = 443

    /// Nil where it is no URL of a proxy.
    init?(of url: String) {
        guard ["http://", "https://", "socks5h://"].contains(where: url.lowercased().hasPrefix),
            let handle = curl_url()
        else { return nil }
        defer { curl_url_cleanup(handle) }
        let flags = UInt32(CURLU_NON_SUPPORT_SCHEME)
        guard curl_url_set(handle, CURLUPART_URL, url, flags) == CURLUE_OK,
            let host = ProxyHost.part(CURLUPART_HOST, of: handle), !host.isEmpty
        else { return nil }
        if host.hasPrefix("[") || IPAddress(host) != nil { return }
        let isSecure = url.lowercased().hasPrefix("https:")
        let port = ProxyHost.part(CURLUPART_PORT, of: handle).flatMap { Int($0) }
        named = Host(
            name: host, port: port ?? (isSecure ? ProxyHost.usualSecurePort : ProxyHost.usualPort))
    }

    private static func part(_ part: CURLUPart, of handle: OpaquePointer) -> String? {
        var text: UnsafeMutablePointer<CChar>?
        guard curl_url_get(handle, part, &text, 0) == CURLUE_OK, let text else { return nil }
        defer { curl_free(text) }
        return String(cString: text)
    }
}
