import AdviceCore

/// Faults of a program's own, planted in the world around the scheduler: a simulation that does not catch
/// them proves nothing.
public enum PlantedBug: String, CaseIterable, Sendable {
    /// The ledger goes by the clock: what was released "later than now" is forgotten when it is set back.
    case noHighWaterMark
    /// The release is on the disk, and the process dies before its batches are.
    case fanOutOutsideTransaction
    /// A retry has an id of its own.
    case freshIDs
    /// "Delivered" is written when the request goes out.
    case recordedBeforeSent
    /// What was in flight at a crash is taken for done.
    case droppedOnRestart
    /// An attempt that was not accepted is taken for one that was.
    case timeoutTakenForSuccess
    /// Neither the timer nor the scheduler hears of a step of the wall clock.
    case ignoredStep
    /// A write that was refused is reported as done.
    case lostWriteError
    /// The daemon's clock is two minutes fast.
    case releasedEarly
    /// A point goes out although an earlier one is unsettled.
    case orderNotKept
    /// A batch is finished with the first of its deliveries.
    case batchFinishedEarly
    /// Late releases and retries go out at any hour.
    case windowIgnored
    /// A second daemon works on the same store.
    case twoDaemons
}

extension PlantedBug? {
    func changing(_ effect: Effect) -> Effect {
        guard self == .batchFinishedEarly, case .commit(let number, .record(var group)) = effect else {
            return effect
        }
        for record in group.records {
            if let batch = record.batch, !group.finishedBatches.contains(batch) {
                group.finishedBatches.append(batch)
            }
        }
        return .commit(transaction: number, .record(group))
    }

    func changing(_ claim: Claim) -> Claim {
        guard self == .orderNotKept else { return claim }
        var claim = claim
        for place in claim.deliveries.indices where claim.deliveries[place].standing == .behind {
            claim.deliveries[place].standing = .active
        }
        return claim
    }
}

extension ToyStore {
    var batchNumber: Int64 { lastBatch }

    mutating func dropBatches(after number: Int64) { batches.removeAll { $0.number > number } }

    mutating func forget(after instant: Instant) {
        for key in ledgers.keys { ledgers[key]?.rows.removeAll { $0.releasedAt > instant } }
        for (key, row) in rows where releases[Int(row.record.release) - 1].info.releasedAt > instant {
            rows[key] = nil
            open.remove(key)
        }
    }

    mutating func forceDelivered(_ delivery: ClaimedDelivery) {
        let record = DeliveryRecord(
            key: delivery.key, release: delivery.release.number, batch: delivery.batch, state: .delivered,
            attempts: delivery.attempts + 1)
        rows[delivery.key] = Row(record: record)
        open.remove(delivery.key)
    }

    /// What is claimed is never handed out again.
    mutating func forgetClaims() {
        batches.removeAll { claimedBatches.contains($0.number) }
        for key in claimed where open.contains(key) {
            rows[key] = nil
            open.remove(key)
        }
    }

    func restarted(trusting: Bool) -> ToyStore {
        var store = restarted()
        store.trustsClock = trusting
        return store
    }
}
