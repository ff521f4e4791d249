/// When each point of a cohort goes out: pure, from the series, the cohort's calendar, its ledger and what
/// operators have decided.
///
/// It never asks "when is the next one after now?". It walks civil dates from the day after the last slot
/// that was used, gives each release day its point, and only then turns days into instants (schedule.md R1).
public struct Plan: Sendable {
    public let series: Series
    public let calendar: SlotCalendar
    /// The cycle that the cohort is in.
    public let edition: Edition
    /// The first date from which slots count; nil while the series has not begun.
    public let begin: CivilDate?
    /// Points that are done with, in the order of going out.
    public let rows: [LedgerRow]
    public let terms: Terms

    /// Looking for release days stops after this many dates without one (R18): ten years.
    public static let searchBoundDays = 3660

    static let outOfTurnWords = "released out of turn by an operator"

    /// A slot is missed when its day has ended and this long has passed since its instant (R7).
    public static let lateAllowance = Span.minutes(60)

    /// What operators and edits have decided beside the ledger.
    public struct Terms: Hashable, Sendable {
        /// Points that `start --after` passed over.
        public var passed: [String]
        public var pauses: [SeriesPause] = []
        public var skipped: [String] = []
        public var withdrawn: [String] = []
        public var revisions: [SeriesRecord.Revision] = []
        /// When points came that were not there when the series began.
        public var seen: [String: Instant] = [:]
        /// What an operator wants out before its turn in this cohort.
        public var outOfTurn: OutOfTurn?
        /// The last slot date of the cycle before this one.
        public var after: CivilDate?
        /// Slots whose day was over by then were nobody's: no catching up on them.
        public var since: Instant?

        public init(passed: [String] = []) { self.passed = passed }

        /// Those of a series' record, for one cycle.
        init(_ record: SeriesRecord, edition: Edition, after: CivilDate?, cohort: CohortRecord?) {
            passed = edition.cycle == 1 ? record.passed : []
            pauses = record.details.pauses
            skipped = record.details.skips.filter { $0.edition == "\(edition)" }.map(\.point)
            withdrawn = record.details.withdrawn
            revisions = record.details.revisions
            for point in record.details.points { seen[point.id] = point.seen }
            if let asked = record.details.outOfTurn, let cohort, asked.cohorts.contains(cohort.number) {
                outOfTurn = asked
            }
            self.after = after
            let looping = edition.cycle > 1 ? record.details.loopsSince : nil
            since = [cohort?.inhabitedSince, looping].compactMap(\.self).max()
        }
    }

    public init(
        series: Series, calendar: SlotCalendar, begin: CivilDate?, rows: [LedgerRow], terms: Terms = Terms(),
        edition: Edition? = nil
    ) {
        self.series = series
        self.calendar = calendar
        self.begin = begin
        self.rows = rows
        self.terms = terms
        self.edition = edition ?? Edition(start: series.start)
    }

    /// The plan of a cohort as the series' record and the newest cycle of its ledger have it: the one place
    /// where its cycle, its first day and its terms come from. `stored` is the cohort as the store has it;
    /// nil before it does.
    public init(
        _ series: Series, _ cohort: Cohort, _ calendar: SlotCalendar, record: SeriesRecord,
        ledger: CohortLedger?, stored: CohortRecord?
    ) {
        let begin = Plan.begin(cohort, calendar, record)
        let edition = ledger?.edition ?? record.edition
        let plan = Plan(
            series: series, calendar: calendar, begin: begin, rows: ledger?.rows ?? [],
            terms: Terms(record, edition: edition, after: nil, cohort: stored), edition: edition)
        self = plan.following(record, stored) ?? plan
    }

    /// The first day of a cohort. Nobody gets a slot whose day was over in their zone when the series began,
    /// nor one before they joined (R11).
    private static func begin(
        _ cohort: Cohort, _ calendar: SlotCalendar, _ record: SeriesRecord
    ) -> CivilDate? {
        guard var begin = record.begin else { return nil }
        if let beganAt = record.details.beganAt { begin = max(begin, calendar.date(at: beganAt)) }
        if let joined = cohort.joined { begin = max(begin, joined.next) }
        return begin
    }

    /// The next cycle of a loop, where this one is through: it begins on the next release day (R15).
    private func following(_ record: SeriesRecord, _ stored: CohortRecord?) -> Plan? {
        guard series.atEnd == .loop, let last = rows.map(\.slotDate).max(), !Walk(self, now: nil).hasPoints
        else { return nil }
        var next = edition
        next.cycle += 1
        return Plan(
            series: series, calendar: calendar, begin: begin, rows: [],
            terms: Terms(record, edition: next, after: last, cohort: stored), edition: next)
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

    /// What is to be written at `now`: the point that is released, if one is, and those before it that are
    /// recorded as missed.
    public struct Due: Hashable, Sendable {
        public var assignment: Assignment?
        public var missed: [Assignment]
    }

    /// What is due now; nil where nothing is.
    public func due(at now: Instant) -> Due? {
        if let early = outOfTurn(at: now) { return Due(assignment: early, missed: []) }
        guard pause(at: now) == nil else { return nil }
        var walk = Walk(self, now: now)
        var missed: [Assignment] = []
        var due: Assignment?
        var first: CivilDate?
        while let next = walk.next() {
            if next.isMissed {
                missed.append(next)
                continue
            }
            first = next.slot.date
            if let goes = release(of: next, at: now), goes <= now { due = next }
            break
        }
        missed += pinsGoneBy(at: now, before: first)
        if missed.isEmpty, due == nil { return nil }
        missed.sort { $0.slot.date < $1.slot.date }
        return Due(assignment: due, missed: missed)
    }

    /// The next point that will be released, and when: in the past where it is due now, nil where none will
    /// ever be, or none before a person ends a pause. A missed slot that is still to be recorded counts as
    /// due.
    public func next(at now: Instant) -> (assignment: Assignment, goes: Instant)? {
        var walk = Walk(self, now: now)
        var isToRecord = false
        while let next = walk.next() {
            if next.isMissed {
                isToRecord = true
                continue
            }
            if !isToRecord { isToRecord = !pinsGoneBy(at: now, before: next.slot.date).isEmpty }
            guard let goes = release(of: next, at: now) else { return nil }
            return (next, isToRecord && pause(at: now) == nil ? min(goes, now) : goes)
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
        var walk = Walk(self, now: now)
        while let next = walk.next() {
            if !next.isMissed { return false }
        }
        return true
    }

    /// When an assignment goes out, seen from `now`: at its slot, or, where that has passed, as soon as no
    /// pause and no window keeps it. nil where only a person can say.
    public func release(of assignment: Assignment, at now: Instant) -> Instant? {
        let instant = assignment.slot.instant
        if instant > now { return pause(at: now)?.isOpen ?? false ? nil : instant }
        var goes = now
        if let pause = pause(at: now) {
            guard let until = pause.until, !pause.isOpen else { return nil }
            goes = calendar.endOfDay(until.previous)
        } else if now - instant <= Limits.onTime, !isMissed(assignment.slot, at: now) {
            return instant
        }
        guard let window = series.window else { return goes }
        return LocalWindow(window: window, zone: calendar.zone).opening(at: goes)
    }

    /// The pause that is on at `now`.
    public func pause(at now: Instant) -> SeriesPause? {
        let date = calendar.date(at: now)
        return terms.pauses.last { $0.isOn(at: now, date: date) }
    }

    /// The point that an operator wants out before its turn, where the slot of the day on which that was
    /// asked is still free.
    func outOfTurn(at now: Instant) -> Assignment? {
        guard let asked = terms.outOfTurn, let begin,
            let point = series.points.first(where: { $0.id == asked.point }),
            !isDone(point.id), !isOut(point.id)
        else { return nil }
        // Also the last of the cycle before: a point that goes out begins no cycle after the other.
        let last = [rows.map(\.slotDate).max(), terms.after].compactMap(\.self).max()
        let today = calendar.date(at: now)
        let asking = calendar.date(at: asked.asked)
        guard today >= begin, asking >= begin, last.map({ $0 < asking && $0 < today }) ?? true,
            pin(on: today).map({ $0.id == point.id }) ?? true
        else { return nil }
        let slot = Slot(
            date: today, instant: now, kind: .plain, offsetSeconds: calendar.zone.offsetSeconds(at: now))
        return Assignment(
            point: point, slot: slot, isMissed: false, why: [Plan.outOfTurnWords])
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
        var first = begin ?? CivilDate.distantFuture
        if let after = terms.after { first = max(first, after.next) }
        if let last = rows.map(\.slotDate).max() { first = max(first, last.next) }
        return first
    }

    private func isDone(_ point: String) -> Bool { rows.contains { $0.point == point } }

    /// The point that is pinned to `date` and still to come.
    func pin(on date: CivilDate) -> Point? {
        series.points.first { $0.date == date && !isDone($0.id) && !isOut($0.id) }
    }

    /// Pinned points whose day has gone by and was no release day for them: to be recorded as missed. Where
    /// the ledger is beyond that day already, there is no place for them in it.
    private func pinsGoneBy(at now: Instant, before next: CivilDate?) -> [Assignment] {
        guard let begin else { return [] }
        let last = [rows.map(\.slotDate).max(), terms.after].compactMap(\.self).max()
        return series.points.compactMap { point in
            guard let date = point.date, date >= begin, last.map({ $0 < date }) ?? true,
                next.map({ date < $0 }) ?? true, !isDone(point.id), !isOut(point.id),
                let why = whyNeverPlaced(point)
            else { return nil }
            let moment = calendar.zone.resolve(date, calendar.at)
            let slot = Slot(
                date: date, instant: moment.instant, kind: .plain, offsetSeconds: moment.offsetSeconds)
            guard isMissed(slot, at: now) else { return nil }
            return Assignment(point: point, slot: slot, isMissed: true, why: [why])
        }
    }

    /// Points that will not go out in this cycle, or not again.
    func isOut(_ point: String) -> Bool {
        terms.passed.contains(point) || terms.skipped.contains(point) || terms.withdrawn.contains(point)
    }

    /// Why a pinned point can never be placed: it is missed then, not waited for. nil where it can be, and
    /// for a point without a pin.
    func whyNeverPlaced(_ point: Point) -> String? {
        guard let date = point.date else { return nil }
        if date < firstFreeDate { return "pinned to \(date), which has gone by" }
        if let obstacle = obstacle(on: date) { return "pinned, but \(obstacle)" }
        guard let slot = calendar.slot(on: date) else {
            return "pinned, but \(date) does not exist in this zone"
        }
        if terms.pauses.contains(where: { !$0.withMissed && !$0.isOpen && $0.covers(slot) }) {
            return "pinned, but the series was paused on \(date)"
        }
        return nil
    }
}

extension SeriesPause {
    /// Only a person ends it.
    var isOpen: Bool { until == nil && ended == nil }
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
