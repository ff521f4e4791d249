public import AdviceConfig
public import AdviceCore

/// The plans of all cohorts, from the configuration and from what the store knows: what `plan`, `status`,
/// `preview` and the operator's pages show.
public struct PlanView {
    public struct CohortView {
        public var series: Series
        public var cohort: Cohort
        /// The store's; nil where it has none yet.
        public var number: Int64?
        public var record: SeriesRecord
        public var plan: Plan
    }

    public let cohorts: [CohortView]
    /// What keeps every series from going on, in words.
    public let hold: String?

    /// `rules` gives a zone's rules by its name. Without its roster (`hasRoster` false), as a daemon keeps a
    /// configuration, the cohorts are those in which the store has members.
    public init(
        _ files: Configuration, _ knowledge: StoreKnowledge, rules zone: (String) -> ZoneRules?,
        hasRoster: Bool = true, now: Instant
    ) {
        let configuration = files.keepingLocalZones(knowledge.series)
        hold = knowledge.hold.map { _ in "the clock is suspect: `advised clock accept`" }
        cohorts = configuration.series.flatMap { series -> [CohortView] in
            let home = zone(series.zone.name) ?? .utc
            let mine = configuration.subscribers.filter { $0.series.contains(series.id) }
            let record =
                knowledge.series.first { $0.key == series.recordKey }
                ?? PlanView.unseen(series, today: home.local(of: now).date, hasMembers: !mine.isEmpty, now)
            let stored = knowledge.cohorts.filter { $0.series == series.id }
            let today = home.local(of: now).date
            let cohorts = PlanView.cohorts(of: series, hasRoster ? mine : nil, stored, today)
            return cohorts.map { cohort in
                let rules = zone(cohort.zone) ?? .utc
                let calendar = SlotCalendar(zone: rules, at: cohort.at)
                let number = stored.first { $0.cohort == cohort }?.number
                let ledger = knowledge.ledgers.first {
                    $0.cohort == number && $0.edition.start == record.edition.start
                        && $0.edition.shadow == record.edition.shadow
                }
                // After an edit of its time or zone a daemon will make it stand where the series stands.
                let foreseen =
                    ledger
                    ?? Scheduler.foreseen(
                        cohort, of: series, calendar: calendar, knowing: knowledge, now: now)
                return CohortView(
                    series: series, cohort: cohort, number: number, record: record,
                    plan: Plan(
                        series, cohort, calendar, record: record, ledger: foreseen,
                        stored: stored.first { $0.number == number }))
            }
        }
    }

    /// The cohorts that a series has members in. Where days of joining count, they are the store's: it keeps
    /// when each was first seen; before any is stored, it is today.
    private static func cohorts(
        of series: Series, _ members: [Subscriber]?, _ stored: [CohortRecord], _ today: CivilDate
    ) -> [Cohort] {
        if series.join == .fromStart, stored.contains(where: { $0.members > 0 }) {
            return stored.filter { $0.members > 0 }.map(\.cohort)
        }
        if case .named(let zone) = series.zone, series.join != .fromStart {
            return [Cohort(zone: zone, at: series.at)]
        }
        guard let members else { return stored.filter { $0.members > 0 }.map(\.cohort) }
        var seen: Set<Cohort> = []
        return members.map { series.cohort(zone: $0.zone, at: $0.at, joined: $0.joined ?? today) }
            .filter { seen.insert($0).inserted }
    }

    /// Whether `subscriber` belongs to the cohort: by the store, which knows the day of joining, and by the
    /// files for what it has not taken yet.
    public static func isMember(
        _ subscriber: Subscriber, of view: CohortView, storedCohorts: [Int64]
    ) -> Bool {
        guard subscriber.series.contains(view.series.id) else { return false }
        if let number = view.number, storedCohorts.contains(number) { return true }
        guard view.series.join != .fromStart || storedCohorts.isEmpty else { return false }
        var cohort = view.series.cohort(
            zone: subscriber.zone, at: subscriber.at, joined: subscriber.joined)
        if subscriber.joined == nil { cohort.joined = view.cohort.joined }
        return cohort == view.cohort
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
