public import AdviceCore
import CCurl

/// The longest URL taken, in bytes.
private let longestURL = 2048

/// The longest host name of DNS, in bytes.
private let longestHost = 253

/// Reads an endpoint's URL with the parser that will also send to it, so that what was checked is what is
/// dialled. Forms on which parsers disagree, or that libcurl mends by a guess, are mistakes.
///
/// The messages say what was expected and never repeat the URL, which may itself be a secret.
public func parseEndpointURL(_ text: String) -> Result<EndpointURL, URLMistake> {
    if let mistake = mistakeInSpelling(text) { return .failure(mistake) }
    guard let handle = curl_url() else { return .failure(URLMistake("the URL cannot be read: no memory")) }
    defer { curl_url_cleanup(handle) }
    let code = curl_url_set(handle, CURLUPART_URL, text, UInt32(CURLU_DISALLOW_USER))
    guard code == CURLUE_OK else { return .failure(URLMistake(words(for: code))) }
    guard let scheme = part(CURLUPART_SCHEME, of: handle), scheme == "http" || scheme == "https" else {
        return .failure(URLMistake("the URL must begin with https:// or http://"))
    }
    guard let port = part(CURLUPART_PORT, of: handle).flatMap({ Int($0) }), (1...65_535).contains(port) else {
        return .failure(URLMistake("the URL's port must be 1 to 65535"))
    }
    return readHost(of: handle).map { host in
        EndpointURL(scheme: scheme, host: host, port: port, isLiteral: isLiteral(host))
    }
}

/// What is wrong with the bytes themselves, before any parser sees them.
private func mistakeInSpelling(_ text: String) -> URLMistake? {
    if text.isEmpty { return URLMistake("the URL is empty") }
    if text.utf8.count > longestURL { return URLMistake("the URL is longer than \(longestURL) bytes") }
    for byte in text.utf8 {
        switch byte {
        case 0..<0x20, 0x7f: return URLMistake("the URL holds a control character")
        case 0x20: return URLMistake("the URL holds a space: write %20")
        case 0x80...: return URLMistake("the URL holds a character outside ASCII: write the host as xn--...")
        case UInt8(ascii: "\\"): return URLMistake("the URL holds a backslash: write a slash, or %5C")
        case UInt8(ascii: "#"):
            return URLMistake(
                "a URL to post to has no fragment: leave out the `#` and what follows, or write %23")
        default: continue
        }
    }
    let lower = text.lowercased()
    guard let scheme = ["https:", "http:"].first(where: lower.hasPrefix) else {
        return URLMistake("the URL must begin with https:// or http://")
    }
    // libcurl takes one to three slashes here and finds the host behind them.
    let rest = lower.dropFirst(scheme.count)
    guard rest.hasPrefix("//"), !rest.hasPrefix("///") else {
        return URLMistake("two slashes and a host must follow the URL's \(scheme)")
    }
    return nil
}

private func readHost(of handle: OpaquePointer) -> Result<String, URLMistake> {
    guard part(CURLUPART_ZONEID, of: handle) == nil else {
        return .failure(URLMistake("the URL's address names a network interface: leave out the `%25` part"))
    }
    guard var host = part(CURLUPART_HOST, of: handle)?.lowercased(), !host.isEmpty else {
        return .failure(URLMistake("the URL has no host"))
    }
    // libcurl decodes %XX in hosts, so that what was ASCII may not be any longer.
    guard host.utf8.allSatisfy({ (0x21...0x7e).contains($0) }) else {
        return .failure(URLMistake("the URL's host holds a character outside ASCII: write it as xn--..."))
    }
    let hasDot = host.hasSuffix(".")
    if hasDot { host.removeLast() }
    guard !host.isEmpty, host.utf8.count <= longestHost else {
        return .failure(URLMistake("the URL's host must have 1 to \(longestHost) characters"))
    }
    // libcurl takes it for a name then, and other parsers for the address.
    if hasDot, IPAddress(host) != nil {
        return .failure(URLMistake("the URL's address ends in a dot: leave it out"))
    }
    guard host.hasPrefix("[") || isName(host) else {
        return .failure(URLMistake("the URL's host holds a character that no host name has"))
    }
    return .success(host)
}

/// Whether a host is of the letters of names in use, `_` among them. libcurl takes more, and gives some a
/// meaning of their own where a name is handed to it together with its addresses (CURLOPT_RESOLVE).
private func isName(_ host: String) -> Bool {
    guard !host.hasPrefix("-") else { return false }
    return host.utf8.allSatisfy { byte in
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "0")...UInt8(ascii: "9"): true
        default: byte == UInt8(ascii: "-") || byte == UInt8(ascii: ".") || byte == UInt8(ascii: "_")
        }
    }
}

/// libcurl has turned odd spellings (`0x7f.1`, `2130706433`) into dotted decimals by now.
private func isLiteral(_ host: String) -> Bool {
    host.hasPrefix("[") || IPAddress(host) != nil
}

private func part(_ part: CURLUPart, of handle: OpaquePointer) -> String? {
    var text: UnsafeMutablePointer<CChar>?
    guard curl_url_get(handle, part, &text, UInt32(CURLU_DEFAULT_PORT)) == CURLUE_OK, let text else {
        return nil
    }
    defer { curl_free(text) }
    return String(cString: text)
}

private func words(for code: CURLUcode) -> String {
    switch code {
    case CURLUE_USER_NOT_ALLOWED, CURLUE_BAD_LOGIN, CURLUE_BAD_USER, CURLUE_BAD_PASSWORD:
        "the URL holds a user name or password: use `headers` or `token` instead"
    case CURLUE_BAD_PORT_NUMBER: "the URL's port must be 1 to 65535"
    case CURLUE_UNSUPPORTED_SCHEME, CURLUE_BAD_SCHEME, CURLUE_NO_SCHEME:
        "the URL must begin with https:// or http://"
    case CURLUE_NO_HOST: "the URL has no host"
    case CURLUE_BAD_HOSTNAME: "the URL's host is not a valid name or address"
    case CURLUE_BAD_IPV6: "the URL's IPv6 address is not valid"
    case CURLUE_BAD_SLASHES: "two slashes and a host must follow the URL's scheme"
    default: "the URL is not valid"
    }
}
