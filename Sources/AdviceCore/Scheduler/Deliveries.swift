/// Everything between a claim and its record: what waits to be sent, what is in flight, what waits for its
/// group commit. A part of the scheduler with its own invariants:
///
/// - a delivery is here from its claim to its record, once;
/// - a batch is finished in the transaction that records its last delivery;
/// - nothing is sent while `Limits.groupsUnderway` groups are on their way to the disk.
struct Deliveries: Sendable {
    private var admission = Admission()
    private var machines: [UInt64: DeliveryMachine] = [:]
    private var batchesLeft: [Int64: Int] = [:]
    private var group = OutcomeGroup()
    private var tellings: [Telling] = []
    private var groupDeadline: Instant?
    private var flushNow = false
    private var groupsUnderway = 0
    private var isClaiming = false
    private var mayClaim = false
    private var nextDue: Instant?
    private var nextToken: UInt64 = 1
    private var random: SplitMix64
    private var retry = RetryPolicy()
    private var series: [String: SeriesTerms] = [:]
    /// The zones in which the cohorts' windows are local.
    private var zones: [Int64: ZoneRules] = [:]
    private var isHolding = false
    private var stopDeadline: Instant?

    init(seed: UInt64) {
        random = SplitMix64(seed: seed)
    }

    var inFlight: Int { admission.inFlight }
    /// Something is due later than now.
    var somethingWaits: Bool { nextDue != nil }

    mutating func take(_ settings: SchedulerSettings) {
        admission.limit(
            concurrency: settings.concurrency, perHost: settings.perHost, hosts: settings.hosts)
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
        if let window = series.window {
            terms.window = LocalWindow(
                window: window, zone: zones[delivery.release.cohort] ?? series.home)
        }
        return terms
    }

    /// The roster has changed: what was claimed and not yet sent may have another URL or secret now, or no
    /// subscriber any more. It is written down as waiting, and claimed again as it is.
    mutating func giveBack(at now: Instant) {
        for delivery in admission.removeAll() {
            add(
                DeliveryRecord(
                    key: delivery.key, release: delivery.release.number, batch: delivery.batch,
                    state: .waiting, attempts: delivery.attempts, nextAttemptAt: now,
                    goneAt: delivery.goneAt), at: now)
            flushNow = true
        }
    }

    /// Something may be due: claim when there is room.
    mutating func mayHaveWork() { mayClaim = true }

    mutating func clockStepped() {
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

    /// When this part must be looked at again; nil where it waits for nothing but answers.
    func nextLook(after now: Instant) -> Instant? {
        var next = group.isEmpty ? nil : groupDeadline
        if let stopDeadline, stopDeadline > now { next = min(next ?? stopDeadline, stopDeadline) }
        // Where a claim must wait for an answer or for a group, that brings the next look by itself.
        let canClaim =
            stopDeadline == nil && !isHolding && !isClaiming && groupsUnderway < Limits.groupsUnderway
        if canClaim, admission.room > 0, let nextDue {
            next = min(next ?? nextDue, nextDue)
        }
        return next
    }

    // MARK: Claims

    /// How many deliveries to claim now; nil where it is not the time.
    mutating func takeClaim(at now: Instant) -> Int? {
        guard stopDeadline == nil, !isHolding, !isClaiming, groupsUnderway < Limits.groupsUnderway
        else { return nil }
        if let nextDue, nextDue <= now { mayClaim = true }
        let room = admission.room
        guard mayClaim, room > 0 else { return nil }
        isClaiming = true
        mayClaim = false
        return room
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

    /// The attempts to make now.
    mutating func takeAttempts(at now: Instant) -> [Attempt] {
        guard stopDeadline == nil, !isHolding, groupsUnderway < Limits.groupsUnderway else { return [] }
        var attempts: [Attempt] = []
        while let delivery = admission.take() {
            var machine = DeliveryMachine(delivery, terms: terms(of: delivery))
            switch machine.begin(at: now) {
            case .attempt(let number):
                let token = nextToken
                nextToken += 1
                machines[token] = machine
                attempts.append(Attempt(token: token, number: number, delivery: delivery))
            case .settle(let record):
                admission.free(delivery.endpoint.limitKey)
                add(record, of: delivery, at: now)
            }
        }
        return attempts
    }

    mutating func finish(_ results: [AttemptResult], at now: Instant) {
        for result in results {
            guard var machine = machines.removeValue(forKey: result.token) else {
                preconditionFailure("an attempt comes back once")
            }
            admission.free(machine.delivery.endpoint.limitKey)
            let record = machine.finish(result, at: now, using: &random)
            add(record, of: machine.delivery, at: now)
        }
    }

    // MARK: Group commit

    private mutating func add(_ record: DeliveryRecord, of delivery: ClaimedDelivery, at now: Instant) {
        add(record, at: now)
        let settlement = Settlement(
            subscriber: delivery.subscriberID, release: delivery.release, record: record)
        switch record.state {
        case .delivered: tellings.append(.delivered(settlement))
        case .waiting, .held: tellings.append(.waiting(settlement))
        case .exhausted: tellings.append(.exhausted(settlement))
        case .cancelled: tellings.append(.cancelled(settlement))
        }
    }

    private mutating func add(_ record: DeliveryRecord, at now: Instant) {
        if group.records.isEmpty { groupDeadline = now + Limits.groupWait }
        group.records.append(record)
        if let batch = record.batch, let left = batchesLeft[batch] {
            batchesLeft[batch] = left == 1 ? nil : left - 1
            if left == 1 { group.finishedBatches.append(batch) }
        }
    }

    /// A group that should be written now: it is full, its time has come, or nothing more will join it.
    mutating func takeGroup(at now: Instant) -> (group: OutcomeGroup, tellings: [Telling])? {
        guard !group.isEmpty else {
            flushNow = false
            return nil
        }
        let nothingMore = machines.isEmpty && admission.isEmpty && !isClaiming
        let isTime = groupDeadline.map { now >= $0 } ?? true
        guard group.records.count >= Limits.groupSize || isTime || nothingMore || flushNow else { return nil }
        let result = (group, tellings)
        group = OutcomeGroup()
        tellings = []
        groupDeadline = nil
        groupsUnderway += 1
        return result
    }

    /// `freed` is when the first is due of those that were held behind what the group has settled.
    mutating func recorded(_ group: OutcomeGroup, freed: Instant?) {
        groupsUnderway -= 1
        for record in group.records {
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
