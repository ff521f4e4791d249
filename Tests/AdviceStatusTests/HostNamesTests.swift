import Testing

@testable import AdviceStatus

@Suite("The names that a server answers to")
struct HostNamesTests {
    let names = HostNames(machine: "Box", given: ["status.example.org"])

    @Test(
        "are its own, those of the settings, and address literals",
        arguments: [
            "localhost", "localhost:8330", "LOCALHOST", "box", "box:1", "status.example.org",
            "status.example.org.:8330", "127.0.0.1", "127.0.0.1:8330", "192.0.2.7:80", "[::1]", "[::1]:8330",
        ])
    func own(_ header: String) { #expect(names.contains(header: header)) }

    @Test(
        "are no others: a name that was led here by a resolver is refused",
        arguments: [
            "", "evil.example", "evil.example:8330", "status.example.org.evil.example", "box.example.org",
            "127.0.0.1.evil.example", "127.1", "0x7f.0.0.1", "[::1", "[evil]", "localhost:8330x",
            "localhost:", "localhost:999999", "127.0.0.1:80@evil", "[::1]evil",
        ])
    func others(_ header: String) {
        let isTaken = names.contains(header: header)
        // A colon with no port behind it is a name with the default port (RFC 3986 §3.2.3).
        #expect(isTaken == (header == "localhost:"))
    }
}
