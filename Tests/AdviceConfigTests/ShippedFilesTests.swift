import AdviceCore
import Foundation
import Testing

@testable import AdviceConfig

@Suite("The files that are shipped")
struct ShippedFilesTests {
    private static let folder =
        URL(fileURLWithPath: #filePath).resolvingSymlinksInPath()
        .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent().path + "/Config"

    private static func settings() throws -> String {
        try String(contentsOfFile: folder + "/advised.yaml", encoding: .utf8)
    }

    /// A copy of all of them, with `settings` in the place of the settings.
    private static func copy(settings: String) throws -> Folder {
        let copy = try Folder()
        try FileManager.default.removeItem(atPath: copy.path)
        try FileManager.default.copyItem(atPath: folder, toPath: copy.path)
        try copy.write("advised.yaml", settings)
        return copy
    }

    @Test("load without an error, to fifteen points and nobody who gets them")
    func load() throws {
        let loaded = loadConfiguration(at: Self.folder + "/advised.yaml", environment: TestEnvironment.make())
        #expect(loaded.diagnostics.filter { $0.severity == .error } == [])
        let configuration = try #require(loaded.configuration)
        #expect(configuration.series.map(\.id) == ["fifteen-points"])
        #expect(configuration.series[0].points.map(\.number) == Array(1...15))
        #expect(configuration.series[0].zone == .named("America/New_York"))
        #expect(configuration.series[0].start == CivilDate("2026-07-01"))
        #expect(configuration.subscribers.isEmpty)
    }

    @Test("the settings show every key there is")
    func everyKey() throws {
        let text = try Self.settings()
        let lists = [
            Keys.settings, Keys.series, Keys.subscribers, Keys.delivery, Keys.host, Keys.alerts, Keys.store,
            Keys.listen, Keys.log, Keys.retention, Keys.protected.map { "{ \($0)" },
        ]
        for key in lists.joined() {
            #expect(text.contains("\(key): ") || text.contains("\(key):\n"), "\(key)")
        }
        for key in Keys.point { #expect(text.contains("#   \(key) "), "\(key)") }
    }

    @Test("the subscribers show every key there is")
    func everySubscriberKey() throws {
        let text = try String(contentsOfFile: Self.folder + "/subscribers.yaml", encoding: .utf8)
        for key in Keys.subscriber + Keys.template + Keys.tls { #expect(text.contains("\(key): "), "\(key)") }
        for format in Format.allCases where format != .standard {
            #expect(text.contains("format: \(format.rawValue)"), "\(format)")
        }
    }

    /// A manual page as it is read: macros and their quotes aside.
    private static func words(ofPage name: String) throws -> Set<String> {
        let root = URL(fileURLWithPath: folder).deletingLastPathComponent().path
        let text = try String(contentsOfFile: "\(root)/man/\(name)", encoding: .utf8)
        return Set(text.split { !$0.isLetter && !$0.isNumber && !"_-".contains($0) }.map(String.init))
    }

    @Test("the manual of the settings names every key and every word that is a value")
    func settingsManual() throws {
        let words = try Self.words(ofPage: "advised.yaml.5")
        let lists = [
            Keys.settings, Keys.series, Keys.subscribers, Keys.delivery, Keys.host, Keys.alerts, Keys.store,
            Keys.listen, Keys.log, Keys.retention, Keys.protected, Keys.point, Keys.listedPoint, Keys.source,
            AlertKind.allCases.map(\.rawValue), CatchUp.allCases.map(\.rawValue),
            JoinPolicy.allCases.map(\.rawValue), Configuration.Log.Level.allCases.map(\.rawValue),
            Configuration.Log.Format.allCases.map(\.rawValue),
        ]
        for word in lists.joined() { #expect(words.contains(word), "\(word)") }
    }

    @Test("the manual of the subscribers names every key and every format")
    func subscribersManual() throws {
        let words = try Self.words(ofPage: "advised-subscribers.5")
        let lists = [Keys.subscriber, Keys.row, Keys.template, Keys.tls, Format.allCases.map(\.rawValue)]
        for word in lists.joined() { #expect(words.contains(word), "\(word)") }
    }

    @Test("with every comment mark before a key taken away they load, and the defaults are as written")
    func uncommented() throws {
        let text = try Self.settings()
        // Two that only go with others: the fallback's zone, and alerts to somebody.
        let lines = text.split(separator: "\n", omittingEmptySubsequences: false).map { line -> String in
            let rest = line.drop { $0 == " " }
            let isKey = rest.prefixMatch(of: /# [a-z_]+:( |$)/) != nil
            let isApart = ["fallback_zone", "to:", "heartbeat"].contains { rest.hasPrefix("# \($0)") }
            guard isKey, !isApart else { return String(line) }
            return String(line.prefix { $0 == " " }) + rest.dropFirst(2)
        }
        let copy = try Self.copy(settings: lines.joined(separator: "\n"))
        let loaded = LoadTests.load(copy)
        #expect(loaded.diagnostics.filter { $0.severity == .error } == [])
        var read = try #require(loaded.configuration)

        let plain = loadConfiguration(at: Self.folder + "/advised.yaml", environment: TestEnvironment.make())
        let shipped = try #require(plain.configuration)
        // What is marked as an example has no default.
        read.series[0].blackout = []
        read.series[0].window = nil
        read.delivery.hosts = []
        read.delivery.contact = nil
        #expect(read.series == shipped.series)
        #expect(read.delivery == shipped.delivery)
        #expect(read.alerts == shipped.alerts)
        #expect(read.store == shipped.store)
        #expect(read.status == shipped.status)
        #expect(read.publicPages == shipped.publicPages)
        #expect(read.log == shipped.log)
        #expect(read.retention == shipped.retention)
        #expect(lines.joined(separator: "\n").contains("\nlog: {"), "keys were uncommented")
    }

    @Test("each example of a subscriber is sound, once its secrets are there")
    func examples() throws {
        let text = try String(contentsOfFile: Self.folder + "/subscribers.yaml", encoding: .utf8)
        let lines = text.split(separator: "\n", omittingEmptySubsequences: false)
        let begin = try #require(lines.firstIndex { $0.hasPrefix("# - ") })
        let examples = lines[begin...].compactMap { line -> String? in
            line.hasPrefix("# - ") || line.hasPrefix("#   ") ? String(line.dropFirst(2)) : nil
        }
        let loaded = try Self.load(examples: examples.joined(separator: "\n") + "\n")
        #expect(loaded.diagnostics.filter { $0.severity == .error } == [])
        #expect(Set(try #require(loaded.configuration).subscribers.map(\.format)) == Set(Format.allCases))
    }

    @Test("each example of docs/receivers.md is sound, of every format")
    func documented() throws {
        let file = Self.folder.replacing("/Config", with: "/docs/receivers.md")
        let text = try String(contentsOfFile: file, encoding: .utf8)
        // What else there is of YAML is a receiver's own.
        let blocks = text.split(separator: "```").filter { $0.hasPrefix("yaml\n- ") }.map { $0.dropFirst(5) }
        let loaded = try Self.load(examples: blocks.joined())
        #expect(loaded.diagnostics.filter { $0.severity == .error } == [])
        #expect(Set(try #require(loaded.configuration).subscribers.map(\.format)) == Set(Format.allCases))
    }

    /// With the files that the examples name.
    private static func load(examples text: String) throws -> Loaded {
        let copy = try copy(settings: try settings())
        try copy.write("subscribers.yaml", text)
        for match in text.matches(of: /{ file: ([a-z\/.-]+)/) {
            let name = String(match.1)
            let isURL = name.hasSuffix("-url")
            let secret = "MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
            try copy.write(name, isURL ? "https://host\(name.utf8.count).example.org/" : secret)
        }
        for name in ["ca.pem", "client.pem"] { try copy.write(name, "-----BEGIN CERTIFICATE-----\n") }
        try copy.write("client.key", "-----BEGIN PRIVATE KEY-----\n")
        return LoadTests.load(copy)
    }
}
