import AdviceConfig
import AdviceCore
import AdviceDaemon
import AdviceStore

/// The plans of all cohorts, from the configuration and from what the store knows: what `plan`, `status` and
/// `preview` show.
struct PlanView {
    struct CohortView {
        var series: Series
        var cohort: Cohort
        var record: SeriesRecord
        var plan: Plan
    }

    let cohorts: [CohortView]

    init(
        _ configuration: Configuration, _ knowledge: StoreKnowledge, _ installation: Installation,
        now: Instant
    ) {
        cohorts = configuration.series.flatMap { series -> [CohortView] in
            let home = installation.zones.rules(series.zone.name) ?? .utc
            let mine = configuration.subscribers.filter { $0.series.contains(series.id) }
            let record =
                knowledge.series.first { $0.id == series.id }
                ?? PlanView.unseen(series, today: home.local(of: now).date, hasMembers: !mine.isEmpty, now)
            return PlanView.cohorts(of: series, mine).map { cohort in
                let rules = installation.zones.rules(cohort.zone) ?? .utc
                let calendar = SlotCalendar(zone: rules, at: cohort.at)
                let number = knowledge.cohorts.first { $0.series == series.id && $0.cohort == cohort }?.number
                let ledger = knowledge.ledgers.first { $0.cohort == number && $0.edition == record.edition }
                // After an edit of its time or zone a daemon will make it stand where the series stands.
                let foreseen = Scheduler.foreseen(
                    cohort, of: series, calendar: calendar, knowing: knowledge, now: now)
                return CohortView(
                    series: series, cohort: cohort, record: record,
                    plan: Plan(
                        series: series, calendar: calendar,
                        begin: record.begin, rows: ledger?.rows ?? foreseen, passed: record.passed))
            }
        }
    }

    private static func cohorts(of series: Series, _ members: [Subscriber]) -> [Cohort] {
        switch series.zone {
        case .named(let zone):
            return [Cohort(zone: zone, at: series.at)]
        case .subscriber:
            var seen: Set<Cohort> = []
            return members.map { series.cohort(zone: $0.zone, at: $0.at) }.filter { seen.insert($0).inserted }
        }
    }

    /// What a daemon that starts now would make of a series that none has seen yet (schedule.md R6).
    private static func unseen(
        _ series: Series, today: CivilDate, hasMembers: Bool, _ now: Instant
    ) -> SeriesRecord {
        let state: SeriesRecord.State =
            !hasMembers ? .waiting : today <= series.start ? .running : .unstarted
        return SeriesRecord(
            id: series.id, firstSeen: now, configuredStart: series.start,
            edition: Edition(start: series.start, shadow: series.shadow), state: state,
            begin: state == .running ? series.start : nil)
    }
}
