/// What the store remembers of the daemon's last lives: from it a daemon knows that a delivery may be what
/// kills it each time.
public struct Life: Hashable, Sendable {
    /// Starts, the present one counted, since one ended as it should or an attempt or an end was recorded.
    public var starts: Int
    /// Deliveries that were, or may have been, on the wire; written before they were, while care is taken.
    public var attempted: [DeliveryKey]

    public init(starts: Int = 0, attempted: [DeliveryKey] = []) {
        self.starts = starts
        self.attempted = attempted
    }

    /// What is left of it once `group` is recorded. It was not in vain where something came of it: what is
    /// only put off, for a rate or for its turn, is the same in each life.
    public func after(_ group: OutcomeGroup) -> Life {
        if starts == 0, attempted.isEmpty || group.records.isEmpty { return self }
        let recorded = Set(group.records.map(\.key))
        let isInVain = !group.records.contains { $0.state.isSettled || $0.attempt != nil }
        return Life(
            starts: isInVain ? starts : 0, attempted: attempted.filter { !recorded.contains($0) })
    }
}
