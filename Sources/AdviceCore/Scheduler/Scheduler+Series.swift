/// When series begin, and which point is due in which cohort.
extension Scheduler {
    /// Brings every series and cohort to where it should stand at `now`, one transaction at a time for each.
    mutating func stepSeries(_ now: Instant, _ effects: inout [Effect]) {
        for setup in settings.series where !busySeries.contains(setup.series.id) {
            if let record = nextRecord(setup, now) {
                busySeries.insert(setup.series.id)
                commit(.save(record.record, decision: nil), tellings: [record.telling], &effects)
                continue
            }
            announce(setup, &effects)
            guard let record = records[setup.series.id], record.state == .running else { continue }
            for cohort in setup.cohorts where !busyCohorts.contains(cohort.record.number) {
                stepCohort(setup, cohort, record, now, &effects)
            }
        }
    }

    /// How a series' record must change now, and what to say about it; nil where it stands as it should (R6).
    private func nextRecord(
        _ setup: SeriesSetup, _ now: Instant
    ) -> (record: SeriesRecord, telling: Telling)? {
        let series = setup.series
        let today = setup.home.date(at: now)
        guard let known = records[series.id] else {
            let fresh = SeriesRecord(
                id: series.id, firstSeen: now, configuredStart: series.start, edition: edition(of: series),
                state: .unstarted)
            return begun(fresh, setup, today)
        }
        // A start may be moved freely until something was released (R13); afterwards it is refused.
        guard !hasReleased(known) else { return nil }
        var record = known
        let isMoved = known.configuredStart != series.start
        if isMoved {
            record.configuredStart = series.start
            record.edition = edition(of: series)
            record.begin = nil
        }
        switch known.state {
        case .waiting:
            // Without members it waits, whatever its start; the first one begins it, but not before the day
            // that an operator has named.
            guard setup.members > 0 else {
                return isMoved ? (record, .waitingForSubscribers(series: series.id)) : nil
            }
            let begin = max(record.begin ?? series.start, today)
            record.state = .running
            record.begin = begin
            return (record, .begins(series: series.id, on: begin))
        case .running where setup.members == 0 && !isMoved:
            // All have left before the first point: it would be released to nobody.
            record.state = .waiting
            return (record, .waitingForSubscribers(series: series.id))
        case .unstarted, .running:
            return isMoved ? begun(record, setup, today) : nil
        }
    }

    /// A series of which nothing was released, seen with this start today.
    private func begun(
        _ record: SeriesRecord, _ setup: SeriesSetup, _ today: CivilDate
    ) -> (record: SeriesRecord, telling: Telling) {
        var record = record
        if setup.members == 0 {
            record.state = .waiting
            record.begin = nil
            return (record, .waitingForSubscribers(series: record.id))
        }
        if today <= setup.series.start {
            record.state = .running
            record.begin = setup.series.start
            return (record, .begins(series: record.id, on: setup.series.start))
        }
        record.state = .unstarted
        record.begin = nil
        return (record, .unstarted(series: record.id, start: setup.series.start))
    }

    private func edition(of series: Series) -> Edition {
        Edition(start: series.start, shadow: series.shadow)
    }

    /// Something went out in this edition, or is being written at this moment; also in cohorts that nobody is
    /// a member of any more.
    fileprivate func hasReleased(_ record: SeriesRecord) -> Bool {
        allCohorts(of: record.id).contains { !rows($0, record).isEmpty }
            || underway.values.contains { $0.isRelease(of: record.id) }
    }

    private func rows(_ cohort: Int64, _ record: SeriesRecord) -> [LedgerRow] {
        ledgers[LedgerKey(cohort: cohort, edition: record.edition)]?.rows ?? []
    }

    /// Says once for each configuration what keeps a series from going on.
    private mutating func announce(_ setup: SeriesSetup, _ effects: inout [Effect]) {
        guard let record = records[setup.series.id], announced.insert(setup.series.id).inserted else {
            return
        }
        switch record.state {
        case .unstarted:
            effects.append(.tell(.unstarted(series: record.id, start: setup.series.start)))
        case .waiting:
            effects.append(.tell(.waitingForSubscribers(series: record.id)))
        case .running where record.configuredStart != setup.series.start:
            effects.append(
                .tell(
                    .startMoved(
                        series: record.id, from: record.configuredStart, to: setup.series.start)))
        case .running:
            break
        }
    }

    private mutating func stepCohort(
        _ setup: SeriesSetup, _ cohort: SeriesSetup.CohortSetup, _ record: SeriesRecord, _ now: Instant,
        _ effects: inout [Effect]
    ) {
        if let ledger = inheritance(setup, cohort, record) {
            busyCohorts.insert(cohort.record.number)
            commit(.inherit(ledger), &effects)
            return
        }
        let plan = plan(setup, cohort, record)
        guard let due = plan.due(at: now) else { return }
        let sequence = lastSequence(rows(cohort.record.number, record), record)
        let missed = due.missed.enumerated().map { place, assignment in
            row(assignment, .missed, sequence: sequence + place + 1, releasedAt: now)
        }
        let draft = ReleaseDraft(
            series: setup.series.id, edition: record.edition, cohort: cohort.record,
            point: due.assignment.point, of: setup.series.points.count,
            row: row(
                due.assignment, .released, sequence: sequence + missed.count + 1, releasedAt: now),
            missed: missed, spread: setup.series.spread)
        busyCohorts.insert(cohort.record.number)
        var tellings: [Telling] = missed.map {
            .missed(series: setup.series.id, point: $0.point, day: $0.slotDate)
        }
        tellings.append(.released(draft, late: now - due.assignment.slot.instant))
        commit(.release(draft), tellings: tellings, &effects)
    }

    private func row(
        _ assignment: Plan.Assignment, _ kind: LedgerRow.Kind, sequence: Int, releasedAt: Instant
    ) -> LedgerRow {
        LedgerRow(
            point: assignment.point.id, sequence: sequence, slotDate: assignment.slot.date, kind: kind,
            scheduledFor: assignment.slot.instant, releasedAt: releasedAt)
    }

    /// The last number that was given out in this ledger. A run that goes on after a point (`start --after`)
    /// goes on counting there, for receivers go by it within one edition.
    private func lastSequence(_ rows: [LedgerRow], _ record: SeriesRecord) -> Int {
        rows.map(\.sequence).max() ?? record.passed.count
    }

    /// A cohort that came to be in mid-series, or came back, stands where the series stands: what others
    /// released before it came it takes over from the most advanced of them, so that a changed time or zone
    /// gives nobody a second point for a date (R10). A cohort that was there all along inherits nothing: its
    /// own slot is only later in the day, or was missed.
    fileprivate func inheritance(
        _ setup: SeriesSetup, _ cohort: SeriesSetup.CohortSetup, _ record: SeriesRecord
    ) -> CohortLedger? {
        guard setup.series.join != .fromStart else { return nil }
        let own = rows(cohort.record.number, record)
        let others = allCohorts(of: setup.series.id).filter { $0 != cohort.record.number }
            .map { rows($0, record) }
        let newest = others.joined().map(\.slotDate).max()
        var best: [LedgerRow] = []
        var lastDate: CivilDate?
        for rows in others {
            let earlier = rows.filter { row in
                if let since = cohort.record.since { return row.releasedAt < since }
                // The store does not say. It may have been there with its slot of the newest date still to
                // come: that one it takes itself, and who had the point already is not sent it again.
                return own.isEmpty && newest.map { row.slotDate < $0 } ?? false
            }
            if earlier.count > best.count { best = earlier }
            lastDate = [lastDate, earlier.map(\.slotDate).max()].compactMap(\.self).max()
        }
        let done = Set(own.map(\.point)).union(record.passed)
        let missing = best.filter { !done.contains($0.point) }
        guard !missing.isEmpty else { return nil }
        return CohortLedger(
            series: setup.series.id, edition: record.edition, cohort: cohort.record.number,
            rows: own + inherited(missing, after: own, through: lastDate, from: lastSequence(own, record)))
    }

    /// `missing` as rows that follow `own`: later in date, each on a date of its own, the last on the last
    /// date that any cohort has used.
    private func inherited(
        _ missing: [LedgerRow], after own: [LedgerRow], through lastDate: CivilDate?, from sequence: Int
    ) -> [LedgerRow] {
        var date = own.map(\.slotDate).max()
        var inherited: [LedgerRow] = []
        for (place, row) in missing.enumerated() {
            var row = row
            row.kind = .inherited
            row.sequence = sequence + place + 1
            row.slotDate = date.map { max($0.next, row.slotDate) } ?? row.slotDate
            date = row.slotDate
            if place == missing.count - 1, let lastDate { row.slotDate = max(row.slotDate, lastDate) }
            inherited.append(row)
        }
        return inherited
    }

    /// Every cohort that has a ledger, also those without members now; sorted, so that the order never
    /// depends on a dictionary.
    private func allCohorts(of series: String) -> [Int64] {
        ledgers.values.filter { $0.series == series }.map(\.cohort).sorted()
    }

    func plan(
        _ setup: SeriesSetup, _ cohort: SeriesSetup.CohortSetup, _ record: SeriesRecord
    ) -> Plan {
        Plan(
            series: setup.series, calendar: cohort.calendar, begin: record.begin,
            rows: rows(cohort.record.number, record), passed: record.passed)
    }

    /// The earliest release that is still to come, over all series and cohorts that are running.
    func nextRelease(after now: Instant) -> Upcoming? {
        var best: Upcoming?
        for setup in settings.series {
            guard let record = records[setup.series.id], record.state == .running else { continue }
            for cohort in setup.cohorts {
                guard let next = plan(setup, cohort, record).next(at: now) else { continue }
                if best.map({ next.slot.instant < $0.due }) ?? true {
                    best = Upcoming(
                        due: next.slot.instant, series: setup.series, cohort: cohort.record.cohort,
                        assignment: next)
                }
            }
        }
        return best
    }

    /// What the daemon waits for, for the service manager's status line.
    func statusLine(_ upcoming: Upcoming?) -> String {
        if isStopping { return "stopping: \(deliveries.inFlight) in flight" }
        if let upcoming {
            let point = upcoming.assignment.point
            let series = upcoming.series
            return "next: \(series.id)/\(point.id) (\(point.number) of \(series.points.count)) "
                + "on \(upcoming.assignment.slot.date) at \(upcoming.cohort.at) \(upcoming.cohort.zone)"
        }
        let states = settings.series.map { setup -> String in
            guard let record = records[setup.series.id] else { return "\(setup.series.id): new" }
            switch record.state {
            case .waiting: return "\(setup.series.id): waiting for subscribers"
            case .unstarted: return "\(setup.series.id): unstarted (advised start \(setup.series.id))"
            case .running: return "\(setup.series.id): finished"
            }
        }
        return states.joined(separator: "; ")
    }

    mutating func operate(
        _ command: OperatorCommand, _ request: UInt64, _ now: Instant, _ effects: inout [Effect]
    ) {
        switch command {
        case .start(let series, let on, let after):
            switch started(series, on: on, after: after, now) {
            case .failure(let refusal):
                effects.append(.answer(request: request, .refused(refusal.reason)))
            case .success(let record):
                busySeries.insert(series)
                let begin = record.begin ?? setup(series)?.home.date(at: now) ?? record.configuredStart
                let telling: Telling =
                    record.state == .waiting
                    ? .waitingForSubscribers(series: series) : .begins(series: series, on: begin)
                commit(
                    .save(
                        record, decision: "start \(series) on \(begin)" + (after.map { " after \($0)" } ?? "")
                    ),
                    tellings: [telling], request: request, &effects)
            }
        }
    }

    struct Refusal: Error { var reason: String }

    private func setup(_ id: String) -> SeriesSetup? { settings.series.first { $0.series.id == id } }

    /// The record of a series that an operator begins.
    private func started(
        _ id: String, on: CivilDate?, after: String?, _ now: Instant
    ) -> Result<SeriesRecord, Refusal> {
        guard !busySeries.contains(id) else {
            return .failure(Refusal(reason: "\(id) is being begun at this moment; ask again"))
        }
        guard let setup = setup(id), var record = records[id] else {
            let known = settings.series.map(\.series.id).joined(separator: ", ")
            return .failure(Refusal(reason: "there is no series '\(id)'; there is: \(known)"))
        }
        guard !hasReleased(record) else {
            return .failure(Refusal(reason: "\(id) has begun already: a point of it was released"))
        }
        let today = setup.home.date(at: now)
        if let on, on < today {
            return .failure(Refusal(reason: "\(on) is past; today is \(today) in \(setup.series.zone.name)"))
        }
        // Nothing goes out before the start date but by a day that is named (P3).
        if on == nil, after == nil, setup.series.start > today {
            return .failure(
                Refusal(reason: "\(id) begins by itself on \(setup.series.start); --on DATE begins it before")
            )
        }
        record.passed = []
        if let after {
            guard let place = setup.series.points.firstIndex(where: { $0.id == after }) else {
                return .failure(Refusal(reason: "series \(id) has no point '\(after)'"))
            }
            guard place < setup.series.points.count - 1 else {
                return .failure(
                    Refusal(reason: "'\(after)' is the last point of \(id): nothing comes after it"))
            }
            record.passed = setup.series.points[...place].map(\.id)
        }
        // The decision is for the configuration as it is now: a start moved meanwhile must not undo it.
        record.configuredStart = setup.series.start
        record.begin = on ?? max(today, after == nil ? today : setup.series.start)
        // The edition of `--after` alone is the configured one: it goes on with a run that this state lost.
        let start = on ?? (after == nil ? today : setup.series.start)
        record.edition = Edition(start: start, shadow: setup.series.shadow)
        record.state = setup.members > 0 ? .running : .waiting
        return .success(record)
    }
}

/// What an operator's command comes to where no daemon runs.
public enum Decision: Sendable {
    case refused(String)
    case save(SeriesRecord, words: String)
}

extension Scheduler {
    /// The same decision that a running daemon would take, without running one.
    public static func decide(
        _ command: OperatorCommand, knowing knowledge: StoreKnowledge, settings: SchedulerSettings,
        now: Moment
    ) -> Decision {
        var scheduler = Scheduler(seed: 0)
        scheduler.prepare(knowledge, settings)
        for setup in settings.series where scheduler.records[setup.series.id] == nil {
            // Never seen by a daemon: what one would note down first.
            scheduler.records[setup.series.id] = SeriesRecord(
                id: setup.series.id, firstSeen: now.wall, configuredStart: setup.series.start,
                edition: Edition(start: setup.series.start, shadow: setup.series.shadow), state: .unstarted)
        }
        var effects: [Effect] = []
        scheduler.operate(command, 0, now.wall, &effects)
        for effect in effects {
            switch effect {
            case .answer(_, .refused(let reason)): return .refused(reason)
            case .commit(_, .save(let record, let words)): return .save(record, words: words ?? "")
            default: continue
            }
        }
        preconditionFailure("a command is refused or changes something")
    }
}

extension Scheduler {
    /// Why a new configuration cannot be taken as it is; nil where it can (interface.md §1.3).
    public func objection(to series: [Series]) -> String? {
        for fresh in series {
            guard let record = records[fresh.id], record.configuredStart != fresh.start, hasReleased(record)
            else { continue }
            return
                "series \(fresh.id) has begun with start \(record.configuredStart): put it back in place of "
                + "\(fresh.start)"
        }
        return nil
    }

    /// The ledger that a cohort which no daemon has met yet will begin with: what `plan` shows after an edit
    /// of a series' time or zone.
    public static func foreseen(
        _ cohort: Cohort, of series: Series, calendar: SlotCalendar, knowing knowledge: StoreKnowledge,
        now: Instant
    ) -> [LedgerRow] {
        var scheduler = Scheduler(seed: 0)
        // No store gives this number.
        let record = CohortRecord(number: -1, series: series.id, cohort: cohort, members: 1, since: now)
        let setup = SeriesSetup(
            series: series, home: calendar, cohorts: [.init(record: record, calendar: calendar)])
        scheduler.prepare(knowledge, SchedulerSettings(series: [setup]))
        guard let known = scheduler.records[series.id] else { return [] }
        return scheduler.inheritance(setup, setup.cohorts[0], known)?.rows ?? []
    }
}
