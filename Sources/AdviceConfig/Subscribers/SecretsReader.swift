internal import AdviceCore

/// Reads a subscriber's `secret`: one, a list while rotating, or `none`.
struct SecretsReader {
    private let fields: Fields
    private var file: SourceFile { fields.file }

    init(_ fields: Fields) {
        self.fields = fields
    }

    /// The secrets; empty for `none`, and where what stands there is reported as wrong.
    func read(isRequired: Bool) -> [Protected] {
        guard isRequired || fields.isGiven("secret") else { return [] }
        guard let value = fields.required("secret", "'advised keys new' makes one; or none, in so many words")
        else {
            return []
        }
        if value.text == "none" { return [] }
        guard let list = value.list else { return one(value).map { [$0] } ?? [] }
        if list.isEmpty || list.count > Limits.secrets {
            file.error(
                at: value.position, "'secret' must be a list of 1 to \(Limits.secrets) secrets, or none")
        }
        return list.compactMap(one)
    }

    private func one(_ value: Value) -> Protected? {
        if value.isNothing {
            file.error(at: value.position, "'secret' is empty; write none for no signature")
            return nil
        }
        guard let given = file.protected(value, "secret") else { return nil }
        if given.isInline { file.noteSecret(at: given.position) }
        if let text = given.text, let mistake = SecretText.mistake(in: text) {
            file.error(at: given.position, mistake)
        }
        return given.protected
    }
}

/// The form of a signing secret (Standard Webhooks 1.0): base64 with its padding, perhaps behind `whsec_`; an
/// ed25519 key behind `whsk_`.
enum SecretText {
    /// What is wrong, without the secret.
    static func mistake(in text: String) -> String? {
        let make = "'advised keys new' makes one"
        if text.hasPrefix("whpk_") {
            return "this secret is a public key (whpk_): it is for the receiver; the secret one begins whsk_"
        }
        if text == "none" { return "'none' cannot stand in a list of secrets, or in a file" }
        if text.hasPrefix("whsk_") {
            let count = decodedBase64(String(text.dropFirst(5)))?.count
            return count == 32 || count == 64
                ? nil : "a key behind 'whsk_' must be 32 or 64 bytes in base64; \(make)"
        }
        let isPrefixed = text.hasPrefix("whsec_")
        guard let bytes = decodedBase64(isPrefixed ? String(text.dropFirst(6)) : text) else {
            return "a secret must be base64 with its padding, with or without 'whsec_' before it; \(make)"
        }
        let range = Limits.secret
        return range.contains(bytes.count)
            ? nil
            : "a secret must be \(range.lowerBound) to \(range.upperBound) bytes once decoded, "
                + "not \(bytes.count); \(make)"
    }
}
