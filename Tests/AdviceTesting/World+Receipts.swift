public import AdviceCore

/// What receivers got, and what excuses a repeat.
///
/// A daemon knows what its database knows. Where that comes back older (a backup that was put back, a server
/// that took over and had not heard of the last transactions, a disk that lied) what came since the backup is
/// `forgotten`, and of that alone is less promised (docs/decisions/0024):
///
/// - a point may come again, under the webhook-id that it had, but where its text was corrected since: the
///   number of the correction is in the id, and is forgotten with it;
/// - a date of which the database does not know that it had its point may have another;
/// - all else holds, and what the database knows is never sent again.
public struct Receipts: Sendable {
    /// 2xx given, for each webhook-id (which stands for one delivery's key).
    public internal(set) var accepted: [DeliveryKey: Int] = [:]
    /// In order of acceptance, first times only.
    public internal(set) var firsts: [Receipt] = []
    /// What each subscriber had under a series' edition, and by which ids: what a repeat would be found in.
    var points: [Name: [DeliveryKey]] = [:]
    /// The cohort and the id through which a date's point came.
    var dates: [Name: (cohort: Int64, key: DeliveryKey)] = [:]
    /// The last slot date that came, for a subscriber of a cohort's edition.
    var lastDates: [Name: CivilDate] = [:]

    struct Name: Hashable, Sendable {
        var subscriber: String
        var series: String
        var edition: String
        /// A point, or a slot date.
        var what: String
    }
    var answered: Set<DeliveryKey> = []
    /// Delivered by what the database has; but for what was replayed since.
    var onDisk: Set<DeliveryKey> = []
    /// Accepted, and not known to the database that came back older.
    var forgotten: Set<DeliveryKey> = []
    private var excused: Set<DeliveryKey> = []

    public struct Receipt: Hashable, Sendable {
        public var subscriber: String
        public var series: String
        public var edition: String
        public var point: String
        public var slotDate: CivilDate
        public var at: Instant
        /// Sent after the fact.
        public var isArrears = false
        public var isCorrection = false
        public var cohort: Int64 = 0
        var key: DeliveryKey

        var line: Name {
            Name(subscriber: subscriber, series: series, edition: edition, what: "\(cohort)")
        }
    }

    mutating func excuse(_ key: DeliveryKey) { excused.insert(key) }
    func isExcused(_ key: DeliveryKey) -> Bool { excused.contains(key) }

    /// What `store` does not know of may come again.
    mutating func forget(whatIsNotIn store: ToyStore) {
        for key in accepted.keys where store.delivery(key)?.state != .delivered {
            forgotten.insert(key)
            answered.remove(key)
            excuse(key)
        }
        onDisk = onDisk.filter { store.delivery($0)?.state == .delivered }
        lastDates = [:]
        for receipt in firsts
        where !receipt.isArrears && !receipt.isCorrection && !forgotten.contains(receipt.key) {
            lastDates[receipt.line] = max(lastDates[receipt.line] ?? receipt.slotDate, receipt.slotDate)
        }
    }

    /// What is forgotten is as if it had never come.
    /// - Returns: whether it was.
    mutating func unlearn(_ key: DeliveryKey) -> Bool {
        guard forgotten.remove(key) != nil else { return false }
        firsts.removeAll { $0.key == key }
        dates = dates.filter { $0.value.key != key }
        for name in points.keys { points[name]?.removeAll { $0 == key } }
        return true
    }

    /// The points that `subscriber` got, in order.
    public func points(of subscriber: String) -> [String] {
        firsts.filter { $0.subscriber == subscriber }.map(\.point)
    }

    public func receipts(of subscriber: String) -> [Receipt] {
        firsts.filter { $0.subscriber == subscriber }
    }
}

extension World {
    /// A 2xx for what the daemon sent in its `life`.
    mutating func accept(_ attempt: Attempt, life: Int) {
        let delivery = attempt.delivery
        var key = delivery.key
        if bug == .freshIDs { key.subject += Int64(attempt.number) * 1_000_000 }
        let count = (ledgerOfReceivers.accepted[key] ?? 0) + 1
        ledgerOfReceivers.accepted[key] = count
        if count > 1 {
            if !ledgerOfReceivers.isExcused(delivery.key) {
                problems.append(
                    "P7: \(delivery.subscriberID) got \(delivery.release.subject) twice without excuse")
            }
        }
        guard life >= firstLifeOfStore else {
            // Still on the wire when the database came back that may know nothing of it.
            if count == 1 { ledgerOfReceivers.forgotten.insert(key) }
            return
        }
        // What the database did not know any more was sent again, and perhaps for another date.
        guard count == 1 || ledgerOfReceivers.unlearn(key) else { return }
        let release = store.releases[Int(delivery.release.number) - 1]
        let receipt = Receipts.Receipt(
            subscriber: delivery.subscriberID, series: release.info.series, edition: "\(release.edition)",
            point: release.point, slotDate: release.row.slotDate, at: clock.wall,
            isArrears: delivery.isArrears, isCorrection: release.kind == .correction,
            cohort: release.info.cohort, key: key)
        ledgerOfReceivers.firsts.append(receipt)
        if !receipt.isCorrection { checkFirst(receipt) }
        checkOrder(of: receipt)
    }

    /// What the database has of it, and what it was told to send again.
    mutating func noteWritten(_ transaction: Transaction) {
        switch transaction {
        case .record(let group):
            for record in group.records where record.state == .delivered {
                ledgerOfReceivers.onDisk.insert(record.key)
            }
        case .replay:
            for key in store.replayed { ledgerOfReceivers.excuse(key) }
            ledgerOfReceivers.onDisk = ledgerOfReceivers.onDisk.filter {
                store.delivery($0)?.state == .delivered
            }
        default: break
        }
    }

    /// P1: no point twice in an edition, and no two for one slot date, but for what is sent after the fact.
    private mutating func checkFirst(_ receipt: Receipts.Receipt) {
        func name(_ what: String) -> Receipts.Name {
            Receipts.Name(
                subscriber: receipt.subscriber, series: receipt.series, edition: receipt.edition, what: what)
        }
        let forgotten = ledgerOfReceivers.forgotten
        let isCorrected = causes.corrected.contains("\(receipt.series)/\(receipt.point)")
        let earlier = ledgerOfReceivers.points[name(receipt.point)] ?? []
        if !earlier.allSatisfy({ isCorrected && forgotten.contains($0) }) {
            problems.append(
                "P1: \(receipt.subscriber) got \(receipt.point) twice in \(receipt.edition) at \(clock.wall)")
        }
        ledgerOfReceivers.points[name(receipt.point)] = earlier + [receipt.key]
        guard !receipt.isArrears else { return }
        let date = name("\(receipt.slotDate)")
        // Who moves to a cohort that is ahead of theirs catches up with it (R10).
        if let (cohort, key) = ledgerOfReceivers.dates[date], cohort == receipt.cohort,
            !forgotten.contains(key)
        {
            problems.append("P1: \(receipt.subscriber) got two points for \(receipt.slotDate)")
        }
        ledgerOfReceivers.dates[date] = (receipt.cohort, receipt.key)
    }

    /// R17: what one gets of one cohort in one edition, comes in the order of its dates.
    mutating func checkOrder(of receipt: Receipts.Receipt) {
        guard !receipt.isArrears, !receipt.isCorrection else { return }
        let line = receipt.line
        if let last = ledgerOfReceivers.lastDates[line], last > receipt.slotDate {
            problems.append(
                "R17: \(receipt.subscriber) got \(receipt.point) of \(receipt.slotDate) after \(last)")
        }
        ledgerOfReceivers.lastDates[line] = receipt.slotDate
    }
}
