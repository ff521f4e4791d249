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

    /// A 2xx without the nonce in it is no answer.
    static func judge(_ reply: inout CourierReply, _ nonce: String) {
        guard reply.outcome == .delivered else { return }
        let wanted = Array(nonce.utf8)
        let body = reply.replyPrefix
        let places = 0...max(0, body.count - wanted.count)
        if body.count >= wanted.count, places.contains(where: { body[$0...].starts(with: wanted) }) { return }
        reply.outcome = .refused
        reply.error = "\(reply.status), and not the challenge in its body"
    }
}
