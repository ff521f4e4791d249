import AdviceConfig
import AdviceCore
import Foundation
import Testing

@Suite("Reading a configuration")
struct LoadTests {
    static let settings = """
        series:
          advice:
            title: Advice
            points: points/
            start: 2026-07-01
            zone: Europe/Berlin
        subscribers: { file: subscribers.yaml }
        alerts: { to: [ann] }

        """

    static let subscribers = "- { id: ann, url: https://example.org/a, secret: none }\n"

    /// A sound configuration of one series, one point and one subscriber.
    static func folder() throws -> Folder {
        let folder = try Folder()
        try folder.write("advised.yaml", settings)
        try folder.write("subscribers.yaml", subscribers)
        try folder.write("points/01-first.md", "---\ntitle: First\n---\nDrink water.\n")
        return folder
    }

    static func load(_ folder: Folder) -> Loaded {
        loadConfiguration(at: folder.path + "/advised.yaml", environment: TestEnvironment.make())
    }

    @Test("each case of the corpus says what is expected of it, and nothing else", arguments: Case.all)
    func corpus(_ example: Case) throws {
        let (loaded, text) = try example.load()
        #expect(text == (try example.expected()))
        let hasErrors = loaded.diagnostics.contains { $0.severity == .error }
        #expect((loaded.configuration == nil) == hasErrors)
    }

    @Test("the corpus is there")
    func corpusIsThere() {
        #expect(Case.all.count >= 180)
        #expect(Case.good.count >= 21)
    }

    @Test("no diagnostic shows a secret or a URL that the files hold", arguments: Case.all)
    func nothingLeaks(_ example: Case) throws {
        let (_, text) = try example.load()
        let secrets = [
            "MfKQ9r8", "c2hvcnQ", "hunter2", "eHh4eHh4", "hooks/advice", "secret-path", "user:pass",
        ]
        for secret in secrets { #expect(!text.contains(secret)) }
        #expect(!text.contains("example.org/"))
    }

    @Test("a relative name stays relative in diagnostics, and is absolute in the configuration")
    func relativeName() throws {
        let folder = try Self.folder()
        try folder.write("points/01-first.md", "---\ntitle: First\nnumber: x\n---\nDrink water.\n")
        let up = FileManager.default.currentDirectoryPath.split(separator: "/").map { _ in ".." }
        let relative = up.joined(separator: "/") + folder.path
        let name = relative + "/advised.yaml"
        let wrong = loadConfiguration(at: name, environment: TestEnvironment.make())
        #expect(wrong.diagnostics.map(\.file) == [relative + "/points/01-first.md"])

        try folder.write("points/01-first.md", "---\ntitle: First\n---\nDrink water.\n")
        let right = loadConfiguration(at: name, environment: TestEnvironment.make())
        let files = try #require(right.configuration).files
        #expect(files.count == 4)
        #expect(files.allSatisfy { $0.hasPrefix("/") })
    }

    @Test("settings of 1 MiB are read, a byte more is not")
    func settingsLimit() throws {
        let folder = try Self.folder()
        let filling = (1 << 20) - Self.settings.utf8.count
        try folder.write("advised.yaml", Self.settings + "#" + String(repeating: "x", count: filling - 1))
        #expect(Self.load(folder).configuration != nil)
        try folder.write("advised.yaml", Self.settings + "#" + String(repeating: "x", count: filling))
        #expect(Self.load(folder).diagnostics.map(\.message) == ["the settings file is larger than 1 MiB"])
    }

    @Test("a point of 64 KiB is read, a byte more is not", arguments: ["points/01-first.md", "points.yaml"])
    func pointLimit(_ name: String) throws {
        let folder = try Self.folder()
        let isList = name.hasSuffix(".yaml")
        if isList {
            let settings = Self.settings.replacing("points/", with: "points.yaml")
            try folder.write("advised.yaml", settings)
        }
        let head = isList ? "- id: a\n  title: A\n  body: " : "---\ntitle: A\n---\n"
        let room = (64 << 10) - (isList ? 0 : head.utf8.count)
        try folder.write(name, head + String(repeating: "x", count: room))
        #expect(Self.load(folder).configuration != nil)
        try folder.write(name, head + String(repeating: "x", count: room + 1))
        let messages = Self.load(folder).diagnostics.map(\.message)
        #expect(messages == [isList ? "a point is at most 64 KiB" : "the point is larger than 64 KiB"])
    }

    @Test("what is no regular file is not read")
    func notAFile() throws {
        let folder = try Self.folder()
        let loaded = loadConfiguration(at: folder.path, environment: TestEnvironment.make())
        #expect(loaded.diagnostics.map(\.message) == ["the settings file is a folder, not a file"])
        let device = loadConfiguration(at: "/dev/zero", environment: TestEnvironment.make())
        #expect(device.diagnostics.map(\.message) == ["the settings file is not a regular file"])
    }

    @Test("the files are followed through symbolic links")
    func links() throws {
        let folder = try Self.folder()
        let link = folder.path + "/link.yaml"
        try FileManager.default.createSymbolicLink(atPath: link, withDestinationPath: "advised.yaml")
        #expect(loadConfiguration(at: link, environment: TestEnvironment.make()).configuration != nil)
    }

    @Test("the places of series, points and subscribers are told")
    func places() throws {
        let folder = try Self.folder()
        let places = Self.load(folder).places
        #expect(places.series == ["advice": Place(file: folder.path + "/advised.yaml", line: 2, column: 3)])
        let point = Place(file: folder.path + "/points/01-first.md", line: 2, column: 1)
        #expect(places.points == ["advice": ["first": point]])
        let subscriber = Place(file: folder.path + "/subscribers.yaml", line: 1, column: 3)
        #expect(places.subscribers.count == 1)
        #expect(places.subscribers["ann"] == subscriber)
    }
}
