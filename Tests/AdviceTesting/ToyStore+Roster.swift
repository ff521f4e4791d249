public import AdviceCore

/// Who is a member of what, and what those are owed who come late.
extension ToyStore {
    /// Takes the roster; `series` says which cohort each subscriber is in, and `today` what day it is there.
    public mutating func take(
        _ roster: [ToySubscriber], series: [Series], now: Instant, today: (String) -> CivilDate
    ) {
        if trustsClock { mark = max(mark ?? now, now) }
        generation += 1
        inhabited = [:]
        for cohort in cohorts where cohort.members > 0 {
            let since = cohort.inhabitedSince ?? now
            inhabited[cohort.series] = min(inhabited[cohort.series] ?? since, since)
        }
        for one in series where one.join != .fromStart {
            if case .named(let zone) = one.zone {
                _ = number(one.id, Cohort(zone: zone, at: one.at), now)
            }
        }
        for entry in roster { join(entry, series, now, today) }
        for place in subscribers.indices where !roster.contains(where: { $0.id == subscribers[place].id }) {
            removed.insert(Int64(place + 1))
            leave(Int64(place + 1), kept: [], stays: [], now)
        }
    }

    private mutating func join(
        _ entry: ToySubscriber, _ series: [Series], _ now: Instant, _ today: (String) -> CivilDate
    ) {
        var place = subscribers.count
        if let known = subscribers.firstIndex(where: { $0.id == entry.id }) {
            place = known
            subscribers[place] = entry
        } else {
            subscribers.append(entry)
        }
        let subscriber = Int64(place + 1)
        removed.remove(subscriber)
        let mine = series.filter { entry.series.isEmpty || entry.series.contains($0.id) }
        let wanted = mine.map { one -> Int64 in
            let zone = one.cohort(zone: entry.zone, at: entry.at).zone
            if one.join == .fromStart, firstDays[subscriber] == nil { firstDays[subscriber] = today(zone) }
            let joined = entry.joined ?? firstDays[subscriber]
            return number(one.id, one.cohort(zone: entry.zone, at: entry.at, joined: joined), now)
        }
        let left = leave(subscriber, kept: wanted, stays: mine.map(\.id), now)
        for (one, cohort) in zip(mine, wanted)
        where !members.contains(where: {
            $0.subscriber == subscriber && $0.cohort == cohort && $0.until == nil
        }) {
            members.append(Member(subscriber: subscriber, cohort: cohort, from: generation))
            let place = Int(cohort) - 1
            if cohorts[place].members == 0, tellsSince { cohorts[place].since = Int64(generation) }
            // Who comes to a cohort of its own in a series that others are in has missed what they missed.
            if cohorts[place].members == 0 { cohorts[place].inhabitedSince = inhabited[one.id] ?? now }
            cohorts[place].members += 1
            let hasMoved = left.contains(one.id)
            let hasBegun = releases.contains { $0.info.series == one.id }
            if hasBegun, hasMoved || one.join != .next {
                joiners.append(Joiner(cohort: cohort, subscriber: subscriber, hasMoved: hasMoved))
            }
        }
    }

    /// - Returns: the series of which a cohort was left.
    @discardableResult
    private mutating func leave(
        _ subscriber: Int64, kept: [Int64], stays: [String], _ now: Instant
    ) -> [String] {
        var left: [String] = []
        for place in members.indices
        where members[place].subscriber == subscriber && members[place].until == nil
            && !kept.contains(members[place].cohort)
        {
            let cohort = members[place].cohort
            let series = cohorts[Int(cohort) - 1].series
            left.append(series)
            if stays.contains(series) {
                park(subscriber, cohort, now)
            } else {
                cancel(subscriber, series)
            }
            // Who leaves before it was decided what the cohort owed was as good as never there.
            let wasJoining = joiners.contains { $0.cohort == cohort && $0.subscriber == subscriber }
            members[place].until = wasJoining ? 0 : generation
            cohorts[Int(cohort) - 1].members -= 1
            joiners.removeAll { $0.cohort == cohort && $0.subscriber == subscriber }
        }
        return left
    }

    private mutating func cancel(_ subscriber: Int64, _ series: String) {
        for key in open where key.subscriber == subscriber {
            guard let row = rows[key], releases[Int(row.record.release) - 1].info.series == series else {
                continue
            }
            settle(key, as: .cancelled, "removed")
        }
    }

    mutating func settle(_ key: DeliveryKey, as state: DeliveryState, _ reason: String) {
        rows[key]?.record.state = state
        rows[key]?.record.error = reason
        rows[key]?.record.nextAttemptAt = nil
        open.remove(key)
    }

    /// What unfinished batches of the cohort owe to one who leaves it for another.
    private mutating func park(_ subscriber: Int64, _ cohort: Int64, _ now: Instant) {
        let owing = batches.filter { batch in
            !batch.isCorrection && batch.members.contains(subscriber)
                && releases[Int(batch.release) - 1].info.cohort == cohort
        }
        owe(owing.map(\.release), to: subscriber, areArrears: false, now)
    }

    private mutating func number(_ series: String, _ cohort: Cohort, _ now: Instant) -> Int64 {
        if let known = cohorts.first(where: { $0.series == series && $0.cohort == cohort }) {
            return known.number
        }
        let number = Int64(cohorts.count + 1)
        cohorts.append(
            CohortRecord(
                number: number, series: series, cohort: cohort, members: 0,
                since: tellsSince ? Int64(generation) : nil))
        return number
    }

    // MARK: Those who come late

    mutating func welcome(_ welcome: Welcome, _ now: Instant) {
        let key = Key(cohort: welcome.cohort, edition: welcome.edition)
        let record = records[welcome.edition.shadow ? welcome.series + ".shadow" : welcome.series]
        let points = (ledgers[key]?.rows ?? []).sorted { $0.sequence < $1.sequence }
            .filter { $0.kind != .missed }.map(\.point)
            .filter { record?.details.withdrawn.contains($0) != true }
        for joiner in joiners where joiner.cohort == welcome.cohort {
            var owed = points
            if joiner.hasMoved {
                let before = pointsBefore(joiner.subscriber, welcome)
                owed.removeAll { before.contains($0) }
            } else {
                switch welcome.join {
                case .next: owed = []
                case .latest: owed = Array(points.suffix(1))
                case .all, .fromStart: break
                }
            }
            let texts = owed.compactMap { newestText($0, welcome) }
            owe(texts, to: joiner.subscriber, areArrears: true, notBefore: welcome.notBefore, now)
        }
        joiners.removeAll { $0.cohort == welcome.cohort }
    }

    private func newestText(_ point: String, _ welcome: Welcome) -> Int64? {
        let texts = releases.filter {
            $0.info.series == welcome.series && $0.edition == welcome.edition && $0.point == point
                && $0.kind != .correction
        }
        let own = texts.filter { $0.info.cohort == welcome.cohort }
        return (own.isEmpty ? texts : own).max { $0.info.revision < $1.info.revision }?.info.number
    }

    private func pointsBefore(_ subscriber: Int64, _ welcome: Welcome) -> Set<String> {
        var points: Set<String> = []
        for member in members where member.subscriber == subscriber {
            guard let until = member.until else { continue }
            let ledger = ledgers[Key(cohort: member.cohort, edition: welcome.edition)]
            for row in ledger?.rows ?? [] {
                let key = CutKey(cohort: member.cohort, edition: welcome.edition, point: row.point)
                if let cut = cuts[key], cut < until { points.insert(row.point) }
            }
        }
        return points
    }

    /// Deliveries of texts for one subscriber, one behind the other.
    mutating func owe(
        _ texts: [Int64], to subscriber: Int64, areArrears: Bool, notBefore: [String: Instant] = [:],
        _ now: Instant
    ) {
        for number in texts {
            let release = releases[Int(number) - 1]
            guard !hasDelivery(of: release, subscriber) else { continue }
            let key = DeliveryKey(subject: release.subject, subscriber: subscriber)
            let isOut = claimed.contains {
                $0.subscriber == subscriber && isPoint($0, of: release.info.series)
            }
            // What is on its way is owed by its batch, and comes back to it.
            if claimed.contains(key) { continue }
            let due = max(now, notBefore[release.point] ?? now)
            let isHeld = isOut || isBehind(subscriber, release.info.series) || isSuspended(subscriber)
            let record = DeliveryRecord(
                key: key, release: number, batch: nil, state: isHeld ? .held : .waiting, attempts: 0,
                nextAttemptAt: isHeld ? nil : due)
            rows[key] = Row(record: record, dueAt: areArrears ? due : nil)
            open.insert(key)
        }
    }

    /// Its subscriber has the point, or will, or had it before it was replayed.
    func isHad(_ key: DeliveryKey) -> Bool {
        guard let row = rows[key] else { return false }
        return row.wasHad || [.waiting, .held, .delivered].contains(row.record.state)
    }

    func hasDelivery(of release: Release, _ subscriber: Int64) -> Bool {
        release.earlier.contains { subject in
            isHad(DeliveryKey(subject: subject, subscriber: subscriber))
        }
            || subjectNames.indices.contains { place in
                let name = subjectNames[place]
                return name.type == ToyStore.released && name.series == release.info.series
                    && name.edition == release.info.edition
                    && (name.subject == release.point || name.subject.hasPrefix(release.point + "."))
                    && rows[DeliveryKey(subject: Int64(place + 1), subscriber: subscriber)] != nil
            }
    }

    /// An earlier point of the series is not settled for the subscriber.
    func isBehind(_ subscriber: Int64, _ series: String) -> Bool {
        open.contains { key in
            key.subscriber == subscriber && isPoint(key, of: series)
        }
    }

    func isPoint(_ key: DeliveryKey, of series: String) -> Bool {
        let name = subjectNames[Int(key.subject) - 1]
        return name.series == series && name.type == ToyStore.released
    }

    // MARK: One subscriber

    mutating func decide(_ decision: SubscriberDecision, _ now: Instant) -> Bool {
        guard let place = subscribers.firstIndex(where: { $0.id == decision.subscriber }),
            !removed.contains(Int64(place + 1))
        else { return false }
        let subscriber = Int64(place + 1)
        switch decision.what {
        case .pause(let until): paused[subscriber] = .some(until)
        case .resume(let withMissed):
            paused[subscriber] = nil
            healths[subscriber] = nil
            _ = resume(subscriber, now)
            if withMissed {
                for series in Set(cohorts.map(\.series)).sorted() { sendMissed(subscriber, series, now) }
            }
        }
        return true
    }

    private mutating func sendMissed(_ subscriber: Int64, _ series: String, _ now: Instant) {
        let mine = rows.filter { $0.key.subscriber == subscriber && isPoint($0.key, of: series) }
            .sorted { age($0.value) < age($1.value) }
        let missed = mine.reversed().prefix { _, row in
            !row.record.state.isSettled || row.record.error == "paused"
        }.reversed().filter { $0.value.record.state == .cancelled }
        for (key, _) in missed {
            let isHeld = isBehind(subscriber, series)
            rows[key]?.record.state = isHeld ? .held : .waiting
            rows[key]?.record.nextAttemptAt = isHeld ? nil : now
            rows[key]?.record.error = nil
            rows[key]?.dueAt = now
            open.insert(key)
            if let row = rows[key] { follow(row.record, now) }
        }
    }

    func age(_ row: Row) -> (Int64, Int, Int) {
        let release = releases[Int(row.record.release) - 1]
        return (release.info.releasedAt.nanoseconds, release.row.slotDate.day, release.row.sequence)
    }
}
