import AdviceCore

/// What may go wrong at the store's seam, beside a write that is refused or lost with the process.
extension World {
    /// Another daemon has what is on the wire, and sends it too.
    mutating func loseLease(on attempt: Attempt) {
        let delivery = attempt.delivery
        guard delivery.standing == .active, store.delivery(delivery.key)?.state.isSettled != true
        else { return }
        ledgerOfReceivers.excuse(delivery.key)
        accept(attempt)
        ledgerOfReceivers.answered.insert(delivery.key)
        var record = DeliveryRecord(
            key: delivery.key, release: delivery.release.number, batch: nil, state: .delivered,
            attempts: attempt.number)
        record.nextHeldAt = delivery.isArrears ? clock.wall + Limits.backfillSpacing : clock.wall
        store.loseLease(on: record, clock.wall)
        happen(in: .seconds(1), .feed(.workAppeared), life: life)
    }
}
