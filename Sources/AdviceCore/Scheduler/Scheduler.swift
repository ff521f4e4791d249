/// The one decider. Events in, effects out; no clock, no disk, no network, no waiting.
///
/// It is level-triggered: whatever the event, the same `step` asks what is due, has it recorded, and asks
/// when to look next. After a tick, a crash, a clock step, a week's downtime and a reload it is the same
/// code.
public struct Scheduler: Sendable {
    var settings: SchedulerSettings
    var records: [String: SeriesRecord] = [:]
    var ledgers: [LedgerKey: CohortLedger] = [:]
    var deliveries: Deliveries
    /// Transactions on their way, by number.
    var underway: [UInt64: Underway] = [:]
    /// Cohorts and series with a transaction on its way: not decided on again until it is back.
    var busyCohorts: Set<Int64> = []
    var busySeries: Set<String> = []
    var announced: Set<String> = []
    private var nextTransaction: UInt64 = 1
    private var skew: Span?
    private var isStarted = false
    private var seriesChanged = true
    private(set) var isStopping = false
    private var hasExited = false
    private let once: Bool
    private var status = ""
    private var next: NextRelease = .unknown

    /// The earliest release to come. Walking every cohort's plan costs microseconds each, so it is kept until
    /// something that it rests on has changed: a record, a ledger, the settings, the clock, or its own time.
    enum NextRelease {
        case unknown
        case none
        case at(Upcoming)
    }

    struct Upcoming {
        var due: Instant
        var series: Series
        var cohort: Cohort
        var assignment: Plan.Assignment
    }

    struct LedgerKey: Hashable {
        var cohort: Int64
        var edition: Edition
    }

    /// What follows when a transaction is back. Nothing is told to anyone before it is durable.
    struct Underway {
        var kind: Kind
        var tellings: [Telling] = []
        var request: UInt64?

        enum Kind {
            case save(SeriesRecord)
            case inherit(CohortLedger)
            case release(ReleaseDraft)
            case record(OutcomeGroup)
        }

        func isRelease(of series: String) -> Bool {
            if case .release(let draft) = kind { return draft.series == series }
            return false
        }
    }

    /// - Parameters:
    ///   - seed: of the generator behind every jitter: the same seed and events give the same effects.
    ///   - once: exit when nothing more can be done now.
    public init(seed: UInt64, once: Bool = false) {
        settings = SchedulerSettings(series: [])
        deliveries = Deliveries(seed: seed)
        self.once = once
    }

    /// Takes one event and says what is to be done about it.
    public mutating func handle(_ event: Event, now: Moment) -> [Effect] {
        guard !hasExited else { return [] }
        var effects: [Effect] = []
        noticeStep(now, &effects)
        switch event {
        case .started(let knowledge, let settings):
            isStarted = true
            prepare(knowledge, settings)
        case .configured(let settings):
            take(settings)
            deliveries.giveBack(at: now.wall)
        case .tick, .clockStepped:
            // A day may have ended in a zone, and with it a slot: the recheck looks at everything.
            forgetNext()
        case .operate(let command, let request):
            operate(command, request, now.wall, &effects)
        case .claimed(let claim):
            deliveries.claimed(claim)
        case .committed(let transaction, let result):
            committed(transaction, result, now.wall, &effects)
        case .outcomes(let results):
            deliveries.finish(results, at: now.wall)
        case .stopping where isStopping:
            // Asked twice: the first deadline holds.
            break
        case .stopping:
            isStopping = true
            deliveries.stop(deadline: now.wall + settings.longestAttempt)
        }
        guard isStarted, !hasExited else { return effects }
        step(now.wall, &effects)
        return effects
    }

    /// What is due, and when to look again.
    private mutating func step(_ now: Instant, _ effects: inout [Effect]) {
        let upcoming = upcoming(at: now)
        // Between releases most events are outcomes: they need no look at the series.
        if !isStopping, seriesChanged || upcoming.map({ $0.due <= now }) ?? false {
            seriesChanged = false
            stepSeries(now, &effects)
        }
        stepDeliveries(now, &effects)
        arm(now, &effects)
        exitIfQuiet(now, &effects)
    }

    private mutating func stepDeliveries(_ now: Instant, _ effects: inout [Effect]) {
        let attempts = deliveries.takeAttempts(at: now)
        if !attempts.isEmpty { effects.append(.send(attempts)) }
        while let group = deliveries.takeGroup(at: now) {
            commit(.record(group.group), tellings: group.tellings, &effects)
        }
        if let limit = deliveries.takeClaim(at: now) { effects.append(.claim(limit: limit)) }
    }

    private mutating func arm(_ now: Instant, _ effects: inout [Effect]) {
        var look = now + Limits.recheck
        let upcoming = upcoming(at: now)
        // What is due already is waited for by a transaction on its way, which comes back by itself.
        if !isStopping, let due = upcoming?.due, due > now { look = min(look, due) }
        if let due = deliveries.nextLook(after: now) { look = min(look, max(due, now)) }
        effects.append(.arm(look))
        let line = statusLine(upcoming)
        if line != status {
            status = line
            effects.append(.tell(.status(line)))
        }
    }

    private mutating func exitIfQuiet(_ now: Instant, _ effects: inout [Effect]) {
        guard underway.isEmpty, deliveries.isQuiet(at: now) else { return }
        if isStopping {
            hasExited = true
            effects.append(.exit(.stopped))
        } else if once, upcoming(at: now).map({ $0.due > now }) ?? true {
            hasExited = true
            effects.append(.exit(.quiet(somethingWaits: deliveries.somethingWaits)))
        }
    }

    /// `wall - boot` moves only when the wall clock is set: that tells a step from a suspend.
    private mutating func noticeStep(_ now: Moment, _ effects: inout [Effect]) {
        let current = Span(nanoseconds: now.wall.nanoseconds - now.boot.nanoseconds)
        defer { skew = current }
        guard let before = skew else { return }
        let step = current - before
        guard step > Limits.stepTolerance || step < .zero - Limits.stepTolerance else { return }
        effects.append(.tell(.clockStepped(step)))
        // The group's deadline and the next release were instants of the old clock.
        deliveries.clockStepped()
        forgetNext()
    }

    /// The earliest release to come, kept or found anew.
    private mutating func upcoming(at now: Instant) -> Upcoming? {
        switch next {
        case .none: return nil
        case .at(let upcoming) where upcoming.due > now: return upcoming
        case .at, .unknown:
            let found = nextRelease(after: now)
            next = found.map { .at($0) } ?? .none
            return found
        }
    }

    private mutating func forgetNext() {
        next = .unknown
        seriesChanged = true
    }

    /// Takes what is known without acting on it.
    mutating func prepare(_ knowledge: StoreKnowledge, _ settings: SchedulerSettings) {
        learn(knowledge)
        take(settings)
    }

    private mutating func learn(_ knowledge: StoreKnowledge) {
        for record in knowledge.series { records[record.id] = record }
        for ledger in knowledge.ledgers {
            ledgers[LedgerKey(cohort: ledger.cohort, edition: ledger.edition)] = ledger
        }
        deliveries.mayHaveWork()
    }

    private mutating func take(_ settings: SchedulerSettings) {
        self.settings = settings
        announced = []
        deliveries.take(settings)
        forgetNext()
    }

    // MARK: Transactions

    mutating func commit(
        _ transaction: Transaction, tellings: [Telling] = [], request: UInt64? = nil,
        _ effects: inout [Effect]
    ) {
        let number = nextTransaction
        nextTransaction += 1
        let kind: Underway.Kind =
            switch transaction {
            case .save(let record, _): .save(record)
            case .inherit(let ledger): .inherit(ledger)
            case .release(let draft): .release(draft)
            case .record(let group): .record(group)
            }
        underway[number] = Underway(kind: kind, tellings: tellings, request: request)
        effects.append(.commit(transaction: number, transaction))
    }

    private mutating func committed(
        _ number: UInt64, _ result: CommitResult, _ now: Instant, _ effects: inout [Effect]
    ) {
        guard let done = underway.removeValue(forKey: number) else {
            preconditionFailure("a transaction comes back once")
        }
        if case .refused = result {
            hasExited = true
            effects.append(.exit(.storeRefused))
            return
        }
        switch done.kind {
        case .save(let record):
            records[record.id] = record
            busySeries.remove(record.id)
            // What the record means is told with this transaction, and needs no second telling.
            announced.insert(record.id)
            forgetNext()
        case .inherit(let ledger):
            ledgers[LedgerKey(cohort: ledger.cohort, edition: ledger.edition)] = ledger
            busyCohorts.remove(ledger.cohort)
            forgetNext()
        case .release(let draft):
            released(draft, result, &effects)
        case .record(let group):
            deliveries.recorded(group)
        }
        if case .alreadyReleased = result { return }
        for telling in done.tellings { effects.append(.tell(telling)) }
        if let request = done.request { effects.append(.answer(request: request, .done("done"))) }
    }

    private mutating func released(
        _ draft: ReleaseDraft, _ result: CommitResult, _ effects: inout [Effect]
    ) {
        busyCohorts.remove(draft.cohort.number)
        let key = LedgerKey(cohort: draft.cohort.number, edition: draft.edition)
        var ledger =
            ledgers[key]
            ?? CohortLedger(
                series: draft.series, edition: draft.edition, cohort: draft.cohort.number, rows: [])
        if case .alreadyReleased(let rows) = result {
            ledger.rows = rows
            effects.append(.tell(.alreadyReleased(series: draft.series, point: draft.point.id)))
        } else {
            ledger.rows += draft.missed + [draft.row]
        }
        ledgers[key] = ledger
        deliveries.mayHaveWork()
        forgetNext()
    }
}
