/// The life of one delivery: event in, new state and its record out. The only place where states change.
/// docs/delivery-states.md is drawn from it.
public struct DeliveryMachine: Sendable {
    public let delivery: ClaimedDelivery
    private let terms: DeliveryTerms
    /// The attempt in flight, from 1; nil where none is.
    public private(set) var attempt: Int?

    /// A 410 is believed the second time, and not within this of the first: a deploy must not unsubscribe.
    public static let goneConfirmation = Span.hours(1)
    /// What is our own fault is tried again this soon; it charges no attempt.
    public static let oursWait = Span.seconds(60)

    init(_ delivery: ClaimedDelivery, terms: DeliveryTerms) {
        self.delivery = delivery
        self.terms = terms
    }

    public init(_ delivery: ClaimedDelivery, retry: RetryPolicy, maxAge: Span) {
        self.init(delivery, terms: DeliveryTerms(retry: retry, maxAge: maxAge))
    }

    /// What to do with a delivery that was claimed.
    public enum Start: Hashable, Sendable {
        /// Send it; this is attempt number `n`.
        case attempt(Int)
        /// Write this and send nothing.
        case settle(DeliveryRecord)
    }

    /// Begins the next attempt, unless something that happened meanwhile settles the delivery without one.
    public mutating func begin(at now: Instant) -> Start {
        precondition(attempt == nil, "one attempt of a delivery at a time")
        switch delivery.standing {
        case .removed: return .settle(settled(.cancelled, "removed", at: now))
        case .paused: return .settle(settled(.cancelled, "paused", at: now))
        case .closed: return .settle(settled(.cancelled, "closed", at: now))
        case .behind, .suspended, .active, .probe: break
        }
        if let until = delivery.pausedUntil, terms.zone.local(of: now).date < until {
            return .settle(settled(.cancelled, "paused", at: now))
        }
        if delivery.standing == .behind { return .settle(settled(.held, "behind an earlier point")) }
        if delivery.standing == .suspended { return .settle(settled(.held, delivery.health.state.rawValue)) }
        if terms.isShadow { return .settle(settled(.cancelled, "shadow", at: now)) }
        if now - delivery.due > terms.maxAge { return .settle(settled(.exhausted, "expired", at: now)) }
        if !isOnTime(at: now), let opens = terms.window?.opening(at: now), opens > now {
            var record = settled(.waiting, nil)
            wait(opens - now, &record, from: now)
            // It may be too old by then.
            if record.state.isSettled { record.nextHeldAt = nextHeld(at: now) }
            return .settle(record)
        }
        let number = delivery.attempts + 1
        attempt = number
        return .attempt(number)
    }

    /// There is no room for it now: it waits for `span`, and no attempt is charged.
    func postponed(for span: Span, at now: Instant) -> DeliveryRecord {
        var record = settled(.waiting, nil)
        wait(span, &record, from: now)
        if record.state.isSettled { record.nextHeldAt = nextHeld(at: now) }
        return record
    }

    /// The first attempt of a release on time: nothing keeps it but its series' own time.
    private func isOnTime(at now: Instant) -> Bool {
        delivery.attempts == 0 && !delivery.isArrears && now - delivery.due <= Limits.onTimeFanOut
            && delivery.release.releasedAt - delivery.release.scheduledFor <= Limits.onTime
    }

    /// The attempt in flight came to `result`.
    public mutating func finish(
        _ result: AttemptResult, at now: Instant, using random: inout some RandomNumberGenerator
    ) -> DeliveryRecord {
        guard let number = attempt else { preconditionFailure("an outcome belongs to an attempt in flight") }
        attempt = nil
        if delivery.isChallenge { return challenged(number, result, at: now, using: &random) }
        var record = settled(.waiting, result.error)
        record.attempts = number
        record.attempt = result.record(number: number)
        switch result.outcome {
        case .delivered:
            record.state = .delivered
        case .ours:
            record.attempts = delivery.attempts
            wait(DeliveryMachine.oursWait, &record, from: now)
        case .blocked:
            record.state = .exhausted
        case .retry, .refused:
            wait(terms.retry.wait(after: number, using: &random), &record, from: now)
        case .retryAfter(let asked):
            wait(terms.retry.wait(after: number, using: &random).map { max($0, asked) }, &record, from: now)
        case .unfit:
            let left = RetryPolicy.unfit.wait(after: number, using: &random)
            wait(left, &record, from: now)
        case .gone:
            gone(number, &record, at: now, using: &random)
        case .goneForGood:
            close(&record, result.error ?? "the service said that it is gone")
        }
        judgeEndpoint(result.outcome, &record, at: now)
        if record.state.isSettled { record.nextHeldAt = nextHeld(at: now) }
        return record
    }

    /// What was sent was the challenge and not the point: that goes out next, or stays held. No attempt of
    /// it is charged.
    private func challenged(
        _ number: Int, _ result: AttemptResult, at now: Instant,
        using random: inout some RandomNumberGenerator
    ) -> DeliveryRecord {
        if result.outcome == .delivered {
            var record = settled(.waiting, nil)
            record.nextAttemptAt = now
            record.health = .healthy
            return record
        }
        var wait =
            terms.retry.wait(after: delivery.health.failures + 1, using: &random)
            ?? EndpointHealth.probeInterval
        if case .retryAfter(let asked) = result.outcome { wait = max(wait, asked) }
        if result.outcome == .ours { wait = DeliveryMachine.oursWait }
        var health = delivery.health
        health.note(unanswered: result.outcome, wait: wait, at: now)
        var record = settled(.held, health.state.words(result.error))
        record.attempt = result.record(number: number)
        // Nothing of the point has been on the wire.
        record.attempt?.mayHaveArrived = false
        record.health = health
        return record
    }

    /// What the attempt means for its endpoint. Of a suspended one everything is held, and no attempt
    /// charged.
    private func judgeEndpoint(_ outcome: Outcome, _ record: inout DeliveryRecord, at now: Instant) {
        var health = record.health ?? delivery.health
        if health.state != .closed { health.note(outcome, at: now) }
        if delivery.standing == .probe, outcome == .ours {
            health.probeAt = now + DeliveryMachine.oursWait
        }
        if health.state == .suspended, outcome != .blocked {
            record.state = .held
            record.nextAttemptAt = nil
            record.error = health.state.words(record.error)
            if delivery.standing == .probe { record.attempts = delivery.attempts }
        }
        record.health = health == delivery.health ? nil : health
    }

    private func gone(
        _ number: Int, _ record: inout DeliveryRecord, at now: Instant,
        using random: inout some RandomNumberGenerator
    ) {
        if let first = delivery.goneAt, now - first >= DeliveryMachine.goneConfirmation {
            return close(&record, "the endpoint said 410 Gone twice")
        }
        let first = delivery.goneAt ?? now
        record.goneAt = first
        let scheduled = terms.retry.wait(after: number, using: &random) ?? .zero
        wait(max(scheduled, first + DeliveryMachine.goneConfirmation - now), &record, from: now)
    }

    private func close(_ record: inout DeliveryRecord, _ reason: String) {
        record.state = .cancelled
        record.error = "closed: \(reason)"
        record.health = delivery.health
        record.health?.state = .closed
    }

    /// When the point held behind this one may go: after what was sent after the fact not at once (R12).
    private func nextHeld(at now: Instant) -> Instant {
        delivery.isArrears ? now + Limits.backfillSpacing : now
    }

    /// Waits for `span` and the window, or settles where none is left or the delivery would be too old then.
    private func wait(_ span: Span?, _ record: inout DeliveryRecord, from now: Instant) {
        guard let span else {
            record.state = .exhausted
            return
        }
        let wished = now + span
        let next = terms.window?.opening(at: wished) ?? wished
        guard next - delivery.due <= terms.maxAge else {
            record.state = .exhausted
            record.error = "expired" + (record.error.map { ": \($0)" } ?? "")
            return
        }
        record.state = .waiting
        record.nextAttemptAt = next
    }

    private func settled(
        _ state: DeliveryState, _ reason: String?, at now: Instant? = nil
    ) -> DeliveryRecord {
        var record = DeliveryRecord(
            key: delivery.key, release: delivery.release.number, batch: delivery.batch, state: state,
            attempts: delivery.attempts, goneAt: delivery.goneAt, error: reason)
        record.nextHeldAt = now.map { nextHeld(at: $0) }
        return record
    }
}

/// What a series' settings and its subscriber's say about a delivery.
struct DeliveryTerms: Sendable {
    var retry = RetryPolicy()
    /// Counted from when it became due to this subscriber.
    var maxAge = Span.days(7)
    /// Where the subscriber is: its dates and the window are of this zone.
    var zone = ZoneRules.utc
    var window: LocalWindow?
    /// Everything but the request is done.
    var isShadow = false
}

extension AttemptResult {
    /// How long all who share the limit key are to wait: a 429 is said to all of them, and so is that
    /// nothing more is taken for a while.
    var slowDown: Span? {
        guard status == 429, case .retryAfter(let asked) = outcome else { return rest }
        return max(asked, Limits.shortestSlowDown)
    }
}

extension AttemptResult {
    fileprivate func record(number: Int) -> AttemptRecord {
        AttemptRecord(
            number: number, at: startedAt, status: status, error: error, latency: latency, address: address,
            reply: reply, mayHaveArrived: mayHaveArrived)
    }
}

/// What the courier brought back for one attempt.
public struct AttemptResult: Hashable, Sendable {
    public var token: UInt64
    public var outcome: Outcome
    public var startedAt: Instant
    public var status: Int
    public var error: String?
    public var latency: Span
    public var address: String?
    public var reply: [UInt8]
    /// The request was on the wire and no answer came.
    public var mayHaveArrived: Bool
    /// Nothing came back from anybody: no route, no connection in time, no answer from the name server.
    public var isDark = false
    /// The receiver's `Date`, less our time.
    public var skew: Span?
    /// The receiver takes nothing more for so long, of all who share the limit key.
    public var rest: Span?

    public init(
        token: UInt64, outcome: Outcome, startedAt: Instant, status: Int = 0, error: String? = nil,
        latency: Span = .zero, address: String? = nil, reply: [UInt8] = [], mayHaveArrived: Bool = false,
        isDark: Bool = false, skew: Span? = nil
    ) {
        self.token = token
        self.outcome = outcome
        self.startedAt = startedAt
        self.status = status
        self.error = error
        self.latency = latency
        self.address = address
        self.reply = reply
        self.mayHaveArrived = mayHaveArrived
        self.isDark = isDark
        self.skew = skew
    }
}
