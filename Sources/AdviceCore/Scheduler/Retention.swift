/// How long what is over is kept (interface.md §1.1). Releases, decisions and memberships stay.
public struct Retention: Hashable, Sendable {
    /// Deliveries that are settled, with their attempts.
    public var deliveries: Span
    /// What receivers answered.
    public var replies: Span
    /// Subscribers who are gone from the roster, with all that is kept of them.
    public var removed: Span

    public init(deliveries: Span, replies: Span, removed: Span) {
        self.deliveries = deliveries
        self.replies = replies
        self.removed = removed
    }
}

/// One step of forgetting what is over: a transaction that looks at a bounded number of rows.
public struct Prune: Hashable, Sendable {
    /// What was settled before.
    public var deliveriesBefore: Instant
    /// What was answered before.
    public var repliesBefore: Instant
    /// Who was removed before.
    public var removedBefore: Instant
    /// Where the last step came to; nil for the first.
    public var from: Place?
    /// Rows that a step looks at: some milliseconds, for which a release may have to wait.
    public var limit = Limits.pruneStep

    /// Where the store goes on. The order of the cases is that of the work.
    public enum Place: Hashable, Sendable {
        case replies
        case removed
        /// After this delivery.
        case deliveries(subject: Int64, slot: Int64, subscriber: Int64)
        case alerts
    }

    public init(deliveriesBefore: Instant, repliesBefore: Instant, removedBefore: Instant, from: Place? = nil)
    {
        self.deliveriesBefore = deliveriesBefore
        self.repliesBefore = repliesBefore
        self.removedBefore = removedBefore
        self.from = from
    }
}

/// When what is over is forgotten: at the start and a day after the last time, while nothing else is to be
/// done, in steps of which one is on its way at a time. No timer is armed for it: the look of every hour is
/// enough.
///
/// Times are since boot, so that a clock that is set neither hastens nor delays it.
struct Pruning: Sendable {
    static let interval = Span.hours(24)
    /// Where there is no quiet moment for so long it is done beside the sending.
    static let patience = Span.hours(48)

    private var retention: Retention?
    private var isUnderway = false
    /// What is being forgotten, from the first step to the last.
    private var run: Prune?
    private var finishedAt: Span?
    private var wantedSince: Span?

    mutating func want(_ retention: Retention?) {
        // What is under way goes on as it was begun: at most a day later it is as the settings have it now.
        self.retention = retention
    }

    /// The step to make now; it is underway from now on. `isQuiet`: no delivery is due or in flight.
    mutating func take(at now: Moment, isQuiet: Bool) -> Prune? {
        guard let retention, !isUnderway else { return nil }
        if run == nil, let finishedAt, now.boot - finishedAt < Pruning.interval { return nil }
        let since = wantedSince ?? now.boot
        wantedSince = since
        guard isQuiet || now.boot - since >= Pruning.patience - Pruning.interval else { return nil }
        let step =
            run
            ?? Prune(
                deliveriesBefore: now.wall - retention.deliveries,
                repliesBefore: now.wall - retention.replies,
                removedBefore: now.wall - retention.removed)
        run = step
        isUnderway = true
        return step
    }

    /// A step is on the disk: the next one begins at `next`; nil where it was the last.
    mutating func pruned(_ next: Prune.Place?, at boot: Span) {
        isUnderway = false
        if let next {
            run?.from = next
        } else {
            run = nil
            finishedAt = boot
            wantedSince = nil
        }
    }
}

extension Scheduler {
    /// Nothing is forgotten by a clock that is not believed, nor by settings that are not those in force.
    mutating func stepPruning(_ now: Moment, _ effects: inout [Effect]) {
        guard isReleasing else { return }
        guard let step = pruning.take(at: now, isQuiet: deliveries.isQuiet(at: now.wall)) else { return }
        commit(.prune(step), &effects)
    }
}

/// What the erasure of a subscriber has come to.
public struct Erasure: Hashable, Sendable {
    /// For the `decision` and the log, which keep no name.
    public static let decision = "forget a subscriber"

    public var deliveries = 0
    /// Alerts that named it, with their deliveries.
    public var alerts = 0
    /// Alerts that name it and are still on their way.
    public var alertsLeft = 0
    /// Nothing was erased: another daemon on the store is sending to it just now.
    public var isInFlight = false
    /// What was overwritten is gone from the write-ahead log too.
    public var isWiped = true

    public init() {}

    /// `3 deliveries erased`, and what is left to be done.
    public var words: String {
        if isInFlight {
            return "another daemon is sending to it at this moment; nothing was erased: ask again in a minute"
        }
        var text = deliveries == 1 ? "1 delivery erased" : "\(deliveries) deliveries erased"
        if alerts > 0 { text += ", and \(alerts == 1 ? "1 alert" : "\(alerts) alerts") with its name" }
        if alertsLeft > 0 { text += "; \(alertsLeft) with its name are still on their way: ask again later" }
        if !isWiped { text += "; another program reads the database: what was erased leaves its log later" }
        return text
    }
}
