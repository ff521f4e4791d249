/// One line of `advised plan`: a point of a cohort, when it goes out, and why then.
public struct PlanEntry: Hashable, Sendable {
    /// The point's place in the series today; of a point that is no longer there, its sequence.
    public var number: Int
    public var id: String
    /// nil where the point is no longer in the series.
    public var title: String?
    /// The slot date, whatever wall date the instant lands on.
    public var day: CivilDate
    public var scheduledFor: Instant
    public var offsetSeconds: Int
    public var state: State
    /// Empty where it is the plain rule.
    public var why: [String]

    public enum State: String, Hashable, Sendable {
        case released, due, planned, blocked, missed, cancelled
    }
}

extension Plan {
    /// Every point of the cohort's cycle in the order of going out: those that are done with, then those to
    /// come, then those that will not.
    ///
    /// A series that has not begun is shown as if it began at the first day that it can, all of it blocked.
    /// `hold` is what keeps every series from going on, in words: a clock that is not believed.
    public func entries(
        at now: Instant, state: SeriesRecord.State, hold: String? = nil
    ) -> [PlanEntry] {
        let byID = Dictionary(series.points.map { ($0.id, $0) }, uniquingKeysWith: { first, _ in first })
        let entries = rows.map { row in
            var entry = PlanEntry(
                number: byID[row.point]?.number ?? row.sequence, id: row.point, title: byID[row.point]?.title,
                day: row.slotDate, scheduledFor: row.scheduledFor,
                offsetSeconds: calendar.zone.offsetSeconds(at: row.scheduledFor),
                state: row.kind == .missed ? .missed : .released, why: Plan.why(of: row, in: calendar))
            if terms.withdrawn.contains(row.point) {
                entry.state = .cancelled
                entry.why.append("withdrawn after its release")
            } else if let revision = terms.revisions.last(where: { $0.point == row.point }) {
                entry.why.append("revised: revision \(revision.number)")
            }
            return entry
        }
        let plan = begin == nil ? beginning(on: max(series.start, calendar.date(at: now))) : self
        let blocked = hold ?? Plan.obstacle(state, series)
        let assignments = plan.assignments(at: now)
        let coming = assignments.map { plan.entry(of: $0, at: now, blocked: blocked) }
        return entries + coming + plan.cancelled(among: assignments) + plan.neverPlaced()
    }

    /// The cycle of a loop after this one, as it will be if all goes well; nil where there is none.
    public func nextCycle(at now: Instant) -> Plan? {
        guard series.atEnd == .loop, begin != nil else { return nil }
        let last = assignments(at: now).last?.slot.date ?? rows.map(\.slotDate).max()
        guard let last else { return nil }
        var next = edition
        next.cycle += 1
        var terms = terms
        terms.after = last
        terms.skipped = []
        terms.passed = []
        terms.outOfTurn = nil
        terms.since = nil
        return Plan(
            series: series, calendar: calendar, begin: begin, rows: [], terms: terms, edition: next)
    }

    private func entry(of assignment: Assignment, at now: Instant, blocked: String?) -> PlanEntry {
        var entry = PlanEntry(
            number: assignment.point.number, id: assignment.point.id, title: assignment.point.title,
            day: assignment.slot.date, scheduledFor: assignment.slot.instant,
            offsetSeconds: assignment.slot.offsetSeconds, state: .planned, why: assignment.why)
        if let blocked {
            entry.state = .blocked
            entry.why.insert(blocked, at: 0)
        } else if assignment.isMissed {
            entry.state = .missed
        } else if let pause = pause(at: now), pause.isOpen {
            entry.state = .blocked
            entry.why.insert("paused since \(calendar.date(at: pause.from))", at: 0)
        } else if assignment.slot.instant <= now {
            entry.state = .due
            if let goes = release(of: assignment, at: now), goes > now {
                entry.why.append("waits until \(goes)")
            }
        }
        return entry
    }

    /// Points that an operator has taken out, on the day on which they would have gone.
    private func cancelled(among assignments: [Assignment]) -> [PlanEntry] {
        let done = Set(rows.map(\.point))
        return series.points.compactMap { point in
            let isWithdrawn = terms.withdrawn.contains(point.id)
            guard !done.contains(point.id), isWithdrawn || terms.skipped.contains(point.id) else {
                return nil
            }
            let follower = assignments.first { $0.point.number > point.number }
            let day = follower?.slot.date ?? assignments.last?.slot.date.next ?? firstFreeDate
            guard day < CivilDate.distantFuture else { return nil }
            let moment = calendar.zone.resolve(day, calendar.at)
            return PlanEntry(
                number: point.number, id: point.id, title: point.title, day: day,
                scheduledFor: moment.instant, offsetSeconds: moment.offsetSeconds, state: .cancelled,
                why: [isWithdrawn ? "withdrawn" : "skipped by an operator"])
        }
    }

    /// Pinned points whose day has gone by or is no release day: they are not dropped in silence.
    private func neverPlaced() -> [PlanEntry] {
        let done = Set(rows.map(\.point))
        return series.points.filter { !done.contains($0.id) && !isOut($0.id) }.compactMap { point in
            guard let date = point.date, let why = whyNeverPlaced(point) else { return nil }
            let moment = calendar.zone.resolve(date, calendar.at)
            return PlanEntry(
                number: point.number, id: point.id, title: point.title, day: date,
                scheduledFor: moment.instant, offsetSeconds: moment.offsetSeconds, state: .missed, why: [why])
        }
    }

    private static func obstacle(_ state: SeriesRecord.State, _ series: Series) -> String? {
        switch state {
        case .running: nil
        case .waiting: "waiting for subscribers"
        case .unstarted: "unstarted: `advised start \(series.id)` begins it"
        }
    }

    private func beginning(on date: CivilDate) -> Plan {
        Plan(
            series: series, calendar: calendar, begin: date, rows: rows, terms: terms, edition: edition)
    }

    private static func why(of row: LedgerRow, in calendar: SlotCalendar) -> [String] {
        var why: [String] = []
        if row.kind == .inherited { why.append("released before this cohort came to be") }
        if let words = row.why {
            why.append(words)
        } else if let words = calendar.slot(on: row.slotDate)?.why(at: calendar.at) {
            // Rows of before it was noted down.
            why.append(words)
        }
        let late = row.releasedAt - row.scheduledFor
        if row.kind == .released, late >= .seconds(1) { why.append("released \(late.seconds) s late") }
        if row.kind == .missed, row.why == nil { why.append("its slot passed while nothing ran") }
        return why
    }
}
