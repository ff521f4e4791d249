/// Where one cohort stands and what it will do, for people: what a reload's difference is made of.
public struct Outlook: Sendable {
    public var series: Series
    public var cohort: Cohort
    public var state: SeriesRecord.State
    /// Of the points that are done with.
    public var rows: [LedgerRow]
    /// What is still to come, each with its slot.
    public var coming: [Plan.Assignment]
}

extension Scheduler {
    /// How the cohort stands at `now` by all that the scheduler knows; nil before its series is known.
    public func outlook(of series: String, in cohort: Cohort, at now: Instant) -> Outlook? {
        guard let setup = settings.series.first(where: { $0.series.id == series }),
            let record = records[setup.series.recordKey],
            let member = setup.cohorts.first(where: { $0.record.cohort == cohort })
        else { return nil }
        // What a reload brings about is on its way only: the record and the ledger as they are about to be.
        let coming = nextRecord(setup, now)?.record ?? record
        let ledger = inheritance(setup, member, coming) ?? ledger(member.record.number, coming)
        let plan = Plan(
            setup.series, member.record.cohort, member.calendar, record: coming, ledger: ledger,
            stored: member.record)
        return Outlook(
            series: setup.series, cohort: cohort, state: coming.state, rows: plan.rows,
            coming: plan.assignments(at: now))
    }

    /// As `outlook(of:in:at:)`, of the series' first cohort.
    public func outlook(of series: String, at now: Instant) -> Outlook? {
        guard let setup = settings.series.first(where: { $0.series.id == series }),
            let first = setup.cohorts.first
        else { return nil }
        return outlook(of: series, in: first.record.cohort, at: now)
    }

    /// Points whose text in the files is no longer what was released.
    public func changedAfterRelease(in series: String) -> [String] {
        settings.series.first { $0.series.id == series }.map { changedAfterRelease($0) } ?? []
    }

    public var seriesRecords: [SeriesRecord] { records.values.sorted { $0.key < $1.key } }

    /// Whether the clock is believed, in the word of `status --json`.
    public var clockState: String {
        switch trust.state {
        case .trusted: "trusted"
        case .settling: "awaited"
        case .suspect: "suspect"
        }
    }
}
