/// What is known of an endpoint beside its address: for how long it has been failing, and what follows from
/// that (delivery.md §1). A healthy one has nothing to remember, and the store keeps no row of it.
public struct EndpointHealth: Hashable, Sendable {
    public enum State: String, Hashable, Sendable {
        case open
        /// Failing for days: everything is held, and the oldest is tried once a day.
        case suspended
        /// It has not said yet that it wants to be one (`confirm: challenge`): everything is held, and only a
        /// challenge is sent.
        case unconfirmed
        /// It said that it is gone: nothing is sent until its URL or secret changes, or a person reopens it.
        case closed

        /// Why a delivery is held for it: the state, and what the attempt came to.
        func words(_ error: String?) -> String { rawValue + (error.map { ": \($0)" } ?? "") }
    }

    public var state: State
    /// The first failure since its last 2xx.
    public var failingSince: Instant?
    /// Attempts that have failed since then.
    public var failures: Int
    /// Of which it refused in so many words, in a row (401, 403, 404, 405, a redirect).
    public var refusals: Int
    /// Of a suspended one: when its oldest delivery is tried again.
    public var probeAt: Instant?

    public init(
        state: State = .open, failingSince: Instant? = nil, failures: Int = 0, refusals: Int = 0,
        probeAt: Instant? = nil
    ) {
        self.state = state
        self.failingSince = failingSince
        self.failures = failures
        self.refusals = refusals
        self.probeAt = probeAt
    }

    public static let healthy = EndpointHealth()

    /// An endpoint is suspended this long after its first failure since its last 2xx...
    public static let suspendedAfter = Span.hours(72)
    /// ...and after at least so many attempts: a daily post that fails three times is three days.
    public static let suspendedAfterFailures = 3
    /// A suspended endpoint is tried this often.
    public static let probeInterval = Span.hours(24)
    /// A refusal may be a deploy; the third in a row is told of.
    public static let refusalsToTell = 3

    /// Takes note of an attempt that ended at `now`. What is no fault of the endpoint's changes nothing.
    mutating func note(_ outcome: Outcome, at now: Instant) {
        switch outcome {
        case .ours, .blocked: return
        case .delivered:
            self = .healthy
            return
        case .retry, .retryAfter, .refused, .unfit, .gone, .goneForGood: break
        }
        let since = failingSince ?? now
        failingSince = since
        failures += 1
        if outcome == .refused { refusals += 1 } else { refusals = 0 }
        if state == .suspended
            || now - since >= EndpointHealth.suspendedAfter
                && failures >= EndpointHealth.suspendedAfterFailures
        {
            state = .suspended
            probeAt = now + EndpointHealth.probeInterval
        }
    }

    /// Takes note of a challenge that was not answered as it should be, and is sent again after `wait`.
    mutating func note(unanswered outcome: Outcome, wait: Span, at now: Instant) {
        probeAt = now + wait
        guard outcome != .ours else { return }
        failingSince = failingSince ?? now
        failures += 1
        refusals += 1
    }
}
