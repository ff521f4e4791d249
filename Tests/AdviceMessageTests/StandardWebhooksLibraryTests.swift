import AdviceMessage
import Foundation
import TestTools
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
        return try runPython(
            script,
            input: JSONSerialization.data(withJSONObject: [
                "secret": Vector.otherSecret, "body": String(decoding: body, as: UTF8.self) + suffix,
                "headers": headers,
            ]))
    }
}
