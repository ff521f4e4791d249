import AdviceCore
import AdviceMessage
import AdviceStatus

/// The plan as an iCalendar file, one event for each slot.
func planCalendar(_ lines: [(cohort: PlanView.CohortView, entry: PlanEntry)], at now: Instant) -> [UInt8] {
    let titles = Set(lines.map(\.cohort.series.title))
    return calendarText(
        name: titles.count == 1 ? titles.first ?? "" : "Advice",
        events: lines.map { CalendarEvent($0.cohort, $0.entry, at: now) })
}

extension CalendarEvent {
    /// A point that is not released yet shows its number and nothing else of it (schedule.md R19).
    ///
    /// No earlier plan is kept to compare with, so each is taken for a move: the minutes since 1970 grow from
    /// one to the next, and fit a SEQUENCE until the year 6053.
    fileprivate init(_ view: PlanView.CohortView, _ entry: PlanEntry, at now: Instant) {
        let series = view.series
        let local = LocalText(entry)
        var summary = "\(series.title), \(entry.number) of \(series.points.count)"
        if entry.state == .released, let title = entry.title { summary += ": \(title)" }
        let isOneCohort = if case .named = series.zone { view.cohort.joined == nil } else { false }
        self.init(
            uid: calendarUID(
                series: series.id, edition: view.plan.edition, cohort: isOneCohort ? nil : view.cohort,
                point: entry.id),
            start: entry.scheduledFor, summary: summary,
            description: (["\(local.date) \(local.time) \(local.offset) \(view.cohort.zone)"] + entry.why)
                .joined(separator: "\n"),
            sequence: max(0, Int(now.seconds / 60)), stamp: now,
            isCancelled: entry.state == .missed || entry.state == .cancelled, categories: [series.title])
    }
}
