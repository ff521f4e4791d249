/// When a delivery is tried again, and when it is given up.
public struct RetryPolicy: Hashable, Sendable {
    /// Waits between attempts: `waits[0]` lies between the first and the second. After the last: exhausted.
    public var waits: [Span]

    /// A subscriber survives 75 hours of outage.
    ///
    /// | after attempt | wait | since the first |
    /// |---|---|---|
    /// | 1 | 5 s | 5 s |
    /// | 2 | 5 min | 5 min |
    /// | 3 | 30 min | 35 min |
    /// | 4 | 2 h | 2 h 35 min |
    /// | 5 | 5 h | 7 h 35 min |
    /// | 6 | 10 h | 17 h 35 min |
    /// | 7 | 14 h | 31 h 35 min |
    /// | 8 | 20 h | 51 h 35 min |
    /// | 9 | 24 h | 75 h 35 min |
    public static let defaultWaits: [Span] = [
        .seconds(5), .minutes(5), .minutes(30), .hours(2), .hours(5), .hours(10), .hours(14), .hours(20),
        .hours(24),
    ]

    /// Two more tries for what the receiver understood and does not want.
    public static let unfit = RetryPolicy(waits: [.minutes(5), .hours(2)])

    public init(waits: [Span] = RetryPolicy.defaultWaits) {
        self.waits = waits
    }

    /// How long to wait after attempt number `attempt` (from 1), with its jitter; nil when none is left.
    ///
    /// The jitter is 0-20 % and upward only: a schedule is a promise not to come earlier.
    public func wait(
        after attempt: Int, using random: inout some RandomNumberGenerator
    ) -> Span? {
        precondition(attempt >= 1, "attempts are numbered from 1")
        guard attempt <= waits.count else { return nil }
        let wait = waits[attempt - 1]
        let jitter = Int64.random(in: 0...max(0, wait.nanoseconds / 5), using: &random)
        return wait + Span(nanoseconds: jitter)
    }
}
