public import AdviceCore

/// The two clocks of a machine, moved by hand. Waiting moves both; a step moves the wall alone.
public struct ManualClock: Sendable {
    /// Since boot: what truly passes.
    public private(set) var boot: Span
    /// What the wall shows when nothing has passed since boot.
    private var origin: Instant

    public init(wall: Instant, boot: Span = .hours(1)) {
        self.boot = boot
        origin = wall - boot
    }

    public var wall: Instant { origin + boot }
    public var now: Moment { Moment(wall: wall, boot: boot) }

    public mutating func advance(_ span: Span) {
        precondition(span >= .zero, "time passes forward; a step goes either way")
        boot = boot + span
    }

    /// Somebody sets the wall clock.
    public mutating func step(_ span: Span) { origin = origin + span }

    /// How long it is until the wall shows `instant`; nothing where it has.
    public func wait(until instant: Instant) -> Span { max(.zero, instant - wall) }
}
