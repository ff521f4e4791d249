import AdviceCore

/// What an operator has sent again.
extension ToyStore {
    /// Nil where there never was such a subscriber.
    mutating func replay(_ replay: Replay, _ words: String, _ now: Instant) -> ReplayCount? {
        if let id = replay.subscriber, !subscribers.contains(where: { $0.id == id }) { return nil }
        let chosen = rows.values.filter { matches($0, replay) }.sorted { earlier($0, $1) }
        let before = self
        var count = ReplayCount()
        for row in chosen { before.judge(row, now, &count) { again(row, replay, now) } }
        guard count.replayed > 0 else { return count }
        let touched = open.subtracting(before.open).map { key in
            (key.subscriber, releases[Int(rows[key]?.record.release ?? 1) - 1].info.series)
        }
        for (subscriber, series) in touched where !before.isOut(subscriber, series) {
            if !isSuspended(subscriber) { _ = free(subscriber, series, at: now) }
        }
        decisions.append("\(words): \(count.words)")
        return count
    }

    private func matches(_ row: Row, _ replay: Replay) -> Bool {
        let release = releases[Int(row.record.release) - 1]
        let id = subscribers[Int(row.record.key.subscriber) - 1].id
        let day = release.row.slotDate
        return replay.subscriber ?? id == id && replay.series ?? release.info.series == release.info.series
            && replay.point ?? release.point == release.point && replay.from ?? day <= day
            && day <= replay.to ?? day && replay.state ?? row.record.state == row.record.state
            && !release.edition.shadow
    }

    private func earlier(_ left: Row, _ right: Row) -> Bool {
        (left.record.key.subscriber, age(left).1, age(left).2, left.record.release)
            < (right.record.key.subscriber, age(right).1, age(right).2, right.record.release)
    }

    /// Counts a delivery as what becomes of it, and calls `again` where it is sent.
    private func judge(_ row: Row, _ now: Instant, _ count: inout ReplayCount, again: () -> Void) {
        let release = releases[Int(row.record.release) - 1]
        let subscriber = row.record.key.subscriber
        let newer = releases.filter {
            $0.info.series == release.info.series && $0.edition == release.edition
                && $0.info.cohort == release.info.cohort && $0.point == release.point
                && $0.info.revision > release.info.revision
        }
        let newest = newer.filter { $0.kind == .correction }.max { $0.info.revision < $1.info.revision }
        let hasNewer = newer.contains {
            rows[DeliveryKey(subject: $0.subject, subscriber: subscriber)] != nil
        }
        let isPaused =
            subscribers[Int(subscriber) - 1].paused
            || (paused[subscriber].map { until in
                until.map { ZoneRules.utc.local(of: now).date < $0 } ?? true
            } ?? false)
        if !row.record.state.isSettled {
            count.unsettled += 1
        } else if removed.contains(subscriber) || present(subscriber, in: release.info.series) == nil {
            count.removed += 1
        } else if newest?.info.type == "advice.point.withdrawn" {
            count.withdrawn += 1
        } else if newest != nil, hasNewer {
            count.superseded += 1
        } else if healths[subscriber]?.state == .closed {
            count.closed += 1
        } else if isPaused {
            count.paused += 1
        } else if newest != nil,
            release.kind == .correction || row.record.state == .delivered || row.mayHaveArrived || row.wasHad
        {
            count.unsettled += 1
        } else {
            count.replayed += 1
            again()
        }
    }

    /// Begins a delivery anew, or the one of the text that is sent instead of a corrected one.
    private mutating func again(_ row: Row, _ replay: Replay, _ now: Instant) {
        var release = releases[Int(row.record.release) - 1]
        var next = row
        if isSuperseded(release) {
            let texts = releases.filter {
                $0.kind == .rerelease && $0.info.series == release.info.series
                    && $0.edition == release.edition && $0.info.cohort == release.info.cohort
                    && $0.point == release.point
            }
            guard let newest = texts.max(by: { $0.info.revision < $1.info.revision }) else { return }
            release = newest
            next = Row(record: row.record)
            next.record.key.subject = newest.subject
            next.record.release = newest.info.number
        } else {
            next.replays += 1
            next.newIDs += replay.hasNewID ? 1 : 0
            next.wasHad = next.wasHad || row.record.state == .delivered
            replayed.insert(row.record.key)
        }
        let key = next.record.key
        let waits = release.kind == .correction && !isSuspended(key.subscriber)
        next.record = DeliveryRecord(
            key: key, release: release.info.number, batch: nil, state: waits ? .waiting : .held, attempts: 0,
            nextAttemptAt: waits ? now : nil)
        next.dueAt = now
        next.changed = now
        rows[key] = next
        open.insert(key)
    }

    /// A point of the series is on its way to the subscriber.
    private func isOut(_ subscriber: Int64, _ series: String) -> Bool {
        claimed.contains { $0.subscriber == subscriber && isPoint($0, of: series) }
    }
}
