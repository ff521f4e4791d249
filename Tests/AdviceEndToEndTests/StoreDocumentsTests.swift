import Foundation
import TestTools
import Testing

/// Every command in docs/backup-and-restore.md and docs/privacy.md, as it stands there, in the order in which
/// it stands. What is said to systemd is for `scripts/systemd-test`, which runs all of them as root.
@Suite(.serialized, .timeLimit(.minutes(3)))
struct StoreDocumentsTests {
    private static let server = PostgresServer("documents")

    /// The lines of a document's shell examples, each as its words.
    private func commands(_ document: String) throws -> [[String]] {
        let root = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .deletingLastPathComponent()
        let text = try String(contentsOf: root.appending(path: "docs/" + document), encoding: .utf8)
        var isInside = false
        var found: [[String]] = []
        for line in text.split(separator: "\n", omittingEmptySubsequences: false) {
            if line.hasPrefix("```") {
                isInside = line == "```sh"
            } else if isInside, !line.hasPrefix("systemctl ") {
                found.append(words(String(line)))
            }
        }
        return found
    }

    /// As a shell does with what stands in double quotes.
    private func words(_ line: String) -> [String] {
        var words = [""]
        var isQuoted = false
        for character in line {
            switch character {
            case "\"": isQuoted.toggle()
            case " " where !isQuoted: words.append("")
            default: words[words.count - 1].append(character)
            }
        }
        return words
    }

    private func site(_ body: (Site, inout Settings) async throws -> Void) async throws {
        try await Site.with { site in
            let receiver = try await site.receiver()
            var settings = Settings(["ann", "bob"].map { .init(id: $0, url: receiver.url) })
            try site.write(settings)
            #expect(try await site.advised("run", "--once").ending == .exited(0))
            try await body(site, &settings)
        }
    }

    @Test("docs/backup-and-restore.md")
    func backup() async throws {
        let database = try StoreDocumentsTests.server.database()
        let commands = try commands("backup-and-restore.md")
        #expect(commands.count == 6)
        try await site { site, settings in
            for command in commands {
                try #require(command.first == "advised")
                if command.contains("sqlite:advised.db") {
                    // By now the settings name the other store, and the file is another machine's.
                    settings.store = "{ postgres: \"\(database.string)\" }"
                    try site.write(settings)
                    try site.loseState()
                }
                let done = try await site.advised(
                    command.dropFirst().map { word in
                        if word.hasPrefix("postgres:") { return "postgres:" + database.string }
                        return word.replacing("/var/backups", with: site.folder)
                    })
                #expect(done.ending == .exited(0), "\(command): \(done.errors)")
                if command.contains("reset") {
                    #expect(try await site.advised("run", "--once").ending == .exited(0))
                }
            }
            settings.store = "{ sqlite: advised.db }"
            try site.write(settings)
            #expect(try await site.counts()["delivered"] == .number(2))
        }
    }

    @Test("docs/privacy.md")
    func privacy() async throws {
        let commands = try commands("privacy.md")
        #expect(commands.map { $0.joined(separator: " ") } == ["advised export ann", "advised forget ann"])
        try await site { site, settings in
            for command in commands {
                let done = try await site.advised(Array(command.dropFirst()))
                #expect(done.ending == .exited(0), "\(command): \(done.errors)")
                settings.subscribers.removeAll { $0.id == "ann" }
                try site.write(settings)
            }
            #expect(try await site.advised("export", "ann").ending == .exited(1))
        }
    }
}
