import AdviceCore
import AdviceStore

/// Takes what is claimed for delivered at once, in 5 ms, and records it as the daemon does: in groups of 512,
/// with the batches that are finished by them.
struct NullCourier {
    let store: any Store
    let now: Instant
    private var batchesLeft: [Int64: Int] = [:]
    private var group = OutcomeGroup()
    private(set) var delivered = 0

    init(_ store: any Store, now: Instant) {
        self.store = store
        self.now = now
    }

    /// Sends until nothing is due, or until `limit` are delivered. Gives what the last claim said is next.
    mutating func run(limit: Int = .max) throws -> Instant? {
        while delivered < limit {
            let claim = try store.claim(limit: 1024, now: now)
            for batch in claim.batches {
                if batch.count == 0 {
                    group.finishedBatches.append(batch.number)
                } else {
                    batchesLeft[batch.number] = batch.count
                }
            }
            for place in claim.deliveries.indices { try send(claim, place) }
            if claim.deliveries.isEmpty, claim.batches.isEmpty {
                if !group.isEmpty {
                    try flush()
                    continue
                }
                return claim.nextDue
            }
        }
        return nil
    }

    /// By place: a copy of what was claimed is ten counted references.
    private mutating func send(_ claim: Claim, _ place: Int) throws {
        let attempts = claim.deliveries[place].attempts + 1
        let batch = claim.deliveries[place].batch
        group.records.append(
            DeliveryRecord(
                key: claim.deliveries[place].key, release: claim.deliveries[place].release.number,
                batch: batch, state: .delivered, attempts: attempts,
                attempt: AttemptRecord(
                    number: attempts, at: now, status: 200, error: nil, latency: .milliseconds(5),
                    address: "192.0.2.1", reply: [])))
        group.records[group.records.count - 1].nextHeldAt = now
        delivered += 1
        if let batch, let left = batchesLeft[batch] {
            batchesLeft[batch] = left == 1 ? nil : left - 1
            if left == 1 { group.finishedBatches.append(batch) }
        }
        if group.records.count >= 512 { try flush() }
    }

    private mutating func flush() throws {
        let full = group
        group = OutcomeGroup()
        try store.record(full, now: now)
    }
}
