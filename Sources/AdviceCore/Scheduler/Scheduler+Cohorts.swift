/// What is due in which cohort, and where a cohort stands that comes to be in mid-series (schedule.md R10).
extension Scheduler {
    mutating func stepCohort(
        _ setup: SeriesSetup, _ cohort: SeriesSetup.CohortSetup, _ record: SeriesRecord, _ now: Instant,
        _ effects: inout [Effect]
    ) {
        let number = cohort.record.number
        switch coming[number] {
        case .nothing: return
        case .release(let upcoming) where upcoming.due > now: return
        case .release, nil: break
        }
        if !placed.contains(number) {
            if let ledger = inheritance(setup, cohort, record) {
                busyCohorts.insert(number)
                commit(.enter(ledger), &effects)
                return
            }
            placed.insert(number)
        }
        if cohort.record.joiners > 0, !welcomed.contains(number) {
            busyCohorts.insert(number)
            let edition = ledger(number, record)?.edition ?? record.edition
            var welcome = Welcome(
                series: setup.series.id, edition: edition, cohort: number, join: setup.series.join)
            // A date that was taken over and whose slot is still to come here is owed then, not before.
            for row in ledger(number, record)?.rows ?? [] where row.kind == .inherited {
                guard let slot = cohort.calendar.slot(on: row.slotDate), slot.instant > now else { continue }
                welcome.notBefore[row.point] = slot.instant
            }
            commit(.welcome(welcome), &effects)
            return
        }
        let plan = plan(setup, cohort, record)
        guard let due = plan.due(at: now) else {
            look(plan, cohort, now)
            return
        }
        busyCohorts.insert(number)
        let last = lastSequence(record, plan)
        let missed = due.missed.enumerated().map { place, assignment in
            row(assignment, .missed, sequence: last + place + 1, releasedAt: now)
        }
        let tellings: [Telling] = missed.map {
            .missed(series: setup.series.id, point: $0.point, day: $0.slotDate)
        }
        guard let assignment = due.assignment else {
            let ledger = CohortLedger(
                series: setup.series.id, edition: plan.edition, cohort: number, rows: plan.rows + missed)
            commit(.enter(ledger), tellings: tellings, &effects)
            return
        }
        let draft = ReleaseDraft(
            series: setup.series.id, edition: plan.edition, cohort: cohort.record, point: assignment.point,
            of: setup.series.points.count,
            row: row(assignment, .released, sequence: last + missed.count + 1, releasedAt: now),
            missed: missed, spread: setup.series.spread,
            revision: record.revision(of: assignment.point.id),
            // A later cycle of a loop repeats everything, to everybody.
            rebasedFrom: plan.edition.cycle == 1 ? record.details.rebasedFrom : [])
        let late = max(.zero, now - assignment.slot.instant)
        commit(.release(draft), tellings: tellings + [.released(draft, late: late)], &effects)
    }

    /// Notes what comes next in a cohort in which nothing is due.
    private mutating func look(_ plan: Plan, _ cohort: SeriesSetup.CohortSetup, _ now: Instant) {
        let number = cohort.record.number
        guard let next = plan.next(at: now) else {
            coming[number] = .nothing
            return
        }
        coming[number] = .release(
            Upcoming(
                due: next.goes, series: plan.series, cohort: cohort.record.cohort, assignment: next.assignment
            ))
    }

    /// The earliest release that is still to come, over all series and cohorts that are running.
    mutating func earliest(at now: Instant) -> Upcoming? {
        var best: Upcoming?
        for setup in settings.series {
            guard let record = records[setup.series.recordKey], record.state == .running else { continue }
            for cohort in setup.cohorts {
                if coming[cohort.record.number] == nil { look(plan(setup, cohort, record), cohort, now) }
                guard case .release(let upcoming) = coming[cohort.record.number] else { continue }
                if best.map({ upcoming.due < $0.due }) ?? true { best = upcoming }
            }
        }
        return best
    }

    func plan(
        _ setup: SeriesSetup, _ cohort: SeriesSetup.CohortSetup, _ record: SeriesRecord
    ) -> Plan {
        Plan(
            setup.series, cohort.record.cohort, cohort.calendar, record: record,
            ledger: ledger(cohort.record.number, record), stored: cohort.record)
    }

    private func row(
        _ assignment: Plan.Assignment, _ kind: LedgerRow.Kind, sequence: Int, releasedAt: Instant
    ) -> LedgerRow {
        LedgerRow(
            point: assignment.point.id, sequence: sequence, slotDate: assignment.slot.date, kind: kind,
            scheduledFor: assignment.slot.instant, releasedAt: releasedAt,
            why: assignment.why.isEmpty ? nil : assignment.why.joined(separator: "; "),
            cut: settings.generation)
    }

    /// The last number that was given out in this ledger. A run that goes on after a point (`start --after`)
    /// goes on counting there, for receivers go by it within one edition.
    private func lastSequence(_ record: SeriesRecord, _ plan: Plan) -> Int {
        plan.rows.map(\.sequence).max() ?? plan.terms.passed.count
    }

    /// A cohort that came to be in mid-series, or came back, stands where the series stands: what others
    /// released before it came it takes over from the most advanced of them, so that a changed time or zone
    /// gives nobody a second point for a date (R10). A cohort that was there all along inherits nothing: its
    /// own slot is only later in the day, or was missed.
    ///
    /// With `join: from-start` only cohorts of the same join day are one series: others are at another day.
    func inheritance(
        _ setup: SeriesSetup, _ cohort: SeriesSetup.CohortSetup, _ record: SeriesRecord
    ) -> CohortLedger? {
        let others = siblings(of: cohort, setup, record)
        guard let newest = others.max(by: { $0.edition.cycle < $1.edition.cycle })?.edition else {
            return nil
        }
        let current = ledger(cohort.record.number, record)
        if let current, current.edition.cycle > newest.cycle { return nil }
        let own = current.flatMap { $0.edition == newest ? $0.rows : nil } ?? []
        let ahead = others.filter { $0.edition == newest }
        let lastDate = ahead.flatMap(\.rows).map(\.slotDate).max()
        var best: [LedgerRow] = []
        var lastTaken: CivilDate?
        for ledger in ahead {
            let earlier = ledger.rows.filter { row in
                if let since = cohort.record.since { return row.cut.map { $0 < since } ?? true }
                // The store does not say. It may have been there with its slot of the newest date still to
                // come: that one it takes itself, and who had the point already is not sent it again.
                return own.isEmpty && lastDate.map { row.slotDate < $0 } ?? false
            }
            if earlier.count > best.count { best = earlier }
            lastTaken = [lastTaken, earlier.map(\.slotDate).max()].compactMap(\.self).max()
        }
        let done = Set(own.map(\.point)).union(newest.cycle == 1 ? record.passed : [])
        let missing = best.filter { !done.contains($0.point) }
        guard !missing.isEmpty else { return nil }
        let last = own.map(\.sequence).max() ?? (newest.cycle == 1 ? record.passed.count : 0)
        return CohortLedger(
            series: setup.series.id, edition: newest, cohort: cohort.record.number,
            rows: own + inherited(missing, after: own, through: lastTaken, from: last))
    }

    /// The ledgers of the series' other cohorts; sorted, so that nothing depends on a dictionary's order.
    private func siblings(
        of cohort: SeriesSetup.CohortSetup, _ setup: SeriesSetup, _ record: SeriesRecord
    ) -> [CohortLedger] {
        var ledgers: [CohortLedger] = []
        if setup.series.join == .fromStart {
            let joined = cohort.record.cohort.joined
            let all = (setup.cohorts + setup.former).map(\.record)
            ledgers = all.filter { $0.cohort.joined == joined }.compactMap { ledger($0.number, record) }
            // Of before the series counted from the day of joining: what went out since its members joined.
            ledgers += all.filter { $0.cohort.joined == nil }.compactMap { cohort in
                guard joined != nil, var ledger = ledger(cohort.number, record) else { return nil }
                ledger.rows.removeAll { row in joined.map { row.slotDate <= $0 } ?? false }
                return ledger
            }
        } else {
            ledgers = self.ledgers.values.filter { isOf(record, $0) }
        }
        return ledgers.filter { $0.cohort != cohort.record.number }.sorted { $0.cohort < $1.cohort }
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
            row.cut = settings.generation
            row.sequence = sequence + place + 1
            row.slotDate = date.map { max($0.next, row.slotDate) } ?? row.slotDate
            date = row.slotDate
            if place == missing.count - 1, let lastDate { row.slotDate = max(row.slotDate, lastDate) }
            inherited.append(row)
        }
        return inherited
    }
}

extension Scheduler {
    /// The ledger that a cohort which no daemon has met yet will begin with: what `plan` shows after an edit
    /// of a series' time or zone.
    public static func foreseen(
        _ cohort: Cohort, of series: Series, calendar: SlotCalendar, knowing knowledge: StoreKnowledge,
        now: Instant
    ) -> CohortLedger? {
        var scheduler = Scheduler(seed: 0)
        // No store gives this number.
        let record = CohortRecord(number: -1, series: series.id, cohort: cohort, members: 1, since: .max)
        let setup = SeriesSetup(
            series: series, home: calendar, cohorts: [.init(record: record, calendar: calendar)],
            former: knowledge.cohorts.filter { $0.series == series.id }.map {
                .init(record: $0, calendar: calendar)
            })
        scheduler.prepare(knowledge, SchedulerSettings(series: [setup]))
        guard let known = scheduler.records[series.recordKey] else { return nil }
        return scheduler.inheritance(setup, setup.cohorts[0], known)
    }
}
