/// What a restored store does not know: what went out after the backup was made.
extension Scheduler {
    /// The reason that stands in the ledger.
    public static let restoredWords = "counted as sent after a restore"

    /// More points than this go out in no cohort between a backup and its use: ten years of days.
    private static let longestGap = 3660

    /// The ledgers of the cohorts in which something was due by `now` that `knowledge` does not have, with
    /// rows for it: every slot has had its point, as a daemon that ran all the time would have sent it.
    public static func countedAsSent(
        knowing knowledge: StoreKnowledge, settings: SchedulerSettings, at now: Instant
    ) -> [CohortLedger] {
        var settings = settings
        for place in settings.series.indices {
            settings.series[place].series.catchUp = .all
            settings.series[place].series.window = nil
        }
        var scheduler = Scheduler(seed: 0)
        scheduler.prepare(knowledge, settings)
        var changed: [CohortLedger] = []
        for setup in settings.series {
            guard let record = scheduler.records[setup.series.recordKey], record.state == .running else {
                continue
            }
            for cohort in setup.cohorts {
                changed += scheduler.countAsSent(setup, cohort, record, now)
            }
        }
        return changed
    }

    private mutating func countAsSent(
        _ setup: SeriesSetup, _ cohort: SeriesSetup.CohortSetup, _ record: SeriesRecord, _ now: Instant
    ) -> [CohortLedger] {
        var changed: [CohortLedger] = []
        for _ in 0..<Scheduler.longestGap {
            let plan = plan(setup, cohort, record)
            guard let due = plan.due(at: now) else { break }
            let number = cohort.record.number
            var ledger = CohortLedger(
                series: setup.series.id, edition: plan.edition, cohort: number, rows: plan.rows)
            var sequence = plan.rows.map(\.sequence).max() ?? plan.terms.passed.count
            func append(_ assignment: Plan.Assignment, _ kind: LedgerRow.Kind, _ why: String) {
                sequence += 1
                ledger.rows.append(
                    LedgerRow(
                        point: assignment.point.id, sequence: sequence, slotDate: assignment.slot.date,
                        kind: kind, scheduledFor: assignment.slot.instant,
                        releasedAt: min(now, assignment.slot.instant), why: why))
            }
            for missed in due.missed {
                append(missed, .missed, missed.why.joined(separator: "; "))
            }
            if let assignment = due.assignment { append(assignment, .inherited, Scheduler.restoredWords) }
            ledgers[LedgerKey(number, record.edition)] = ledger
            changed.removeAll { $0.edition == ledger.edition }
            changed.append(ledger)
        }
        return changed
    }
}
