/// Where a date's point goes out, in one zone at one time of day.
public struct Slot: Hashable, Sendable {
    /// The slot's date, by which it is recorded; `instant` may lie on the next one (23:30 in a gap).
    public let date: CivilDate
    public let instant: Instant
    /// Whether the wall clock shows the time once, never or twice on that date.
    public let kind: Resolution.Kind
    /// Seconds east of UTC in force at `instant`.
    public let offsetSeconds: Int
}

/// The slots of a cohort: one for every date that exists in the zone, strictly ascending, none repeated.
///
/// Only ever asked "when is date D?", never "when is the next after now?": that question loses days in gaps
/// and repeats them in overlaps.
public struct SlotCalendar: Hashable, Sendable {
    public let zone: ZoneRules
    public let at: TimeOfDay

    public init(zone: ZoneRules, at: TimeOfDay) {
        self.zone = zone
        self.at = at
    }

    /// The slot of `date`; `nil` where the zone skipped the date whole, or no instant can be so far away.
    ///
    /// A date that occurs twice has one slot, on its first.
    public func slot(on date: CivilDate) -> Slot? {
        guard ZoneRules.dates.contains(date) else { return nil }
        let resolution = zone.resolve(date, at)
        if case .gap = resolution.kind, !zone.exists(date) { return nil }
        return Slot(
            date: date, instant: resolution.instant, kind: resolution.kind,
            offsetSeconds: resolution.offsetSeconds)
    }

    /// The date that the wall clock in the zone shows at `instant`.
    public func date(at instant: Instant) -> CivilDate { zone.local(of: instant).date }

    /// The moment from which on the wall clock in the zone shows only later dates.
    public func endOfDay(_ date: CivilDate) -> Instant { zone.endOfDay(date) }
}
