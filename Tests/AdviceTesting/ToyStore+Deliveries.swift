public import AdviceCore

/// What is handed out and what comes back, in order for each subscriber, and what corrects it.
extension ToyStore {
    // MARK: Records

    /// - Returns: when the first is due of what was set free or made.
    mutating func record(_ group: OutcomeGroup, _ now: Instant) -> Instant? {
        var first: Instant?
        func due(_ instant: Instant?) {
            if let instant { first = min(first ?? instant, instant) }
        }
        for record in group.records {
            claimed.remove(record.key)
            if lost.remove(record.key) != nil, record.state != .delivered {
                guard needsNoLease else { continue }
                rows[record.key] = nil
            }
            write(record, now)
            if let health = record.health { note(health, of: record.key.subscriber, now) }
            if record.state == .waiting, isSuspended(record.key.subscriber) {
                rows[record.key]?.record.state = .held
                rows[record.key]?.record.nextAttemptAt = nil
            }
        }
        for record in group.records {
            let release = releases[Int(record.release) - 1]
            if isSuperseded(release) { due(supersede(record.key, of: release, now)) }
            if record.health == .healthy { due(resume(record.key.subscriber, now)) }
            if record.state == .held, isSuspended(record.key.subscriber) { continue }
            if release.kind == .correction {
                // Held for an endpoint that has come back meanwhile.
                if record.state == .held { due(resume(record.key.subscriber, now)) }
                continue
            }
            if record.state == .held {
                due(free(record.key.subscriber, release.info.series, at: now))
            } else if let next = record.nextHeldAt {
                due(free(record.key.subscriber, release.info.series, at: next))
            }
        }
        batches.removeAll { group.finishedBatches.contains($0.number) }
        return first
    }

    /// The lease on what a daemon has in flight has run out: another has sent it, and has it on record. The
    /// first does not know, and still has it.
    mutating func loseLease(on record: DeliveryRecord, _ now: Instant) {
        _ = self.record(OutcomeGroup(records: [record]), now)
        claimed.insert(record.key)
        lost.insert(record.key)
    }

    // MARK: Endpoints

    func isSuspended(_ subscriber: Int64) -> Bool { healths[subscriber]?.state == .suspended }

    private mutating func note(_ health: EndpointHealth, of subscriber: Int64, _ now: Instant) {
        guard health != .healthy else {
            healths[subscriber] = nil
            return
        }
        var health = health
        // Two series may have asked at once: what is further from healthy stays.
        if let known = healths[subscriber], health.state == .open { health.state = known.state }
        if let known = healths[subscriber]?.failingSince {
            health.failingSince = min(known, health.failingSince ?? known)
        }
        health.probeAt = health.probeAt ?? healths[subscriber]?.probeAt
        healths[subscriber] = health
        for key in open where key.subscriber == subscriber {
            switch health.state {
            case .open, .unconfirmed: break
            case .suspended:
                guard rows[key]?.record.state == .waiting else { continue }
                rows[key]?.record.state = .held
                rows[key]?.record.nextAttemptAt = nil
            case .closed: settle(key, as: .cancelled, "closed")
            }
        }
    }

    /// The first of each series that is held, and all that keeps no order.
    mutating func resume(_ subscriber: Int64, _ now: Instant) -> Instant? {
        let held = open.filter { $0.subscriber == subscriber && rows[$0]?.record.state == .held }
        guard !held.isEmpty else { return nil }
        var series: Set<String> = []
        for key in held {
            let name = subjectNames[Int(key.subject) - 1]
            if name.type == ToyStore.released {
                series.insert(name.series)
            } else {
                rows[key]?.record.state = .waiting
                rows[key]?.record.nextAttemptAt = now
            }
        }
        for one in series.sorted()
        where !claimed.contains(where: { $0.subscriber == subscriber && isPoint($0, of: one) }) {
            _ = free(subscriber, one, at: now)
        }
        return now
    }

    /// Of each suspended endpoint whose day has come, the oldest that is held.
    private mutating func claimProbes(_ limit: Int, _ now: Instant, _ claim: inout Claim) {
        let suspended = healths.filter { $0.value.state == .suspended }.sorted { $0.key < $1.key }
        for (subscriber, health) in suspended {
            guard let at = health.probeAt else { continue }
            guard at <= now, claim.deliveries.count < limit else {
                claim.nextDue = min(claim.nextDue ?? at, at)
                continue
            }
            let waits = open.contains { $0.subscriber == subscriber && rows[$0]?.record.state == .waiting }
            if waits || claimed.contains(where: { $0.subscriber == subscriber }) { continue }
            let held = open.filter { $0.subscriber == subscriber && rows[$0]?.record.state == .held }
            guard let oldest = held.compactMap({ rows[$0] }).min(by: { turn($0) < turn($1) }) else {
                continue
            }
            let release = releases[Int(oldest.record.release) - 1]
            hand(
                oldest.record.key, release, nil, oldest.dueAt ?? release.info.releasedAt, now, &claim)
        }
    }

    private func turn(_ row: Row) -> (Int, Int, Int64) {
        let release = releases[Int(row.record.release) - 1]
        return (release.row.slotDate.day, release.row.sequence, release.info.number)
    }

    private mutating func write(_ record: DeliveryRecord, _ now: Instant) {
        var row = rows[record.key] ?? Row(record: record)
        if row.record.state != .delivered || record.state == .delivered { row.record = record }
        row.changed = now
        if row.isAssumed { (row.isAssumed, row.mayHaveArrived) = (false, false) }
        if record.attempt?.mayHaveArrived ?? false { row.mayHaveArrived = true }
        rows[record.key] = row
        if row.record.state.isSettled { open.remove(record.key) } else { open.insert(record.key) }
    }

    /// Sets the earliest held point free, where nothing of the series waits any more.
    mutating func free(_ subscriber: Int64, _ series: String, at instant: Instant) -> Instant? {
        let mine = open.filter { $0.subscriber == subscriber && isPoint($0, of: series) }
        guard !mine.contains(where: { rows[$0]?.record.state == .waiting }) else { return nil }
        let held = mine.compactMap { rows[$0] }.sorted { turn($0) < turn($1) }
        guard let next = (isNewestFirst ? held.last : held.first)?.record.key else { return nil }
        rows[next]?.record.state = .waiting
        rows[next]?.record.error = nil
        let due = max(instant, rows[next]?.dueAt ?? instant)
        rows[next]?.record.nextAttemptAt = due
        if rows[next]?.dueAt != nil { rows[next]?.dueAt = due }
        return instant
    }

    // MARK: Claims

    public mutating func claim(limit: Int, now: Instant) -> Claim {
        if trustsClock { mark = max(mark ?? now, now) }
        var claim = Claim()
        claimProbes(limit, now, &claim)
        let waiting = open.filter { rows[$0]?.record.state == .waiting && !claimed.contains($0) }
            .compactMap { rows[$0] }.sorted { order($0.record) < order($1.record) }
        for row in waiting {
            guard let due = row.record.nextAttemptAt else { continue }
            guard due <= now, claim.deliveries.count < limit else {
                claim.nextDue = min(claim.nextDue ?? due, due)
                break
            }
            if claimed.contains(row.record.key) { continue }
            let release = releases[Int(row.record.release) - 1]
            hand(row.record.key, release, nil, row.dueAt ?? release.info.releasedAt, now, &claim)
        }
        for batch in batches where !claimedBatches.contains(batch.number) && !isBlocked(batch) {
            guard batch.due <= now, claim.deliveries.count < limit else {
                claim.nextDue = min(claim.nextDue ?? batch.due, batch.due)
                break
            }
            claimedBatches.insert(batch.number)
            let before = claim.deliveries.count
            let release = releases[Int(batch.release) - 1]
            for key in owed(batch) where !claimed.contains(key) && !isAnotherTextOut(key, release) {
                hand(key, release, batch.number, batch.due, now, &claim)
            }
            claim.batches.append(
                Claim.Batch(number: batch.number, count: claim.deliveries.count - before))
        }
        return claim
    }

    /// Another text of the same point is in flight for the subscriber, from another cohort.
    func isAnotherTextOut(_ key: DeliveryKey, _ release: Release) -> Bool {
        if release.kind == .correction {
            // What is on the wire just now is followed when its answer is in.
            let texts = Set(prior(to: release).map(\.subject))
            return claimed.contains { $0.subscriber == key.subscriber && texts.contains($0.subject) }
        }
        return claimed.contains { other in
            let name = subjectNames[Int(other.subject) - 1]
            return other.subscriber == key.subscriber && name.type == ToyStore.released
                && name.series == release.info.series && name.edition == release.info.edition
                && (name.subject == release.point || name.subject.hasPrefix(release.point + "."))
        }
    }

    private func order(_ record: DeliveryRecord) -> (Int64, Int64, Int64) {
        (record.nextAttemptAt?.nanoseconds ?? .max, record.key.subject, record.key.subscriber)
    }

    private func isBlocked(_ batch: Batch) -> Bool {
        guard !batch.isCorrection else { return false }
        return batches.contains { other in
            !other.isCorrection && other.number != batch.number
                && !Set(other.members).isDisjoint(with: batch.members)
                && releases[Int(other.release) - 1].info.series
                    == releases[Int(batch.release) - 1].info.series
                && place(other) < place(batch)
        }
    }

    /// In the order of the ledger, whatever was corrected since.
    private func place(_ batch: Batch) -> (Int, Int, Int64) {
        let release = releases[Int(batch.release) - 1]
        return (release.row.slotDate.day, release.row.sequence, release.info.number)
    }

    /// What becomes of a delivery that waits again though its text was corrected meanwhile.
    mutating func follow(_ record: DeliveryRecord, _ now: Instant) {
        let release = releases[Int(record.release) - 1]
        if isSuperseded(release) { _ = supersede(record.key, of: release, now) }
    }

    /// The members that a batch is for and that have no row.
    func owed(_ batch: Batch) -> [DeliveryKey] {
        let release = releases[Int(batch.release) - 1]
        let receivers = batch.isCorrection ? self.receivers(of: release) : batch.members
        return receivers.filter { subscriber in
            !release.earlier.contains { subject in
                isHad(DeliveryKey(subject: subject, subscriber: subscriber))
            }
        }
        .filter { release.kind == .correction || !hasDelivery(of: release, $0) }
        .map { DeliveryKey(subject: release.subject, subscriber: $0) }
        .filter { rows[$0] == nil }
    }

    private mutating func hand(
        _ key: DeliveryKey, _ release: Release, _ batch: Int64?, _ due: Instant, _ now: Instant,
        _ claim: inout Claim
    ) {
        let subscriber = subscribers[Int(key.subscriber) - 1]
        let known = rows[key]
        var standing = standing(key.subscriber, in: release.info.series, now)
        if standing == .active, batch != nil, release.kind != .correction,
            isBehind(key.subscriber, release.info.series)
        {
            standing = .behind
        }
        if standing == .suspended, batch == nil { standing = .probe }
        claimed.insert(key)
        claimedFrom[key] = batch
        let info = release.info.named(Replay.subject(release.info.subject, count: known?.newIDs ?? 0))
        var delivery = ClaimedDelivery(
            key: key, batch: batch, release: info, subscriberID: subscriber.id,
            attempts: known?.record.attempts ?? 0, due: due, isArrears: known?.dueAt != nil,
            goneAt: known?.record.goneAt, standing: standing,
            endpoint: Endpoint(
                url: .inline("https://\(subscriber.id).example.com/"), secrets: [], format: .standard,
                limitKey: subscriber.limitKey, sharesHost: false, options: subscriber.options))
        delivery.memberCohort = present(key.subscriber, in: release.info.series)
        delivery.pausedUntil = paused[key.subscriber] ?? nil
        delivery.health = healths[key.subscriber] ?? .healthy
        delivery.hasCrashed = known?.record.error == ClaimedDelivery.crashed
        claim.deliveries.append(delivery)
    }

    /// The cohort of the series that the subscriber is in now.
    func present(_ subscriber: Int64, in series: String) -> Int64? {
        members.first {
            $0.subscriber == subscriber && $0.until == nil && cohorts[Int($0.cohort) - 1].series == series
        }?.cohort
    }

    private func standing(
        _ subscriber: Int64, in series: String, _ now: Instant
    ) -> ClaimedDelivery.Standing {
        if removed.contains(subscriber) || present(subscriber, in: series) == nil { return .removed }
        if healths[subscriber]?.state == .closed { return .closed }
        if let until = paused[subscriber], until == nil { return .paused }
        if subscribers[Int(subscriber) - 1].paused { return .paused }
        return isSuspended(subscriber) ? .suspended : .active
    }

    // MARK: Corrections

    /// Earlier texts of the same point in the same cohort.
    private func prior(to release: Release) -> [Release] {
        releases.filter {
            $0.info.series == release.info.series && $0.edition == release.edition
                && $0.info.cohort == release.info.cohort && $0.point == release.point
                && $0.info.revision < release.info.revision
        }
    }

    func isSuperseded(_ release: Release) -> Bool {
        releases.contains {
            $0.kind == .correction && $0.info.series == release.info.series
                && $0.edition == release.edition && $0.info.cohort == release.info.cohort
                && $0.point == release.point && $0.info.revision > release.info.revision
        }
    }

    /// Those who had, or may have had, an earlier text.
    private func receivers(of correction: Release) -> [Int64] {
        let numbers = Set(prior(to: correction).map(\.info.number))
        return rows.values.filter { row in
            numbers.contains(row.record.release)
                && (row.record.state == .delivered || row.mayHaveArrived || row.wasHad)
        }.map(\.record.key.subscriber).sorted().uniqued()
    }

    /// Who had a text that was corrected, and has no delivery of its newest correction; by name and
    /// subscriber.
    func lackingCorrections() -> [(point: String, subscriber: String)] {
        var lacking: [(point: String, subscriber: String)] = []
        for correction in releases where correction.kind == .correction && !isSuperseded(correction) {
            for subscriber in receivers(of: correction) {
                let key = DeliveryKey(subject: correction.subject, subscriber: subscriber)
                if rows[key] == nil {
                    lacking.append(
                        ("\(correction.info.series)/\(correction.point)", subscribers[Int(subscriber) - 1].id)
                    )
                }
            }
        }
        return lacking
    }

    mutating func correct(_ draft: CorrectionDraft, _ now: Instant) {
        let type = "advice.point.\(draft.kind.rawValue)"
        let correction = add(
            draft.point, draft.row, in: draft.series, draft.edition, draft.cohort.number, .correction,
            type: type, revision: draft.revision, at: draft.correctedAt)
        var rerelease: Release?
        if draft.kind == .revised {
            rerelease = add(
                draft.point, draft.row, in: draft.series, draft.edition, draft.cohort.number, .rerelease,
                type: ToyStore.released, revision: draft.revision, at: draft.correctedAt)
        }
        let prior = prior(to: correction)
        let texts = Set(prior.filter { $0.kind != .correction }.map(\.info.number))
        let corrections = Set(prior.filter { $0.kind == .correction }.map(\.info.number))
        // What is on the wire just now may arrive, though this process die before the answer.
        for batch in batches where claimedBatches.contains(batch.number) && texts.contains(batch.release) {
            for key in owed(batch) where claimed.contains(key) {
                let record = DeliveryRecord(
                    key: key, release: batch.release, batch: nil, state: .waiting, attempts: 0,
                    nextAttemptAt: now)
                rows[key] = Row(record: record, mayHaveArrived: true, isAssumed: true, changed: now)
                open.insert(key)
            }
        }
        batches.removeAll {
            corrections.contains($0.release) || rerelease == nil && texts.contains($0.release)
        }
        if let rerelease {
            for place in batches.indices where texts.contains(batches[place].release) {
                batches[place].release = rerelease.info.number
            }
        }
        lastBatch += 1
        if !losesCorrections {
            batches.append(
                Batch(
                    number: lastBatch, release: correction.info.number, members: [], due: now,
                    isCorrection: true))
        }
        let numbers = Set(prior.map(\.info.number))
        let unsettled = open.filter { key in rows[key].map { numbers.contains($0.record.release) } ?? false }
        for key in unsettled.sorted(by: { ($0.subject, $0.subscriber) < ($1.subject, $1.subscriber) }) {
            // What is in flight is followed when it is recorded.
            guard let row = rows[key], !claimed.contains(key) else { continue }
            _ = supersede(key, of: releases[Int(row.record.release) - 1], now)
        }
    }

    /// What follows on a delivery of a text that was corrected.
    private mutating func supersede(
        _ key: DeliveryKey, of release: Release, _ now: Instant
    ) -> Instant? {
        guard let row = rows[key] else { return nil }
        let newer = releases.filter {
            $0.info.series == release.info.series && $0.edition == release.edition
                && $0.info.cohort == release.info.cohort && $0.point == release.point
                && $0.info.revision > release.info.revision
        }
        guard let revision = newer.map(\.info.revision).max() else { return nil }
        let newest = newer.filter { $0.info.revision == revision }
        let isOpen = !row.record.state.isSettled
        let mayHave = row.record.state == .delivered || row.mayHaveArrived || row.wasHad
        var successor = newest.first { $0.kind == (mayHave ? .correction : .rerelease) }
        // Who had the point is sent the newest correction for that.
        if release.kind == .correction, !mayHave { successor = nil }
        let isHeld = row.record.state == .held
        if isOpen { settle(key, as: .cancelled, "corrected") }
        var due: Instant?
        if let successor, mayHave || isOpen {
            let key = DeliveryKey(subject: successor.subject, subscriber: key.subscriber)
            if rows[key] == nil {
                let waits = isHeld && successor.kind == .rerelease || isSuspended(key.subscriber)
                let record = DeliveryRecord(
                    key: key, release: successor.info.number, batch: nil, state: waits ? .held : .waiting,
                    attempts: 0, nextAttemptAt: waits ? nil : now)
                rows[key] = Row(record: record)
                open.insert(key)
            }
            due = now
        }
        return isOpen ? free(key.subscriber, release.info.series, at: now) ?? due : due
    }
}

extension Array where Element: Equatable {
    /// Of a sorted array: each element once.
    fileprivate func uniqued() -> [Element] {
        var result: [Element] = []
        for element in self where result.last != element { result.append(element) }
        return result
    }
}
