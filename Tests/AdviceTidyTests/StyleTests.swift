import Foundation
import Testing

/// Style as tests: what a reviewer would otherwise have to say each time.
@Suite("Style")
struct StyleTests {
    @Test(
        "lines have at most 110 columns", arguments: ["Sources", "Tests", "Benchmarks", "scripts", "systemd"])
    func columns(_ folder: String) throws {
        let endings = ["swift", "c", "h", "py", "service"]
        for file in try Repository.files(in: folder, endings: endings) {
            for (number, line) in file.lines.enumerated() {
                #expect(line.count <= 110, "\(file.path):\(number + 1) has \(line.count) columns")
            }
        }
    }

    @Test("files have at most 500 lines", arguments: ["Sources", "Tests"])
    func fileLength(_ folder: String) throws {
        for file in try Repository.files(in: folder) {
            #expect(file.lines.count <= 500, "\(file.path) has \(file.lines.count) lines")
        }
    }

    @Test("functions have at most 70 lines")
    func functionLength() throws {
        for file in try Repository.files(in: "Sources") {
            for function in functions(of: file) {
                #expect(function.length <= 70, "\(file.path):\(function.line) has \(function.length) lines")
            }
        }
    }

    @Test("the function counter sees a long function")
    func functionCounter() {
        let body = ["func long() {"] + Array(repeating: "    work()", count: 80) + ["}"]
        let found = functions(of: Repository.File(path: "Sources/X/Y.swift", lines: body))
        #expect(found.map(\.length) == [82])
    }

    @Test(
        "nothing is left to be done in a comment", arguments: ["Sources", "Tests", "Benchmarks", "scripts"])
    func noMarkers(_ folder: String) throws {
        // Spelt so that this file does not find itself.
        let markers = try ["TO" + "DO", "FIX" + "ME", "X" + "XX"].map { try Regex("\\b\($0)\\b") }
        for file in try Repository.files(in: folder, endings: ["swift", "c", "h", "py", "sh"]) {
            for (number, line) in file.lines.enumerated() {
                for marker in markers {
                    #expect(!line.contains(marker), "\(file.path):\(number + 1)")
                }
            }
        }
    }

    /// A call and where alone it may stand.
    struct Ban: CustomStringConvertible, Sendable {
        let pattern: String
        let reason: String
        var homes: [String] = []
        var description: String { pattern }
    }

    static let bans = [
        Ban(
            pattern: #"\bTask\s*(\{|\.detached|\.sleep|\.init)"#,
            reason: "no unstructured task, no sleeping"),
        Ban(pattern: #"\bDate\(\)|\bDate\.now|ContinuousClock|SuspendingClock"#, reason: "ask the Clock"),
        Ban(
            pattern: #"\.now\(\)"#, reason: "ask the Clock",
            homes: [
                "AdviceListener/HeldConnections.swift", "AdviceDaemon/Patience.swift",
                "AdviceDaemon/Daemon+Servers.swift", "AdviceStatus/ReadingDesk.swift",
            ]),
        Ban(
            pattern: #"\.random\(in: [^)]*\)(?!.*using)"#, reason: "a seeded generator is passed in",
            homes: [
                "advised/Run.swift", "AdviceMessage/SigningSecret.swift", "AdviceMessage/WebhookID.swift",
            ]),
        Ban(
            pattern: #"\btry!|\bas!|\bfatalError\("#,
            reason: "an error is thrown, an invariant is a precondition"),
        Ban(pattern: #"(^|[^\w.])print\("#, reason: "results go through Output, the rest through the log"),
        Ban(pattern: #"(^|[^\w.])u?sleep\("#, reason: "wait for an event"),
        Ban(pattern: #"\b(Manager|Helper|Util|Utils|Common)\b"#, reason: "a name that says nothing"),
        Ban(pattern: #"curl_easy_reset"#, reason: "it restores CAPATH, and with it the CA cache is off"),
        Ban(pattern: #"\.prettyPrinted"#, reason: "one home for output", homes: ["advised/Output.swift"]),
    ]

    @Test("banned calls stand nowhere but in their home", arguments: bans)
    func banned(_ ban: Ban) throws {
        let pattern = try Regex(ban.pattern)
        for file in try Repository.files(in: "Sources") where !ban.homes.contains(where: file.path.hasSuffix)
        {
            for (number, line) in file.lines.enumerated() where codeOnly(line).contains(pattern) {
                Issue.record("\(file.path):\(number + 1): \(ban.reason): \(line)")
            }
        }
    }

    @Test("an unchecked promise says why it holds")
    func uncheckedHasReason() throws {
        for file in try Repository.files(in: "Sources") {
            for (number, line) in file.lines.enumerated()
            where codeOnly(line).contains("@unchecked Sendable")
                || codeOnly(line).contains("nonisolated(unsafe)")
            {
                let before = file.lines[max(0, number - 3)..<number]
                #expect(before.contains { $0.contains("//") }, "\(file.path):\(number + 1) gives no reason")
            }
        }
    }

    @Test("no test is switched off, and none sleeps")
    func testsAreOn() throws {
        let pattern = try Regex(
            #"\.disabled\(|\.enabled\(if|XCTSkip|withKnownIssue|Task\.sleep|Thread\.sleep|\b(u|nano)?sleep\("#
        )
        // Waiting for another process has one home, with a bound.
        let homes = ["AdviceTidyTests", "AdviceEndToEndTests/Waiting.swift"]
        for file in try Repository.files(in: "Tests") where !homes.contains(where: file.path.contains) {
            for (number, line) in file.lines.enumerated() where codeOnly(line).contains(pattern) {
                Issue.record("\(file.path):\(number + 1): \(line)")
            }
        }
    }

    @Test("every script can be run, stops at its first error and says how it is used")
    func scripts() throws {
        let folder = Repository.root.appending(path: "scripts")
        let names = try FileManager.default.contentsOfDirectory(atPath: folder.path)
        #expect(names.contains("test") && names.contains("run") && names.contains("check"))
        for name in names {
            let text = try Repository.text("scripts/\(name)")
            #expect(text.contains("set -euo pipefail"), "scripts/\(name) goes on after an error")
            #expect(text.contains("# usage:"), "scripts/\(name) has no usage line")
            #expect(
                FileManager.default.isExecutableFile(atPath: folder.appending(path: name).path), "\(name)")
        }
    }

    /// Functions and initialisers by their braces: where each begins, and how many lines it has.
    private func functions(of file: Repository.File) -> [(line: Int, length: Int)] {
        var result: [(line: Int, length: Int)] = []
        var open: [(line: Int, depth: Int)] = []
        var depth = 0
        var pending: Int?
        for (number, line) in file.lines.enumerated() {
            let code = codeOnly(line)
            if code.contains(/\bfunc \w|\binit[?]?[(<]/), pending == nil, !code.contains(".init(") {
                pending = number
            }
            for character in code {
                if character == "{" {
                    if let start = pending {
                        open.append((start, depth))
                        pending = nil
                    }
                    depth += 1
                } else if character == "}" {
                    depth -= 1
                    if let last = open.last, last.depth == depth {
                        open.removeLast()
                        result.append((last.line + 1, number - last.line + 1))
                    }
                }
            }
            // A requirement of a protocol has no body.
            if code.trimmingCharacters(in: .whitespaces).isEmpty { pending = nil }
        }
        return result
    }
}
