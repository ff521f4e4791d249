public import AdviceCore

extension World {
    /// What the scheduler may decide by: the series with the cohorts that are current.
    public var settings: SchedulerSettings {
        let setups = series.map { series -> SeriesSetup in
            let mine = store.counted.filter { record in
                guard record.series == series.id else { return false }
                switch series.zone {
                case .named(let zone) where series.join != .fromStart:
                    return record.cohort == Cohort(zone: zone, at: series.at)
                case .named, .subscriber: return record.members > 0
                }
            }
            return SeriesSetup(
                series: bug.changing(series),
                home: TestZones.calendar(series.zone.name, series.at),
                cohorts: mine.map {
                    SeriesSetup.CohortSetup(
                        record: $0, calendar: TestZones.calendar($0.cohort.zone, $0.cohort.at))
                },
                former: store.counted.filter { record in
                    record.series == series.id && !mine.contains { $0.number == record.number }
                }.map {
                    SeriesSetup.CohortSetup(
                        record: $0, calendar: TestZones.calendar($0.cohort.zone, $0.cohort.at))
                })
        }
        var settings = SchedulerSettings(
            series: setups, concurrency: concurrency, perHost: perHost, hosts: hosts,
            generation: Int64(store.generation))
        settings.hasHeartbeat = true
        return settings
    }

    // MARK: Checks

    mutating func checkSend(_ attempt: Attempt) {
        let delivery = attempt.delivery
        let row = store.delivery(delivery.key)
        var wrong: [String] = []
        func note(_ isWrong: Bool, _ what: String) {
            if isWrong { wrong.append(what) }
        }
        note(Int(delivery.release.number) > store.releases.count, "P4: sent before its release is committed")
        // Handed out a moment before another 410 had its endpoint closed: it is on its way like what is on
        // the wire, and its outcome says what becomes of it.
        let isJustClosed = row?.state == .cancelled && row?.error == "closed" && store.isClaimed(delivery.key)
        note(row?.state.isSettled ?? false && !isJustClosed, "P7: sent though it is settled on disk")
        note(ledgerOfReceivers.onDisk.contains(delivery.key), "P7: sent though its 2xx is on the disk")
        note(attempt.number != (row?.attempts ?? 0) + 1, "an attempt with a number out of turn")
        note(!store.isClaimed(delivery.key), "sent though it is not claimed")
        let unrecorded = groupsUnderway.values.reduce(0, +)
        let isBehind =
            groupsUnderway.count >= Limits.groupsUnderway || unrecorded >= concurrency + Limits.groupSize
        note(isBehind, "P11: sent while the disk is behind")
        note(!isUp, "P11: sent after the end")
        // Older ones may have left their places already, however soon the others answer.
        let young = inFlight.keys.count { sentAt[$0].map { clock.boot - $0 < Limits.shortestYoung } ?? true }
        note(young >= concurrency, "more in flight than concurrency")
        if let next = row?.nextAttemptAt {
            note(isLate(next, by: .minutes(5)), "P9: an attempt long after its time")
        }
        let sharing = inFlight.values.count { $0.delivery.endpoint.limitKey == delivery.endpoint.limitKey }
        let cap = hosts[delivery.endpoint.limitKey] ?? perHost
        note(sharing >= cap, "more in flight than per_host")
        if scheduler.clockState != "trusted" { wrong.append("R8: sent while the clock is not believed") }
        checkMaySend(attempt, &wrong)
        checkTurn(delivery, &wrong)
        checkWindow(attempt, &wrong)
        for what in wrong {
            problems.append(
                "\(what): \(delivery.subscriberID)'s \(delivery.release.subject) at \(clock.wall)")
        }
    }

    /// R17: of one series one point at a time.
    private func checkTurn(_ delivery: ClaimedDelivery, _ wrong: inout [String]) {
        guard delivery.release.type == ToyStore.released else { return }
        let series = delivery.release.series
        let isAnotherOut = inFlight.values.contains {
            $0.delivery.key.subscriber == delivery.key.subscriber && $0.delivery.key != delivery.key
                && $0.delivery.release.series == series && $0.delivery.release.type == ToyStore.released
                // One that was withdrawn meanwhile is settled, though its request is on the wire.
                && store.delivery($0.delivery.key)?.state.isSettled != true
        }
        if isAnotherOut { wrong.append("R17: two points under way at once") }
        if store.isAnotherWaiting(delivery.key, in: series) { wrong.append("R17: out of turn") }
    }

    /// R7: what is late, tried again or sent after the fact keeps to the window.
    private func checkWindow(_ attempt: Attempt, _ wrong: inout [String]) {
        let delivery = attempt.delivery
        guard let series = series.first(where: { $0.id == delivery.release.series }),
            let window = series.window, series.recordKey == series.id
        else { return }
        let cohort = store.cohorts[Int(delivery.memberCohort ?? delivery.release.cohort) - 1].cohort
        let isOnTime =
            attempt.number == 1 && !delivery.isArrears && clock.wall - delivery.due <= .minutes(61)
            && delivery.release.releasedAt - delivery.release.scheduledFor <= .seconds(61)
        let time = TestZones.rules(cohort.zone).local(of: clock.wall).time
        // Decided within the window, a moment before.
        let before = TestZones.rules(cohort.zone).local(of: clock.wall - .seconds(2)).time
        if !isOnTime, !window.contains(time), !window.contains(before) {
            wrong.append("R7: outside the window, at \(time) in \(cohort.zone)")
        }
    }

    mutating func checkWrite(_ transaction: Transaction) {
        switch transaction {
        case .save, .enter, .welcome, .correct, .subscriber, .replay, .shiftWaits, .hold, .alert, .prune,
            .forget, .attempt:
            break
        case .release(let draft): checkRelease(draft)
        case .record(let group): checkGroup(group)
        }
    }

    /// Whether something that was due at `due` has waited longer than `span` without excuse.
    private func isLate(_ due: Instant, by span: Span) -> Bool {
        clock.wall - due > span && clock.boot - calm > span
    }

    private mutating func checkRelease(_ draft: ReleaseDraft) {
        let name = "\(draft.series)/\(draft.point.id) on \(draft.row.slotDate)"
        let mayWait =
            series.contains { $0.id == draft.series && $0.window != nil } || mayBePaused(draft.series)
        checkCalendar(draft, name)
        if !mayWait, isLate(draft.row.scheduledFor, by: .seconds(1)) {
            problems.append("P10: released late: \(name)")
        }
        if draft.row.releasedAt < draft.row.scheduledFor { problems.append("P3: released early: \(name)") }
        guard let record = store.records[draft.edition.shadow ? draft.series + ".shadow" : draft.series],
            let begin = record.begin
        else {
            problems.append("P3: released though the series has not begun: \(name)")
            return
        }
        if record.state != .running { problems.append("P3: released though it is \(record.state): \(name)") }
        if draft.row.slotDate < begin { problems.append("P3: released before it begins: \(name)") }
        if draft.edition.start != record.edition.start || draft.edition.shadow != record.edition.shadow {
            problems.append("released in another edition: \(name)")
        }
    }

    private func mayBePaused(_ series: String) -> Bool {
        store.records.values.contains { $0.id == series && !$0.details.pauses.isEmpty }
    }

    private mutating func checkGroup(_ group: OutcomeGroup) {
        var seen: Set<DeliveryKey> = []
        for record in group.records {
            if !seen.insert(record.key).inserted || !store.isClaimed(record.key) {
                problems.append("recorded twice, or never claimed: \(record.key)")
            }
            if record.state == .delivered, !ledgerOfReceivers.answered.contains(record.key) {
                problems.append("P6: recorded as delivered without a 2xx: \(record.key)")
            }
            if record.state == .waiting, record.nextAttemptAt == nil {
                problems.append("P5: waits for nothing: \(record.key)")
            }
        }
        for batch in group.finishedBatches where !store.isComplete(batch: batch, with: group.records) {
            problems.append("P5: batch \(batch) is finished before its last delivery")
        }
    }

    /// As it was written; a held one may have been set free, and any superseded, in the same transaction.
    private func isOnDisk(_ record: DeliveryRecord) -> Bool {
        guard let row = store.delivery(record.key) else { return false }
        return row == record || row.state == .delivered
            || (!record.state.isSettled && row.attempts >= record.attempts)
    }

    mutating func checkTelling(_ telling: Telling) {
        switch telling {
        case .released(let draft, _):
            if !store.has(draft.row, cohort: draft.cohort.number, edition: draft.edition) {
                problems.append("P8: told of a release that is not on disk: \(draft.point.id)")
            }
        case .delivered(let settlement), .waiting(let settlement), .exhausted(let settlement),
            .cancelled(let settlement):
            if !isOnDisk(settlement.record) {
                problems.append("P8: told of an outcome that is not on disk: \(settlement.subscriber)")
            }
        case .begins(let series, _):
            let isRunning = store.records.values.contains { $0.id == series && $0.state == .running }
            if !isRunning { problems.append("P8: begins, but not on disk") }
        default:
            break
        }
    }

    /// Bookkeeping of what an event ends, before it is decided on.
    mutating func noteEnd(of event: Event) {
        switch event {
        case .outcomes(let results):
            for result in results {
                inFlight[result.token] = nil
                sentAt[result.token] = nil
            }
        case .committed(let number, _):
            groupsUnderway[number] = nil
        default:
            break
        }
    }

    /// Checks that only hold at the end, when everything has healed: P5, and that batches are finished.
    public mutating func checkSettled() {
        checkReasons()
        checkCorrections()
        for (key, row) in store.deliveries where row.state == .delivered {
            if ledgerOfReceivers.accepted[key] == nil, bug != .freshIDs {
                problems.append("P6: \(key) is delivered, and nobody got it")
            }
        }
        if store.unsettled > 0 {
            problems.append("P5: \(store.unsettled) deliveries are not settled at \(clock.wall)")
        }
        if store.unfinishedBatches > 0 {
            problems.append("P5: \(store.unfinishedBatches) batches are not finished at \(clock.wall)")
        }
    }

    /// P2 for a series that was not edited: each cohort's ledger has its points in order, none left out but
    /// those that operators took out of their turn.
    public mutating func checkOrder(_ series: Series, except odd: Set<String> = []) {
        for cohort in store.cohorts where cohort.series == series.id {
            for (cycle, rows) in store.cycles(series.id, cohort: cohort.number) {
                let pinned = Set(series.points.filter { $0.date != nil }.map(\.id)).union(odd)
                let out = rows.sorted { $0.sequence < $1.sequence }.map(\.point)
                    .filter { !pinned.contains($0) }
                let expected = series.points.map(\.id).filter { !pinned.contains($0) }.prefix(out.count)
                if out != Array(expected) { problems.append("P2: \(cohort.cohort) went \(out) in \(cycle)") }
                let dates = rows.map(\.slotDate)
                if dates != dates.sorted() { problems.append("P2: \(cohort.cohort) went back in date") }
            }
        }
    }

    /// P2 for people: who was there all along is owed every point up to the last, but for pins and for what
    /// was missed by the series' own rule.
    public mutating func checkNothingSkipped(_ series: Series, except odd: Set<String> = []) {
        let missed = store.cohorts.filter { $0.series == series.id }
            .flatMap { store.rows(series.id, cohort: $0.number) }.filter { $0.kind == .missed }.map(\.point)
        let excused = Set(missed).union(series.points.filter { $0.date != nil }.map(\.id)).union(odd)
        for subscriber in (faithful ?? []).sorted() {
            let owed = store.points(owedTo: subscriber, in: series.id)
            guard let last = series.points.lastIndex(where: { owed.contains($0.id) }) else { continue }
            let skipped = series.points[..<last].map(\.id).filter {
                !owed.contains($0) && !excused.contains($0)
            }
            if !skipped.isEmpty { problems.append("P2: \(subscriber) was never owed \(skipped)") }
        }
    }
}
