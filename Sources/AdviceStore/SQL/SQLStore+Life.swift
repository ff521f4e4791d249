public import AdviceCore

/// The daemon's `Life`: one row of `meta`, as text: the starts, then SUBJECT:SUBSCRIBER of each attempt.
extension SQLStore {
    public func begin(now: Instant) throws(StoreError) {
        var next = try readLife()
        next.starts += 1
        try keep(next, now)
    }

    public func end(now: Instant) throws(StoreError) {
        if life != Life() { try keep(Life(), now) }
    }

    public func attempt(_ deliveries: [DeliveryKey], now: Instant) throws(StoreError) {
        try keep(Life(starts: life.starts, attempted: deliveries), now)
    }

    func readLife() throws(StoreError) -> Life {
        let rows = try database.query("SELECT value FROM meta WHERE key = $1", [.text(lifeKey)])
        guard let text = rows.first?[0].text else { return Life() }
        let words = text.split(separator: " ")
        guard let starts = words.first.flatMap({ Int($0) }) else {
            throw .damaged("\(database.path): '\(text)' is no life: \(database.howToGoOn)")
        }
        return Life(
            starts: starts,
            attempted: words.dropFirst().compactMap { word in
                let numbers = word.split(separator: ":").compactMap { Int64($0) }
                return numbers.count == 2
                    ? DeliveryKey(subject: numbers[0], subscriber: numbers[1]) : nil
            })
    }

    private func keep(_ next: Life, _ now: Instant) throws(StoreError) {
        _ = try writeOrNothing(now, .shared) { () throws(StoreError) -> Bool? in
            try writeLife(next)
            return true
        }
        life = next
    }

    func writeLife(_ life: Life) throws(StoreError) {
        let words = ["\(life.starts)"] + life.attempted.map { "\($0.subject):\($0.subscriber)" }
        try database.query(
            """
            INSERT INTO meta(key, value) VALUES ($1, $2)
            ON CONFLICT(key) DO UPDATE SET value = excluded.value
            """, [.text(lifeKey), .text(words.joined(separator: " "))])
    }

    /// After a group is on the disk.
    func settle(_ group: OutcomeGroup) {
        inFlight.settle(group)
        life = life.after(group)
    }
}
