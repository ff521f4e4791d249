/// What the store remembers of the daemon's last lives: from it a daemon knows that a delivery may be what
/// kills it each time.
public struct Life: Hashable, Sendable {
    /// Starts, the present one counted, since one ended as it should or anything was recorded.
    public var starts: Int
    /// Deliveries that were, or may have been, on the wire; written before they were, while care is taken.
    public var attempted: [DeliveryKey]

    public init(starts: Int = 0, attempted: [DeliveryKey] = []) {
        self.starts = starts
        self.attempted = attempted
    }

    /// What is left of it once `group` is recorded: it was not in vain.
    public func after(_ group: OutcomeGroup) -> Life {
        if starts == 0, attempted.isEmpty || group.records.isEmpty { return self }
        let recorded = Set(group.records.map(\.key))
        return Life(starts: 0, attempted: attempted.filter { !recorded.contains($0) })
    }
}
