/// Everything between a claim and its record: what waits to be sent, what is in flight, what waits for its
/// group commit. A part of the scheduler with its own invariants:
///
/// - a delivery is here from its claim to its record, once;
/// - a batch is finished in the transaction that records its last delivery;
/// - nothing is sent while `Limits.groupsUnderway` groups are on their way to the disk;
/// - of what was answered no more than one group is not on the disk, beside what is in flight: a crash
///   repeats no more than that.
struct Deliveries: Sendable {
    private var admission = Admission()
    private var machines: [UInt64: DeliveryMachine] = [:]
    private var batchesLeft: [Int64: Int] = [:]
    private var group = OutcomeGroup()
    private var tellings: [Telling] = []
    private var groupDeadline: Instant?
    private var flushNow = false
    private var groupsUnderway = 0
    /// Outcomes in them.
    private var underway = 0
    /// How many outcomes come in while a group is written, as lately seen: up at once, down by and by.
    private var meanwhile = 0
    private var concurrency = 1
    var care = Care()
    private var isClaiming = false
    private var mayClaim = false
    private var nextDue: Instant?
    /// When the last of those that found no room here is due.
    private var spilledUntil: Instant?
    private var random: SplitMix64
    private var retry = RetryPolicy()
    private var series: [String: SeriesTerms] = [:]
    /// The zones in which the cohorts' windows are local.
    private var zones: [Int64: ZoneRules] = [:]
    private var isHolding = false
    private var stopDeadline: Instant?
    private var network = NetworkHealth()
    private var skew = ClockSkew()
    /// When deliveries were last claimed during an outage of our own network.
    private var probedAt: Span?
    /// What has come to be worth an alert since it was last asked for.
    private var alarms: [Alarm] = []
    private var isOutageTold = false
    private var isSkewTold = false

    init(seed: UInt64) {
        random = SplitMix64(seed: seed)
    }

    var inFlight: Int { admission.inFlight }
    /// Something is due later than now.
    var somethingWaits: Bool { nextDue != nil }

    mutating func take(_ settings: SchedulerSettings) {
        concurrency = settings.concurrency
        admission.limit(
            concurrency: settings.concurrency, perHost: settings.perHost, hosts: settings.hosts,
            secondPool: settings.secondPool)
        retry = settings.retry
        series = [:]
        zones = [:]
        for setup in settings.series {
            series[setup.series.id] = SeriesTerms(
                maxAge: setup.series.maxAge, window: setup.series.window, home: setup.home.zone)
            for cohort in setup.cohorts + setup.former { zones[cohort.record.number] = cohort.calendar.zone }
        }
        mayHaveWork()
    }

    /// What a series' settings say about its deliveries.
    private struct SeriesTerms {
        var maxAge: Span
        var window: DailyWindow?
        var home: ZoneRules
    }

    /// While the clock is not believed nothing is sent: a receiver would refuse its time, and what waits
    /// would be too old by it.
    mutating func hold(_ isOn: Bool) {
        isHolding = isOn
        if !isOn { mayClaim = true }
    }

    private func terms(of delivery: ClaimedDelivery) -> DeliveryTerms {
        var terms = DeliveryTerms(
            retry: delivery.endpoint.options.retries.map { RetryPolicy(waits: $0) } ?? retry)
        terms.isShadow = delivery.release.edition.hasSuffix(".shadow")
        guard let series = series[delivery.release.series] else { return terms }
        terms.maxAge = series.maxAge
        // Who has moved is where the new cohort is, whichever it was that released the point.
        terms.zone = zones[delivery.memberCohort ?? delivery.release.cohort] ?? series.home
        if let window = series.window { terms.window = LocalWindow(window: window, zone: terms.zone) }
        return terms
    }

    /// The roster has changed: what was claimed and not yet sent may have another URL or secret now, or no
    /// subscriber any more. It is written down as waiting, and claimed again as it is.
    mutating func giveBack(at now: Instant) {
        for delivery in admission.removeAll() {
            // What was not its turn is not its turn now.
            let isHeld = [.behind, .suspended, .probe].contains(delivery.standing)
            add(
                DeliveryRecord(
                    key: delivery.key, release: delivery.release.number, batch: delivery.batch,
                    state: isHeld ? .held : .waiting, attempts: delivery.attempts,
                    nextAttemptAt: isHeld ? nil : now, goneAt: delivery.goneAt), at: now)
            flushNow = true
        }
    }

    /// Something may be due: claim when there is room.
    mutating func mayHaveWork() { mayClaim = true }

    mutating func clockStepped() {
        spilledUntil = nil
        flushNow = true
        mayClaim = true
    }

    mutating func stop(deadline: Instant) {
        stopDeadline = deadline
        admission.drop()
        flushNow = true
    }

    /// Nothing is in flight, on its way to the disk, or to be claimed now.
    func isQuiet(at now: Instant) -> Bool {
        if let stopDeadline { return (machines.isEmpty || now >= stopDeadline) && group.isEmpty }
        return machines.isEmpty && admission.isEmpty && group.isEmpty && !isClaiming && !mayClaim
            && nextDue.map { $0 > now } ?? true
    }

    /// Some wait for nothing but their turn: it is not the time to say that no more can be done.
    func hasSpilled(at now: Instant) -> Bool { spilledUntil.map { $0 > now } ?? false }

    /// When this part must be looked at again; nil where it waits for nothing but answers.
    func nextLook(after moment: Moment) -> Instant? {
        let now = moment.wall
        var next = group.isEmpty ? nil : groupDeadline
        if let stopDeadline, stopDeadline > now { next = min(next ?? stopDeadline, stopDeadline) }
        // Where a claim must wait for an answer or for a group, that brings the next look by itself.
        let canClaim = stopDeadline == nil && !isHolding && !isClaiming && !isBehind
        if canClaim, admission.room > 0, let nextDue {
            let due = max(nextDue, now + probeWait(at: moment.boot))
            next = min(next ?? due, due)
        }
        if admission.waiting > 0, maySend, let wait = admission.nextAging(after: moment.boot) {
            next = min(next ?? now + wait, now + wait)
        }
        if maySend, let wait = admission.nextTurn(after: moment.boot) {
            next = min(next ?? now + wait, now + wait)
        }
        return next
    }

    // MARK: Claims

    /// The disk is behind: what is sent now might come to be sent again, beside all that is in flight and a
    /// group.
    private var isBehind: Bool {
        groupsUnderway >= Limits.groupsUnderway
            || admission.young + group.records.count + underway >= concurrency + Limits.groupSize
    }

    /// Where it may not, a commit, an attempt that comes back, or the end of a hold brings the next look: a
    /// look before that would find nothing to do, and look again at once.
    private var maySend: Bool {
        stopDeadline == nil && !isHolding && !isBehind && (care.width == nil || machines.isEmpty)
    }

    /// How many deliveries to claim now; nil where it is not the time.
    mutating func takeClaim(at now: Moment) -> Int? {
        guard stopDeadline == nil, !isHolding, !isClaiming, !isBehind else { return nil }
        if let nextDue, nextDue <= now.wall { mayClaim = true }
        var room = admission.room
        guard mayClaim, room > 0 else { return nil }
        if network.outage(at: now.boot) != nil {
            guard probeWait(at: now.boot) == .zero else { return nil }
            probedAt = now.boot
            room = min(room, NetworkHealth.probes)
        }
        if admission.isEmpty { room = min(room, Limits.firstClaim) }
        isClaiming = true
        mayClaim = false
        return room
    }

    /// While our own network is down a few deliveries are tried now and then, and the others left alone.
    private func probeWait(at boot: Span) -> Span {
        guard network.outage(at: boot) != nil, let probedAt else { return .zero }
        return max(.zero, probedAt + NetworkHealth.probeInterval - boot)
    }

    mutating func claimed(_ claim: Claim) {
        precondition(isClaiming, "an answer belongs to a claim")
        isClaiming = false
        nextDue = claim.nextDue
        for batch in claim.batches {
            if batch.count == 0 {
                group.finishedBatches.append(batch.number)
                flushNow = true
            } else {
                batchesLeft[batch.number] = batch.count
            }
        }
        guard stopDeadline == nil else { return }
        for delivery in claim.deliveries { admission.add(delivery) }
    }

    // MARK: Attempts

    /// Attempts to make.
    struct Attempts {
        /// Now.
        var plain: [Attempt] = []
        /// Once they are written down.
        var careful: [Attempt] = []
    }

    /// The attempts to make now.
    mutating func takeAttempts(at now: Moment) -> Attempts {
        var attempts = Attempts()
        guard stopDeadline == nil, !isHolding else { return attempts }
        if isQuiet(at: now.wall) { care.rest() }
        let width = care.width
        if width != nil, !machines.isEmpty { return attempts }
        while !isBehind, attempts.careful.count < width ?? .max, let decision = admission.take(at: now.boot) {
            switch decision {
            case .wait(let delivery, let wait):
                let machine = DeliveryMachine(delivery, terms: terms(of: delivery))
                add(machine.postponed(for: wait, at: now.wall), of: delivery, at: now.wall)
            case .spill(let delivery, let wait):
                let record = DeliveryMachine(delivery, terms: terms(of: delivery))
                    .postponed(for: wait, at: now.wall)
                spilledUntil = max(spilledUntil ?? now.wall, record.nextAttemptAt ?? now.wall)
                add(record, of: delivery, at: now.wall)
            case .send(let delivery, let ticket):
                begin(delivery, ticket, at: now, &attempts)
            }
        }
        return attempts
    }

    private mutating func begin(
        _ delivery: ClaimedDelivery, _ ticket: UInt64, at now: Moment, _ attempts: inout Attempts
    ) {
        var machine = DeliveryMachine(delivery, terms: terms(of: delivery))
        switch machine.begin(at: now.wall) {
        case .attempt(let number):
            if care.takeCulprit(delivery.key) {
                let crash = AttemptResult(
                    token: ticket, outcome: .retry, startedAt: now.wall, error: ClaimedDelivery.crashed,
                    mayHaveArrived: true)
                admission.free(ticket, delivery.endpoint.limitKey, at: now.boot)
                add(machine.finish(crash, at: now.wall, using: &random), of: delivery, at: now.wall)
                return
            }
            machines[ticket] = machine
            let attempt = Attempt(token: ticket, number: number, delivery: delivery)
            if care.isTaken || delivery.hasCrashed {
                attempts.careful.append(attempt)
            } else {
                attempts.plain.append(attempt)
            }
        case .settle(let record):
            admission.free(ticket, delivery.endpoint.limitKey, at: now.boot)
            add(record, of: delivery, at: now.wall)
        }
    }

    /// They are not made: they stay in the store as they are.
    mutating func withdraw(_ attempts: [Attempt], at now: Moment) {
        for attempt in attempts {
            machines[attempt.token] = nil
            admission.free(attempt.token, attempt.delivery.endpoint.limitKey, at: now.boot)
        }
    }

    mutating func finish(_ results: [AttemptResult], at now: Moment) {
        for var result in results {
            guard var machine = machines.removeValue(forKey: result.token) else {
                preconditionFailure("an attempt comes back once")
            }
            let key = machine.delivery.endpoint.limitKey
            admission.free(
                result.token, key, duration: result.latency, slowDown: result.slowDown, at: now.boot)
            excuse(&result, host: machine.delivery.endpoint.host, at: now)
            let record = machine.finish(result, at: now.wall, using: &random)
            add(record, of: machine.delivery, at: now.wall)
        }
    }

    /// What is our own fault is charged to nobody: a network that is down, a clock that is wrong.
    private mutating func excuse(_ result: inout AttemptResult, host: String, at now: Moment) {
        network.note(host: host, isDark: result.isDark, at: now.boot)
        if let skew = result.skew { self.skew.note(host: host, skew: skew, at: now.boot) }
        if result.isDark, network.outage(at: now.boot) != nil {
            result.outcome = .ours
            result.error = "our network is down" + (result.error.map { ": \($0)" } ?? "")
        } else if result.outcome == .refused || result.outcome == .unfit,
            skew.excuses(result.skew, at: now.boot)
        {
            result.outcome = .ours
            result.error =
                "our clock is \(skew.words) by what receivers say" + (result.error.map { ": \($0)" } ?? "")
        }
    }

    // MARK: Alarms

    /// What an outcome means for people. Never of an alert's own delivery: nobody is told of those by
    /// another.
    private mutating func alarm(_ record: DeliveryRecord, _ delivery: ClaimedDelivery) {
        let release = delivery.release
        guard release.type != Alert.type else { return }
        func note(_ kind: AlertKind, _ words: String) {
            alarms.append(
                Alarm(
                    kind, subscriber: delivery.subscriberID, series: release.series, point: release.subject,
                    words: words))
        }
        let (id, reason) = (delivery.subscriberID, record.error ?? "no reason was given")
        let what = "\(release.series)/\(release.subject)"
        if record.state == .exhausted {
            note(.exhausted, "\(what) to \(id) was given up after \(record.attempts) attempts: \(reason).")
        }
        guard let health = record.health else { return }
        if health.state == .closed {
            note(
                .closed,
                "\(id) said that it is gone, and is sent nothing more. A new URL or secret opens it, or "
                    + "`advised resume --subscriber \(id)`.")
        } else if health.state == .suspended, delivery.health.state != .suspended {
            note(
                .suspended,
                "\(id) has taken nothing since \(health.failingSince.map { "\($0)" } ?? "days"): its points "
                    + "are held, and the oldest is tried once a day. Last: \(reason).")
        } else if health.refusals == EndpointHealth.refusalsToTell, health.refusals > delivery.health.refusals
        {
            note(.refused, "\(id) has refused \(health.refusals) times in a row: \(reason).")
        }
    }

    /// What has come up since the last call.
    mutating func takeAlarms(at boot: Span) -> [Alarm] {
        if let since = network.outage(at: boot), boot - since >= NetworkHealth.tellAfter, !isOutageTold {
            isOutageTold = true
            alarms.append(
                Alarm(
                    .network,
                    words:
                        "For \((boot - since).seconds / 60) minutes nothing could be reached. No attempt is "
                        + "charged, and everything goes on when the network is back."))
        } else if network.outage(at: boot) == nil {
            isOutageTold = false
        }
        if skew.skewedSince != nil, !isSkewTold {
            isSkewTold = true
            alarms.append(
                Alarm(
                    .clock,
                    words: "This machine's clock is \(skew.words) by what receivers say: they may refuse its "
                        + "signatures. Set it, and see that it is kept right."))
        } else if skew.skewedSince == nil {
            isSkewTold = false
        }
        guard !alarms.isEmpty else { return [] }
        defer { alarms = [] }
        return alarms
    }

    // MARK: Group commit

    private mutating func add(_ record: DeliveryRecord, of delivery: ClaimedDelivery, at now: Instant) {
        add(record, at: now)
        alarm(record, delivery)
        let settlement = Settlement(
            subscriber: delivery.subscriberID, release: delivery.release, due: delivery.due, record: record)
        switch record.state {
        case .delivered: tellings.append(.delivered(settlement))
        case .waiting, .held: tellings.append(.waiting(settlement))
        case .exhausted: tellings.append(.exhausted(settlement))
        case .cancelled: tellings.append(.cancelled(settlement))
        }
    }

    private mutating func add(_ record: DeliveryRecord, at now: Instant) {
        care.survived(record.key)
        if group.records.isEmpty { groupDeadline = now + Limits.groupWait }
        group.records.append(record)
        if let batch = record.batch, let left = batchesLeft[batch] {
            batchesLeft[batch] = left == 1 ? nil : left - 1
            if left == 1 { group.finishedBatches.append(batch) }
        }
    }

    /// How many outcomes are a group. What comes in while it is written has to fit beside it, or sending
    /// pauses until it is back: so where the disk is slow it is handed over sooner, but at half the size at
    /// the soonest, while none is under way.
    private var fullGroup: Int {
        guard groupsUnderway == 0 else { return Limits.groupSize }
        return max(Limits.groupSize / 2, Limits.groupSize - meanwhile)
    }

    /// A group that should be written now: it is full, its time has come, or nothing more will join it.
    mutating func takeGroup(at now: Instant) -> (group: OutcomeGroup, tellings: [Telling])? {
        guard !group.isEmpty else {
            flushNow = false
            return nil
        }
        let nothingMore = machines.isEmpty && admission.isEmpty && !isClaiming
        let isTime = groupDeadline.map { now >= $0 } ?? true
        guard group.records.count >= fullGroup || isTime || nothingMore || flushNow else { return nil }
        let result = (group, tellings)
        group = OutcomeGroup()
        tellings = []
        groupDeadline = nil
        groupsUnderway += 1
        underway += result.0.records.count
        return result
    }

    /// `freed` is when the first is due of those that were held behind what the group has settled.
    mutating func recorded(_ group: OutcomeGroup, freed: Instant?) {
        groupsUnderway -= 1
        underway -= group.records.count
        meanwhile = max(self.group.records.count, (meanwhile * 7 + self.group.records.count) / 8)
        for record in group.records {
            // Settled without an attempt, too old by now: at a suspended endpoint the next oldest has its
            // turn.
            if record.state == .exhausted, record.attempt == nil { mayClaim = true }
            if let probe = record.health?.probeAt { nextDue = min(nextDue ?? probe, probe) }
            guard let next = record.nextAttemptAt, record.state == .waiting else { continue }
            nextDue = min(nextDue ?? next, next)
        }
        if let freed { nextDue = min(nextDue ?? freed, freed) }
        if !group.finishedBatches.isEmpty { mayClaim = true }
    }
}

/// A small seeded generator (SplitMix64, Steele, Lea and Flood 2014): the same seed gives the same run.
public struct SplitMix64: RandomNumberGenerator, Sendable {
    private var state: UInt64

    public init(seed: UInt64) { state = seed }

    public mutating func next() -> UInt64 {
        state &+= 0x9e37_79b9_7f4a_7c15
        var z = state
        z = (z ^ (z >> 30)) &* 0xbf58_476d_1ce4_e5b9
        z = (z ^ (z >> 27)) &* 0x94d0_49bb_1331_11eb
        return z ^ (z >> 31)
    }
}
