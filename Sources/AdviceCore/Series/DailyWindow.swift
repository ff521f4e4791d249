/// Local hours of a day, `from` included, `to` not.
public struct DailyWindow: Hashable, Sendable, CustomStringConvertible {
    public var from: TimeOfDay
    public var to: TimeOfDay

    public init(from: TimeOfDay, to: TimeOfDay) {
        self.from = from
        self.to = to
    }

    public func contains(_ time: TimeOfDay) -> Bool { from <= time && time < to }
    public var description: String { "\(from)-\(to)" }
}

/// A window where it is local. What is late, tried again or sent after the fact keeps to it (R7).
struct LocalWindow: Sendable {
    var window: DailyWindow
    var zone: ZoneRules

    /// `instant` where the window is open then, else when it opens next.
    func opening(at instant: Instant) -> Instant {
        let local = zone.local(of: instant)
        if window.contains(local.time) { return instant }
        var date = local.time < window.from ? local.date : local.date.next
        // Where a day's window falls into a gap whole, the next day's is as good.
        for _ in 0..<3 {
            let opens = zone.resolve(date, window.from).instant
            if opens > instant { return opens }
            date = date.next
        }
        return instant
    }
}
