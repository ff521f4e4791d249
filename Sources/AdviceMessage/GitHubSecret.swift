import Crypto
import FoundationEssentials

/// What signs `X-Hub-Signature-256`, for receivers that know GitHub's webhooks. The key is the secret's text
/// as it stands in the roster, white space around it taken off: it is a text in those receivers too, and they
/// do not decode it.
public struct GitHubSecret: Sendable, CustomStringConvertible, CustomReflectable {
    private let key: SymmetricKey

    /// `text` is the first of the subscriber's secrets: the header has place for one signature.
    public init(_ text: String) {
        var text = text[...]
        while text.first?.isWhitespace == true { text.removeFirst() }
        while text.last?.isWhitespace == true { text.removeLast() }
        key = SymmetricKey(data: Array(text.utf8))
    }

    /// The whole line: `x-hub-signature-256: sha256=HEX` over the body alone.
    func line(_ body: [UInt8]) -> String {
        let code = HMAC<SHA256>.authenticationCode(for: body, using: key)
        let hex = code.map { byte in (byte < 16 ? "0" : "") + String(byte, radix: 16) }.joined()
        return "x-hub-signature-256: sha256=" + hex
    }

    public var description: String { "GitHubSecret(***)" }
    public var customMirror: Mirror { Mirror(self, children: []) }
}
