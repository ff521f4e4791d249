/// When each point of a cohort goes out: pure, from the series, the cohort's calendar and its ledger.
///
/// It never asks "when is the next one after now?". It walks civil dates from the day after the last slot
/// that was used, gives each release day its point, and only then turns days into instants (schedule.md R1).
public struct Plan: Sendable {
    public let series: Series
    public let calendar: SlotCalendar
    /// The first date from which slots count; nil while the series has not begun.
    public let begin: CivilDate?
    /// Points that are done with, in the order of going out.
    public let rows: [LedgerRow]
    /// Points that `start --after` passed over.
    public let passed: [String]

    /// Looking for release days stops after this many dates without one (R18): ten years.
    public static let searchBoundDays = 3660

    /// A slot is missed when its day has ended and this long has passed since its instant (R7).
    public static let lateAllowance = Span.minutes(60)

    public init(
        series: Series, calendar: SlotCalendar, begin: CivilDate?, rows: [LedgerRow], passed: [String]
    ) {
        self.series = series
        self.calendar = calendar
        self.begin = begin
        self.rows = rows
        self.passed = passed
    }

    /// A point bound to a slot.
    public struct Assignment: Hashable, Sendable {
        public var point: Point
        public var slot: Slot
        /// The slot was missed and the point will not be released in it (a missed pin, or `latest`).
        public var isMissed: Bool
        /// Why it is not simply the next day at the series' time; empty where it is.
        public var why: [String]

        public init(point: Point, slot: Slot, isMissed: Bool, why: [String]) {
            self.point = point
            self.slot = slot
            self.isMissed = isMissed
            self.why = why
        }
    }

    /// What is to be released at `now`: the point, and those before it that are recorded as missed with it.
    public struct Due: Hashable, Sendable {
        public var assignment: Assignment
        public var missed: [Assignment]
    }

    /// The next point to be released, if its slot has come.
    public func due(at now: Instant) -> Due? {
        var walk = Walk(self, now: now)
        var missed: [Assignment] = []
        while let next = walk.next() {
            if next.isMissed {
                missed.append(next)
            } else {
                return next.slot.instant <= now ? Due(assignment: next, missed: missed) : nil
            }
        }
        return nil
    }

    /// The next point that will be released, with its slot: in the past where one is due now, nil where none
    /// will ever be.
    public func next(at now: Instant) -> Assignment? {
        var walk = Walk(self, now: now)
        while let next = walk.next() {
            if !next.isMissed { return next }
        }
        return nil
    }

    /// The points that are still to come, in the order of going out, each with its slot.
    public func assignments(at now: Instant) -> [Assignment] {
        guard begin != nil else { return [] }
        var walk = Walk(self, now: now)
        var result: [Assignment] = []
        while let next = walk.next() { result.append(next) }
        return result
    }

    /// Nothing is left to release.
    public func isFinished(at now: Instant) -> Bool {
        guard begin != nil else { return false }
        return next(at: now) == nil
    }

    /// Whether `slot` can no longer be used: its day has ended in the zone, and 60 minutes have passed since
    /// its instant. Before that a release in it is merely late.
    public func isMissed(_ slot: Slot, at now: Instant) -> Bool {
        let dayEnd = calendar.endOfDay(slot.date)
        let allowed = slot.instant + Plan.lateAllowance
        return now >= max(dayEnd, allowed)
    }

    /// Why `date` is no release day, in words; nil where it is one.
    public func obstacle(on date: CivilDate) -> String? {
        if !series.days.contains(date.weekday) { return "\(date) is a \(date.weekday.short), not in days" }
        if series.blackout.contains(where: { $0.contains(date) }) { return "\(date) is in blackout" }
        return nil
    }

    /// The day after the last slot that was used, and none before the series began.
    var firstFreeDate: CivilDate {
        let begin = begin ?? CivilDate.distantFuture
        return rows.map(\.slotDate).max().map { max($0.next, begin) } ?? begin
    }

    /// Why a pinned point can never be placed: it is missed then, not waited for. nil where it can be, and
    /// for a point without a pin.
    func whyNeverPlaced(_ point: Point) -> String? {
        guard let date = point.date else { return nil }
        if date < firstFreeDate { return "pinned to \(date), which has gone by" }
        if let obstacle = obstacle(on: date) { return "pinned, but \(obstacle)" }
        if calendar.slot(on: date) == nil { return "pinned, but \(date) does not exist in this zone" }
        return nil
    }
}

/// The walk over dates that every question to the plan is answered by.
private struct Walk {
    private let plan: Plan
    private let now: Instant
    /// Points still to come, pinned ones apart; `unpinned` is consumed from `place`.
    private let unpinned: [Point]
    private let pinned: [Point]
    private var pinsLeft: Int
    private var place = 0
    private var date: CivilDate
    private var reasons: [String] = []
    private var barren = 0
    /// For `latest`: missed slots before this date stay missed. It is that of the newest slot that has come
    /// and that a point can still take; nil where the newest is not needed or not known yet.
    private var newestPassed: CivilDate?

    init(_ plan: Plan, now: Instant) {
        self.plan = plan
        self.now = now
        let done = Set(plan.rows.map(\.point)).union(plan.passed)
        let coming = plan.series.points.filter { !done.contains($0.id) }
        unpinned = coming.filter { $0.date == nil }
        date = plan.firstFreeDate
        pinned = coming.filter { $0.date != nil && plan.whyNeverPlaced($0) == nil }
        pinsLeft = pinned.count
        if plan.series.catchUp == .latest { newestPassed = findNewestPassed() }
    }

    /// Looks ahead as if nothing were missed: the last point whose slot has come is the newest.
    private func findNewestPassed() -> CivilDate? {
        var ahead = self
        var newest: CivilDate?
        while let next = ahead.next(), next.slot.instant <= now {
            if !next.isMissed { newest = next.slot.date }
        }
        return newest
    }

    mutating func next() -> Plan.Assignment? {
        while place < unpinned.count || pinsLeft > 0 {
            guard barren < Plan.searchBoundDays else { return nil }
            let today = date
            guard today < CivilDate.distantFuture else { return nil }
            date = today.next
            barren += 1
            guard let slot = usableSlot(on: today) else { continue }
            if let assignment = assign(slot) {
                barren = 0
                reasons = []
                return assignment
            }
        }
        return nil
    }

    /// The slot of `date` where it is a release day that exists; otherwise notes why not.
    private mutating func usableSlot(on date: CivilDate) -> Slot? {
        if let obstacle = plan.obstacle(on: date) {
            note(obstacle)
            return nil
        }
        guard let slot = plan.calendar.slot(on: date) else {
            note("\(date) does not exist in this zone")
            return nil
        }
        return slot
    }

    private mutating func assign(_ slot: Slot) -> Plan.Assignment? {
        let missed = slot.instant <= now && plan.isMissed(slot, at: now)
        if let pin = pinned.first(where: { $0.date == slot.date }) {
            pinsLeft -= pinned.count { $0.date == slot.date }
            return make(
                pin, slot, missed: missed, extra: missed ? "pinned to a slot that was missed" : "pinned")
        }
        guard place < unpinned.count else { return nil }
        switch plan.series.catchUp {
        case .slide where missed:
            note("the slot of \(slot.date) was missed")
            return nil
        case .latest where missed && newestPassed.map({ slot.date < $0 }) ?? false:
            place += 1
            return make(unpinned[place - 1], slot, missed: true, extra: "missed, and catch_up is latest")
        case .slide, .all, .latest:
            place += 1
            return make(unpinned[place - 1], slot, missed: false, extra: missed ? "caught up" : nil)
        }
    }

    private func make(_ point: Point, _ slot: Slot, missed: Bool, extra: String?) -> Plan.Assignment {
        var why = reasons
        if let extra { why.append(extra) }
        if let words = slot.why(at: plan.calendar.at) { why.append(words) }
        return Plan.Assignment(point: point, slot: slot, isMissed: missed, why: why)
    }

    /// Long runs of the same kind of reason help nobody: the first few and a count do.
    private mutating func note(_ reason: String) {
        if reasons.count < 4 {
            reasons.append(reason)
        } else if reasons.count == 4 {
            reasons.append("and further days")
        }
    }
}

extension Slot {
    /// What the zone did to the local time `at` on this slot's date; nil where it is plain.
    public func why(at: TimeOfDay) -> String? {
        switch kind {
        case .plain: nil
        case .gap(let length):
            "\(at) does not exist on \(date): the clock goes forward \(length / 60) minutes"
        case .overlap: "\(at) comes twice on \(date): the first"
        }
    }
}

extension CivilDate {
    /// Later than any date a plan can reach.
    public static let distantFuture = CivilDate(day: 1_000_000)
}
