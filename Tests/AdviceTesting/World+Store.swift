import AdviceCore

/// What may go wrong at the store's seam, beside a write that is refused or lost with the process.
extension World {
    /// A commit is on the disk and its answer is lost: the same is asked for again.
    mutating func commitAgain(_ transaction: Transaction) -> CommitResult {
        if bug == .releasedAnew, case .release(let draft) = transaction { store.forgetThatItIsDone(draft) }
        let result = store.commit(transaction, now: clock.wall)
        // Who shares a store looks for work once a minute, whatever it was told.
        happen(in: .minutes(1), .feed(.workAppeared), life: life)
        return result
    }

    /// Another daemon has what is on the wire, and sends it too.
    mutating func loseLease(on attempt: Attempt) {
        let delivery = attempt.delivery
        guard delivery.standing == .active, store.delivery(delivery.key)?.state.isSettled != true
        else { return }
        ledgerOfReceivers.excuse(delivery.key)
        accept(attempt, life: life)
        ledgerOfReceivers.answered.insert(delivery.key)
        var record = DeliveryRecord(
            key: delivery.key, release: delivery.release.number, batch: nil, state: .delivered,
            attempts: attempt.number)
        record.nextHeldAt = delivery.isArrears ? clock.wall + Limits.backfillSpacing : clock.wall
        store.loseLease(on: record, clock.wall)
        ledgerOfReceivers.onDisk.insert(delivery.key)
        happen(in: .seconds(1), .feed(.workAppeared), life: life)
    }

    // MARK: A database that comes back older

    /// A backup that may be put back later.
    mutating func backUp() {
        guard faults.olderStore > 0, backup == nil || draw(3) else { return }
        backup = store
    }

    /// A server has taken over that had not heard of the last transactions, or somebody put a backup back.
    /// Names keep their numbers, as webhook-ids do: by those a receiver knows what it has had.
    mutating func comeBackOlder() {
        guard draw(faults.olderStore), let backup else { return }
        let newer = store
        store = backup.restarted()
        store.takeNumbers(of: newer, forgetting: bug == .idsDrawnAnew)
        ledgerOfReceivers.forget(whatIsNotIn: store)
        firstLifeOfStore = life
        // Who left since is a member again until the roster is taken, and who came has never been here.
        faithful = faithful?.intersection(backup.subscribers.map(\.id))
    }
}

extension ToyStore {
    /// Subscribers and subjects have the numbers that they had: they stand for what is derived.
    fileprivate mutating func takeNumbers(of newer: ToyStore, forgetting: Bool) {
        if !forgetting { subjects = newer.subjects }
        (subjectNames, subscribers) = (newer.subjectNames, newer.subscribers)
    }
}
