public import AdviceCore
import CLinux
import Glibc

/// The seam to time. Everything that asks what time it is asks one of these.
public protocol Clock: Sendable {
    var now: Moment { get }
    /// Whether something that knows the time keeps this clock, as far as that can be told for now or, where
    /// the clock showed `steppedAt` after a step, since then.
    func sync(steppedAt: Instant?) -> ClockSync
}

/// This machine's clocks.
public struct SystemClock: Clock {
    public init() {}

    public var now: Moment {
        Moment(
            wall: Instant(nanoseconds: read(CLOCK_REALTIME)), boot: Span(nanoseconds: read(CLOCK_BOOTTIME)))
    }

    private func read(_ clock: clockid_t) -> Int64 {
        var time = timespec()
        guard clock_gettime(clock, &time) == 0 else {
            preconditionFailure("clock_gettime cannot refuse a clock that every Linux has")
        }
        return Int64(time.tv_sec) * 1_000_000_000 + Int64(time.tv_nsec)
    }
}
