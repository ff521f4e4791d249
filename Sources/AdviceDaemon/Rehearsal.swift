public import AdviceConfig
public import AdviceCore
import AdviceCourier
public import AdviceStore

/// The real scheduler, delivery logic and store on a virtual clock: what would happen, and nothing is sent. A
/// second shell beside the daemon, for `advised simulate`.
public struct Rehearsal {
    /// Something worth a line.
    public struct Line: Sendable {
        public var at: Instant
        public var telling: Telling
    }

    /// A subscriber's endpoint is away for a while, from its first attempt on.
    public struct Outage: Sendable {
        public var subscriber: String
        public var length: Span
        public init(subscriber: String, length: Span) {
            self.subscriber = subscriber
            self.length = length
        }
    }

    private let configuration: Configuration
    private let zones: SystemZones
    private let secrets: SecretReader
    private let store: any Store
    private var scheduler: Scheduler
    private var wall: Instant
    private let begin: Instant
    /// Answers on their way, the next one last.
    private var answers: [(at: Instant, result: AttemptResult)] = []
    private var events: [Event] = []
    private var armed: Instant?
    private var outages: [String: (length: Span, since: Instant?)] = [:]
    private let outcome: Outcome
    private let status: Int

    /// How long an endpoint takes to answer.
    private static let latency = Span.milliseconds(50)
    /// Rounds at one instant: more, and it would never come to rest.
    private static let mostRounds = 1_000_000

    /// `store` is where it is all written, nil for one in memory, empty; `status` what an outage answers, 0 a
    /// connection that is refused.
    public init(
        _ configuration: Configuration, zones: SystemZones, secrets: SecretReader, from begin: Instant,
        store: (any Store)? = nil, outages: [Outage] = [], status: Int = 0
    ) throws(StoreError) {
        self.configuration = configuration
        if let store { self.store = store } else { self.store = try SQLiteStore.inMemory() }
        self.zones = zones
        self.secrets = secrets
        self.begin = begin
        self.status = status
        outcome = status == 0 ? .retry : AdviceCourier.outcome(ofStatus: status)
        wall = begin
        scheduler = Scheduler(seed: 1)
        for outage in outages { self.outages[outage.subscriber] = (outage.length, nil) }
    }

    /// Has the store take the configuration's subscribers.
    public func importRoster() throws(StoreError) {
        let roster = Roster(configuration, secrets: secrets, zones: zones, now: wall)
        _ = try store.importRoster(
            roster.entries, cohorts: roster.cohorts, joins: roster.joins, guardsRemovals: false, now: wall)
    }

    /// Runs with the subscribers that the store has until `end`, and says what happens as it does.
    public mutating func run(until end: Instant, _ say: (Line) -> Void) throws(StoreError) {
        let knowledge = try store.load()
        let settings = SchedulerSettings(
            configuration, cohorts: knowledge.cohorts, zones: zones, descriptors: .max)
        events = [.started(knowledge, settings)]
        while true {
            try settle(say)
            guard let next = [answers.last?.at, armed].compactMap(\.self).min(), next <= end else { return }
            wall = max(wall, next)
            let due = answers.filter { $0.at <= wall }
            answers.removeAll { $0.at <= wall }
            events = due.isEmpty ? [.tick] : [.outcomes(due.map(\.result))]
        }
    }

    /// Everything that happens at this instant.
    private mutating func settle(_ say: (Line) -> Void) throws(StoreError) {
        var rounds = 0
        while !events.isEmpty {
            rounds += 1
            precondition(rounds < Rehearsal.mostRounds, "the scheduler comes to rest at every instant")
            let event = events.removeFirst()
            // As if the machine had been up for a day: its clock is set.
            let now = Moment(wall: wall, boot: .days(1) + (wall - begin))
            for effect in scheduler.handle(event, now: now) { try run(effect, say) }
        }
    }

    private mutating func run(_ effect: Effect, _ say: (Line) -> Void) throws(StoreError) {
        switch effect {
        case .commit(let number, let transaction):
            let series = transaction.series.flatMap { id in configuration.series.first { $0.id == id } }
            let result = try Recorder.commit(
                transaction, of: series, in: [], to: store, now: wall)
            events.append(.committed(transaction: number, result))
        case .claim(let limit):
            events.append(.claimed(try store.claim(limit: limit, now: wall)))
        case .send(let attempts):
            for attempt in attempts { answer(attempt) }
        case .arm(let instant): armed = max(instant, wall)
        case .tell(.status): break
        case .tell(let telling): say(Line(at: wall, telling: telling))
        case .trustClock(let isTrusted): store.trustsClock = isTrusted
        case .ping: events.append(.pinged(error: nil))
        case .probeClock: events.append(.clockProbed(.synchronized))
        case .answer, .exit: break
        }
    }

    private mutating func answer(_ attempt: Attempt) {
        var result = AttemptResult(
            token: attempt.token, outcome: .delivered, startedAt: wall, status: 200,
            latency: Rehearsal.latency)
        if isAway(attempt.delivery.subscriberID) {
            result.outcome = outcome
            result.status = status
            result.error = status == 0 ? "connection refused" : "answered \(status)"
        }
        let at = wall + Rehearsal.latency
        // All answers take as long: the order of sending is that of answering.
        answers.insert((at, result), at: 0)
    }

    private mutating func isAway(_ subscriber: String) -> Bool {
        guard let outage = outages[subscriber] else { return false }
        let since = outage.since ?? wall
        outages[subscriber] = (outage.length, since)
        return wall - since < outage.length
    }
}
