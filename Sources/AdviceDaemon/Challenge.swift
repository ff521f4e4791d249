import AdviceCore
import AdviceCourier

/// Consent (`confirm: challenge`): an endpoint says that it wants to be one by answering with what it was
/// sent.
enum Challenge {
    /// 128 bits that nobody can guess, as letters and digits.
    static func nonce() -> String {
        var random = SystemRandomNumberGenerator()
        let halves = [random.next(), random.next()] as [UInt64]
        return halves.map { half in
            let digits = String(half, radix: 36)
            return String(repeating: "0", count: 13 - digits.count) + digits
        }.joined()
    }

    /// What an endpoint's answer must hold.
    enum Wanted {
        /// In its body.
        case nonce(String)
        /// CloudEvents: in `WebHook-Allowed-Origin`, this or `*`.
        case origin(String)
    }

    /// A 2xx without what is wanted is no answer.
    static func judge(_ reply: inout CourierReply, _ wanted: Wanted) {
        guard reply.outcome == .delivered else { return }
        switch wanted {
        case .nonce(let nonce):
            if reply.replyPrefix.firstRange(of: Array(nonce.utf8)) != nil { return }
            reply.error = "\(reply.status), and not the challenge in its body"
        case .origin(let origin):
            let allowed = reply.allowedOrigin.map { $0.lowercased() }
            if allowed == "*" || allowed == origin.lowercased() { return }
            reply.error = "\(reply.status), and neither \(origin) nor * in WebHook-Allowed-Origin"
        }
        reply.outcome = .refused
    }
}
