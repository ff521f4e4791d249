/// A moment on the UTC time line, in nanoseconds since 1970-01-01T00:00:00Z (POSIX time: no leap seconds).
///
/// Holds every moment from 1677 to 2262. Arithmetic traps outside that span rather than wrap.
public struct Instant: Hashable, Comparable, Sendable, Codable {
    /// Nanoseconds since 1970-01-01T00:00:00Z.
    public let nanoseconds: Int64

    /// The moment `nanoseconds` after 1970-01-01T00:00:00Z.
    public init(nanoseconds: Int64) {
        self.nanoseconds = nanoseconds
    }

    /// The moment `seconds` after 1970-01-01T00:00:00Z.
    public init(seconds: Int64) {
        self.nanoseconds = seconds * 1_000_000_000
    }

    /// Whole seconds since 1970, rounded down.
    public var seconds: Int64 {
        let quotient = nanoseconds / 1_000_000_000
        return nanoseconds % 1_000_000_000 < 0 ? quotient - 1 : quotient
    }

    /// Whole milliseconds since 1970, rounded down.
    public var milliseconds: Int64 {
        let quotient = nanoseconds / 1_000_000
        return nanoseconds % 1_000_000 < 0 ? quotient - 1 : quotient
    }

    public static func < (left: Instant, right: Instant) -> Bool {
        left.nanoseconds < right.nanoseconds
    }

    /// The moment `span` later.
    public static func + (left: Instant, span: Span) -> Instant {
        Instant(nanoseconds: left.nanoseconds + span.nanoseconds)
    }

    /// The moment `span` earlier.
    public static func - (left: Instant, span: Span) -> Instant {
        Instant(nanoseconds: left.nanoseconds - span.nanoseconds)
    }

    /// How much later `left` is than `right`; negative where it is earlier.
    public static func - (left: Instant, right: Instant) -> Span {
        Span(nanoseconds: left.nanoseconds - right.nanoseconds)
    }
}

/// A length of time in nanoseconds; may be negative.
///
/// Eight bytes and one addition, where the standard `Duration` is sixteen and two: the tables of the plan and
/// of the simulation are made of these.
public struct Span: Hashable, Comparable, Sendable, Codable {
    public let nanoseconds: Int64

    public init(nanoseconds: Int64) {
        self.nanoseconds = nanoseconds
    }

    public static func milliseconds(_ count: Int64) -> Span { Span(nanoseconds: count * 1_000_000) }
    public static func seconds(_ count: Int64) -> Span { Span(nanoseconds: count * 1_000_000_000) }
    public static func minutes(_ count: Int64) -> Span { .seconds(count * 60) }
    public static func hours(_ count: Int64) -> Span { .seconds(count * 3600) }
    public static func days(_ count: Int64) -> Span { .seconds(count * 86_400) }
    public static let zero = Span(nanoseconds: 0)

    /// Whole seconds, rounded towards zero.
    public var seconds: Int64 { nanoseconds / 1_000_000_000 }
    /// Whole milliseconds, rounded towards zero.
    public var milliseconds: Int64 { nanoseconds / 1_000_000 }

    public static func < (left: Span, right: Span) -> Bool { left.nanoseconds < right.nanoseconds }
    public static func + (left: Span, right: Span) -> Span {
        Span(nanoseconds: left.nanoseconds + right.nanoseconds)
    }
    public static func - (left: Span, right: Span) -> Span {
        Span(nanoseconds: left.nanoseconds - right.nanoseconds)
    }
}
