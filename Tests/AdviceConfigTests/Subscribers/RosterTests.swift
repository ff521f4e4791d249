import AdviceConfig
import AdviceCore
import Testing

@Suite("Large rosters")
struct RosterTests {
    private func load(_ entries: some Sequence<String>, settings: String = "") throws -> [Diagnostic] {
        let folder = try LoadTests.folder()
        try folder.write("advised.yaml", LoadTests.settings.replacing("[ann]", with: "[s0]") + settings)
        try folder.write("subscribers.yaml", entries.joined())
        let diagnostics = LoadTests.load(folder).diagnostics
        return diagnostics
    }

    @Test(
        "how long a release takes is told where one host has so many that it is more than a minute",
        arguments: [
            ("", 2400, nil), ("", 2401, "one.example.org: 2,401 at 8 in flight: about 2 min"),
            ("", 10_000, "one.example.org: 10,000 at 8 in flight: about 5 min"),
            ("delivery: { hosts: { one.example.org: { per_host: 64 } } }\n", 10_000, nil),
            (
                "delivery: { hosts: { one.example.org: { per_host: 64 } } }\n", 20_000,
                "one.example.org: 20,000 at 64 in flight: about 2 min"
            ),
        ] as [(String, Int, String?)])
    func bigHost(_ settings: String, _ count: Int, _ expected: String?) throws {
        let entries = (0..<count).map {
            "- {id: s\($0), url: 'https://one.example.org/\($0)', secret: none}\n"
        }
        #expect(try load(entries, settings: settings).map(\.message) == [expected].compactMap { $0 })
    }

    @Test("of many warnings of a kind ten are shown, and the rest counted")
    func manyWarnings() throws {
        let entries = (0..<100).map { "- {id: s\($0), url: 'https://one.example.org/', secret: none}\n" }
        let messages = try load(entries).map(\.message)
        #expect(messages.count == 11)
        #expect(messages[0] == "the URL is also that of 's0' (line 1): it gets every point twice")
        #expect(messages[10] == "89 more warnings of this kind")
    }

    @Test("every error is shown, whatever their number")
    func manyErrors() throws {
        let entries = (0..<100).map {
            "- {id: s\($0), url: 'https://one.example.org/\($0)', secret: hunter2}\n"
        }
        #expect(try load(entries).count == 100)
    }

    @Test("one server with many topics is not the same URL")
    func topics() throws {
        let entries = (0..<3).map { "- {id: s\($0), format: ntfy, url: 'https://ntfy.sh', topic: t\($0)}\n" }
        #expect(try load(entries) == [])
    }

    @Test("a file that many name is told of once")
    func sharedFile() throws {
        let entries = (0..<3).map {
            "- {id: s\($0), url: 'https://one.example.org/\($0)', secret: {file: missing}}\n"
        }
        #expect(try load(entries).map(\.message) == ["'missing' does not exist"])
    }
}
