import Testing

@testable import AdviceConfig

@Suite("Hosts and places to listen")
struct AddressTextTests {
    @Test(
        "a host, perhaps with a port",
        arguments: [
            "example.org", "example.org:8443", "127.0.0.1", "[::1]", "[fd00::1]:80", "a",
            "xn--exmple-cua.org",
        ])
    func hosts(_ text: String) {
        #expect(HostText(text)?.description == text)
    }

    @Test(
        "anything else is none",
        arguments: [
            "", ":80", "a:", "a:0", "a:65536", "a:80:80", "::1", "[::1", "[::1]80", "[a]", "https://a", "a/b",
            "a b", "-a",
            "a..b", "user@a",
        ])
    func noHosts(_ text: String) {
        #expect(HostText(text) == nil)
    }

    @Test("a place to listen")
    func listen() {
        #expect(ListenText("off")?.address == .off)
        #expect(ListenText("127.0.0.1:8330")?.address == .tcp(host: "127.0.0.1", port: 8330))
        #expect(ListenText("[::1]:80")?.address == .tcp(host: "[::1]", port: 80))
        #expect(ListenText("unix:/run/a.sock")?.address == .unix("/run/a.sock"))
        #expect(ListenText("unix:") == nil)
        #expect(ListenText("unix:" + String(repeating: "x", count: 108)) == nil)
        #expect(ListenText("localhost") == nil)
    }
}
