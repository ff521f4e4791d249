import Crypto
import FoundationEssentials

/// What a receiver checks signatures with: the shared secret, or an ed25519 public key (`whpk_`).
public struct VerificationKey: Sendable, CustomStringConvertible, CustomReflectable {
    private let key: Key

    private enum Key {
        case symmetric(SymmetricKey)
        case ed25519(Curve25519.Signing.PublicKey)
    }

    /// Reads every written form: a private `whsk_` verifies by its public half.
    public init(_ text: String) throws(SecretMistake) {
        let secret = try SecretText(text)
        guard secret.kind == .verifying else {
            self = try SigningSecret(text).verificationKey
            return
        }
        guard let key = try? Curve25519.Signing.PublicKey(rawRepresentation: secret.bytes) else {
            throw SecretMistake(
                "the ed25519 public key has \(secret.bytes.count) bytes once decoded, where 32 are expected")
        }
        self.key = .ed25519(key)
    }

    init(_ key: SymmetricKey) {
        self.key = .symmetric(key)
    }

    init(_ key: Curve25519.Signing.PublicKey) {
        self.key = .ed25519(key)
    }

    /// The scheme of the entries that this key can judge.
    var scheme: String {
        switch key {
        case .symmetric: "v1"
        case .ed25519: "v1a"
        }
    }

    /// Whether `signature` is this key's over prefix and body. Takes the same time wherever a wrong one
    /// differs.
    func accepts(_ signature: Data, prefix: [UInt8], body: [UInt8]) -> Bool {
        switch key {
        case .symmetric(let key): authenticationCode(prefix: prefix, body: body, key: key) == signature
        case .ed25519(let key): key.isValidSignature(signature, for: prefix + body)
        }
    }

    public var description: String { "VerificationKey(\(scheme), ***)" }
    public var customMirror: Mirror { Mirror(self, children: []) }
}
