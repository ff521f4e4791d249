/// When to ping whoever watches over this daemon: at its start, after each release whose fan-out is through,
/// and a day after the last ping. It is not stored: a ping that comes late would tell of a life that may be
/// over, and the next start pings anyway.
///
/// Times are since boot, so that a clock that is set neither hastens nor delays it.
struct Heartbeat: Sendable {
    /// After a ping that was taken, the next one at the latest.
    static let interval = Span.hours(24)
    /// After one that was not: those who watch for a daily ping allow some hours.
    static let waits: [Span] = [.minutes(1), .minutes(5), .minutes(15), .hours(1)]

    private var isWanted = false
    private var isOwed = false
    private(set) var isUnderway = false
    private var failures = 0
    private var takenAt = Span.zero
    private var notBefore = Span.zero
    /// A release is on its way, and its last part begins then.
    private var lastPartAt: Span?

    mutating func want(_ wanted: Bool) {
        if wanted, !isWanted { isOwed = true }
        isWanted = wanted
    }

    /// A release has begun whose deliveries are spread over so long.
    mutating func released(over spread: Span, at boot: Span) {
        lastPartAt = max(lastPartAt ?? .zero, boot + spread)
    }

    /// Whether a ping is to go out now; if so, it is underway from now on. `isQuiet`: no delivery is due or
    /// in flight.
    mutating func take(at boot: Span, isQuiet: Bool) -> Bool {
        guard isWanted else { return false }
        if isQuiet, let last = lastPartAt, boot >= last {
            lastPartAt = nil
            isOwed = true
            // A fan-out has gone well since: the watcher is worth another try at once.
            notBefore = .zero
        }
        guard !isUnderway, boot >= notBefore, isOwed || boot - takenAt >= Heartbeat.interval else {
            return false
        }
        isOwed = false
        isUnderway = true
        return true
    }

    /// What became of it: nil where it was taken. Told are the first failure, and the end of failures.
    mutating func answered(_ error: String?, at boot: Span) -> Telling? {
        isUnderway = false
        guard let error else {
            takenAt = boot
            notBefore = .zero
            defer { failures = 0 }
            return failures > 0 ? .heartbeatTaken : nil
        }
        // A fan-out that has gone well meanwhile is worth the next try at once.
        if !isOwed { notBefore = boot + Heartbeat.waits[min(failures, Heartbeat.waits.count - 1)] }
        isOwed = true
        failures += 1
        return failures == 1 ? .heartbeatRefused(error) : nil
    }

    /// How long until it is to be looked at again; nil where nothing but an answer is waited for.
    func nextLook(at boot: Span) -> Span? {
        guard isWanted, !isUnderway else { return nil }
        var next = isOwed ? notBefore : max(notBefore, takenAt + Heartbeat.interval)
        if let lastPartAt, lastPartAt > boot { next = min(next, lastPartAt) }
        return max(.zero, next - boot)
    }
}
