import AdviceCore
import AdviceMessage
import Testing

struct VerificationTests {
    private static let signedAt = Instant(seconds: Vector.timestamp)

    private static func judge(
        _ headers: [(name: String, value: String)] = Vector.headers(), body: [UInt8] = Vector.body,
        keys: [String] = [Vector.secret], now: Instant = signedAt
    ) throws -> VerificationResult {
        verify(headers: headers, body: body, keys: try keys.map { try VerificationKey($0) }, now: now)
    }

    @Test("what was signed with the same secret holds")
    func valid() throws {
        #expect(try Self.judge() == .valid(scheme: "v1"))
    }

    @Test(
        "an ed25519 signature holds by the public key and by either form of the private one",
        arguments: [Vector.edPublic, Vector.edSecret, Vector.edSecretWithPublicHalf])
    func ed25519(key: String) throws {
        #expect(
            try Self.judge(Vector.headers(signature: Vector.edSignature), keys: [key])
                == .valid(scheme: "v1a"))
    }

    @Test("one changed part breaks the signature", arguments: [Vector.signature, Vector.edSignature])
    func tampered(signature: String) throws {
        let keys = [Vector.secret, Vector.edPublic]
        var body = Vector.body
        body[3] ^= 1
        #expect(
            try Self.judge(Vector.headers(signature: signature), body: body, keys: keys)
                == .noMatchingSignature)
        #expect(
            try Self.judge(Vector.headers(signature: signature), body: Vector.body + [10], keys: keys)
                == .noMatchingSignature)
        #expect(
            try Self.judge(Vector.headers(id: Vector.id + "x", signature: signature), keys: keys)
                == .noMatchingSignature)
        #expect(
            try Self.judge(
                Vector.headers(timestamp: String(Vector.timestamp + 1), signature: signature), keys: keys)
                == .noMatchingSignature)
        let changed = signature.replacing(",g", with: ",h").replacing(",f", with: ",h")
        #expect(try Self.judge(Vector.headers(signature: changed), keys: keys) == .noMatchingSignature)
    }

    @Test("another secret's signature does not hold")
    func otherSecret() throws {
        #expect(try Self.judge(keys: [Vector.otherSecret]) == .noMatchingSignature)
        #expect(try Self.judge(keys: []) == .noMatchingSignature)
    }

    @Test("a signature does not hold under another scheme's name")
    func otherScheme() throws {
        let relabelled = Vector.signature.replacing("v1,", with: "v1a,")
        #expect(try Self.judge(Vector.headers(signature: relabelled)) == .noMatchingSignature)
        let unknown = Vector.signature.replacing("v1,", with: "v2,")
        #expect(try Self.judge(Vector.headers(signature: unknown)) == .noMatchingSignature)
    }

    @Test(
        "one of several signatures is enough, whatever stands beside it",
        arguments: [
            "\(Vector.otherSignature) \(Vector.signature)", "v1,AAAA \(Vector.signature)",
            "v1a,x nonsense , v1, \(Vector.signature) v1,%%%", "\(Vector.signature) \(Vector.edSignature)",
        ])
    func several(signatures: String) throws {
        #expect(try Self.judge(Vector.headers(signature: signatures)) == .valid(scheme: "v1"))
    }

    @Test("any of the receiver's keys may have signed")
    func severalKeys() throws {
        #expect(
            try Self.judge(keys: [Vector.edPublic, Vector.otherSecret, Vector.secret]) == .valid(scheme: "v1")
        )
    }

    @Test(
        "a timestamp five minutes off is taken, one second more is not",
        arguments: [
            (300, VerificationResult.valid(scheme: "v1")), (301, .tooOld(seconds: 301)),
            (-300, .valid(scheme: "v1")), (-301, .tooNew(seconds: 301)),
        ] as [(Int64, VerificationResult)])
    func tolerance(seconds: Int64, expected: VerificationResult) throws {
        #expect(try Self.judge(now: Instant(seconds: Vector.timestamp + seconds)) == expected)
    }

    @Test(
        "a timestamp that is no whole number of seconds is no timestamp",
        arguments: [
            "", "1614265330.0", "-1", "+1614265330", " 1614265330", "0x60", "99999999999999999999", "١",
        ])
    func badTimestamp(text: String) throws {
        #expect(try Self.judge(Vector.headers(timestamp: text)) == .badTimestamp)
    }

    @Test("the farthest timestamp is only too new")
    func farthest() throws {
        let result = try Self.judge(Vector.headers(timestamp: String(Int64.max)))
        #expect(result == .tooNew(seconds: .max - Vector.timestamp))
    }

    @Test(
        "each of the three headers must be there",
        arguments: ["webhook-id", "webhook-timestamp", "webhook-signature"])
    func missing(name: String) throws {
        let headers = Vector.headers().filter { $0.name.lowercased() != name }
        #expect(try Self.judge(headers) == .missingHeader(name))
    }

    @Test("a public key of another length is refused")
    func publicKeyLength() {
        let error = #expect(throws: SecretMistake.self) { try VerificationKey("whpk_AAAA") }
        #expect(
            error?.description == "the ed25519 public key has 3 bytes once decoded, where 32 are expected")
    }

    @Test("our own headers hold for a receiver, with every kind of secret")
    func roundTrip() throws {
        let secrets = try [Vector.otherSecret, Vector.edSecret].map { try SigningSecret($0) }
        let lines = standardHeaders(
            id: "msg_a", timestamp: Vector.timestamp, attempt: 1, secrets: secrets, body: [0, 255, 10],
            userAgent: "advised/1")
        let headers = lines.map { line in
            let parts = line.split(separator: ": ", maxSplits: 1)
            return (name: String(parts[0]), value: String(parts[1]))
        }
        #expect(try Self.judge(headers, body: [0, 255, 10], keys: [Vector.otherSecret]).isValid)
        #expect(try Self.judge(headers, body: [0, 255, 10], keys: [Vector.edPublic]).isValid)
        #expect(try !Self.judge(headers, body: [0, 255, 10], keys: [Vector.secret]).isValid)
    }
}
