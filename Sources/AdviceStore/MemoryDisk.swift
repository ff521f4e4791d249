import AdviceCore

/// What a `MemoryStore` has committed. A value: a copy of it is the disk at that moment.
struct MemoryDisk {
    struct SubscriberRow {
        var entry: RosterEntry
        /// The cohorts' numbers, in the order of the entry's series.
        var cohorts: [Int64]
        var digest: Int64
        var isRemoved = false
    }

    struct Member {
        var cohort: Int64
        var hash: SlotHash
        var subscriber: Int64
        var activeFrom: Int
        var activeUntil: Int?

        /// Whether it was one when the roster had this number.
        func isActive(at generation: Int) -> Bool {
            activeFrom <= generation && (activeUntil.map { $0 > generation } ?? true)
        }
    }

    struct Release {
        var series: String
        var edition: Edition
        var cohort: Int64
        var row: LedgerRow
        /// What a released row has, and an inherited or missed one has not.
        var pointNumber = 0
        var cut = 0
        var subject: Int64?
        var content: FrozenContent?

        init(_ series: String, _ edition: Edition, _ cohort: Int64, _ row: LedgerRow) {
            self.series = series
            self.edition = edition
            self.cohort = cohort
            self.row = row
        }
    }

    struct Batch {
        var number: Int64
        var release: Int64
        var range: BatchRange
        var due: Instant
    }

    struct DeliveryRow {
        var record: DeliveryRecord
        var changed: Instant
        var attempts: [AttemptRecord] = []
    }

    private struct Subject: Hashable {
        var series: String
        var edition: Edition
        var point: String
    }

    var series: [String: SeriesRecord] = [:]
    var decisions: [String] = []
    /// In order of number, from 1.
    var subscribers: [SubscriberRow] = []
    private var numbers: [String: Int64] = [:]
    private(set) var cohorts: [CohortRecord] = []
    private(set) var members: [Member] = []
    private var generation = 0
    /// In order of number, from 1.
    var releases: [Release] = []
    private var subjects: [Subject: Int64] = [:]
    /// In order of due time and number.
    var batches: [Batch] = []
    private var lastBatch: Int64 = 0
    private(set) var deliveries: [DeliveryKey: DeliveryRow] = [:]
    /// Fingerprints of closed endpoints, by subscriber.
    var closed: [Int64: Int64] = [:]
    private var mark: Instant?

    mutating func raise(_ now: Instant) { mark = max(mark ?? now, now) }

    var knowledge: StoreKnowledge {
        let records = series.values.sorted { $0.id < $1.id }
        var ledgers: [CohortLedger] = []
        for record in records {
            for cohort in cohorts where cohort.series == record.id {
                let rows = releases.filter {
                    $0.series == record.id && $0.edition == record.edition && $0.cohort == cohort.number
                }.map(\.row).sorted { $0.sequence < $1.sequence }
                guard !rows.isEmpty else { continue }
                ledgers.append(
                    CohortLedger(
                        series: record.id, edition: record.edition, cohort: cohort.number, rows: rows))
            }
        }
        return StoreKnowledge(series: records, cohorts: cohorts, ledgers: ledgers, mark: mark)
    }

    // MARK: Releases

    func has(_ row: LedgerRow, _ series: String, _ edition: Edition, _ cohort: Int64) -> Bool {
        releases.contains {
            $0.series == series && $0.edition == edition && $0.cohort == cohort
                && ($0.row.point == row.point || $0.row.slotDate == row.slotDate)
        }
    }

    mutating func complete(_ number: Int64, _ draft: ReleaseDraft, _ content: FrozenContent) {
        let key = Subject(series: draft.series, edition: draft.edition, point: draft.point.id)
        let subject = subjects[key] ?? Int64(subjects.count + 1)
        subjects[key] = subject
        releases[Int(number) - 1].pointNumber = draft.point.number
        releases[Int(number) - 1].cut = generation
        releases[Int(number) - 1].subject = subject
        releases[Int(number) - 1].content = content
        let members = cohorts[Int(draft.cohort.number) - 1].members
        for range in BatchRange.cut(members: members, size: SQLiteStore.batchSize) {
            lastBatch += 1
            batches.append(
                Batch(number: lastBatch, release: number, range: range, due: draft.row.releasedAt))
        }
        batches.sort { ($0.due, $0.number) < ($1.due, $1.number) }
    }

    func info(_ number: Int64) -> ReleaseInfo {
        let release = releases[Int(number) - 1]
        return ReleaseInfo(
            number: number, type: ReleaseRow.type, series: release.series, edition: "\(release.edition)",
            subject: release.row.point, pointNumber: release.pointNumber, releasedAt: release.row.releasedAt,
            scheduledFor: release.row.scheduledFor)
    }

    // MARK: What is owed

    func isBlocked(_ batch: Batch) -> Bool {
        let cohort = releases[Int(batch.release) - 1].cohort
        return batches.contains {
            $0.release < batch.release && releases[Int($0.release) - 1].cohort == cohort
                && $0.range.overlaps(batch.range)
        }
    }

    /// The members a batch is for, less those who have a row, by slot hash.
    func owed(by batch: Batch) -> [DeliveryKey] {
        let release = releases[Int(batch.release) - 1]
        guard let subject = release.subject else { return [] }
        return members.filter {
            $0.cohort == release.cohort && $0.isActive(at: release.cut) && batch.range.first <= $0.hash
                && $0.hash <= batch.range.last
        }
        .sorted { ($0.hash.value, $0.subscriber) < ($1.hash.value, $1.subscriber) }
        .map { DeliveryKey(subject: subject, subscriber: $0.subscriber) }
        .filter { deliveries[$0] == nil }
    }

    /// What waits for an attempt, the soonest first.
    var waiting: [(DeliveryKey, DeliveryRecord)] {
        deliveries.values.map(\.record).filter { $0.state == .waiting }
            .sorted { order($0) < order($1) }.map { ($0.key, $0) }
    }

    private func order(_ record: DeliveryRecord) -> (Int64, Int64, Int64, Int64) {
        let slot = SlotHash(
            series: releases[Int(record.release) - 1].series,
            subscriber: subscribers[Int(record.key.subscriber) - 1].entry.subscriber.id
        ).slot
        return (
            record.nextAttemptAt?.nanoseconds ?? .max, record.key.subject, slot, record.key.subscriber
        )
    }

    func standing(_ subscriber: Int64, in series: String) -> ClaimedDelivery.Standing {
        let row = subscribers[Int(subscriber) - 1]
        let isMember = members.contains {
            $0.subscriber == subscriber && $0.activeUntil == nil
                && cohorts[Int($0.cohort) - 1].series == series
        }
        if row.isRemoved || !isMember { return .removed }
        if isClosed(subscriber) { return .closed }
        return row.entry.subscriber.paused ? .paused : .active
    }

    func isClosed(_ subscriber: Int64) -> Bool {
        closed[subscriber] == subscribers[Int(subscriber) - 1].entry.subscriber.fingerprint
    }

    mutating func write(_ record: DeliveryRecord, now: Instant) {
        let old = deliveries[record.key]
        var attempts = old?.attempts ?? []
        if let attempt = record.attempt {
            attempts.removeAll { $0.number == attempt.number }
            attempts.append(attempt)
            attempts.sort { $0.number < $1.number }
        }
        var row = DeliveryRow(
            record: record, changed: record.attempt.map { $0.at + $0.latency } ?? now, attempts: attempts)
        // What was delivered stays delivered (P7), whatever comes later.
        if let old, old.record.state == .delivered, record.state != .delivered {
            row.record = old.record
            row.changed = old.changed
        }
        deliveries[record.key] = row
    }

    // MARK: The roster

    mutating func take(
        _ entries: [RosterEntry], cohorts wanted: [(series: String, cohort: Cohort)], now: Instant
    ) -> RosterChange {
        var change = RosterChange()
        for (series, cohort) in wanted { _ = number(series, cohort, now) }
        let next = generation + 1
        var seen: Set<String> = []
        var moved: Set<Int64> = []
        for entry in entries {
            let id = entry.subscriber.id
            let cohorts = zip(entry.subscriber.series, entry.cohorts).map { number($0, $1, now) }
            let row = SubscriberRow(entry: entry, cohorts: cohorts, digest: entry.digest(cohorts: cohorts))
            seen.insert(id)
            guard let number = numbers[id] else {
                subscribers.append(row)
                numbers[id] = Int64(subscribers.count)
                join(Int64(subscribers.count), row, next, now)
                change.added.append(id)
                continue
            }
            let old = subscribers[Int(number) - 1]
            if old.digest == row.digest, !old.isRemoved { continue }
            if old.entry.subscriber.fingerprint != entry.subscriber.fingerprint {
                closed[number] = nil
                moved.insert(number)
            }
            leave(number, all: row.cohorts, next)
            subscribers[Int(number) - 1] = row
            join(number, row, next, now)
            if old.isRemoved { change.added.append(id) } else { change.changed.append(id) }
        }
        for (place, row) in subscribers.enumerated()
        where !row.isRemoved && !seen.contains(row.entry.subscriber.id) {
            leave(Int64(place + 1), all: [], next)
            subscribers[place].isRemoved = true
            change.removed.append(row.entry.subscriber.id)
        }
        change.removed.sort()
        if change.added.count + change.changed.count + change.removed.count > 0 { generation = next }
        for (key, row) in deliveries where row.record.state == .waiting && moved.contains(key.subscriber) {
            deliveries[key]?.record.nextAttemptAt = row.record.nextAttemptAt.map { min($0, now) }
        }
        change.cohorts = cohorts
        return change
    }

    /// The number of a cohort, which is made where it is new.
    private mutating func number(_ series: String, _ cohort: Cohort, _ now: Instant) -> Int64 {
        if let known = cohorts.first(where: { $0.series == series && $0.cohort == cohort }) {
            return known.number
        }
        let number = Int64(cohorts.count + 1)
        cohorts.append(CohortRecord(number: number, series: series, cohort: cohort, members: 0, since: now))
        return number
    }

    private mutating func join(
        _ subscriber: Int64, _ row: SubscriberRow, _ generation: Int, _ now: Instant
    ) {
        for (series, cohort) in zip(row.entry.subscriber.series, row.cohorts) {
            let isMember = members.contains {
                $0.subscriber == subscriber && $0.cohort == cohort && $0.activeUntil == nil
            }
            guard !isMember else { continue }
            members.append(
                Member(
                    cohort: cohort, hash: SlotHash(series: series, subscriber: row.entry.subscriber.id),
                    subscriber: subscriber, activeFrom: generation))
            let place = Int(cohort) - 1
            if cohorts[place].members == 0 { cohorts[place].since = now }
            cohorts[place].members += 1
        }
    }

    /// Ends all memberships but those in `kept`.
    private mutating func leave(_ subscriber: Int64, all kept: [Int64], _ generation: Int) {
        for place in members.indices
        where members[place].subscriber == subscriber && members[place].activeUntil == nil
            && !kept.contains(members[place].cohort)
        {
            members[place].activeUntil = generation
            cohorts[Int(members[place].cohort) - 1].members -= 1
        }
    }
}
