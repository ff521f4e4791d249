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
        var rest = Array(text.utf8)[...]
        while let first = rest.first, SecretText.isSpace(first) { rest.removeFirst() }
        while let last = rest.last, SecretText.isSpace(last) { rest.removeLast() }
        kind = Kind.allCases.first { rest.starts(with: $0.rawValue.utf8) } ?? .symmetric
        if rest.starts(with: kind.rawValue.utf8) { rest.removeFirst(kind.rawValue.utf8.count) }
        guard !rest.isEmpty else { throw SecretMistake("the secret is empty") }
        guard let data = Data(base64Encoded: Data(rest)) else {
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

    /// A blank, or one of the controls from tab to carriage return.
    private static func isSpace(_ byte: UInt8) -> Bool { byte == 0x20 || (0x09...0x0d).contains(byte) }

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
