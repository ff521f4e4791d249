/// The one decider. Events in, effects out; no clock, no disk, no network, no waiting.
///
/// It is level-triggered: whatever the event, the same `step` asks what is due, has it recorded, and asks
/// when to look next. After a tick, a crash, a clock step, a week's downtime and a reload it is the same
/// code.
public struct Scheduler: Sendable {
    var settings: SchedulerSettings
    /// By `SeriesRecord.key`.
    var records: [String: SeriesRecord] = [:]
    /// The newest cycle of each cohort in each edition.
    var ledgers: [LedgerKey: CohortLedger] = [:]
    var deliveries: Deliveries
    var trust = ClockTrust()
    var alerts = Alerts()
    var heartbeat = Heartbeat()
    var pruning = Pruning()
    /// Transactions on their way, by number.
    var underway: [UInt64: Underway] = [:]
    /// Cohorts and series with a transaction on its way: not decided on again until it is back.
    var busyCohorts: Set<Int64> = []
    var busySeries: Set<String> = []
    /// Cohorts whose joiners have been seen to since the last import.
    var welcomed: Set<Int64> = []
    /// Cohorts that have taken over what they inherit, if anything: others' rows come later than they did.
    var placed: Set<Int64> = []
    var announced: Set<String> = []
    /// Series of which it was said that nothing is left.
    var finished: Set<String> = []
    /// Series that have come to their end since operators were last told.
    var endings: [Alarm] = []
    /// For each cohort what comes next, kept until something that it rests on has changed or its time has
    /// come: walking a plan costs microseconds, and there may be hundreds.
    var coming: [Int64: Coming] = [:]
    private var nextTransaction: UInt64 = 1
    private var isStarted = false
    /// With the last configuration a changed start or local zone was wanted as a new edition.
    private(set) var isRebase = false
    private(set) var isStopping = false
    private var hasExited = false
    /// See `Event.mayRelease`.
    public private(set) var mayRelease = true
    private let once: Bool
    private var status = ""
    private var isStatusStale = true
    private var lookedAt: Instant?
    private var next: NextRelease = .unknown

    /// What comes next in a cohort.
    enum Coming {
        case nothing
        case release(Upcoming)
    }

    /// The earliest release to come of all cohorts.
    enum NextRelease {
        case unknown
        case none
        case at(Upcoming)
    }

    struct Upcoming {
        /// When it goes out: its slot, or where that has passed, when pause and window let it.
        var due: Instant
        var series: Series
        var cohort: Cohort
        var assignment: Plan.Assignment
    }

    /// A cohort's ledger in one edition, whatever the cycle.
    struct LedgerKey: Hashable {
        var cohort: Int64
        var start: CivilDate
        var shadow: Bool

        init(_ cohort: Int64, _ edition: Edition) {
            self.cohort = cohort
            start = edition.start
            shadow = edition.shadow
        }
    }

    /// What follows when a transaction is back. Nothing is told to anyone before it is durable.
    struct Underway {
        var kind: Kind
        var tellings: [Telling] = []
        var request: UInt64?
        /// What the operator is told.
        var words = ""
        /// What is sent when it is durable.
        var attempts: [Attempt] = []

        enum Kind {
            case save(SeriesRecord)
            case enter(CohortLedger)
            case release(ReleaseDraft)
            case record(OutcomeGroup)
            case welcome(Welcome)
            case correct(SeriesRecord)
            case prune
            case attempt
            /// What is known of a subscriber is another.
            case subscriber
            case other
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
            start(knowledge, settings, now, &effects)
        case .configured(let settings, let isRebase):
            take(settings)
            self.isRebase = isRebase
            welcomed = []
            deliveries.giveBack(at: now.wall)
        case .recalendared(let settings):
            take(settings)
        case .tick:
            // Time alone moves what has come due; once a day everything is looked at all the same.
            if lookedAt.map({ now.wall - $0 >= Limits.lookAnew }) ?? true {
                forgetAll()
                lookedAt = now.wall
            }
        case .clockStepped:
            forgetAll()
        case .clockProbed(let sync):
            changeTrust(&effects) { $0.probed(sync, now) }
        case .operate(let command, let request):
            operate(command, request, now, &effects)
        case .claimed(let claim):
            deliveries.claimed(claim)
        case .committed(let transaction, let result):
            committed(transaction, result, now, &effects)
        case .outcomes(let results):
            deliveries.finish(results, at: now)
        case .learned(let knowledge, let settings):
            learn(knowledge, settings, now)
        case .workAppeared:
            deliveries.mayHaveWork()
        case .mayRelease(let mayRelease):
            guard self.mayRelease != mayRelease else { break }
            self.mayRelease = mayRelease
            forgetAll()
        case .alarmed(let alarm):
            alerts.note(alarm, at: now)
        case .pinged(let error):
            if let telling = heartbeat.answered(error, at: now.boot) { effects.append(.tell(telling)) }
        case .stopping where isStopping:
            // Asked twice: the first deadline holds.
            break
        case .stopping:
            isStopping = true
            deliveries.stop(deadline: now.wall + settings.longestAttempt)
        }
        guard isStarted, !hasExited else { return effects }
        step(now, &effects)
        return effects
    }

    private mutating func start(
        _ knowledge: StoreKnowledge, _ settings: SchedulerSettings, _ now: Moment, _ effects: inout [Effect]
    ) {
        isStarted = true
        prepare(knowledge, settings)
        trust.start(now, mark: knowledge.mark, hold: knowledge.hold)
        deliveries.hold(trust.isHolding)
        takeCare(knowledge.life, &effects)
        effects.append(.trustClock(!trust.isHolding))
        switch trust.state {
        case .trusted:
            if knowledge.hold != nil { commit(.hold(nil, decision: nil), &effects) }
        case .settling: effects.append(.tell(.clockAwaited))
        case .suspect(let hold, _):
            commit(.hold(hold, decision: nil), tellings: [.clockSuspect(hold)], &effects)
            alerts.note(Scheduler.alarm(hold), at: now)
        }
        if let mark = knowledge.mark, mark - now.wall > Limits.stepTolerance {
            // The clock was set back while nothing ran.
            commit(.shiftWaits, &effects)
        }
    }

    /// What another daemon has written is as good as our own. What there is to say of a configuration was
    /// said when it was taken.
    private mutating func learn(
        _ knowledge: StoreKnowledge, _ settings: SchedulerSettings, _ now: Moment
    ) {
        let told = announced
        let hasNewRoster = settings.generation != self.settings.generation
        prepare(knowledge, settings)
        announced = told
        guard hasNewRoster else { return }
        welcomed = []
        deliveries.giveBack(at: now.wall)
    }

    /// What is due, and when to look again.
    private mutating func step(_ now: Moment, _ effects: inout [Effect]) {
        if let since = trust.takeProbe(now) { effects.append(.probeClock(since: since)) }
        if isReleasing, isSomethingDue(at: now.wall) { stepSeries(now.wall, &effects) }
        stepDeliveries(now, &effects)
        stepAlerts(now, &effects)
        stepHeartbeat(now, &effects)
        stepPruning(now, &effects)
        arm(now, &effects)
        exitIfQuiet(now.wall, &effects)
    }

    var isReleasing: Bool { !isStopping && !trust.isHolding && mayRelease }

    /// What is worth an alert is gathered, and goes out with the next step in which its kind may.
    private mutating func stepAlerts(_ now: Moment, _ effects: inout [Effect]) {
        for alarm in endings + deliveries.takeAlarms(at: now.boot) { alerts.note(alarm, at: now) }
        endings = []
        guard !isStopping, !trust.isHolding else { return }
        for alert in alerts.take(at: now) { commit(.alert(alert), &effects) }
    }

    /// Silence while nothing is sent: whoever watches is to come and look.
    private mutating func stepHeartbeat(_ now: Moment, _ effects: inout [Effect]) {
        guard !isStopping, !trust.isHolding else { return }
        if heartbeat.take(at: now.boot, isQuiet: deliveries.isQuiet(at: now.wall)) { effects.append(.ping) }
    }

    private mutating func arm(_ now: Moment, _ effects: inout [Effect]) {
        var look = now.wall + Limits.recheck
        let upcoming = upcoming(at: now.wall)
        // What is due already is waited for by a transaction on its way, which comes back by itself.
        if isReleasing, let due = upcoming?.due, due > now.wall { look = min(look, due) }
        if let due = deliveries.nextLook(after: now) { look = min(look, max(due, now.wall)) }
        if let wait = alerts.nextLook(at: now.boot) { look = min(look, now.wall + wait) }
        if !isStopping, !trust.isHolding, let wait = heartbeat.nextLook(at: now.boot) {
            look = min(look, now.wall + wait)
        }
        if let wait = trust.nextLook(now) { look = min(look, now.wall + wait) }
        effects.append(.arm(look))
        guard isStatusStale || isStopping else { return }
        isStatusStale = false
        let line = statusLine(upcoming)
        if line != status {
            status = line
            effects.append(.tell(.status(line)))
        }
    }

    private mutating func exitIfQuiet(_ now: Instant, _ effects: inout [Effect]) {
        guard underway.isEmpty else { return }
        if isStopping, deliveries.isQuiet(at: now) {
            hasExited = true
            effects.append(.exit(.stopped))
        } else if once, heartbeat.isUnderway {
            // The watcher's answer is awaited: it may take as long as any.
            return
        } else if once, trust.hold != nil {
            // Nobody may be there to end the hold: what is due is left for a later run.
            hasExited = true
            effects.append(.exit(.quiet(somethingWaits: true)))
        } else if once, !trust.isHolding, deliveries.isQuiet(at: now), !deliveries.hasSpilled(at: now),
            !mayRelease || upcoming(at: now).map({ $0.due > now }) ?? true
        {
            hasExited = true
            effects.append(.exit(.quiet(somethingWaits: deliveries.somethingWaits || !mayRelease)))
        }
    }

    // MARK: The clock

    private mutating func noticeStep(_ now: Moment, _ effects: inout [Effect]) {
        guard isStarted else { return }
        var step: Span?
        changeTrust(&effects) { step = $0.notice(now) }
        guard let step else { return }
        effects.append(.tell(.clockStepped(step)))
        // The group's deadline and the next release were instants of the old clock.
        deliveries.clockStepped()
        forgetAll()
        if step < .zero { commit(.shiftWaits, &effects) }
    }

    // MARK: What comes next

    /// The earliest release to come, kept or found anew.
    private mutating func upcoming(at now: Instant) -> Upcoming? {
        switch next {
        case .none: return nil
        case .at(let upcoming) where upcoming.due > now: return upcoming
        case .at, .unknown:
            isStatusStale = true
            let found = earliest(at: now)
            next = found.map { .at($0) } ?? .none
            return found
        }
    }

    /// Between releases most events are outcomes: they need no look at the series.
    private func isSomethingDue(at now: Instant) -> Bool {
        switch next {
        case .unknown: true
        case .none: false
        case .at(let upcoming): upcoming.due <= now
        }
    }

    mutating func forget(cohort: Int64) {
        coming[cohort] = nil
        next = .unknown
    }

    mutating func forgetAll() {
        coming = [:]
        next = .unknown
    }

    // MARK: What is known

    /// Takes what is known without acting on it.
    mutating func prepare(_ knowledge: StoreKnowledge, _ settings: SchedulerSettings) {
        for record in knowledge.series { records[record.key] = record }
        for ledger in knowledge.ledgers { ledgers[LedgerKey(ledger.cohort, ledger.edition)] = ledger }
        deliveries.mayHaveWork()
        take(settings)
    }

    private mutating func take(_ settings: SchedulerSettings) {
        self.settings = settings
        alerts.want(settings.alertsOn)
        heartbeat.want(settings.hasHeartbeat)
        pruning.want(settings.retention)
        announced = []
        placed = []
        deliveries.take(settings)
        forgetAll()
    }

    // MARK: Transactions

    mutating func commit(
        _ transaction: Transaction, tellings: [Telling] = [], request: UInt64? = nil, words: String = "",
        before attempts: [Attempt] = [], _ effects: inout [Effect]
    ) {
        let number = nextTransaction
        nextTransaction += 1
        let kind: Underway.Kind =
            switch transaction {
            case .save(let record, _): .save(record)
            case .enter(let ledger): .enter(ledger)
            case .release(let draft): .release(draft)
            case .record(let group): .record(group)
            case .welcome(let welcome): .welcome(welcome)
            case .correct(_, let record, _): .correct(record)
            case .prune: .prune
            case .attempt: .attempt
            case .subscriber, .forget: .subscriber
            case .replay, .shiftWaits, .hold, .alert: .other
            }
        underway[number] = Underway(
            kind: kind, tellings: tellings, request: request, words: words, attempts: attempts)
        effects.append(.commit(transaction: number, transaction))
    }

    private mutating func committed(
        _ number: UInt64, _ result: CommitResult, _ now: Moment, _ effects: inout [Effect]
    ) {
        guard let done = underway.removeValue(forKey: number) else {
            preconditionFailure("a transaction comes back once")
        }
        if case .refused = result {
            hasExited = true
            effects.append(.exit(.storeRefused))
            return
        }
        if case .notNow = result { mayRelease = false }
        if case .release(let draft) = done.kind, case .released = result {
            heartbeat.released(over: draft.spread, at: now.boot)
        }
        // A claim was under way, it may be, when what was here was given back.
        if case .subscriber = done.kind { deliveries.giveBack(at: now.wall) }
        follow(done.kind, result, &effects)
        make(done.attempts, now, &effects)
        switch result {
        case .alreadyReleased, .notNow: return
        default: break
        }
        if case .unknownSubscriber = result {
            if let request = done.request {
                effects.append(.answer(request: request, .refused("there is no such subscriber")))
            }
            return
        }
        if case .replayed(let count) = result {
            replayed(count, done, &effects)
            return
        }
        if case .forgotten(let erasure) = result {
            forgotten(erasure, done, &effects)
            return
        }
        if case .pruned(let next) = result { pruning.pruned(next, at: now.boot) }
        for telling in done.tellings { effects.append(.tell(telling)) }
        if let request = done.request { effects.append(.answer(request: request, .done(done.words))) }
    }

    private mutating func follow(
        _ kind: Underway.Kind, _ result: CommitResult, _ effects: inout [Effect]
    ) {
        switch kind {
        case .save(let record), .correct(let record):
            records[record.key] = record
            placed = []
            busySeries.remove(record.id)
            // What the record means is told with this transaction, and needs no second telling.
            announced.insert(record.id)
            deliveries.mayHaveWork()
            forgetAll()
        case .enter(let ledger):
            ledgers[LedgerKey(ledger.cohort, ledger.edition)] = ledger
            busyCohorts.remove(ledger.cohort)
            forget(cohort: ledger.cohort)
        case .release(let draft):
            released(draft, result, &effects)
        case .welcome(let welcome):
            busyCohorts.remove(welcome.cohort)
            welcomed.insert(welcome.cohort)
            deliveries.mayHaveWork()
            forget(cohort: welcome.cohort)
        case .record(let group):
            var freed: Instant?
            if case .recorded(let instant) = result { freed = instant }
            deliveries.recorded(group, freed: freed)
        case .prune, .attempt:
            break
        case .subscriber, .other:
            deliveries.mayHaveWork()
        }
    }

    private mutating func released(
        _ draft: ReleaseDraft, _ result: CommitResult, _ effects: inout [Effect]
    ) {
        let cohort = draft.cohort.number
        busyCohorts.remove(cohort)
        deliveries.mayHaveWork()
        forget(cohort: cohort)
        if case .notNow = result { return }
        let key = LedgerKey(cohort, draft.edition)
        var ledger =
            ledgers[key].flatMap { $0.edition == draft.edition ? $0 : nil }
            ?? CohortLedger(series: draft.series, edition: draft.edition, cohort: cohort, rows: [])
        if case .alreadyReleased(let rows) = result {
            ledger.rows = rows
            effects.append(.tell(.alreadyReleased(series: draft.series, point: draft.point.id)))
        } else {
            ledger.rows += draft.missed + [draft.row]
        }
        ledgers[key] = ledger
    }
}
