public import AdviceCore
import FoundationEssentials

/// What a receiver concludes from a request, with the reason where it does not trust it.
public enum VerificationResult: Hashable, Sendable, CustomStringConvertible {
    /// Signed by a key we know; `scheme` is `v1` or `v1a`.
    case valid(scheme: String)
    case missingHeader(String)
    /// `webhook-timestamp` is not a whole number of seconds.
    case badTimestamp
    /// By how many seconds the timestamp lies before now.
    case tooOld(seconds: Int64)
    /// By how many seconds the timestamp lies after now.
    case tooNew(seconds: Int64)
    case noMatchingSignature

    public var isValid: Bool {
        if case .valid = self { true } else { false }
    }

    public var description: String {
        switch self {
        case .valid(let scheme): "the signature holds (\(scheme))"
        case .missingHeader(let name): "there is no \(name) header"
        case .badTimestamp: "webhook-timestamp is not a whole number of seconds since 1970"
        case .tooOld(let seconds): "webhook-timestamp is \(seconds) s in the past: more than is tolerated"
        case .tooNew(let seconds): "webhook-timestamp is \(seconds) s in the future: more than is tolerated"
        case .noMatchingSignature:
            "no signature matches: another secret, or the id, timestamp or body are not as they were sent"
        }
    }
}

/// Judges a request as a careful receiver does (Standard Webhooks 1.0, "Verifying signatures"): over the raw
/// body, in constant time, and not when it was made too long ago. Any of `keys` may have signed.
///
/// Header names are compared without regard to case; of a repeated header the first counts.
public func verify(
    headers: [(name: String, value: String)], body: [UInt8], keys: [VerificationKey], now: Instant,
    tolerance: Span = .minutes(5)
) -> VerificationResult {
    func value(_ name: String) -> String? {
        headers.first { $0.name.lowercased() == name }?.value
    }
    guard let id = value("webhook-id") else { return .missingHeader("webhook-id") }
    guard let timestamp = value("webhook-timestamp") else { return .missingHeader("webhook-timestamp") }
    guard let signatures = value("webhook-signature") else { return .missingHeader("webhook-signature") }
    guard timestamp.utf8.allSatisfy({ (48...57).contains($0) }), let seconds = Int64(timestamp) else {
        return .badTimestamp
    }
    let age = now.seconds - seconds
    if age > tolerance.seconds { return .tooOld(seconds: age) }
    if -age > tolerance.seconds { return .tooNew(seconds: -age) }

    let prefix = signedPrefix(id: id, timestamp: timestamp)
    for entry in signatures.split(separator: " ") {
        let parts = entry.split(separator: ",", maxSplits: 1)
        guard parts.count == 2, let signature = Data(base64Encoded: String(parts[1])) else { continue }
        for key in keys where key.scheme == parts[0] {
            if key.accepts(signature, prefix: prefix, body: body) { return .valid(scheme: key.scheme) }
        }
    }
    return .noMatchingSignature
}
