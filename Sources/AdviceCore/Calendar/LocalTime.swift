/// What a wall clock in some zone shows at a moment.
public struct LocalTime: Hashable, Sendable {
    public let date: CivilDate
    public let time: TimeOfDay
    /// Seconds east of UTC.
    public let offsetSeconds: Int
}

/// The moment that a date and a time on the wall clock stand for.
public struct Resolution: Hashable, Sendable {
    /// Whether the wall clock shows the time once, never or twice.
    public enum Kind: Hashable, Sendable {
        case plain
        /// The clock jumps over it; the jump is this long. The offset before the jump applies: 02:30 becomes
        /// 03:30.
        case gap(lengthSeconds: Int)
        /// It is shown twice; the first showing counts.
        case overlap
    }

    public let instant: Instant
    /// Seconds east of UTC in force at `instant`: after a gap, that is the offset after it.
    public let offsetSeconds: Int
    public let kind: Kind
}

/// A change of a zone's offset.
public struct ZoneTransition: Hashable, Sendable {
    public let instant: Instant
    /// Seconds east of UTC until then.
    public let offsetBefore: Int
    /// Seconds east of UTC from then on.
    public let offsetAfter: Int

    /// How far the wall clock jumps forward (a gap), or back (an overlap) where it is negative.
    public var shiftSeconds: Int { offsetAfter - offsetBefore }
}
