import AdviceCore

/// What a store has handed out and has not yet had back, so that it hands out nothing twice.
struct InFlight {
    /// A delivery that is out.
    struct Delivery {
        var slot: Int64
        var batch: Int64?
        /// The endpoint it was claimed for: a 410 closes that one, not one that came meanwhile.
        var fingerprint: Int64
        /// How often it was replayed.
        var replay: Int64 = 0
    }

    private var deliveries: [DeliveryKey: Delivery] = [:]
    /// How many deliveries of each batch that is out have not come back.
    private var batches: [Int64: Int] = [:]

    subscript(key: DeliveryKey) -> Delivery? { deliveries[key] }

    /// Of all that is out.
    var subscribers: Set<Int64> { Set(deliveries.keys.lazy.map(\.subscriber)) }

    /// Subjects of what is out for a subscriber. Looks at all that is out: for rare questions.
    func subjects(of subscriber: Int64) -> [Int64] {
        deliveries.keys.filter { $0.subscriber == subscriber }.map(\.subject)
    }

    /// What is out of a subject, from batches: it may have no row yet. Looks at all that is out, as above; in
    /// order of subscriber.
    func fromBatches(of subject: Int64) -> [(key: DeliveryKey, slot: Int64)] {
        deliveries.filter { $0.key.subject == subject && $0.value.batch != nil }
            .map { (key: $0.key, slot: $0.value.slot) }.sorted { $0.key.subscriber < $1.key.subscriber }
    }

    var isEmpty: Bool { deliveries.isEmpty && batches.isEmpty }

    func holds(batch: Int64) -> Bool { batches[batch] != nil }

    mutating func take(batch: Int64) { batches[batch] = 0 }

    mutating func take(_ key: DeliveryKey, _ delivery: Delivery) {
        let old = deliveries.updateValue(delivery, forKey: key)
        precondition(old == nil, "a delivery is handed out once")
        if let batch = delivery.batch { batches[batch, default: 0] += 1 }
    }

    /// As `take`, of the next of a batch's deliveries; false, and nothing taken, where it is out already.
    mutating func takeNew(_ key: DeliveryKey, _ delivery: Delivery) -> Bool {
        if let old = deliveries.updateValue(delivery, forKey: key) {
            deliveries[key] = old
            return false
        }
        return true
    }

    /// So many of a batch's deliveries were taken by `takeNew`.
    mutating func count(_ taken: Int, of batch: Int64) { batches[batch, default: 0] += taken }

    /// All batches that are out.
    var heldBatches: [Int64] { Array(batches.keys) }

    /// What is out and has a row of its own.
    var heldRows: [(key: DeliveryKey, slot: Int64)] {
        deliveries.filter { $0.value.batch == nil }.map { (key: $0.key, slot: $0.value.slot) }
    }

    /// Takes back what was to be handed out and was not.
    mutating func forget(_ claim: Claim) {
        for delivery in claim.deliveries { deliveries.removeValue(forKey: delivery.key) }
        for batch in claim.batches { batches.removeValue(forKey: batch.number) }
    }

    /// Takes back what `group` has recorded.
    mutating func settle(_ group: OutcomeGroup) {
        // Neighbours are mostly of one batch.
        var batch: Int64?
        var count = 0
        // By place: a copy of a record, to look at its key, is five counted references.
        for place in group.records.indices {
            guard let own = deliveries.removeValue(forKey: group.records[place].key)?.batch else { continue }
            if own != batch {
                if let batch { batches[batch]? -= count }
                (batch, count) = (own, 0)
            }
            count += 1
        }
        if let batch { batches[batch]? -= count }
        for batch in group.finishedBatches {
            // A finished batch takes with it what nobody recorded.
            if let left = batches.removeValue(forKey: batch), left > 0 {
                deliveries = deliveries.filter { $0.value.batch != batch }
            }
        }
    }
}
