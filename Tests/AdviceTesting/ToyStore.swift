public import AdviceCore

/// A store without a disk, for driving a scheduler by hand: what was committed is a value, and a crash is
/// that value taken up by the next daemon. A second telling of what `AdviceStore.Store` promises, written
/// for speed and for being read, with no line in common.
public struct ToyStore: Sendable {
    /// A text that somebody is sent: a release, a correction of one, or a corrected text as the release.
    public struct Release: Sendable {
        public enum Kind: Sendable { case released, correction, rerelease }

        public var info: ReleaseInfo
        public var kind: Kind
        public var point: String
        public var edition: Edition
        public var row: LedgerRow
        var subject: Int64
        /// The roster's number at the release: who was a member then is sent it.
        var cut: Int
        /// Subjects of editions that were left behind: who has one of those is not sent this.
        var earlier: [Int64] = []
    }

    struct Row: Sendable {
        var record: DeliveryRecord
        /// Of what is sent after the fact.
        var dueAt: Instant?
        var mayHaveArrived = false
        /// So it is taken while its answer is still to come.
        var isAssumed = false
        /// How often it was replayed, how often with a new id, and whether it was delivered before.
        var replays = 0
        var newIDs: Int64 = 0
        var wasHad = false
        /// When it was written last.
        var changed = Instant(nanoseconds: .min)
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
        /// For those who had an earlier revision.
        var isCorrection = false
    }

    struct Joiner: Sendable {
        var cohort: Int64
        var subscriber: Int64
        var hasMoved: Bool
    }

    struct Key: Hashable, Sendable {
        var cohort: Int64
        var edition: Edition
    }

    struct Subject: Hashable, Sendable {
        var type: String
        var series: String
        var edition: String
        var subject: String
    }

    /// By `SeriesRecord.key`.
    public internal(set) var records: [String: SeriesRecord] = [:]
    public internal(set) var decisions: [String] = []
    public internal(set) var cohorts: [CohortRecord] = []
    var ledgers: [Key: CohortLedger] = [:]
    /// In order of number, from 1.
    public internal(set) var releases: [Release] = []
    var rows: [DeliveryKey: Row] = [:]
    /// Keys of what is not settled.
    var open: Set<DeliveryKey> = []
    /// In the order of first appearance: a subscriber's number is its place, from 1.
    public internal(set) var subscribers: [ToySubscriber] = []
    var firstDays: [Int64: CivilDate] = [:]
    var removed: Set<Int64> = []
    /// Of endpoints that are not healthy.
    public internal(set) var healths: [Int64: EndpointHealth] = [:]
    /// By an operator: until that day, or until resumed.
    var paused: [Int64: CivilDate?] = [:]
    public internal(set) var alerts: [Alert] = []
    /// Keys of what was sent again because a person wanted it.
    public internal(set) var replayed: Set<DeliveryKey> = []
    var members: [Member] = []
    var joiners: [Joiner] = []
    var batches: [Batch] = []
    var subjects: [Subject: Int64] = [:]
    var subjectNames: [Subject] = []
    var generation = 0
    /// Series that have members: since when without a break.
    var inhabited: [String: Instant] = [:]
    var lastBatch: Int64 = 0
    var claimed: Set<DeliveryKey> = []
    var claimedBatches: Set<Int64> = []
    /// The batch that what is claimed came from.
    var claimedFrom: [DeliveryKey: Int64] = [:]
    /// Claimed, and lost to another daemon meanwhile: of these only a 2xx is written down.
    var lost: Set<DeliveryKey> = []
    public internal(set) var mark: Instant?
    public internal(set) var hold: ClockHold?
    public internal(set) var life = Life()
    public var trustsClock = false
    /// Whether cohorts say since when they are there.
    public var tellsSince = true
    /// Planted bugs (`PlantedBug.newestFirst`, `.correctionsLost`, `.leaseNotNeeded`).
    var isNewestFirst = false
    var losesCorrections = false
    var needsNoLease = false
    /// Members to a batch.
    public var batchSize = 3

    public init() {}

    static let released = "advice.point.released"

    /// What the next daemon finds: nothing of it is claimed.
    public func restarted() -> ToyStore {
        var store = self
        store.claimed = []
        store.claimedBatches = []
        store.lost = []
        store.trustsClock = false
        store.life.starts += 1
        return store
    }

    /// Where a point went out, in whatever cohort and edition, in order.
    public func released(_ point: String, of series: String) -> [ReleasedRow] {
        releases.filter { $0.kind == .released && $0.info.series == series && $0.point == point }
            .map { ReleasedRow(cohort: $0.info.cohort, edition: $0.edition, row: $0.row) }
    }

    public var deliveries: [DeliveryKey: DeliveryRecord] { rows.mapValues(\.record) }

    public func delivery(_ key: DeliveryKey) -> DeliveryRecord? { rows[key]?.record }

    public var knowledge: StoreKnowledge {
        let records = records.values.sorted { $0.key < $1.key }
        var newest: [Int64: [CohortLedger]] = [:]
        for ledger in ledgers.values.sorted(by: {
            ($0.cohort, $0.edition.cycle) < ($1.cohort, $1.edition.cycle)
        })
        where records.contains(where: { ToyStore.isOf($0, ledger) }) {
            newest[ledger.cohort, default: []].removeAll {
                $0.edition.start == ledger.edition.start && $0.edition.shadow == ledger.edition.shadow
            }
            newest[ledger.cohort, default: []].append(ledger)
        }
        let current = newest.keys.sorted().flatMap { newest[$0] ?? [] }
        return StoreKnowledge(
            series: records, cohorts: counted, ledgers: current, mark: mark, hold: hold,
            life: life)
    }

    /// The cohorts with their joiners.
    var counted: [CohortRecord] {
        cohorts.map { cohort in
            var cohort = cohort
            cohort.joiners = joiners.count { $0.cohort == cohort.number }
            return cohort
        }
    }

    static func isOf(_ record: SeriesRecord, _ ledger: CohortLedger) -> Bool {
        ledger.series == record.id && ledger.edition.start == record.edition.start
            && ledger.edition.shadow == record.edition.shadow
    }

    /// The ledger of a cohort in the series' current edition, all its cycles one after the other.
    public func rows(_ series: String, cohort: Int64) -> [LedgerRow] {
        let record = records[series]
        return ledgers.values.filter { ledger in
            ledger.cohort == cohort && record.map { ToyStore.isOf($0, ledger) } ?? false
        }.sorted { $0.edition.cycle < $1.edition.cycle }.flatMap(\.rows)
    }

    /// The same, cycle by cycle.
    func cycles(_ series: String, cohort: Int64) -> [(edition: Edition, rows: [LedgerRow])] {
        ledgers.values.filter { $0.cohort == cohort && $0.series == series }
            .sorted { "\($0.edition)" < "\($1.edition)" }.map { ($0.edition, $0.rows) }
    }

    /// Whether another point of the series waits for the same subscriber.
    func isAnotherWaiting(_ key: DeliveryKey, in series: String) -> Bool {
        open.contains {
            $0 != key && $0.subscriber == key.subscriber && isPoint($0, of: series)
                && rows[$0]?.record.state == .waiting
        }
    }

    public func has(_ row: LedgerRow, cohort: Int64, edition: Edition) -> Bool {
        ledgers[Key(cohort: cohort, edition: edition)]?.rows.contains { $0.point == row.point } ?? false
    }

    // MARK: Writing

    public mutating func commit(_ transaction: Transaction, now: Instant) -> CommitResult {
        if trustsClock { mark = max(mark ?? now, now) }
        switch transaction {
        case .save(let record, let decision):
            records[record.key] = record
            if let decision { decisions.append(decision) }
        case .enter(let ledger):
            for row in ledger.rows { _ = insert(row, ledger.series, ledger.edition, ledger.cohort) }
        case .release(let draft):
            return release(draft)
        case .record(let group):
            life = life.after(group)
            return .recorded(freed: record(group, now))
        case .welcome(let welcome):
            self.welcome(welcome, now)
        case .correct(let drafts, let record, let decision):
            for draft in drafts { correct(draft, now) }
            records[record.key] = record
            decisions.append(decision)
        case .subscriber(let decision, let words):
            guard decide(decision, now) else { return .unknownSubscriber }
            decisions.append(words)
        case .replay(let wanted, let words):
            guard let count = replay(wanted, words, now) else { return .unknownSubscriber }
            return .replayed(count)
        case .shiftWaits:
            for key in open {
                guard let row = rows[key], row.changed > now, let next = row.record.nextAttemptAt else {
                    continue
                }
                rows[key]?.record.nextAttemptAt = now + (next - row.changed)
                rows[key]?.dueAt = row.dueAt.map { min($0, now) }
                rows[key]?.changed = now
            }
            for place in batches.indices {
                let released = releases[Int(batches[place].release) - 1].info.releasedAt
                guard released > now else { continue }
                batches[place].due = min(batches[place].due, now + (batches[place].due - released))
            }
        case .prune:
            return .pruned(nil)
        case .forget:
            return .unknownSubscriber
        case .alert(let alert):
            alerts.append(alert)
        case .attempt(let keys):
            life.attempted = keys
        case .hold(let hold, let decision):
            self.hold = hold
            if let decision { decisions.append(decision) }
        }
        return .done
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
        cuts[CutKey(cohort: cohort, edition: edition, point: row.point)] = generation
        return true
    }

    struct CutKey: Hashable, Sendable {
        var cohort: Int64
        var edition: Edition
        var point: String
    }

    /// The roster's number when a row came into a ledger.
    var cuts: [CutKey: Int] = [:]

    private mutating func release(_ draft: ReleaseDraft) -> CommitResult {
        let key = Key(cohort: draft.cohort.number, edition: draft.edition)
        let before = ledgers[key]
        for row in draft.missed + [draft.row] {
            guard insert(row, draft.series, draft.edition, draft.cohort.number) else {
                ledgers[key] = before
                return .alreadyReleased(before?.rows ?? [])
            }
        }
        var release = add(
            draft.point, draft.row, in: draft.series, draft.edition, draft.cohort.number, .released,
            type: ToyStore.released, revision: draft.revision, at: draft.row.releasedAt)
        release.earlier = subjectNames.indices.filter { place in
            let name = subjectNames[place]
            return name.type == ToyStore.released && name.series == draft.series
                && draft.rebasedFrom.contains { edition in
                    name.edition == edition
                        || name.edition.hasPrefix(edition + ".") && !name.edition.hasSuffix("shadow")
                }
                && (name.subject == draft.point.id || name.subject.hasPrefix(draft.point.id + "."))
        }.map { Int64($0 + 1) }
        releases[releases.count - 1] = release
        let active = members.filter { $0.cohort == draft.cohort.number && $0.until == nil }.map(\.subscriber)
        cut(active, release.info.number, draft.series, draft.row.releasedAt, draft.spread)
        return .released(release.info.number)
    }

    /// A text that is sent, under a subject of its own.
    mutating func add(
        _ point: Point, _ row: LedgerRow, in series: String, _ edition: Edition, _ cohort: Int64,
        _ kind: Release.Kind, type: String, revision: Int, at releasedAt: Instant
    ) -> Release {
        let name = revision == 1 ? point.id : "\(point.id).\(revision)"
        let key = Subject(type: type, series: series, edition: "\(edition)", subject: name)
        let subject = subjects[key] ?? Int64(subjectNames.count + 1)
        if subjects[key] == nil { subjectNames.append(key) }
        subjects[key] = subject
        let info = ReleaseInfo(
            number: Int64(releases.count + 1), type: type, series: series, edition: "\(edition)",
            subject: name, pointNumber: point.number, releasedAt: releasedAt,
            scheduledFor: row.scheduledFor, cohort: cohort, revision: revision)
        let release = Release(
            info: info, kind: kind, point: point.id, edition: edition, row: row, subject: subject,
            cut: generation)
        releases.append(release)
        return release
    }

    private mutating func cut(
        _ active: [Int64], _ release: Int64, _ series: String, _ due: Instant, _ spread: Span
    ) {
        func offset(_ subscriber: Int64) -> Span {
            SlotHash(series: series, subscriber: subscribers[Int(subscriber) - 1].id).offset(in: spread)
        }
        var groups: [(due: Instant, members: [Int64])] = []
        if spread < .seconds(1) {
            for start in stride(from: 0, to: active.count, by: batchSize) {
                groups.append((due, Array(active[start..<min(start + batchSize, active.count)])))
            }
        } else {
            for member in active {
                let at = due + offset(member)
                if let place = groups.firstIndex(where: { $0.due == at }) {
                    groups[place].members.append(member)
                } else {
                    groups.append((at, [member]))
                }
            }
        }
        for group in groups {
            lastBatch += 1
            batches.append(
                Batch(number: lastBatch, release: release, members: group.members, due: group.due))
        }
        batches.sort { ($0.due, $0.number) < ($1.due, $1.number) }
    }

    // MARK: Looking

    /// Deliveries that are owed and not settled: open rows, and members of unfinished batches without one.
    public var unsettled: Int { open.count + batches.reduce(0) { $0 + owed($1).count } }

    /// Whether all members of a batch have a row, counting `records` that are being written.
    public func isComplete(batch number: Int64, with records: [DeliveryRecord]) -> Bool {
        guard let batch = batches.first(where: { $0.number == number }) else { return true }
        let written = Set(records.map(\.key))
        let release = releases[Int(batch.release) - 1]
        // A correction is owed by the record of what is on the wire just now, where it has to be.
        // Of a correction that was written twice two batches owe the same: the one that has it out counts.
        return owed(batch).allSatisfy {
            written.contains($0) || isAnotherTextOut($0, release)
                || claimed.contains($0) && claimedFrom[$0] != number
        }
    }

    /// The points for which `subscriber` has a delivery, whatever became of it.
    public func points(owedTo subscriber: String, in series: String) -> Set<String> {
        guard let place = subscribers.firstIndex(where: { $0.id == subscriber }) else { return [] }
        let mine = rows.filter { $0.key.subscriber == Int64(place + 1) }.map(\.value.record)
        let sent = mine.map { releases[Int($0.release) - 1] }.filter { $0.kind != .correction }
        return Set(sent.filter { $0.info.series == series }.map(\.point))
    }

    /// What is not settled, in words.
    public var openWords: [String] {
        open.compactMap { rows[$0] }.map { row in
            let release = releases[Int(row.record.release) - 1]
            return "\(subscribers[Int(row.record.key.subscriber) - 1].id) \(release.info.series) "
                + "\(release.info.subject) \(row.record.state) "
                + "\(row.record.nextAttemptAt.map { "\($0)" } ?? "-") "
                + "claimed \(claimed.contains(row.record.key))"
        }.sorted()
    }

    public func isClaimed(_ key: DeliveryKey) -> Bool { claimed.contains(key) }
    public var unfinishedBatches: Int { batches.count }
}

/// A subscriber of a `World`.
public struct ToySubscriber: Hashable, Sendable {
    public var id: String
    public var zone: String?
    public var at: TimeOfDay?
    public var joined: CivilDate?
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
