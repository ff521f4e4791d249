import Foundation
import Testing

/// advised(8) and the completions, as they are made for the package.
@Suite(.timeLimit(.minutes(2)))
struct ManualTests {
    /// A command with its options, and those below it.
    private static func commands(_ command: JSON, _ path: [String] = []) throws -> [(String, [String])] {
        let name = try #require(command["commandName"]?.string)
        let options = (command["arguments"]?.elements ?? []).flatMap { $0["names"]?.elements ?? [] }
            .filter { $0["kind"]?.string == "long" }.compactMap { $0["name"]?.string }
        let below = (command["subcommands"]?.elements ?? []).filter { $0["commandName"]?.string != "help" }
        let inner = try below.flatMap { try commands($0, path + [name]) }
        return [((path + [name]).joined(separator: " "), options)] + inner
    }

    @Test("the manual page has every command and every option, and no formatter complains of a page")
    func manual() async throws {
        try await Site.with { site in
            let dump = try await site.plain(["--experimental-dump-help"])
            let commands = try Self.commands(try #require(try dump.json["command"]))
            #expect(commands.count > 20)

            let page = try await made(site, ["/usr/bin/python3", Tools.project + "/man/commands.py"])
            try site.write(page, to: "advised.8")
            let shown = try await output(
                site,
                ["/usr/bin/env", "MANWIDTH=500", "LC_ALL=C.UTF-8", "man", "-l", site.folder + "/advised.8"])
            for (name, options) in commands {
                let words = name.split(separator: " ").dropFirst().joined(separator: " ")
                #expect(words.isEmpty || shown.contains(words), "\(words)")
                for option in options { #expect(shown.contains("--\(option)"), "\(name) --\(option)") }
            }
            let pages = ["advised.yaml.5", "advised-subscribers.5"].map { Tools.project + "/man/" + $0 }
            for path in pages + [site.folder + "/advised.8"] {
                let done = try await site.finished(
                    site.start(["/usr/bin/man", "--warnings", "-l", path], named: "man"),
                    within: .seconds(30))
                #expect(done.ending == .exited(0) && done.errors == "", "\(path): \(done.errors)")
            }
        }
    }

    @Test("each shell takes its completion", arguments: ["bash", "zsh", "fish"])
    func completion(_ shell: String) async throws {
        try await Site.with { site in
            let script = try await site.plain(["--generate-completion-script", shell])
            #expect(script.ending == .exited(0))
            #expect(script.output.contains("simulate"))
            let path = try site.write(script.output, to: "completion")
            let program = try Tools.debian(shell, package: shell)
            let done = try await site.finished(
                site.start([program, "-n", path], named: shell), within: .seconds(30))
            #expect(done.ending == .exited(0) && done.errors == "", "\(done.errors)")
        }
    }

    private func made(_ site: Site, _ words: [String]) async throws -> String {
        try await output(site, words + [try Tools.advised(), Tools.project + "/man/advised.8.in"])
    }

    private func output(_ site: Site, _ words: [String]) async throws -> String {
        let done = try await site.finished(site.start(words, named: "made"), within: .seconds(60))
        #expect(done.ending == .exited(0), "\(done.errors)")
        return done.output
    }
}
