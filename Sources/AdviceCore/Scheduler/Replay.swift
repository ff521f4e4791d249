/// Which settled deliveries an operator wants sent again. What is not said leaves the choice open; a point's
/// corrections are chosen with it.
public struct Replay: Hashable, Sendable {
    /// One subscriber's id.
    public var subscriber: String?
    public var series: String?
    /// A point's id.
    public var point: String?
    /// The first and the last day of the points' slots, both included.
    public var from: CivilDate?
    public var to: CivilDate?
    /// The state that they are in; nil for any that is settled.
    public var state: DeliveryState?
    /// They go out under a webhook-id of their own, so that who drops repeats takes them.
    public var hasNewID: Bool

    public init(
        subscriber: String? = nil, series: String? = nil, point: String? = nil, from: CivilDate? = nil,
        to: CivilDate? = nil, state: DeliveryState? = nil, hasNewID: Bool = false
    ) {
        self.subscriber = subscriber
        self.series = series
        self.point = point
        self.from = from
        self.to = to
        self.state = state
        self.hasNewID = hasNewID
    }

    /// For the `decision`, the log and the answer: `replay: subscriber ann, point daily/build-trust`.
    public var words: String {
        var parts: [String] = []
        if let subscriber { parts.append("subscriber \(subscriber)") }
        if let point {
            parts.append("point \(series.map { "\($0)/" } ?? "")\(point)")
        } else if let series {
            parts.append("series \(series)")
        }
        if let from { parts.append("from \(from)") }
        if let to { parts.append("to \(to)") }
        if let state { parts.append("state \(state.rawValue)") }
        if hasNewID { parts.append("new id") }
        return "replay: " + parts.joined(separator: ", ")
    }

    /// The subject under which a delivery is replayed with a new webhook-id for the `count`th time: the
    /// subject and `~COUNT`. No point's id holds a tilde, so that it meets no other subject.
    public static func subject(_ subject: String, count: Int64) -> String {
        count == 0 ? subject : "\(subject)~\(count)"
    }
}

/// What a replay comes to: how many deliveries are sent again, and how many are not, and why.
public struct ReplayCount: Hashable, Sendable, Codable {
    public var replayed = 0
    /// They wait or are held as it is, and are left alone.
    public var unsettled = 0
    /// Of subscribers who are gone from the roster or from the series.
    public var removed = 0
    /// Of points that were withdrawn.
    public var withdrawn = 0
    /// Of paused subscribers: it would only be cancelled.
    public var paused = 0
    /// Of endpoints that are closed.
    public var closed = 0
    /// Of a text that was corrected: the delivery of the newer one is chosen in its own right.
    public var superseded = 0

    public init() {}

    /// What is not sent again, in words; empty where that is nothing.
    public var leftOut: String {
        let parts = [
            (unsettled, "on their way already"), (removed, "of subscribers who are gone"),
            (withdrawn, "of points that were withdrawn"), (paused, "of paused subscribers"),
            (closed, "of closed endpoints"), (superseded, "of a text that was corrected since"),
        ]
        return parts.filter { $0.0 > 0 }.map { "\($0.0) \($0.1)" }.joined(separator: ", ")
    }

    /// `3 deliveries; left out: 1 of closed endpoints`.
    public var words: String {
        let count = replayed == 1 ? "1 delivery" : "\(replayed) deliveries"
        return leftOut.isEmpty ? count : "\(count); left out: \(leftOut)"
    }
}
