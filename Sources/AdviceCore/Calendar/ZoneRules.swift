/// The time rules of one zone, from a TZif file (RFC 9636): the only place where gaps and overlaps are
/// decided.
///
/// The whole span of an `Instant` is laid out when the rules are read, the footer's yearly changes included,
/// as two sorted arrays: by moment, and by what the wall clock shows. Every question is one binary search in
/// one of them, and nothing changes afterwards. A zone with daylight saving takes some 25 kB.
///
/// Outside the years 1678 to 2261 there are no instants; a date beyond them resolves to the nearest end.
public struct ZoneRules: Hashable, Sendable {
    private let segments: [ZoneSegment]
    private let walls: [WallSpan]

    /// Seconds since 1970 within which transitions are kept: what an `Instant` can hold.
    static let bounds = -9_223_372_036...9_223_372_036

    /// The dates all of whose local times are instants, whatever the offset: 1678-01-01 to 2261-12-31.
    static let dates = CivilDate(day: -106_650)...CivilDate(day: 106_650)

    public static let utc = ZoneRules(fixedOffsetSeconds: 0)

    /// The rules in the bytes of a TZif file of any version, fat or slim.
    public init(tzif: [UInt8]) throws(ZoneError) {
        self.init(timeline: ZoneTimeline(try TZifFile(tzif)))
    }

    /// A zone that never changes; at most 26 hours east or west of UTC.
    public init(fixedOffsetSeconds: Int) {
        precondition(abs(fixedOffsetSeconds) <= 93_600, "an offset from UTC is at most 26 hours")
        self.init(timeline: ZoneTimeline(firstOffset: Int32(fixedOffsetSeconds)))
    }

    private init(timeline: ZoneTimeline) {
        segments = timeline.segments
        walls = WallTimeline(segments).spans
    }

    /// Seconds east of UTC in force at `instant`.
    public func offsetSeconds(at instant: Instant) -> Int {
        Int(segments[segmentIndex(at: instant.seconds)].offset)
    }

    /// What the wall clock shows at `instant`, to the second.
    public func local(of instant: Instant) -> LocalTime {
        let offset = offsetSeconds(at: instant)
        let (date, time) = CivilDate.split(localSeconds: instant.seconds + Int64(offset))
        return LocalTime(date: date, time: time, offsetSeconds: offset)
    }

    /// The moment of `time` on `date`: in a gap by the offset before it, in an overlap the first of the two.
    public func resolve(_ date: CivilDate, _ time: TimeOfDay) -> Resolution {
        let wall = ZoneRules.wallSeconds(date, time)
        let span = walls[wallIndex(at: wall)]
        let instant = Instant(seconds: wall - Int64(span.offset))
        guard span.isGap else {
            let kind: Resolution.Kind = span.jump == WallSpan.twice ? .overlap : .plain
            return Resolution(instant: instant, offsetSeconds: Int(span.offset), kind: kind)
        }
        return Resolution(
            instant: instant, offsetSeconds: offsetSeconds(at: instant),
            kind: .gap(lengthSeconds: Int(span.jump)))
    }

    /// Whether the wall clock ever shows `date`: a zone that crosses the date line westwards skips one whole
    /// (Apia 2011-12-30). Also false beyond the years that have instants.
    public func exists(_ date: CivilDate) -> Bool {
        guard ZoneRules.dates.contains(date) else { return false }
        let midnight = ZoneRules.wallSeconds(date, .midnight)
        // One gap, as a rule; after a gap there is always a time that is shown.
        var index = wallIndex(at: midnight)
        while walls[index].isGap, walls[index + 1].start < midnight + 86_400 { index += 1 }
        return !walls[index].isGap
    }

    /// The moment from which on the wall clock shows only later dates than `date`.
    ///
    /// Where the clock is set back across midnight that is the *last* time it leaves the date.
    public func endOfDay(_ date: CivilDate) -> Instant {
        let midnight = ZoneRules.wallSeconds(date.next, .midnight)
        // No offset is further east than 26 hours, so this is no earlier than the answer.
        var index = segmentIndex(at: midnight + 93_600)
        while index > 0, segments[index].start + Int64(segments[index].offset) >= midnight { index -= 1 }
        let leaves = midnight - Int64(segments[index].offset)
        return Instant(seconds: index + 1 < segments.count ? min(leaves, segments[index + 1].start) : leaves)
    }

    /// The changes of offset from `start` on and before `end`, in order.
    public func transitions(from start: Instant, to end: Instant) -> [ZoneTransition] {
        guard start < end else { return [] }
        var found: [ZoneTransition] = []
        for index in segmentIndex(at: start.seconds)..<segments.count where index > 0 {
            // In bounds: only the first segment starts outside of what an instant holds.
            let instant = Instant(seconds: segments[index].start)
            if instant >= end { break }
            if instant < start { continue }
            found.append(
                ZoneTransition(
                    instant: instant, offsetBefore: Int(segments[index - 1].offset),
                    offsetAfter: Int(segments[index].offset)))
        }
        return found
    }

    /// Seconds from 1970-01-01 00:00 on the wall clock; beyond `dates`, those of the nearest date in them.
    private static func wallSeconds(_ date: CivilDate, _ time: TimeOfDay) -> Int64 {
        let day = min(max(date.day, dates.lowerBound.day - 1), dates.upperBound.day + 1)
        return Int64(day * 86_400 + time.secondsOfDay)
    }

    /// The last segment that starts at `seconds` or before.
    private func segmentIndex(at seconds: Int64) -> Int {
        var first = 0
        var count = segments.count
        while count > 1 {
            let half = count / 2
            if segments[first + half].start <= seconds { first += half }
            count -= half
        }
        return first
    }

    /// The last span that starts at `wall` or before.
    private func wallIndex(at wall: Int64) -> Int {
        var first = 0
        var count = walls.count
        while count > 1 {
            let half = count / 2
            if walls[first + half].start <= wall { first += half }
            count -= half
        }
        return first
    }
}
