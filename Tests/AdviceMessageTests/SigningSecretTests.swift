import AdviceMessage
import Testing

struct SigningSecretTests {
    @Test(
        "a signature is the one that other libraries make",
        arguments: [
            (Vector.secret, Vector.signature), ("whsec_" + Vector.secret, Vector.signature),
            ("\t\(Vector.secret)\r\n", Vector.signature), (Vector.otherSecret, Vector.otherSignature),
            (Vector.edSecret, Vector.edSignature), (Vector.edSecretWithPublicHalf, Vector.edSignature),
        ])
    func golden(secret: String, expected: String) throws {
        let secret = try SigningSecret(secret)
        #expect(secret.sign(id: Vector.id, timestamp: Vector.timestamp, body: Vector.body) == expected)
    }

    @Test("while secrets are rotated, each signs")
    func rotation() throws {
        let secrets = try [Vector.secret, Vector.otherSecret, Vector.edSecret].map { try SigningSecret($0) }
        #expect(
            signatureHeader(
                id: Vector.id, timestamp: Vector.timestamp, body: Vector.body, secrets: secrets)
                == "\(Vector.signature) \(Vector.otherSignature) \(Vector.edSignature)")
    }

    @Test(
        "what is no secret is refused with what was expected",
        arguments: [
            ("", "the secret is empty"), ("whsec_", "the secret is empty"), (" \n", "the secret is empty"),
            ("not base64!", "the secret is not base64 (A-Z, a-z, 0-9, +, / and the = at its end)"),
            (
                // The padding is missing.
                "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8",
                "the secret is not base64 (A-Z, a-z, 0-9, +, / and the = at its end)"
            ),
            (base64(count: 23), "the secret has 23 bytes once decoded, where 24 to 64 are expected"),
            (base64(count: 65), "the secret has 65 bytes once decoded, where 24 to 64 are expected"),
            (
                "whsk_" + base64(count: 31),
                "the ed25519 key has 31 bytes once decoded, where 32 or 64 are expected"
            ),
            (
                "whsk_" + base64(count: 64),
                "the second half of the ed25519 key is not the public key of the first"
            ),
            (
                Vector.edPublic,
                "whpk_ is a public key: it verifies and cannot sign; whsk_ or whsec_ is expected"
            ),
        ])
    func refused(text: String, mistake: String) {
        let error = #expect(throws: SecretMistake.self) { try SigningSecret(text) }
        #expect(error?.description == mistake)
    }

    @Test("24 and 64 bytes are taken", arguments: [24, 64])
    func edges(count: Int) throws {
        #expect(try SigningSecret(base64(count: count)).receiverText == "whsec_" + base64(count: count))
    }

    @Test("nothing that is printed of a secret shows it", arguments: [Vector.otherSecret, Vector.edSecret])
    func hidden(text: String) throws {
        let secret = try SigningSecret(text)
        var dumped = ""
        dump(secret, to: &dumped)
        let key = text.split(separator: "_")[1].prefix(6)
        for shown in [
            "\(secret)", String(reflecting: secret), dumped, "\([secret])", "\(secret.verificationKey)",
        ] {
            #expect(!shown.contains(key))
            #expect(!shown.contains("SymmetricKey") && !shown.contains("rawRepresentation"))
        }
    }

    @Test(
        "a new secret has 32 bytes, differs from the next and can be read",
        arguments: SigningSecret.Kind.allCases)
    func generated(kind: SigningSecret.Kind) throws {
        var random = CountingGenerator()
        let first = SigningSecret.generate(kind, using: &random)
        #expect(first != SigningSecret.generate(kind, using: &random))
        #expect(first.hasPrefix(kind == .symmetric ? "whsec_" : "whsk_"))
        #expect(first.split(separator: "_")[1].count == 44)
        let signature = try SigningSecret(first).sign(id: "a", timestamp: 1, body: [])
        #expect(signature.hasPrefix(kind.rawValue + ","))
    }

    @Test("the receiver of an ed25519 key is given its public half alone")
    func receiverText() throws {
        #expect(try SigningSecret(Vector.edSecret).receiverText == Vector.edPublic)
        #expect(try SigningSecret(Vector.edSecretWithPublicHalf).receiverText == Vector.edPublic)
    }
}

/// `count` zero bytes.
private func base64(count: Int) -> String {
    let groups = String(repeating: "AAAA", count: count / 3)
    return groups + ["", "AA==", "AAA="][count % 3]
}
