public import AdviceCore

/// A store without a disk, for driving a scheduler by hand: what was committed is a value, and a crash is
/// that value taken up by the next daemon. It keeps the constraints that the promises rest on, and nothing
/// else.
public struct ToyStore: Sendable {
    public struct Release: Sendable {
        public var draft: ReleaseDraft
        public var info: ReleaseInfo
    }

    struct Member: Sendable {
        var subscriber: Int64
        var cohort: Int64
        var from: Int
        var until: Int?
    }

    struct Batch: Sendable {
        var number: Int64
        var release: Int64
        var members: [Int64]
        var due: Instant
    }

    public private(set) var records: [String: SeriesRecord] = [:]
    public private(set) var decisions: [String] = []
    public private(set) var cohorts: [CohortRecord] = []
    private var ledgers: [Key: CohortLedger] = [:]
    /// In order of number, from 1.
    public private(set) var releases: [Release] = []
    public private(set) var deliveries: [DeliveryKey: DeliveryRecord] = [:]
    /// In the order of first appearance: a subscriber's number is its place, from 1.
    public private(set) var subscribers: [ToySubscriber] = []
    private var removed: Set<Int64> = []
    private var closed: Set<Int64> = []
    private var members: [Member] = []
    private var batches: [Batch] = []
    private var subjects: [Subject: Int64] = [:]
    private var generation = 0
    private var lastBatch: Int64 = 0
    private var claimed: Set<DeliveryKey> = []
    private var claimedBatches: Set<Int64> = []
    /// Whether cohorts say since when they are there.
    public var tellsSince = true
    /// Members to a batch.
    public var batchSize = 3

    struct Key: Hashable, Sendable {
        var cohort: Int64
        var edition: Edition
    }

    private struct Subject: Hashable, Sendable {
        var series: String
        var edition: Edition
        var point: String
    }

    public init() {}

    /// What the next daemon finds: nothing of it is claimed.
    public func restarted() -> ToyStore {
        var store = self
        store.claimed = []
        store.claimedBatches = []
        return store
    }

    public var knowledge: StoreKnowledge {
        let records = records.values.sorted { $0.id < $1.id }
        let current = ledgers.values.filter { ledger in
            records.contains { $0.id == ledger.series && $0.edition == ledger.edition }
        }
        return StoreKnowledge(
            series: records, cohorts: cohorts, ledgers: current.sorted { $0.cohort < $1.cohort })
    }

    /// The ledger of a cohort in the series' current edition.
    public func rows(_ series: String, cohort: Int64) -> [LedgerRow] {
        guard let record = records[series] else { return [] }
        return ledgers[Key(cohort: cohort, edition: record.edition)]?.rows ?? []
    }

    public func has(_ row: LedgerRow, cohort: Int64, edition: Edition) -> Bool {
        ledgers[Key(cohort: cohort, edition: edition)]?.rows.contains { $0.point == row.point } ?? false
    }

    // MARK: Roster

    /// Takes the roster; `series` says which cohort each subscriber is in.
    public mutating func take(_ roster: [ToySubscriber], series: [Series], now: Instant) {
        generation += 1
        for one in series {
            if case .named(let zone) = one.zone {
                _ = number(one.id, Cohort(zone: zone, at: one.at), now)
            }
        }
        for entry in roster { join(entry, series, now) }
        for place in subscribers.indices where !roster.contains(where: { $0.id == subscribers[place].id }) {
            removed.insert(Int64(place + 1))
            leave(Int64(place + 1), all: [])
        }
    }

    private mutating func join(_ entry: ToySubscriber, _ series: [Series], _ now: Instant) {
        var place = subscribers.count
        if let known = subscribers.firstIndex(where: { $0.id == entry.id }) {
            place = known
            subscribers[place] = entry
        } else {
            subscribers.append(entry)
        }
        let subscriber = Int64(place + 1)
        removed.remove(subscriber)
        let wanted = series.filter { entry.series.isEmpty || entry.series.contains($0.id) }
            .map { number($0.id, $0.cohort(zone: entry.zone, at: entry.at), now) }
        leave(subscriber, all: wanted)
        for cohort in wanted
        where !members.contains(where: {
            $0.subscriber == subscriber && $0.cohort == cohort && $0.until == nil
        }) {
            members.append(Member(subscriber: subscriber, cohort: cohort, from: generation))
            let place = Int(cohort) - 1
            if cohorts[place].members == 0, tellsSince { cohorts[place].since = now }
            cohorts[place].members += 1
        }
    }

    private mutating func leave(_ subscriber: Int64, all kept: [Int64]) {
        for place in members.indices
        where members[place].subscriber == subscriber && members[place].until == nil
            && !kept.contains(members[place].cohort)
        {
            members[place].until = generation
            cohorts[Int(members[place].cohort) - 1].members -= 1
        }
    }

    private mutating func number(_ series: String, _ cohort: Cohort, _ now: Instant) -> Int64 {
        if let known = cohorts.first(where: { $0.series == series && $0.cohort == cohort }) {
            return known.number
        }
        let number = Int64(cohorts.count + 1)
        cohorts.append(
            CohortRecord(
                number: number, series: series, cohort: cohort, members: 0, since: tellsSince ? now : nil))
        return number
    }

    // MARK: Writing

    public mutating func commit(_ transaction: Transaction) -> CommitResult {
        switch transaction {
        case .save(let record, let decision):
            records[record.id] = record
            if let decision { decisions.append(decision) }
            return .done
        case .inherit(let ledger):
            for row in ledger.rows { _ = insert(row, ledger.series, ledger.edition, ledger.cohort) }
            return .done
        case .release(let draft):
            return release(draft)
        case .record(let group):
            record(group)
            return .done
        }
    }

    private mutating func insert(
        _ row: LedgerRow, _ series: String, _ edition: Edition, _ cohort: Int64
    ) -> Bool {
        let key = Key(cohort: cohort, edition: edition)
        var ledger =
            ledgers[key] ?? CohortLedger(series: series, edition: edition, cohort: cohort, rows: [])
        let isTaken = ledger.rows.contains { $0.point == row.point || $0.slotDate == row.slotDate }
        guard !isTaken else { return false }
        ledger.rows.append(row)
        ledgers[key] = ledger
        return true
    }

    private mutating func release(_ draft: ReleaseDraft) -> CommitResult {
        let before = self
        for row in draft.missed + [draft.row] {
            guard insert(row, draft.series, draft.edition, draft.cohort.number) else {
                self = before
                let key = Key(cohort: draft.cohort.number, edition: draft.edition)
                return .alreadyReleased(ledgers[key]?.rows ?? [])
            }
        }
        let number = Int64(releases.count + 1)
        let info = ReleaseInfo(
            number: number, type: "advice.point.released", series: draft.series,
            edition: "\(draft.edition)", subject: draft.point.id, pointNumber: draft.point.number,
            releasedAt: draft.row.releasedAt, scheduledFor: draft.row.scheduledFor)
        releases.append(Release(draft: draft, info: info))
        cut(draft, number)
        return .released(number)
    }

    private mutating func cut(_ draft: ReleaseDraft, _ release: Int64) {
        let active = members.filter { $0.cohort == draft.cohort.number && $0.until == nil }.map(\.subscriber)
        for start in stride(from: 0, to: active.count, by: batchSize) {
            lastBatch += 1
            batches.append(
                Batch(
                    number: lastBatch, release: release,
                    members: Array(active[start..<min(start + batchSize, active.count)]),
                    due: draft.row.releasedAt))
        }
    }

    private mutating func record(_ group: OutcomeGroup) {
        for record in group.records {
            claimed.remove(record.key)
            if deliveries[record.key]?.state != .delivered { deliveries[record.key] = record }
            if record.closesEndpoint { closed.insert(record.key.subscriber) }
        }
        batches.removeAll { group.finishedBatches.contains($0.number) }
    }

    // MARK: Claims

    public mutating func claim(limit: Int, now: Instant) -> Claim {
        var claim = Claim()
        let waiting = deliveries.values.filter { $0.state == .waiting && !claimed.contains($0.key) }
            .sorted { order($0) < order($1) }
        for record in waiting {
            guard let due = record.nextAttemptAt else { continue }
            guard due <= now, claim.deliveries.count < limit else {
                claim.nextDue = min(claim.nextDue ?? due, due)
                break
            }
            hand(record.key, record.release, nil, releases[Int(record.release) - 1].info.releasedAt, &claim)
        }
        for batch in batches where !claimedBatches.contains(batch.number) && !isBlocked(batch) {
            guard batch.due <= now, claim.deliveries.count < limit else {
                claim.nextDue = min(claim.nextDue ?? batch.due, batch.due)
                break
            }
            claimedBatches.insert(batch.number)
            let before = claim.deliveries.count
            for key in owed(batch) { hand(key, batch.release, batch.number, batch.due, &claim) }
            claim.batches.append(
                Claim.Batch(number: batch.number, count: claim.deliveries.count - before))
        }
        return claim
    }

    private func order(_ record: DeliveryRecord) -> (Int64, Int64, Int64) {
        (record.nextAttemptAt?.nanoseconds ?? .max, record.key.subject, record.key.subscriber)
    }

    private func isBlocked(_ batch: Batch) -> Bool {
        batches.contains { other in
            other.release < batch.release && !Set(other.members).isDisjoint(with: batch.members)
                && releases[Int(other.release) - 1].info.series
                    == releases[Int(batch.release) - 1].info.series
        }
    }

    private mutating func owed(_ batch: Batch) -> [DeliveryKey] {
        let draft = releases[Int(batch.release) - 1].draft
        let subject = subject(of: draft)
        return batch.members.map { DeliveryKey(subject: subject, subscriber: $0) }
            .filter { deliveries[$0] == nil && !claimed.contains($0) }
    }

    private mutating func subject(of draft: ReleaseDraft) -> Int64 {
        let key = Subject(series: draft.series, edition: draft.edition, point: draft.point.id)
        let number = subjects[key] ?? Int64(subjects.count + 1)
        subjects[key] = number
        return number
    }

    private mutating func hand(
        _ key: DeliveryKey, _ release: Int64, _ batch: Int64?, _ due: Instant, _ claim: inout Claim
    ) {
        claimed.insert(key)
        let subscriber = subscribers[Int(key.subscriber) - 1]
        let info = releases[Int(release) - 1].info
        let known = deliveries[key]
        claim.deliveries.append(
            ClaimedDelivery(
                key: key, batch: batch, release: info, subscriberID: subscriber.id,
                attempts: known?.attempts ?? 0, due: due, goneAt: known?.goneAt,
                standing: standing(key.subscriber, in: info.series),
                endpoint: Endpoint(
                    url: .inline("https://\(subscriber.id).example.com/"), secrets: [], format: .standard,
                    limitKey: subscriber.limitKey, sharesHost: false, options: subscriber.options)))
    }

    private func standing(_ subscriber: Int64, in series: String) -> ClaimedDelivery.Standing {
        let isMember = members.contains {
            $0.subscriber == subscriber && $0.until == nil && cohorts[Int($0.cohort) - 1].series == series
        }
        if removed.contains(subscriber) || !isMember { return .removed }
        if closed.contains(subscriber) { return .closed }
        return subscribers[Int(subscriber) - 1].paused ? .paused : .active
    }

    /// Deliveries that are owed and not settled: waiting rows, and members of unfinished batches without one.
    public var unsettled: Int {
        let waiting = deliveries.values.count { !$0.state.isSettled }
        let owed = batches.reduce(0) { sum, batch in
            let draft = releases[Int(batch.release) - 1].draft
            let key = Subject(series: draft.series, edition: draft.edition, point: draft.point.id)
            let subject = subjects[key]
            return sum
                + batch.members.count { member in
                    subject.map { deliveries[DeliveryKey(subject: $0, subscriber: member)] == nil } ?? true
                }
        }
        return waiting + owed
    }

    /// Whether all members of a batch have a row, counting `records` that are being written.
    public func isComplete(batch number: Int64, with records: [DeliveryRecord]) -> Bool {
        guard let batch = batches.first(where: { $0.number == number }) else { return true }
        let draft = releases[Int(batch.release) - 1].draft
        let key = Subject(series: draft.series, edition: draft.edition, point: draft.point.id)
        guard let subject = subjects[key] else { return batch.members.isEmpty }
        let written = Set(records.map(\.key))
        return batch.members.map { DeliveryKey(subject: subject, subscriber: $0) }
            .allSatisfy { deliveries[$0] != nil || written.contains($0) }
    }

    /// The points for which `subscriber` has a delivery, whatever became of it.
    public func points(owedTo subscriber: String, in series: String) -> Set<String> {
        guard let place = subscribers.firstIndex(where: { $0.id == subscriber }) else { return [] }
        let mine = deliveries.values.filter { $0.key.subscriber == Int64(place + 1) }
        let infos = mine.map { releases[Int($0.release) - 1].info }
        return Set(infos.filter { $0.series == series }.map(\.subject))
    }

    public func isClaimed(_ key: DeliveryKey) -> Bool { claimed.contains(key) }
    public var unfinishedBatches: Int { batches.count }
}

/// A subscriber of a `World`.
public struct ToySubscriber: Hashable, Sendable {
    public var id: String
    public var zone: String?
    public var at: TimeOfDay?
    /// Empty is all series.
    public var series: [String] = []
    public var limitKey: String
    public var paused = false
    public var options = Subscriber.Options()

    public init(_ id: String, zone: String? = nil, at: TimeOfDay? = nil, limitKey: String? = nil) {
        self.id = id
        self.zone = zone
        self.at = at
        self.limitKey = limitKey ?? "\(id).example.com:443"
    }
}
