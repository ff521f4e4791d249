/// Claims, attempts and records on their way through the scheduler.
extension Scheduler {
    mutating func stepDeliveries(_ now: Moment, _ effects: inout [Effect]) {
        let attempts = deliveries.takeAttempts(at: now)
        if !attempts.plain.isEmpty { effects.append(.send(attempts.plain)) }
        if !attempts.careful.isEmpty {
            let keys = deliveries.care.list(attempts.careful)
            commit(.attempt(keys), before: attempts.careful, &effects)
        }
        commitGroups(now, &effects)
        if let limit = deliveries.takeClaim(at: now) { effects.append(.claim(limit: limit)) }
    }

    mutating func commitGroups(_ now: Moment, _ effects: inout [Effect]) {
        while let group = deliveries.takeGroup(at: now.wall) {
            commit(.record(group.group), tellings: group.tellings, &effects)
        }
    }

    mutating func takeCare(_ life: Life, _ effects: inout [Effect]) {
        guard deliveries.care.start(life) else { return }
        effects.append(.tell(.careful(starts: life.starts - 1)))
    }

    /// What was written down is sent now, unless there was word to stop meanwhile.
    mutating func make(_ attempts: [Attempt], _ now: Moment, _ effects: inout [Effect]) {
        if attempts.isEmpty { return }
        if isStopping { return deliveries.withdraw(attempts, at: now) }
        effects.append(.send(attempts))
    }
}
