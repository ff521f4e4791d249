import AdviceCore
import Testing

@testable import AdviceConfig

@Suite("Rosters in CSV and JSON Lines")
struct RowRosterTests {
    private static func load(_ name: String, _ text: String, settings: String = "") throws -> Loaded {
        let folder = try LoadTests.folder()
        let base = LoadTests.settings.replacing("subscribers.yaml", with: name)
        try folder.write("advised.yaml", base + settings)
        try folder.write(name, text)
        return LoadTests.load(folder)
    }

    @Test("the same subscribers come of YAML, CSV and JSON Lines")
    func sameSubscribers() throws {
        let secrets = ["whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", "MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSx"]
        let yaml = """
            - { id: ann, url: https://example.org/a, secret: \(secrets[0]), paused: true }
            - id: bob
              url: "https://example.org/b,c"
              secret: [\(secrets[0]), \(secrets[1])]
              format: cloudevents
              series: [advice]
              zone: America/Los_Angeles
              at: 07:30
              joined: 2026-07-05
            - { id: cat, url: https://ntfy.sh, format: ntfy, topic: "a-b", series: [] }

            """
        let csv = #"""
            id,url,secret,format,series,zone,at,joined,topic,paused
            ann,https://example.org/a,\#(secrets[0]),,,,,,,true
            bob,"https://example.org/b,c",\#(secrets[0]) \#(secrets[1]),cloudevents,advice,\#
            America/Los_Angeles,07:30,2026-07-05,,false
            cat,https://ntfy.sh,,ntfy,[],,,,"a-b",

            """#
        let lines = #"""
            {"id":"ann","url":"https://example.org/a","secret":"\#(secrets[0])","paused":true}
            {"id":"bob","url":"https://example.org/b,c","secret":["\#(secrets[0])","\#(secrets[1])"],\#
            "format":"cloudevents","series":["advice"],"zone":"America/Los_Angeles","at":"07:30",\#
            "joined":"2026-07-05"}
            {"id":"cat","url":"https://ntfy.sh","format":"ntfy","topic":"a-b","series":[]}

            """#
        let expected = try #require(Self.load("subscribers.yaml", yaml).configuration).subscribers
        #expect(expected.map(\.id) == ["ann", "bob", "cat"])
        #expect(try #require(Self.load("subscribers.csv", csv).configuration).subscribers == expected)
        #expect(try #require(Self.load("subscribers.jsonl", lines).configuration).subscribers == expected)
    }

    @Test("the places of subscribers are told, and the file is among those that a reload depends on")
    func places() throws {
        let loaded = try Self.load(
            "subscribers.csv", "id,url,secret\n\nann,https://example.org/a,none\n")
        let place = try #require(loaded.places.subscribers["ann"])
        #expect(place.file.hasSuffix("/subscribers.csv"))
        #expect((place.line, place.column) == (3, 1))
        #expect(loaded.places.subscribers["bob"] == nil)
        #expect(loaded.configuration?.files.last?.hasSuffix("/subscribers.csv") == true)
    }

    @Test(
        "of a file of another kind as many mistakes are told as fit, and the rest is not read",
        arguments: ["subscribers.csv", "subscribers.jsonl", "subscribers.yaml"])
    func manyMistakes(_ name: String) throws {
        let row =
            switch name {
            case "subscribers.csv": "no,https://example.org/,none,no\n"
            case "subscribers.jsonl": "{\"id\":5}\n"
            default: "- x\n"
            }
        let header = name == "subscribers.csv" ? "id,url,secret\n" : ""
        let text = header + String(repeating: row, count: 20_000)
        let diagnostics = try Self.load(name, text).diagnostics
        #expect(diagnostics.count == 10_001)
        let last = try #require(diagnostics.last?.message)
        #expect(last.hasSuffix(" mistakes up to here: what follows was not read"))
        #expect(last.hasPrefix("1000"))
    }

    @Test("a hundred thousand rows are read, each once")
    func manyRows() throws {
        var text = "id,url,secret\nann,https://example.org/,none\n"
        for number in 0..<100_000 { text += "s\(number),https://h\(number).example.org/,none\n" }
        let loaded = try Self.load("subscribers.csv", text)
        #expect(loaded.diagnostics == [])
        let subscribers = try #require(loaded.configuration).subscribers
        #expect(subscribers.count == 100_001)
        #expect(subscribers[100_000].id == "s99999")
        #expect(loaded.places.subscribers["s99999"]?.line == 100_002)
    }

    @Test("of more subscribers than there may be the first ones are read, and one mistake says so")
    func tooMany() throws {
        let folder = try Folder()
        try folder.write("subscribers.csv", "")
        let reading = Reading(TestEnvironment.make())
        let file = reading.open(folder.path + "/subscribers.csv")
        var roster = RosterBuilder(file, series: [], delivery: Configuration.Delivery(), limit: 2)
        let text = "id,url,secret\n" + (1...4).map { "s\($0),https://h\($0).example.org/,none\n" }.joined()
        var rows = CSVRoster(file, RowWindow(Pieces(Array(text.utf8), of: 64).next))
        rows.read(into: &roster)
        #expect(roster.isFull)
        let read = roster.finish()
        #expect(read.subscribers.map(\.id) == ["s1", "s2"])
        #expect(!read.isComplete)
        let mistakes = reading.finish().map { "\($0.line):\($0.column) \($0.message)" }
        #expect(mistakes == ["4:1 more than 2 subscribers: what follows was not read"])
    }

    @Test("a subscriber without options takes no more room than its plain values")
    func size() {
        #expect(MemoryLayout<Subscriber>.stride <= 128)
        var subscriber = Subscriber(id: "ann", url: .inline(""), secrets: [], series: [])
        let plain = subscriber
        subscriber.options.to = "x"
        #expect(subscriber != plain)
        #expect(subscriber.options.to == "x")
        subscriber.options.to = nil
        #expect(subscriber == plain)
        #expect(subscriber.hashValue == plain.hashValue)
    }
}
