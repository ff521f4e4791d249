/// The walk over dates that every question to the plan is answered by.
struct Walk {
    private let plan: Plan
    /// nil: only asked whether there are points left.
    private let now: Instant?
    /// Points still to come by their place in the series, pinned ones apart; `unpinned` is consumed from
    /// `place`.
    private let unpinned: [Int]
    private let pinned: [Int]
    /// For each place the earliest moment at which one of the points from there on was there; nil: always.
    private let there: [Instant?]
    /// Goes before all others, on the first date.
    private var early: Plan.Assignment?
    private var pinsLeft: Int
    private var place = 0
    private var date: CivilDate
    private var reasons: [String] = []
    private var barren = 0
    /// For `latest`: missed slots before this date stay missed. It is that of the newest slot that has come
    /// and that a point can still take; nil where the newest is not needed or not known yet.
    private var newestPassed: CivilDate?

    init(_ plan: Plan, now: Instant?) {
        self.plan = plan
        self.now = now
        let early = now.flatMap { plan.outOfTurn(at: $0) }
        let done = Set(plan.rows.map(\.point))
        let points = plan.series.points
        var unpinned: [Int] = []
        var pinned: [Int] = []
        for place in points.indices {
            let id = points[place].id
            if done.contains(id) || id == early?.point.id || plan.isOut(id) { continue }
            if points[place].date == nil {
                unpinned.append(place)
            } else if plan.whyNeverPlaced(points[place]) == nil {
                pinned.append(place)
            }
        }
        self.unpinned = unpinned
        self.pinned = pinned
        self.early = early
        date = early?.slot.date ?? plan.firstFreeDate
        pinsLeft = pinned.count
        there = plan.terms.seen.isEmpty ? [] : Walk.there(unpinned.map { points[$0].id }, plan.terms.seen)
        if early == nil, let last = plan.rows.max(by: { $0.slotDate < $1.slotDate }),
            last.why?.contains(Plan.outOfTurnWords) ?? false
        {
            reasons.append("the slot of \(last.slotDate) was taken by \(last.point)")
        }
        if now != nil, plan.series.catchUp == .latest { newestPassed = findNewestPassed() }
    }

    private static func there(_ points: [String], _ seen: [String: Instant]) -> [Instant?] {
        var there: [Instant?] = []
        var earliest: Instant?
        var isAlways = false
        for point in points.reversed() {
            if let instant = seen[point] {
                earliest = min(earliest ?? instant, instant)
            } else {
                isAlways = true
            }
            there.append(isAlways ? nil : earliest)
        }
        return there.reversed()
    }

    /// Points are left that can still go out.
    var hasPoints: Bool { !unpinned.isEmpty || !pinned.isEmpty || early != nil }

    /// Looks ahead as if nothing were missed: the last point whose slot has come is the newest.
    private func findNewestPassed() -> CivilDate? {
        var ahead = self
        ahead.reasons = []
        var newest: CivilDate?
        while let next = ahead.next(), let now, next.slot.instant <= now {
            if !next.isMissed { newest = next.slot.date }
        }
        // Of a loop the newest may be of a later cycle: then all of this one were missed.
        if plan.series.atEnd == .loop, !ahead.hasMore, let now, ahead.followerHasCome(at: now) {
            return .distantFuture
        }
        return newest
    }

    private var hasMore: Bool { place < unpinned.count || pinsLeft > 0 }

    /// Whether the slot after the last that was given out has come too.
    private mutating func followerHasCome(at now: Instant) -> Bool {
        for _ in 0..<Plan.searchBoundDays {
            let today = date
            guard today < CivilDate.distantFuture else { return false }
            date = today.next
            if let slot = usableSlot(on: today) { return slot.instant <= now }
        }
        return false
    }

    mutating func next() -> Plan.Assignment? {
        if let first = early {
            early = nil
            date = first.slot.date.next
            return first
        }
        while place < unpinned.count || pinsLeft > 0 {
            guard barren < Plan.searchBoundDays else { return nil }
            let today = date
            guard today < CivilDate.distantFuture else { return nil }
            date = today.next
            barren += 1
            guard let slot = usableSlot(on: today) else {
                // Its pin goes by with it.
                pinsLeft -= pinned.count { plan.series.points[$0].date == today }
                continue
            }
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
        if plan.terms.pauses.contains(where: { isIn($0, slot) && !$0.withMissed }) {
            note("paused on \(date)")
            return nil
        }
        // A clock that was set back since makes no slot to come anybody's less.
        if let since = plan.terms.since, let now, plan.isMissed(slot, at: min(since, now)) {
            note("nobody was there to get a point on \(date)")
            return nil
        }
        return slot
    }

    /// Days of a pause that nobody has ended are taken from the series when they have come, not before.
    private func isIn(_ pause: SeriesPause, _ slot: Slot) -> Bool {
        guard pause.covers(slot) else { return false }
        return !pause.isOpen || now.map { slot.instant <= $0 } ?? false
    }

    private mutating func assign(_ slot: Slot) -> Plan.Assignment? {
        let missed = now.map { slot.instant <= $0 && plan.isMissed(slot, at: $0) } ?? false
        let isAfterPause =
            missed && plan.terms.pauses.contains { $0.withMissed && $0.covers(slot) }
        if let pin = pinned.first(where: { plan.series.points[$0].date == slot.date }) {
            pinsLeft -= pinned.count { plan.series.points[$0].date == slot.date }
            if isAfterPause { return make(pin, slot, missed: false, extra: "pinned, sent after a pause") }
            return make(
                pin, slot, missed: missed, extra: missed ? "pinned to a slot that was missed" : "pinned")
        }
        guard place < unpinned.count else { return nil }
        if !there.isEmpty, let there = there[place], there > slot.instant {
            note("no point was left for \(slot.date)")
            return nil
        }
        if isAfterPause {
            place += 1
            return make(unpinned[place - 1], slot, missed: false, extra: "sent after a pause")
        }
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

    private func make(_ place: Int, _ slot: Slot, missed: Bool, extra: String?) -> Plan.Assignment {
        var why = reasons
        let point = plan.series.points[place]
        if point.date == nil, let seen = plan.terms.seen[point.id],
            plan.rows.contains(where: { row in
                plan.series.points.first { $0.id == row.point }.map { $0.number > point.number } ?? false
            })
        {
            why.append("added on \(plan.calendar.date(at: seen)), before points that had gone out")
        }
        if let extra { why.append(extra) }
        if let words = slot.why(at: plan.calendar.at) { why.append(words) }
        return Plan.Assignment(point: plan.series.points[place], slot: slot, isMissed: missed, why: why)
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
