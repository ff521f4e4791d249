/// What one attempt came to. Expected failures are values: an `Outcome` decides policy, an `Error` never
/// does.
///
/// The table is delivery.md §1; the mapping from libcurl's codes and HTTP's statuses is
/// `AdviceCourier/CurlOutcome.swift`, and what follows from an outcome is `DeliveryMachine`.
public enum Outcome: Hashable, Sendable {
    /// The final status line said 2xx, whatever came after it.
    case delivered
    /// 5xx, 408, 425, time-outs, resets, refused connections, trouble with TLS or the receiver's DNS.
    case retry
    /// 429, or any failure that carried Retry-After: not before `wait` from the answer. Capped at 24 hours.
    case retryAfter(Span)
    /// 401, 403, 404, 405 and every 3xx: a deploy or a rotation may mend it.
    case refused
    /// 400, 413, 415, 422: the receiver understood and does not want it.
    case unfit
    /// 410: believed the second time.
    case gone
    /// A service's own word for "this place is closed for ever": nothing is sent there again.
    case goneForGood
    /// The address guard refused every address of the host.
    case blocked
    /// Our own fault (out of descriptors, no route, our proxy): charges no attempt.
    case ours

    /// The word for it in the log, in `log --json` and in the metrics.
    public var word: String {
        switch self {
        case .delivered: "delivered"
        case .retry: "retry"
        case .retryAfter: "retry after"
        case .refused: "refused"
        case .unfit: "unfit"
        case .gone, .goneForGood: "gone"
        case .blocked: "blocked"
        case .ours: "ours"
        }
    }
}
