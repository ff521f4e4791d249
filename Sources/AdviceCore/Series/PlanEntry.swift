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
    /// Every point of the cohort in the order of going out: those that are done with, then those to come.
    ///
    /// A series that has not begun is shown as if it began at the first day that it can, all of it blocked.
    public func entries(at now: Instant, state: SeriesRecord.State) -> [PlanEntry] {
        let byID = Dictionary(series.points.map { ($0.id, $0) }, uniquingKeysWith: { first, _ in first })
        var entries = rows.map { row in
            PlanEntry(
                number: byID[row.point]?.number ?? row.sequence, id: row.point, title: byID[row.point]?.title,
                day: row.slotDate, scheduledFor: row.scheduledFor,
                offsetSeconds: calendar.zone.offsetSeconds(at: row.scheduledFor),
                state: row.kind == .missed ? .missed : .released, why: Plan.why(of: row, in: calendar))
        }
        let plan = begin == nil ? beginning(on: max(series.start, calendar.date(at: now))) : self
        for assignment in plan.assignments(at: now) {
            entries.append(
                PlanEntry(
                    number: assignment.point.number, id: assignment.point.id, title: assignment.point.title,
                    day: assignment.slot.date, scheduledFor: assignment.slot.instant,
                    offsetSeconds: assignment.slot.offsetSeconds, state: Plan.state(assignment, state, now),
                    why: obstacle(state) + assignment.why))
        }
        return entries + plan.neverPlaced()
    }

    /// Pinned points whose day has gone by or is no release day: they are not dropped in silence.
    private func neverPlaced() -> [PlanEntry] {
        let done = Set(rows.map(\.point)).union(passed)
        return series.points.filter { !done.contains($0.id) }.compactMap { point in
            guard let date = point.date, let why = whyNeverPlaced(point) else { return nil }
            let moment = calendar.zone.resolve(date, calendar.at)
            return PlanEntry(
                number: point.number, id: point.id, title: point.title, day: date,
                scheduledFor: moment.instant, offsetSeconds: moment.offsetSeconds, state: .missed, why: [why])
        }
    }

    private static func state(
        _ assignment: Assignment, _ state: SeriesRecord.State, _ now: Instant
    ) -> PlanEntry.State {
        guard state == .running else { return .blocked }
        if assignment.isMissed { return .missed }
        return assignment.slot.instant <= now ? .due : .planned
    }

    private func obstacle(_ state: SeriesRecord.State) -> [String] {
        switch state {
        case .running: []
        case .waiting: ["waiting for subscribers"]
        case .unstarted: ["unstarted: `advised start \(series.id)` begins it"]
        }
    }

    private func beginning(on date: CivilDate) -> Plan {
        Plan(series: series, calendar: calendar, begin: date, rows: rows, passed: passed)
    }

    private static func why(of row: LedgerRow, in calendar: SlotCalendar) -> [String] {
        var why: [String] = []
        if row.kind == .inherited { why.append("released before this cohort came to be") }
        let late = row.releasedAt - row.scheduledFor
        if row.kind == .released, late >= .seconds(1) { why.append("released \(late.seconds) s late") }
        if row.kind == .missed { why.append("its slot passed while nothing ran") }
        if let words = calendar.slot(on: row.slotDate)?.why(at: calendar.at) { why.append(words) }
        return why
    }
}
