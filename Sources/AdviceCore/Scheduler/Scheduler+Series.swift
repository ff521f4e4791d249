/// When series begin, and what their records remember (schedule.md R6, R13).
extension Scheduler {
    /// Brings every series and cohort to where it should stand at `now`, one transaction at a time for each.
    mutating func stepSeries(_ now: Instant, _ effects: inout [Effect]) {
        for setup in settings.series where !busySeries.contains(setup.series.id) {
            if let change = nextRecord(setup, now) {
                busySeries.insert(setup.series.id)
                commit(.save(change.record, decision: nil), tellings: change.tellings, &effects)
                continue
            }
            announce(setup, &effects)
            guard let record = records[setup.series.recordKey], record.state == .running else { continue }
            for cohort in setup.cohorts where !busyCohorts.contains(cohort.record.number) {
                stepCohort(setup, cohort, record, now, &effects)
            }
            tellFinished(setup, record, &effects)
        }
    }

    /// Says once that a series is through.
    private mutating func tellFinished(
        _ setup: SeriesSetup, _ record: SeriesRecord, _ effects: inout [Effect]
    ) {
        let isThrough = setup.cohorts.allSatisfy { cohort in
            if case .nothing = coming[cohort.record.number] { true } else { false }
        }
        let isPaused = record.details.pauses.last?.isOpen ?? false
        guard isThrough, !isPaused, hasReleased(record) else {
            finished.remove(record.key)
            return
        }
        if finished.insert(record.key).inserted {
            effects.append(.tell(.finished(series: record.id)))
            endings.append(
                Alarm(.completed, series: record.id, words: "The last point of \(record.id) has gone out."))
        }
    }

    /// A change of a series' record, and what to say about it.
    struct Change {
        var record: SeriesRecord
        var tellings: [Telling]
    }

    /// How a series' record must change now; nil where it stands as it should (R6).
    func nextRecord(_ setup: SeriesSetup, _ now: Instant) -> Change? {
        let series = setup.series
        guard let known = records[series.recordKey] else {
            let fresh = SeriesRecord(
                id: series.id, firstSeen: now, configuredStart: series.start, edition: edition(of: series),
                state: .unstarted)
            return begun(fresh, setup, now)
        }
        // A start may be moved freely until something was released; afterwards by a new edition only (R13).
        if hasReleased(known) {
            guard known.configuredStart != series.start, isRebase else { return tracking(known, setup, now) }
            return rebased(known, setup, now)
        }
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
                return isMoved
                    ? Change(record: record, tellings: [.waitingForSubscribers(series: series.id)])
                    : tracking(known, setup, now)
            }
            return running(record, from: max(record.begin ?? series.start, today(setup, now)), setup, now)
        case .running where setup.members == 0 && !isMoved:
            // All have left before the first point: it would be released to nobody.
            record.state = .waiting
            return Change(record: record, tellings: [.waitingForSubscribers(series: series.id)])
        case .unstarted, .running:
            return isMoved ? begun(record, setup, now) : tracking(known, setup, now)
        }
    }

    /// A series of which nothing was released, seen with this start today.
    private func begun(_ record: SeriesRecord, _ setup: SeriesSetup, _ now: Instant) -> Change {
        var record = noted(record, setup, now)
        if setup.members == 0 {
            record.state = .waiting
            record.begin = nil
            return Change(record: record, tellings: [.waitingForSubscribers(series: record.id)])
        }
        if today(setup, now) <= setup.series.start {
            return running(record, from: setup.series.start, setup, now)
        }
        record.state = .unstarted
        record.begin = nil
        return Change(
            record: record, tellings: [.unstarted(series: record.id, start: setup.series.start)])
    }

    private func running(
        _ record: SeriesRecord, from begin: CivilDate, _ setup: SeriesSetup, _ now: Instant
    ) -> Change {
        var record = noted(record, setup, now)
        record.state = .running
        record.begin = begin
        record.details.beganAt = now
        return Change(record: record, tellings: [.begins(series: record.id, on: begin)])
    }

    /// A new edition from the new start: the ledger of the old one stays as it is.
    private func rebased(_ known: SeriesRecord, _ setup: SeriesSetup, _ now: Instant) -> Change {
        var record = known
        let fresh = edition(of: setup.series)
        record.details.rebasedFrom.removeAll { $0 == "\(fresh)" || $0 == "\(record.edition)" }
        record.details.rebasedFrom.append("\(record.edition)")
        record.configuredStart = setup.series.start
        record.edition = fresh
        record.passed = []
        record.details.outOfTurn = nil
        record.details.points = []
        record.details.loopsSince = nil
        // A date that the old edition has used is used: nobody gets a second point for it (P1).
        let used = ledgers.values.filter { isOf(known, $0) }.flatMap(\.rows).map(\.slotDate).max()
        let first = max(setup.series.start, today(setup, now))
        return running(record, from: max(first, used?.next ?? first), setup, now)
    }

    /// What a record remembers of the files is brought up to date, once for each configuration.
    private func tracking(_ known: SeriesRecord, _ setup: SeriesSetup, _ now: Instant) -> Change? {
        guard !announced.contains(known.id) else { return nil }
        let record = noted(known, setup, now)
        guard record != known else { return nil }
        return Change(record: record, tellings: vanished(from: known, setup))
    }

    /// Points that were there, did not go out, and are gone from the files: said once, for they might be
    /// missed.
    private func vanished(from known: SeriesRecord, _ setup: SeriesSetup) -> [Telling] {
        let here = Set(setup.series.points.map(\.id))
        let before = Set(known.details.points.map(\.id))
        let released = releasedPoints(known)
        return known.details.points.filter { !here.contains($0.id) }.compactMap { old in
            let twin = setup.series.points.first { !before.contains($0.id) && $0.digest == old.digest }
            if let twin { return .pointRenamed(series: known.id, from: old.id, to: twin.id) }
            return released.contains(old.id) ? nil : .pointGone(series: known.id, point: old.id)
        }
    }

    private func noted(_ record: SeriesRecord, _ setup: SeriesSetup, _ now: Instant) -> SeriesRecord {
        var record = record
        if setup.series.isZoneLocal { record.details.localZone = setup.series.zone.name }
        switch setup.series.atEnd {
        case .stop: record.details.loopsSince = nil
        case .loop: record.details.loopsSince = record.details.loopsSince ?? now
        }
        let hasBegun = hasReleased(record) && !record.details.points.isEmpty
        let released = releasedPoints(record)
        var known: [String: KnownPoint] = [:]
        for point in record.details.points { known[point.id] = point }
        record.details.points = setup.series.points.map { point in
            guard var old = known[point.id] else {
                return KnownPoint(id: point.id, digest: point.digest, seen: hasBegun ? now : nil)
            }
            // Of a released point it stays as it was released: so that a changed file is seen to differ.
            if !released.contains(point.id) { old.digest = point.digest }
            return old
        }
        return record
    }

    func edition(of series: Series) -> Edition { Edition(start: series.start, shadow: series.shadow) }

    func today(_ setup: SeriesSetup, _ now: Instant) -> CivilDate { setup.home.date(at: now) }

    /// Something went out in this edition, or is being written at this moment; also in cohorts that nobody is
    /// a member of any more.
    func hasReleased(_ record: SeriesRecord) -> Bool {
        ledgers.values.contains { isOf(record, $0) && !$0.rows.isEmpty }
            || underway.values.contains { $0.isRelease(of: record.id) }
    }

    /// Every point that some cohort has had in this edition's newest cycle.
    func releasedPoints(_ record: SeriesRecord) -> Set<String> {
        var points: Set<String> = []
        for ledger in ledgers.values where isOf(record, ledger) {
            for row in ledger.rows where row.kind != .missed { points.insert(row.point) }
        }
        return points
    }

    func isOf(_ record: SeriesRecord, _ ledger: CohortLedger) -> Bool {
        ledger.series == record.id && ledger.edition.start == record.edition.start
            && ledger.edition.shadow == record.edition.shadow
    }

    func ledger(_ cohort: Int64, _ record: SeriesRecord) -> CohortLedger? {
        ledgers[LedgerKey(cohort, record.edition)]
    }

    /// Says once for each configuration what keeps a series from going on, and what was changed too late.
    private mutating func announce(_ setup: SeriesSetup, _ effects: inout [Effect]) {
        guard let record = records[setup.series.recordKey], announced.insert(setup.series.id).inserted else {
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
        for point in changedAfterRelease(setup) {
            effects.append(.tell(.changedAfterRelease(series: record.id, point: point)))
        }
    }

    /// Points whose text in the files is no longer what was released.
    func changedAfterRelease(_ setup: SeriesSetup) -> [String] {
        guard let record = records[setup.series.recordKey] else { return [] }
        let released = releasedPoints(record)
        var digests: [String: Int64] = [:]
        for point in record.details.points { digests[point.id] = point.digest }
        return setup.series.points.filter { point in
            released.contains(point.id) && digests[point.id].map { $0 != point.digest } ?? false
        }.map(\.id)
    }

    /// What the daemon waits for, for the service manager's status line.
    func statusLine(_ upcoming: Upcoming?) -> String {
        if isStopping { return "stopping: \(deliveries.inFlight) in flight" }
        if trust.hold != nil { return "the clock is suspect: nothing is released (advised clock accept)" }
        if trust.isHolding { return "waiting for the clock to be set" }
        if let upcoming {
            let point = upcoming.assignment.point
            let series = upcoming.series
            return "next: \(series.id)/\(point.id) (\(point.number) of \(series.points.count)) "
                + "on \(upcoming.assignment.slot.date) at \(upcoming.cohort.at) \(upcoming.cohort.zone)"
        }
        let states = settings.series.map { setup -> String in
            let id = setup.series.id
            guard let record = records[setup.series.recordKey] else { return "\(id): new" }
            switch record.state {
            case .waiting: return "\(id): waiting for subscribers"
            case .unstarted: return "\(id): unstarted (advised start \(id))"
            case .running:
                let isPaused = record.details.pauses.last.map { $0.isOpen } ?? false
                return "\(id): \(isPaused ? "paused" : "finished")"
            }
        }
        return states.joined(separator: "; ")
    }
}
