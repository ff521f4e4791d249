import AdviceMessage
import Foundation
import Testing

/// Our signatures before a judge that nobody here wrote: PyPI's `standardwebhooks`.
struct StandardWebhooksLibraryTests {
    private static let body = Array(#"{"type":"advice.test","data":{"text":"grün"}}"#.utf8)

    @Test("the Standard Webhooks library accepts our signature")
    func accepts() throws {
        #expect(try Self.judge(signedBy: [Vector.otherSecret]) == "valid")
    }

    @Test("it accepts the old secret's and the new one's while they are rotated")
    func rotation() throws {
        #expect(try Self.judge(signedBy: [Vector.secret, Vector.edSecret, Vector.otherSecret]) == "valid")
    }

    @Test("it refuses a body that was changed on the way, and another's signature")
    func refuses() throws {
        #expect(try Self.judge(signedBy: [Vector.otherSecret], appending: " ") == "refused")
        #expect(try Self.judge(signedBy: [Vector.secret]) == "refused")
    }

    /// Says `valid` or `refused` and nothing else, so that a script that died counts as neither.
    private static let script = """
        import json, sys, standardwebhooks
        asked = json.load(sys.stdin)
        try:
            standardwebhooks.Webhook(asked["secret"]).verify(asked["body"], asked["headers"])
            print("valid", end="")
        except standardwebhooks.WebhookVerificationError:
            print("refused", end="")
        """

    private static func judge(signedBy secrets: [String], appending suffix: String = "") throws -> String {
        // The library judges by the real time.
        let timestamp = Int64(Date().timeIntervalSince1970)
        let lines = standardHeaders(
            id: Vector.id, timestamp: timestamp, attempt: 1,
            secrets: try secrets.map { try SigningSecret($0) },
            body: body, userAgent: "advised/1")
        var headers: [String: String] = [:]
        for line in lines {
            let parts = line.split(separator: ": ", maxSplits: 1)
            headers[String(parts[0])] = String(parts[1])
        }
        return try python(
            script,
            input: JSONSerialization.data(withJSONObject: [
                "secret": Vector.otherSecret, "body": String(decoding: body, as: UTF8.self) + suffix,
                "headers": headers,
            ]))
    }

    /// Runs the Python of the tests' virtual environment: `$ADVISED_VENV`, else `.venv` at the package's
    /// root.
    private static func python(_ script: String, input: Data) throws -> String {
        let root = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .deletingLastPathComponent()
        let environment =
            ProcessInfo.processInfo.environment["ADVISED_VENV"] ?? root.appending(path: ".venv").path
        let python = URL(filePath: environment).appending(path: "bin/python")
        try #require(
            FileManager.default.isExecutableFile(atPath: python.path),
            "no Python at \(python.path): make it with `python3 -m venv` and install standardwebhooks in it")
        let process = Process()
        let (output, standardInput) = (Pipe(), Pipe())
        process.executableURL = python
        process.arguments = ["-c", script]
        process.standardOutput = output
        process.standardInput = standardInput
        try process.run()
        try standardInput.fileHandleForWriting.write(contentsOf: input)
        try standardInput.fileHandleForWriting.close()
        let said = try output.fileHandleForReading.readToEnd() ?? Data()
        process.waitUntilExit()
        #expect(process.terminationStatus == 0)
        return String(decoding: said, as: UTF8.self)
    }
}
