import AdviceCore
import AdviceCourier
import Testing

@Suite("Endpoint URLs")
struct EndpointURLParserTests {
    @Test(
        "a good URL gives scheme, host and port",
        arguments: [
            ("https://example.org", "https", "example.org", 443, false),
            ("https://example.org/hook?a=b&c=%20", "https", "example.org", 443, false),
            ("HTTPS://EXAMPLE.org:8443/", "https", "example.org", 8443, false),
            ("http://example.org", "http", "example.org", 80, false),
            ("http://example.org./x", "http", "example.org", 80, false),
            ("https://xn--bcher-kva.example/", "https", "xn--bcher-kva.example", 443, false),
            ("https://127.0.0.1:1/", "https", "127.0.0.1", 1, true),
            ("https://0x7f.1/", "https", "127.0.0.1", 443, true),
            ("https://2130706433/", "https", "127.0.0.1", 443, true),
            ("https://0177.0.0.1/", "https", "127.0.0.1", 443, true),
            ("https://127.1:65535/", "https", "127.0.0.1", 65_535, true),
            ("https://[2001:DB8::1]:8443/", "https", "[2001:db8::1]", 8443, true),
            ("https://a_b.example/a@b:c", "https", "a_b.example", 443, false),
            ("https://hooks.example/T00/B00/%5C%23", "https", "hooks.example", 443, false),
        ])
    func good(text: String, scheme: String, host: String, port: Int, isLiteral: Bool) {
        let expected = EndpointURL(scheme: scheme, host: host, port: port, isLiteral: isLiteral)
        #expect(parseEndpointURL(text) == .success(expected))
    }

    @Test(
        "a bad URL is a mistake that says what was expected and does not repeat it",
        arguments: [
            ("", "is empty"),
            ("example.org/SECRET", "must begin with https:// or http://"),
            ("//example.org/SECRET", "must begin with https:// or http://"),
            ("ftp://example.org/SECRET", "must begin with https:// or http://"),
            ("file:///SECRET", "must begin with https:// or http://"),
            ("httpss://example.org/SECRET", "must begin with https:// or http://"),
            ("http:example.org/SECRET", "two slashes"),
            ("http:/example.org/SECRET", "two slashes"),
            ("http:///example.org/SECRET", "two slashes"),
            ("https:////example.org/SECRET", "two slashes"),
            ("https://", "no host"),
            ("https://:443/SECRET", "no host"),
            ("https://SECRET@example.org/", "user name"),
            ("https://SECRET:word@example.org/", "user name"),
            ("https://@example.org/SECRET", "user name"),
            ("https://example.org\\@SECRET/", "backslash"),
            ("https://example.org/SECRET\\x", "backslash"),
            ("https://exämple.org/SECRET", "outside ASCII"),
            ("https://example.org/SECRET\u{e9}", "outside ASCII"),
            ("https://①②⑦.⓪.⓪.①/SECRET", "outside ASCII"),
            ("https://ex%c3%a4mple.org/SECRET", "host"),
            ("https://example.org/SECRET x", "space"),
            (" https://example.org/SECRET", "space"),
            ("https://example.org/SECRET\n", "control"),
            ("https://example.org/\r\nSECRET: 1", "control"),
            ("https://example.org/SECRET\0", "control"),
            ("https://example.org/SECRET\u{7f}", "control"),
            ("https://example.org:0/SECRET", "port"),
            ("https://example.org:65536/SECRET", "port"),
            ("https://example.org:99999/SECRET", "port"),
            ("https://example.org:-1/SECRET", "port"),
            ("https://example.org:8a/SECRET", "port"),
            ("https://[::1/SECRET", "IPv6"),
            ("https://[SECRET]/", "IPv6"),
            ("https://[fe80::1%25eth0]/SECRET", "interface"),
            ("https://exa mple.org/", "space"),
            ("https://example%00.org/SECRET", "valid"),
            ("https://example%20.org/SECRET", "host"),
            ("https://example.org/SECRET#part", "fragment"),
            ("https://example.org/SECRET#", "fragment"),
            ("https://./SECRET", "host"),
            ("https://127.0.0.1./SECRET", "ends in a dot"), ("https://%31%30.0.0.1./SECRET", "ends in a dot"),
            ("https://-example.org/SECRET", "no host name has"),
            ("https://%2bexample.org/SECRET", "valid"),
            ("https://example.org%2525/SECRET", "no host name has"),
            ("https://example.org|SECRET/", "no host name has"),
            ("https://example.org%3a443%3a10.0.0.1/SECRET", "valid"),
            ("https://example.org%2c10.0.0.1/SECRET", "valid"),
        ])
    func bad(text: String, part: String) {
        guard case .failure(let mistake) = parseEndpointURL(text) else {
            Issue.record("\(text) was taken for a URL")
            return
        }
        #expect(mistake.message.contains(part))
        #expect(!mistake.message.contains("SECRET"))
    }

    @Test("2048 bytes are taken, one more is not; a host has at most 253")
    func lengths() {
        let start = "https://example.org/"
        let longest = start + String(repeating: "a", count: 2048 - start.utf8.count)
        #expect((try? parseEndpointURL(longest).get()) != nil)
        #expect(parseEndpointURL(longest + "a") == .failure(URLMistake("the URL is longer than 2048 bytes")))
        let host = String(repeating: "a.", count: 126) + "a"
        #expect((try? parseEndpointURL("https://\(host)/").get())?.host == host)
        #expect((try? parseEndpointURL("https://\(host)a/").get()) == nil)
    }
}
