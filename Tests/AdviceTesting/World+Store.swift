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

    /// A server has taken over that had not heard of the last transactions, or somebody put a backup back.
    /// Names keep their numbers, as webhook-ids do: by those a receiver knows what it has had.
    mutating func comeBackOlder() {
        guard draw(faults.olderStore), let backup else { return }
        store = store.replaced(by: backup)
        for key in ledgerOfReceivers.answered where store.delivery(key)?.state != .delivered {
            ledgerOfReceivers.excuse(key)
        }
        // It cannot know which dates were used, nor what came last: those begin anew.
        (ledgerOfReceivers.dates, ledgerOfReceivers.lastDates) = ([:], [:])
        // Who left since is a member again until the roster is taken, and who came has never been here.
        faithful = faithful?.intersection(backup.subscribers.map(\.id))
    }
}

extension ToyStore {
    func replaced(by older: ToyStore) -> ToyStore {
        var store = older.restarted()
        (store.subjects, store.subjectNames, store.subscribers) = (subjects, subjectNames, subscribers)
        return store
    }
}
