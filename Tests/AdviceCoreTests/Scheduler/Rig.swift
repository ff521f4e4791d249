import AdviceTesting

@testable import AdviceCore

/// A scheduler alone, whose transactions are all on disk at once: for what one event comes to. What needs
/// receivers, crashes and a store of its own is tried in a `World`.
struct Rig {
    var scheduler = Scheduler(seed: 1)
    var wall: Instant
    var boot = Span.days(1)
    var settings: SchedulerSettings
    /// What a daemon would find that is started next.
    var knowledge = StoreKnowledge()
    /// Transactions stay under way, in `underway`.
    var isSlow = false
    private(set) var underway: [(number: UInt64, transaction: Transaction)] = []
    private var releases: Int64 = 0

    init(at wall: String, _ setups: SeriesSetup...) {
        self.wall = moment(wall)
        settings = SchedulerSettings(series: setups, generation: 1)
    }

    var now: Moment { Moment(wall: wall, boot: boot) }

    func record(_ key: String = "s") -> SeriesRecord? { knowledge.series.first { $0.key == key } }

    func rows(_ cohort: Int64 = 1, edition: String? = nil) -> [LedgerRow] {
        let ledgers = knowledge.ledgers.filter { $0.cohort == cohort }
        return ledgers.last { edition == nil || $0.edition.description == edition }?.rows ?? []
    }

    // MARK: Time

    /// Time goes by: both clocks go on.
    @discardableResult
    mutating func pass(_ span: Span) -> [Effect] {
        wall = wall + span
        boot = boot + span
        return handle(.tick)
    }

    @discardableResult
    mutating func pass(until instant: String) -> [Effect] { pass(moment(instant) - wall) }

    /// Somebody sets the clock.
    @discardableResult
    mutating func step(_ span: Span) -> [Effect] {
        wall = wall + span
        return handle(.clockStepped)
    }

    // MARK: Events

    /// Takes one event, and has the transactions that it leads to written. All the effects, in order.
    @discardableResult
    mutating func handle(_ event: Event) -> [Effect] {
        var effects = scheduler.handle(event, now: now)
        var place = 0
        while place < effects.count {
            defer { place += 1 }
            guard case .commit(let number, let transaction) = effects[place] else { continue }
            if isSlow {
                underway.append((number, transaction))
                continue
            }
            effects += scheduler.handle(.committed(transaction: number, write(transaction)), now: now)
        }
        return effects
    }

    /// What was under way comes back.
    @discardableResult
    mutating func finish() -> [Effect] {
        isSlow = false
        let all = underway
        underway = []
        return all.flatMap { handle(.committed(transaction: $0.number, write($0.transaction))) }
    }

    @discardableResult
    mutating func start() -> [Effect] {
        scheduler = Scheduler(seed: 1)
        return handle(.started(knowledge, settings))
    }

    /// The answer to an operator, and the effects.
    @discardableResult
    mutating func operate(_ command: OperatorCommand) -> [Effect] {
        handle(.operate(command, request: 7))
    }

    @discardableResult
    mutating func reload(isRebase: Bool = false) -> [Effect] {
        settings.generation += 1
        return handle(.configured(settings, isRebase: isRebase))
    }

    /// As a command does while no daemon runs: decided and written.
    mutating func decide(_ command: OperatorCommand) -> Decision {
        let decision = Scheduler.decide(command, knowing: knowledge, settings: settings, now: now)
        if case .commit(let transactions, _) = decision {
            for transaction in transactions { write(transaction) }
        }
        return decision
    }

    // MARK: The disk

    @discardableResult
    private mutating func write(_ transaction: Transaction) -> CommitResult {
        switch transaction {
        case .save(let record, _), .correct(_, let record, _):
            knowledge.series.removeAll { $0.key == record.key }
            knowledge.series.append(record)
        case .enter(let ledger):
            enter(ledger)
        case .release(let draft):
            let known = knowledge.ledgers.first {
                $0.cohort == draft.cohort.number && $0.edition == draft.edition
            }
            enter(
                CohortLedger(
                    series: draft.series, edition: draft.edition, cohort: draft.cohort.number,
                    rows: (known?.rows ?? []) + draft.missed + [draft.row]))
            releases += 1
            return .released(releases)
        case .record:
            return .recorded(freed: nil)
        case .hold(let hold, _):
            knowledge.hold = hold
        case .replay:
            return .replayed(ReplayCount())
        case .prune:
            return .pruned(nil)
        case .welcome, .forget, .subscriber, .shiftWaits, .alert, .attempt:
            break
        }
        return .done
    }

    private mutating func enter(_ ledger: CohortLedger) {
        knowledge.ledgers.removeAll { $0.cohort == ledger.cohort && $0.edition == ledger.edition }
        knowledge.ledgers.append(ledger)
    }
}

extension SeriesSetup {
    /// `series` with one cohort of its own zone and time, with `members`.
    static func of(_ series: Series, members: Int = 1) -> SeriesSetup {
        let cohort = series.cohort(zone: nil, at: nil)
        return .of(series, members > 0 ? [.of(1, cohort, members: members)] : [])
    }

    static func of(
        _ series: Series, _ cohorts: [CohortSetup], former: [CohortSetup] = []
    ) -> SeriesSetup {
        SeriesSetup(
            series: series, home: TestZones.calendar(series.zone.name, series.at), cohorts: cohorts,
            former: former)
    }
}

extension SeriesSetup.CohortSetup {
    static func of(
        _ number: Int64, _ cohort: Cohort, members: Int = 1, since: Int64? = 1, joiners: Int = 0,
        series: String = "s"
    ) -> SeriesSetup.CohortSetup {
        SeriesSetup.CohortSetup(
            record: CohortRecord(
                number: number, series: series, cohort: cohort, members: members, since: since,
                joiners: joiners),
            calendar: TestZones.calendar(cohort.zone, cohort.at))
    }
}

extension [Effect] {
    /// What was told, in the words of the cases below; what is not listed is left out.
    var words: [String] {
        compactMap { effect in
            switch effect {
            case .tell(.begins(let series, let on)): "\(series) begins \(on)"
            case .tell(.unstarted(let series, _)): "\(series) unstarted"
            case .tell(.waitingForSubscribers(let series)): "\(series) waits"
            case .tell(.startMoved(let series, let from, let to)): "\(series) moved \(from) \(to)"
            case .tell(.released(let draft, _)): "released \(draft.point.id) \(draft.row.slotDate)"
            case .tell(.missed(_, let point, let day)): "missed \(point) \(day)"
            case .tell(.changedAfterRelease(_, let point)): "changed \(point)"
            case .tell(.finished(let series)): "\(series) finished"
            case .tell(.decided(let words)): "decided: \(words)"
            case .tell(.corrected(let draft)): "\(draft.kind) \(draft.point.id) \(draft.revision)"
            case .tell(.clockStepped(let span)): "stepped \(span.seconds)"
            case .tell(.clockSuspect): "suspect"
            case .tell(.clockAwaited): "awaited"
            case .tell(.clockTrusted): "trusted"
            default: nil
            }
        }
    }

    /// The holds that were written: nil for the end of one.
    var holds: [ClockHold?] {
        transactions.compactMap { if case .hold(let hold, _) = $0.transaction { .some(hold) } else { nil } }
    }

    var decisions: [String] {
        transactions.compactMap {
            switch $0.transaction {
            case .save(_, let decision), .hold(_, let decision): decision
            case .correct(_, _, let decision), .subscriber(_, let decision): decision
            default: nil
            }
        }
    }

    var shifts: Int {
        transactions.count { if case .shiftWaits = $0.transaction { true } else { false } }
    }

    var welcomes: [Welcome] {
        transactions.compactMap { if case .welcome(let one) = $0.transaction { one } else { nil } }
    }

    var corrections: [CorrectionDraft] {
        flatMap { effect -> [CorrectionDraft] in
            if case .commit(_, .correct(let drafts, _, _)) = effect { drafts } else { [] }
        }
    }

    var probes: [Instant?] {
        compactMap { if case .probeClock(let since) = $0 { .some(since) } else { nil } }
    }

    var trusts: [Bool] { compactMap { if case .trustClock(let isOn) = $0 { isOn } else { nil } } }
}
