/// What is known about whether the machine's clock is set by something that knows the time.
public enum ClockSync: Hashable, Sendable {
    case synchronized, unsynchronized
    /// Cannot be known here.
    case unknown
}

/// Why nothing is released for now although the clock says that it is time (R8). Kept in the store, so that a
/// restart does not end it.
public struct ClockHold: Hashable, Sendable, Codable {
    /// The wall time at which it was noticed.
    public var since: Instant
    /// By how much the clock had leapt; nil where it stood too far beyond the mark at start.
    public var leap: Span?

    public init(since: Instant, leap: Span?) {
        self.since = since
        self.leap = leap
    }
}

/// Whether the wall clock is believed (R8): wall time is compared with time since boot, which never steps, so
/// that a step is told from a suspend, and a leap from the days going by.
struct ClockTrust: Sendable {
    /// Forward by this much while running, and the time is not believed without evidence.
    static let leap = Span.hours(12)
    /// So far beyond the highest time ever committed at start, likewise.
    static let farBeyondMark = Span.days(400)
    /// How long a hold lasts where it cannot be known whether the clock is synchronized.
    static let blindHold = Span.minutes(10)
    /// A machine that has been up for less than this may have a clock that is still to be set...
    static let justBooted = Span.minutes(5)
    /// ...and is given this long, where it is known to be unsynchronized.
    static let settlingTime = Span.seconds(60)
    /// How often evidence is looked for while it is waited for...
    static let probeInterval = Span.seconds(5)
    /// ...and once it has been waited for as long as a blind hold lasts: nobody may come for days.
    static let slowProbeInterval = Span.seconds(60)

    enum State: Hashable, Sendable {
        case trusted
        /// Just booted: waits for the clock to be set until this time since boot.
        case settling(until: Span)
        /// Leapt: waits for evidence. `from` is the time since boot at which the wait began.
        case suspect(ClockHold, from: Span)
    }

    private(set) var state = State.trusted
    /// The last moment at which the clock was believed; nil before the first.
    private var believed: Moment?
    private var last: Moment?
    private var mark: Instant?
    private var probedAt: Span?

    /// Nothing is released or sent.
    var isHolding: Bool { state != .trusted }

    var hold: ClockHold? {
        if case .suspect(let hold, _) = state { return hold }
        return nil
    }

    /// What the clock was set by since the last moment, where that is more than reading it twice explains.
    mutating func notice(_ now: Moment) -> Span? {
        defer { last = now }
        guard let last else { return nil }
        let step = (now.wall - last.wall) - (now.boot - last.boot)
        guard step > Limits.stepTolerance || step < .zero - Limits.stepTolerance else {
            if state == .trusted { believed = now }
            return nil
        }
        judge(now, step)
        return step
    }

    private mutating func judge(_ now: Moment, _ step: Span) {
        switch state {
        case .trusted:
            if step >= ClockTrust.leap {
                state = .suspect(ClockHold(since: now.wall, leap: step), from: now.boot)
                probedAt = nil
            } else {
                believed = now
            }
        case .settling:
            // It was being waited for.
            break
        case .suspect(let hold, _):
            if isSane(now, hold) { trust(now) } else { probedAt = nil }
        }
    }

    /// Whether the clock has been put back to where it can be.
    private func isSane(_ now: Moment, _ hold: ClockHold) -> Bool {
        if hold.leap == nil, let mark { return now.wall <= mark + ClockTrust.farBeyondMark }
        // A hold that a restart found: by how much the clock was down is unknown, but not that it went back.
        guard let believed else { return now.wall < hold.since }
        return (now.wall - believed.wall) - (now.boot - believed.boot) < ClockTrust.leap
    }

    mutating func start(_ now: Moment, mark: Instant?, hold: ClockHold?) {
        last = now
        self.mark = mark
        if let hold, now.wall >= hold.since {
            state = .suspect(hold, from: now.boot)
        } else if let mark, now.wall > mark + ClockTrust.farBeyondMark {
            state = .suspect(ClockHold(since: now.wall, leap: nil), from: now.boot)
        } else if now.boot < ClockTrust.justBooted {
            state = .settling(until: now.boot + ClockTrust.settlingTime)
        } else {
            trust(now)
        }
    }

    /// Evidence has come in, or none.
    mutating func probed(_ sync: ClockSync, _ now: Moment) {
        switch (state, sync) {
        case (.trusted, _): break
        case (_, .synchronized), (.settling, .unknown): trust(now)
        case (.settling(let until), .unsynchronized):
            if now.boot >= until { trust(now) }
        case (.suspect(_, let from), .unknown):
            if now.boot - from >= ClockTrust.blindHold { trust(now) }
        case (.suspect, .unsynchronized): break
        }
    }

    mutating func trust(_ now: Moment) {
        state = .trusted
        believed = now
        probedAt = nil
    }

    /// What to look for evidence of, where it is time to: `since` when, nil for any. Outer nil: not now.
    mutating func takeProbe(_ now: Moment) -> Instant?? {
        guard isHolding, probedAt.map({ now.boot - $0 >= interval(now) }) ?? true else {
            return .none
        }
        probedAt = now.boot
        if let hold, hold.leap != nil { return .some(hold.since) }
        return .some(nil)
    }

    /// When to look again, as a wait from now; nil where nothing is waited for.
    func nextLook(_ now: Moment) -> Span? {
        guard isHolding else { return nil }
        let next = (probedAt ?? now.boot) + interval(now)
        return max(.zero, next - now.boot)
    }

    private func interval(_ now: Moment) -> Span {
        if case .suspect(_, let from) = state,
            now.boot - from > ClockTrust.blindHold + ClockTrust.slowProbeInterval
        {
            return ClockTrust.slowProbeInterval
        }
        return ClockTrust.probeInterval
    }
}
