import AdviceCore
import AdviceDaemon
import AdviceMessage
import ArgumentParser
import Foundation

struct Verify: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Checks the signature of a captured request.",
        discussion: """
            Exit 0 where a signature holds, 1 where none does. How old the request is does not matter here: \
            it is said, for a receiver refuses a webhook-timestamp more than 5 minutes off.
            """)

    @Option(help: "The secret (whsec_, whsk_ or whpk_), or a file that holds it.") var secret: String
    @Option(help: "A file with the request's headers, one a line.") var headers: String
    @Option(help: "A file with the body, to the byte.") var body: String

    func run() throws {
        let key = try readKey()
        let lines = String(decoding: try read(headers), as: UTF8.self)
            .split(whereSeparator: \.isNewline)
            .compactMap { line -> (name: String, value: String)? in
                guard let colon = line.firstIndex(of: ":") else { return nil }
                let value = line[line.index(after: colon)...].trimmingCharacters(in: .whitespaces)
                return (String(line[..<colon]), value)
            }
        let now = SystemClock().now.wall
        let sent = lines.first { $0.name.lowercased() == "webhook-timestamp" }
            .flatMap { Int64($0.value) }.flatMap { abs($0) < 9_000_000_000 ? $0 : nil }
        // Judged as at the moment of sending; its age is told beside.
        let result = verify(
            headers: lines, body: [UInt8](try read(body)), keys: [key],
            now: sent.map { Instant(seconds: $0) } ?? now)
        Output.line("\(result)")
        if let sent { Output.note("signed \(now.distance(to: Instant(seconds: sent)))") }
        if !result.isValid { throw Exits.no }
    }

    private func readKey() throws -> VerificationKey {
        var text = secret
        if let data = FileManager.default.contents(atPath: secret) {
            text = String(decoding: data, as: UTF8.self).trimmingCharacters(in: .whitespacesAndNewlines)
        }
        do { return try VerificationKey(text) } catch {
            throw ValidationError("--secret: \(error)")
        }
    }

    private func read(_ path: String) throws -> Data {
        guard let data = FileManager.default.contents(atPath: path) else {
            throw ValidationError("\(path) cannot be read")
        }
        return data
    }
}
