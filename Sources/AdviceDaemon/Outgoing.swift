import AdviceCore
import AdviceCourier
public import AdviceMessage

extension AttemptResult {
    /// What the courier brought back at `now`.
    init(_ reply: CourierReply, at now: Instant) {
        self.init(
            token: reply.token, outcome: reply.outcome, startedAt: now - reply.latency, status: reply.status,
            error: reply.error, latency: reply.latency, address: reply.address, reply: reply.replyPrefix,
            mayHaveArrived: reply.mayHaveArrived, isDark: reply.isDark, skew: reply.date.map { $0 - now })
        rest = reply.rest
    }
}

/// A rendering with its bytes where libcurl can read them: one object whoever it goes to, where the format
/// sends them as they are.
public struct Letter: Sendable {
    let rendering: Rendering
    let body: SharedBody

    public init(_ rendering: Rendering) {
        self.rendering = rendering
        body = SharedBody(rendering.bytes)
    }
}

/// The releases that are being sent, each with what its deliveries share: the body, which is one object
/// whoever it goes to, and the part of the webhook-id that is the same for all.
struct Outgoing {
    private var kept: [Release] = []
    /// Releases in flight at once are few; one that was dropped is made again from the claim.
    private static let limit = 32

    /// One release in one format, under one id: what is replayed may have a new one.
    struct Release {
        fileprivate var number: Int64
        fileprivate var subject: String
        fileprivate var format: Format
        var letter: Letter
        var ids: WebhookIDs
    }

    mutating func release(of attempt: Attempt) throws(Dispatcher.Obstacle) -> Release {
        let info = attempt.delivery.release
        let format = attempt.delivery.endpoint.format
        let known = kept.last {
            $0.number == info.number && $0.format == format && $0.subject == info.subject
        }
        if let known { return known }
        guard let bytes = attempt.delivery.body else {
            throw Dispatcher.Obstacle(reason: "nothing was frozen in the format \(format.rawValue)")
        }
        let release = Release(
            number: info.number, subject: info.subject, format: format,
            letter: Letter(Rendering(kept: bytes, as: format)), ids: try Dispatcher.ids(of: info))
        if kept.count == Outgoing.limit { kept.removeFirst() }
        kept.append(release)
        return release
    }
}
