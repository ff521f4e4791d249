import Crypto
import FoundationEssentials

/// What we sign with, for one subscriber: a shared secret (`whsec_`, scheme `v1`) or an ed25519 private key
/// (`whsk_`, scheme `v1a`). Its description and its mirror never show it.
public struct SigningSecret: Sendable, CustomStringConvertible, CustomReflectable {
    private let key: Key

    private enum Key {
        case symmetric(SymmetricKey)
        case ed25519(Curve25519.Signing.PrivateKey)
    }

    /// Reads `whsec_` or bare base64 of 24 to 64 bytes, or `whsk_` with an ed25519 seed (32 bytes), which its
    /// public key may follow (64 bytes, as libsodium writes it).
    public init(_ text: String) throws(SecretMistake) {
        let secret = try SecretText(text)
        switch secret.kind {
        case .symmetric: key = .symmetric(SymmetricKey(data: secret.bytes))
        case .signing: key = .ed25519(try SigningSecret.privateKey(secret.bytes))
        case .verifying:
            throw SecretMistake(
                "whpk_ is a public key: it verifies and cannot sign; whsk_ or whsec_ is expected")
        }
    }

    private static func privateKey(
        _ bytes: [UInt8]
    ) throws(SecretMistake) -> Curve25519.Signing.PrivateKey {
        guard bytes.count == 32 || bytes.count == 64,
            let key = try? Curve25519.Signing.PrivateKey(rawRepresentation: bytes.prefix(32))
        else {
            throw SecretMistake(
                "the ed25519 key has \(bytes.count) bytes once decoded, where 32 or 64 are expected")
        }
        guard bytes.count == 32 || Array(key.publicKey.rawRepresentation) == bytes.suffix(32) else {
            throw SecretMistake("the second half of the ed25519 key is not the public key of the first")
        }
        return key
    }

    public var kind: Kind {
        switch key {
        case .symmetric: .symmetric
        case .ed25519: .ed25519
        }
    }

    /// What the receiver checks our signatures with, as text to hand over: a shared secret is that secret.
    public var receiverText: String {
        switch key {
        case .symmetric(let key): SecretText.write(.symmetric, key.withUnsafeBytes(Array.init))
        case .ed25519(let key): SecretText.write(.verifying, key.publicKey.rawRepresentation)
        }
    }

    /// What a receiver checks with.
    public var verificationKey: VerificationKey {
        switch key {
        case .symmetric(let key): VerificationKey(key)
        case .ed25519(let key): VerificationKey(key.publicKey)
        }
    }

    /// One entry of `webhook-signature` over the exact bytes that are sent: `v1,BASE64` or `v1a,BASE64`.
    /// `timestamp` is in seconds since 1970.
    public func sign(id: String, timestamp: Int64, body: [UInt8]) -> String {
        let prefix = signedPrefix(id: id, timestamp: String(timestamp))
        switch key {
        case .symmetric(let key):
            let code = authenticationCode(prefix: prefix, body: body, key: key)
            return "v1," + code.withUnsafeBytes { Data($0) }.base64EncodedString()
        case .ed25519(let key):
            guard let signature = try? key.signature(for: prefix + body) else {
                preconditionFailure("ed25519 signs any bytes with a valid key")
            }
            return "v1a," + signature.base64EncodedString()
        }
    }

    public var description: String {
        switch key {
        case .symmetric: "SigningSecret(v1, ***)"
        case .ed25519: "SigningSecret(v1a, ***)"
        }
    }

    public var customMirror: Mirror { Mirror(self, children: []) }
}

extension SigningSecret {
    public enum Kind: String, Sendable, CaseIterable {
        case symmetric = "v1"
        case ed25519 = "v1a"
    }

    /// The text of a new secret, from 32 bytes of `random`: the system's generator, but for tests.
    public static func generate(
        _ kind: Kind = .symmetric, using random: inout some RandomNumberGenerator
    ) -> String {
        let bytes = (0..<32).map { _ in UInt8.random(in: .min ... .max, using: &random) }
        return SecretText.write(kind == .symmetric ? .symmetric : .signing, bytes)
    }
}

/// The value of `webhook-signature`: one entry for each active secret, so that a receiver may rotate in
/// peace.
public func signatureHeader(id: String, timestamp: Int64, body: [UInt8], secrets: [SigningSecret]) -> String {
    secrets.map { $0.sign(id: id, timestamp: timestamp, body: body) }.joined(separator: " ")
}

/// What stands before the body in the signed bytes.
func signedPrefix(id: String, timestamp: String) -> [UInt8] {
    var bytes: [UInt8] = []
    bytes.reserveCapacity(id.utf8.count + timestamp.utf8.count + 2)
    bytes += id.utf8
    bytes.append(UInt8(ascii: "."))
    bytes += timestamp.utf8
    bytes.append(UInt8(ascii: "."))
    return bytes
}

/// HMAC-SHA256 over prefix and body, without joining them.
func authenticationCode(
    prefix: [UInt8], body: [UInt8], key: SymmetricKey
) -> HMAC<SHA256>.MAC {
    var code = HMAC<SHA256>(key: key)
    code.update(data: prefix)
    code.update(data: body)
    return code.finalize()
}
