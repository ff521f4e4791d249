public import AdviceCore

/// What has happened since the process began, and only what is on the disk: told with `Telling`, which comes
/// after the commit (P8).
///
/// They begin at 0 with the process, as Prometheus expects of counters: `rate` and `increase` see a restart.
/// What has to be known over restarts is in the store, and `status` and `log` read it there.
public struct Counters: Sendable {
    /// By series.
    public private(set) var releases: [String: Int] = [:]
    /// By series and outcome.
    public private(set) var deliveries: [String: [String: Int]] = [:]
    /// By class.
    public private(set) var attempts: [String: Int] = [:]
    public private(set) var lateness = Lateness()

    static let outcomes = ["delivered", "exhausted", "cancelled"]
    /// The first digit of the status, `none` where there was no answer.
    static let classes = ["2xx", "3xx", "4xx", "5xx", "none"]

    public init() {}

    /// From due to accepted.
    public struct Lateness: Sendable {
        /// Upper bounds in seconds.
        static let bounds: [Double] = [
            0.05, 0.1, 0.5, 1, 2.5, 5, 10, 30, 60, 300, 1800, 7200, 43_200, 259_200,
        ]
        /// For each bound, and one for what is beyond the last.
        var counts = [Int](repeating: 0, count: Lateness.bounds.count + 1)
        var sum = 0.0
        var count: Int { counts.reduce(0, +) }

        mutating func add(_ span: Span) {
            let seconds = max(0, Double(span.nanoseconds) / 1e9)
            let place = Lateness.bounds.firstIndex { seconds <= $0 } ?? Lateness.bounds.count
            counts[place] += 1
            sum += seconds
        }
    }

    public mutating func note(_ telling: Telling) {
        switch telling {
        case .released(let draft, _): releases[draft.series, default: 0] += 1
        case .delivered(let settlement):
            settle(settlement, "delivered")
            if let attempt = settlement.record.attempt {
                lateness.add(attempt.at + attempt.latency - settlement.due)
            }
        case .exhausted(let settlement): settle(settlement, "exhausted")
        case .cancelled(let settlement): settle(settlement, "cancelled")
        case .waiting(let settlement): attempt(settlement)
        default: return
        }
    }

    private mutating func settle(_ settlement: Settlement, _ outcome: String) {
        attempt(settlement)
        let series = settlement.release.series
        // Alerts are of no series.
        if !series.isEmpty { deliveries[series, default: [:]][outcome, default: 0] += 1 }
    }

    private mutating func attempt(_ settlement: Settlement) {
        guard let status = settlement.record.attempt?.status else { return }
        attempts[(200...599).contains(status) ? "\(status / 100)xx" : "none", default: 0] += 1
    }
}
