public import AdviceCore

/// A store that keeps everything in memory and forgets it with the process: for tests and simulations. What
/// it answers is what `SQLiteStore` answers; `StoreConformance` holds both to it.
public final class MemoryStore: Store {
    public let engine = "memory"
    var disk: MemoryDisk
    private var inFlight = InFlight()

    public init() { disk = MemoryDisk() }

    private init(disk: MemoryDisk) { self.disk = disk }

    /// The store as the next daemon finds it after this one has died: what was committed, nothing in flight.
    public func restarted() -> MemoryStore { MemoryStore(disk: disk) }

    public func load() -> StoreKnowledge { disk.knowledge }

    public func save(_ record: SeriesRecord, decision: String?, now: Instant) {
        disk.series[record.id] = record
        if let decision { disk.decisions.append(decision) }
        disk.raise(now)
    }

    public func inherit(_ ledger: CohortLedger, now: Instant) {
        for row in ledger.rows where !disk.has(row, ledger.series, ledger.edition, ledger.cohort) {
            disk.releases.append(MemoryDisk.Release(ledger.series, ledger.edition, ledger.cohort, row))
        }
        disk.raise(now)
    }

    public func release(_ draft: ReleaseDraft, content: FrozenContent, now: Instant) -> Int64? {
        precondition(draft.row.kind == .released, "what is released is recorded as released")
        let before = disk
        for row in draft.missed + [draft.row] {
            guard !disk.has(row, draft.series, draft.edition, draft.cohort.number) else {
                disk = before
                return nil
            }
            disk.releases.append(
                MemoryDisk.Release(draft.series, draft.edition, draft.cohort.number, row))
        }
        let number = Int64(disk.releases.count)
        disk.complete(number, draft, content)
        disk.raise(now)
        return number
    }

    public func rendering(release: Int64, format: Format) -> [UInt8]? {
        disk.releases[Int(release) - 1].content?.renderings.first { $0.format == format }?.bytes
    }

    public func close() {}

    public func importRoster(
        _ entries: [RosterEntry], cohorts: [(series: String, cohort: Cohort)], now: Instant
    ) -> RosterChange {
        let change = disk.take(entries, cohorts: cohorts, now: now)
        disk.raise(now)
        return change
    }

    // MARK: Claims

    public func claim(limit: Int, now: Instant) -> Claim {
        var claim = Claim()
        claimRows(limit: limit, now: now, into: &claim)
        claimBatches(limit: limit, now: now, into: &claim)
        return claim
    }

    private func claimRows(limit: Int, now: Instant, into claim: inout Claim) {
        for (key, row) in disk.waiting where inFlight[key] == nil {
            guard let due = row.nextAttemptAt else { continue }
            guard due <= now, claim.deliveries.count < limit else {
                claim.see(due: due)
                return
            }
            let info = disk.info(row.release)
            hand(
                key, of: info, batch: nil,
                due: info.releasedAt, attempts: row.attempts, goneAt: row.goneAt, into: &claim)
        }
    }

    private func claimBatches(limit: Int, now: Instant, into claim: inout Claim) {
        for batch in disk.batches where !inFlight.holds(batch: batch.number) && !disk.isBlocked(batch) {
            guard batch.due <= now, claim.deliveries.count < limit else {
                claim.see(due: batch.due)
                return
            }
            let count = claim.deliveries.count
            inFlight.take(batch: batch.number)
            for key in disk.owed(by: batch) where inFlight[key] == nil {
                hand(key, of: disk.info(batch.release), batch: batch.number, due: batch.due, into: &claim)
            }
            claim.batches.append(Claim.Batch(number: batch.number, count: claim.deliveries.count - count))
        }
    }

    private func hand(
        _ key: DeliveryKey, of info: ReleaseInfo, batch: Int64?, due: Instant, attempts: Int = 0,
        goneAt: Instant? = nil, into claim: inout Claim
    ) {
        let row = disk.subscribers[Int(key.subscriber) - 1]
        let subscriber = row.entry.subscriber
        let slot = SlotHash(series: info.series, subscriber: subscriber.id).slot
        inFlight.take(key, InFlight.Delivery(slot: slot, batch: batch, fingerprint: subscriber.fingerprint))
        claim.deliveries.append(
            ClaimedDelivery(
                key: key, batch: batch, release: info, subscriberID: subscriber.id, attempts: attempts,
                due: due, goneAt: goneAt, standing: disk.standing(key.subscriber, in: info.series),
                endpoint: Endpoint(
                    url: subscriber.url, secrets: subscriber.secrets, format: subscriber.format,
                    limitKey: row.entry.limitKey, sharesHost: row.entry.sharesHost,
                    options: subscriber.options)))
    }

    // MARK: Records

    public func record(_ group: OutcomeGroup, now: Instant) {
        for record in group.records {
            precondition(
                record.state != .waiting || record.nextAttemptAt != nil,
                "a waiting delivery has a next attempt")
            disk.write(record, now: now)
            guard record.closesEndpoint else { continue }
            let current = disk.subscribers[Int(record.key.subscriber) - 1].entry.subscriber.fingerprint
            if inFlight[record.key]?.fingerprint ?? current == current {
                disk.closed[record.key.subscriber] = current
            }
        }
        disk.batches.removeAll { group.finishedBatches.contains($0.number) }
        disk.raise(now)
        inFlight.settle(group)
    }
}

extension MemoryStore: StoreReader {
    public func counts() -> DeliveryCounts { disk.counts }

    public func closedEndpoints() -> [String] {
        disk.closed.filter { disk.isClosed($0.key) && !disk.subscribers[Int($0.key) - 1].isRemoved }
            .map { disk.subscribers[Int($0.key) - 1].entry.subscriber.id }.sorted()
    }

    public func deliveries(_ query: DeliveryQuery) -> [DeliveryLogEntry] {
        let entries = disk.deliveries.values.filter { disk.matches($0, query) }
            .sorted { disk.isNewer($0, $1) }
        return entries.prefix(query.limit).map(disk.logEntry)
    }
}
