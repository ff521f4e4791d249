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
            for delivery in claim.deliveries { try send(delivery) }
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

    private mutating func send(_ delivery: ClaimedDelivery) throws {
        var record = DeliveryRecord(
            key: delivery.key, release: delivery.release.number, batch: delivery.batch, state: .delivered,
            attempts: delivery.attempts + 1,
            attempt: AttemptRecord(
                number: delivery.attempts + 1, at: now, status: 200, error: nil, latency: .milliseconds(5),
                address: "192.0.2.1", reply: []))
        record.nextHeldAt = now
        group.records.append(record)
        delivered += 1
        if let batch = delivery.batch, let left = batchesLeft[batch] {
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
