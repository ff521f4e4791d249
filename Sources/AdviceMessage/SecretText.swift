import FoundationEssentials

/// The written form of a key: an optional prefix that tells its kind, then standard base64 with its padding.
struct SecretText {
    enum Kind: String, CaseIterable {
        /// HMAC-SHA256, scheme `v1`.
        case symmetric = "whsec_"
        /// An ed25519 private key, scheme `v1a`.
        case signing = "whsk_"
        /// An ed25519 public key, scheme `v1a`.
        case verifying = "whpk_"
    }

    var kind: Kind
    var bytes: [UInt8]

    /// Without a prefix the text is a symmetric secret. White space around it, as of a file's last line, is
    /// not part of it.
    init(_ text: String) throws(SecretMistake) {
        var rest = text[...]
        while rest.first?.isWhitespace == true { rest.removeFirst() }
        while rest.last?.isWhitespace == true { rest.removeLast() }
        kind = Kind.allCases.first { rest.hasPrefix($0.rawValue) } ?? .symmetric
        if rest.hasPrefix(kind.rawValue) { rest.removeFirst(kind.rawValue.count) }
        guard !rest.isEmpty else { throw SecretMistake("the secret is empty") }
        guard let data = Data(base64Encoded: String(rest)) else {
            throw SecretMistake("the secret is not base64 (A-Z, a-z, 0-9, +, / and the = at its end)")
        }
        bytes = Array(data)
        if kind == .symmetric, !SecretText.symmetricLengths.contains(bytes.count) {
            throw SecretMistake(
                "the secret has \(bytes.count) bytes once decoded, where 24 to 64 are expected")
        }
    }

    static func write(_ kind: Kind, _ bytes: some Sequence<UInt8>) -> String {
        kind.rawValue + Data(bytes).base64EncodedString()
    }

    /// Standard Webhooks 1.0: "between 24 bytes (192 bits) and 64 bytes (512 bits)".
    private static let symmetricLengths = 24...64
}

/// What is wrong with a secret, in words that never repeat any of it.
public struct SecretMistake: Error, Hashable, Sendable, CustomStringConvertible {
    public let description: String

    init(_ description: String) {
        self.description = description
    }
}
