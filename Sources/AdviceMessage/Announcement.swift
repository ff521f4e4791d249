public import AdviceCore

/// What a request tells its receiver, before any format has put it into words: one case for each type of
/// interface.md §3.2.
public enum Announcement: Hashable, Sendable {
    case released(ReleasedPoint)
    /// A correction of a released point, made at `at`. Its revision is in the point.
    case revised(ReleasedPoint, at: Instant)
    /// A retraction: the point as `ReleasedPoint.withdrawn(title:)` makes it.
    case withdrawn(ReleasedPoint, at: Instant)
    case completed(CompletedSeries)
    case alert(Alert)
    /// A test of whether a receiver can be reached; with a point it shows that point.
    case test(ReleasedPoint?, at: Instant)
    /// Asks an endpoint whether it wants to be one; it is to answer with `challenge`.
    case verify(challenge: String, at: Instant)

    public var type: EventType {
        switch self {
        case .released: .pointReleased
        case .revised: .pointRevised
        case .withdrawn: .pointWithdrawn
        case .completed: .seriesCompleted
        case .alert: .alert
        case .test: .test
        case .verify: .endpointVerify
        }
    }

    /// The point that is told about.
    public var point: ReleasedPoint? {
        switch self {
        case .released(let point), .revised(let point, _), .withdrawn(let point, _): point
        case .test(let point, _): point
        case .completed, .alert, .verify: nil
        }
    }

    /// When it happened, in whole seconds: the same in every attempt.
    public var time: Instant {
        let time =
            switch self {
            case .released(let point): point.release.releasedAt
            case .revised(_, let time), .withdrawn(_, let time), .test(_, let time), .verify(_, let time):
                time
            case .completed(let completed): completed.at
            case .alert(let alert): alert.at
            }
        return Instant(seconds: time.seconds)
    }

    /// Whether its requests name an earlier one that they replace.
    public var replacesSomething: Bool {
        switch self {
        case .revised, .withdrawn: true
        case .released, .completed, .alert, .test, .verify: false
        }
    }
}

/// The end of a series: its last point has gone out.
public struct CompletedSeries: Hashable, Sendable {
    public var series: ReleasedPoint.InSeries
    /// When it ended, in whole seconds.
    public var at: Instant
    /// Sent with every delivery.
    public var notice: String?

    public init(series: ReleasedPoint.InSeries, at: Instant, notice: String?) {
        self.series = series
        self.at = Instant(seconds: at.seconds)
        self.notice = notice
    }
}
