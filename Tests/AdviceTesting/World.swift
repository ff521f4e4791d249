public import AdviceCore

/// A world for one daemon: runs a scheduler's effects against a `ToyStore` and receivers that answer as told,
/// with clocks that can be stepped, crashes before and after everything that lasts, and answers that get
/// lost. One seed gives one course of events. What breaks a promise is noted in `problems`.
///
/// What happens is ordered by (time, sequence). Time is the time since boot; the wall clock may be stepped.
public struct World: Sendable {
    public var clock: ManualClock
    public var store = ToyStore()
    public internal(set) var scheduler: Scheduler
    public var series: [Series]
    public var roster: [ToySubscriber]
    public var faults = Faults()
    public var receiver: Receiver = { _, _ in Reply(.delivered) }
    public var concurrency = 16
    public var perHost = 4
    public var hosts: [String: Int] = [:]
    public var once = false
    /// What evidence there is of the clock's being synchronized.
    public var sync = ClockSync.synchronized
    private var markBefore: Instant?
    /// The store of an earlier start, and the first life of the daemon with one that came back.
    var backup: ToyStore?
    var firstLifeOfStore = 0
    /// Broken promises, in words.
    public internal(set) var problems: [String] = []
    public internal(set) var tellings: [Telling] = []
    public internal(set) var answers: [Answer] = []
    public internal(set) var exits: [Exit] = []
    public internal(set) var isUp = false
    public internal(set) var sent: [Attempt] = []
    public internal(set) var ledgerOfReceivers = Receipts()
    public internal(set) var crashes = 0

    var random: SplitMix64
    var queue = EventQueue()
    /// A fault of the program's own, planted to see that it is caught.
    public private(set) var bug: PlantedBug?

    public mutating func plant(_ bug: PlantedBug?) {
        self.bug = bug
        store.isNewestFirst = bug == .newestFirst
        store.losesCorrections = bug == .correctionsLost
        store.needsNoLease = bug == .leaseNotNeeded
    }
    /// With `PlantedBug.ignoredStep` the timer waits for so much true time, whatever the wall says.
    private var armedBoot: Span?
    var sequence: UInt64 = 0
    var armed: Instant?
    var life = 0
    /// The roster was taken a moment ago: what was on its way may still go to one who left it.
    var isRosterNew = false
    var storeFree = Span.zero
    var idleTicks = 0
    /// From when on the daemon has no excuse for being late: it is up, and knows the time and its files.
    var calm = Span.zero
    /// Who was in the roster at the first start and at every one since.
    var faithful: Set<String>?
    /// What has happened since `minute`: a scheduler that never comes to rest must fail a test, not hang it.
    var causes = Causes()
    /// The wall clock was set at some time.
    var hasStepped = false
    var hasSlept = false
    /// By how much the wall clock was set since the daemon last looked.
    var unnoticed = Span.zero
    var happenings = 0
    var minute = Span.zero
    static let mostHappeningsInAMinute = 5000
    /// Record transactions on their way to the disk, by number: how many outcomes each has.
    var groupsUnderway: [UInt64: Int] = [:]
    var inFlight: [UInt64: Attempt] = [:]
    /// When each of them was sent, in true time.
    var sentAt: [UInt64: Span] = [:]

    /// What a receiver does with one attempt.
    public struct Reply: Sendable {
        public var outcome: Outcome
        /// The receiver has it, and said so; the daemon never learns.
        public var isAnswerLost = false
        var isTakenForSuccess = false
        public var latency = Span.milliseconds(20)

        public init(_ outcome: Outcome, latency: Span = .milliseconds(20)) {
            self.outcome = outcome
            self.latency = latency
        }
    }

    public typealias Receiver = @Sendable (Attempt, Moment) -> Reply

    /// How likely things go wrong, each in 1 of so many cases; 0 is never.
    public struct Faults: Sendable {
        public var crash = 0
        public var lostAnswer = 0
        public var refusedCommit = 0
        /// A commit that is on the disk though its answer is lost: the same is asked for again.
        public var repeatedCommit = 0
        /// What is on the wire is sent by another daemon as well, which has it on record first.
        public var lostLease = 0
        /// A crash after which the database is that of an earlier start.
        public var olderStore = 0
        public var refusal = 0
        /// A receiver that takes seconds to answer.
        public var slowAnswer = 0
        /// A write that takes seconds.
        public var slowWrite = 0
        /// How long the daemon stays down after a crash, at most.
        public var longestDowntime = Span.seconds(20)
        public init() {}
    }

    struct Happening: Sendable {
        var at: Span
        var sequence: UInt64
        var life: Int
        var what: What

        // Boxed: the queue moves them about.
        indirect enum What: Sendable {
            case commit(UInt64, Transaction)
            case claim(Int)
            case arrive(Attempt)
            case feed(Event)
            case start
        }
    }

    public init(
        seed: UInt64 = 1, wall: Instant, series: [Series], roster: [ToySubscriber] = [ToySubscriber("ann")]
    ) {
        random = SplitMix64(seed: seed)
        clock = ManualClock(wall: wall)
        scheduler = Scheduler(seed: seed)
        self.series = series
        self.roster = roster
    }

    /// How long it has gone on, in true time.
    public var lived: Span { clock.boot - .hours(1) }

    // MARK: What a test does

    /// The daemon starts: it takes the roster, reads what the store knows, and goes.
    public mutating func start() {
        isUp = true
        calm = max(calm, clock.boot)
        backUp()
        scheduler = Scheduler(seed: random.next(), once: once)
        noteRoster()
        takeRoster()
        noteAbsent()
        feed(.started(knowledge, settings))
    }

    /// A reload with the series and the roster as they are now.
    public mutating func reload(isRebase: Bool = false) {
        guard isUp else { return }
        calm = max(calm, clock.boot)
        noteRoster()
        takeRoster()
        noteAbsent()
        isRosterNew = true
        feed(.configured(settings, isRebase: isRebase))
        isRosterNew = false
    }

    /// The machine sleeps: the clocks go on, and nothing happens.
    public mutating func suspend(for span: Span) {
        hasSlept = true
        clock.advance(span)
        calm = max(calm, clock.boot)
        if isUp { feed(.clockStepped) }
    }

    /// Somebody sets the wall clock; the kernel says so where `isNoticed`.
    public mutating func step(_ span: Span, isNoticed: Bool = true) {
        clock.step(span)
        hasStepped = true
        // Steps that nobody has noticed yet add up to one.
        unnoticed = unnoticed + span
        if isUp, unnoticed >= .hours(12), scheduler.clockState == "trusted" { causes.isLeapt = true }
        if span < .zero { causes.isLeapt = false }
        if bug == .noHighWaterMark, span < .zero { store.forget(after: clock.wall) }
        // Without the kernel's word it is noticed at the next recheck.
        // The timer for that is of the wall: set back, it is later by as much.
        let back = max(.zero, .zero - span)
        calm = max(calm, clock.boot + (isNoticed ? .zero : Limits.recheck + back))
        if isUp, isNoticed, bug != .ignoredStep { feed(.clockStepped) }
    }

    public mutating func stop() { feed(.stopping) }

    public mutating func operate(_ command: OperatorCommand) {
        calm = max(calm, clock.boot)
        var command = command
        switch command {
        case .revise(let series, let point, _):
            command = .revise(series: series, point: point, released: store.released(point, of: series))
        case .withdraw(let series, let point, _):
            command = .withdraw(series: series, point: point, released: store.released(point, of: series))
        default: break
        }
        noteCauses(of: command)
        feed(.operate(command, request: 1))
    }

    /// Something else than the daemon writes to the store, as a command does where none runs.
    public mutating func write(_ transaction: Transaction) { _ = store.commit(transaction, now: clock.wall) }

    /// The mark is that of before the import, which raises it.
    private var knowledge: StoreKnowledge {
        var knowledge = store.knowledge
        knowledge.mark = markBefore
        return knowledge
    }

    private mutating func takeRoster() {
        markBefore = store.mark
        let wall = clock.wall
        store.take(roster, series: series, now: wall) { TestZones.rules($0).local(of: wall).date }
    }

    /// The process dies; a commit on its way is on the disk or is not.
    public mutating func crash() {
        crashes += 1
        if let first = queue.first(where: { $0.life == life && $0.what.isWrite }),
            Bool.random(using: &random), case .commit(_, let transaction) = first.what
        {
            apply(transaction)
        }
        end()
    }

    /// A crash, and a start `downtime` later.
    public mutating func crash(for downtime: Span) {
        crash()
        happen(in: downtime, .start, life: life)
    }

    /// Runs for `span` of true time.
    public mutating func run(for span: Span) {
        let end = clock.boot + span
        while let at = nextTime(), at <= end { next(at) }
        clock.advance(end - clock.boot)
    }

    /// Runs until the wall shows `instant`, whatever steps there are on the way.
    public mutating func run(until instant: Instant) {
        while clock.wall < instant {
            guard let at = nextTime(), at < clock.boot + (instant - clock.wall) else { break }
            next(at)
        }
        clock.advance(clock.wait(until: instant))
    }

    // MARK: The course of events

    /// When something happens next: from the queue, or the daemon's timer.
    private func nextTime() -> Span? {
        let queued = queue.next?.at
        guard isUp, let armed else { return queued }
        var timer = clock.boot + clock.wait(until: armed)
        if bug == .ignoredStep, let armedBoot { timer = max(clock.boot, armedBoot) }
        return min(queued ?? timer, timer)
    }

    private mutating func next(_ at: Span) {
        if at >= minute + .minutes(1) { (minute, happenings) = (at, 0) }
        happenings += 1
        if happenings > World.mostHappeningsInAMinute {
            problems.append("does not come to rest at \(clock.wall)")
            end()
            queue = EventQueue()
            return
        }
        idleTicks = at > clock.boot ? 0 : idleTicks
        // What was to happen while the machine slept happens as it wakes.
        clock.advance(max(.zero, at - clock.boot))
        guard let first = queue.next, first.at <= at, let happening = queue.take() else {
            tick()
            return
        }
        if isUp, draw(faults.crash) {
            // Put back: what is on its way may still arrive, and what is being written may have been.
            queue.add(happening)
            crash(
                for: Span(
                    nanoseconds: Int64.random(in: 0...faults.longestDowntime.nanoseconds, using: &random)))
            return
        }
        occur(happening)
    }

    private mutating func tick() {
        armed = nil
        idleTicks += 1
        if idleTicks > 100 {
            problems.append("spins at \(clock.wall): woken 100 times without time passing")
            end()
            return
        }
        feed(.tick)
    }

    private mutating func occur(_ happening: Happening) {
        switch happening.what {
        case .arrive(let attempt):
            if happening.life == life, draw(faults.lostLease) { loseLease(on: attempt) }
            // On the wire already: it arrives whether the daemon lives or not.
            arrive(attempt, life: happening.life)
        case .start:
            if !isUp, happening.life == life { start() }
        case .feed(let event) where happening.life == life:
            // Evidence is in; what comes of it is the scheduler's to say.
            if case .clockProbed = event { causes.isLeapt = false }
            feed(event)
        case .commit(let number, let transaction) where happening.life == life:
            commit(number, transaction)
        case .claim(let limit) where happening.life == life:
            if bug == .twoDaemons { store = store.restarted(trusting: store.trustsClock) }
            let claim = bug.changing(store.claim(limit: limit, now: clock.wall))
            happen(in: .milliseconds(1), .feed(.claimed(claim)), life: life)
        default:
            break
        }
    }

    private mutating func commit(_ number: UInt64, _ transaction: Transaction) {
        if draw(faults.refusedCommit) {
            if bug == .lostWriteError {
                happen(in: .milliseconds(1), .feed(.committed(transaction: number, .done)), life: life)
                return
            }
            happen(in: .milliseconds(1), .feed(.committed(transaction: number, .refused)), life: life)
            return
        }
        var result = apply(transaction)
        if draw(faults.repeatedCommit) { result = commitAgain(transaction) }
        happen(in: .milliseconds(1), .feed(.committed(transaction: number, result)), life: life)
    }

    @discardableResult
    private mutating func apply(_ transaction: Transaction) -> CommitResult {
        checkWrite(transaction)
        let before = store.batchNumber
        let result = store.commit(transaction, now: clock.wall)
        noteWritten(transaction)
        if bug == .fanOutOutsideTransaction, case .released = result, draw(4) {
            // The process died between the two.
            store.dropBatches(after: before)
        }
        return result
    }

    private mutating func arrive(_ attempt: Attempt, life: Int) {
        var reply = receiver(attempt, clock.now)
        if draw(faults.refusal) { reply.outcome = .retry }
        noteCauses(of: attempt, reply.outcome)
        if draw(faults.slowAnswer) {
            reply.latency = Span(nanoseconds: Int64.random(in: 0...15_000_000_000, using: &random))
        }
        let isAccepted = reply.outcome == .delivered
        if bug == .timeoutTakenForSuccess, !isAccepted { reply.isTakenForSuccess = true }
        if isAccepted, draw(faults.lostAnswer) {
            reply.isAnswerLost = true
            causes.failed.insert(attempt.delivery.subscriberID)
        }
        if isAccepted {
            accept(attempt, life: life)
            if reply.isAnswerLost { ledgerOfReceivers.excuse(attempt.delivery.key) }
        }
        var outcome = reply.isAnswerLost ? Outcome.retry : reply.outcome
        if reply.isTakenForSuccess { outcome = .delivered }
        if isAccepted, outcome == .delivered { ledgerOfReceivers.answered.insert(attempt.delivery.key) }
        let result = AttemptResult(
            token: attempt.token, outcome: outcome, startedAt: clock.wall, latency: reply.latency,
            mayHaveArrived: reply.isAnswerLost)
        happen(in: reply.latency, .feed(.outcomes([result])), life: life)
    }

    // MARK: The shell

    mutating func feed(_ event: Event) {
        guard isUp else { return }
        let life = life
        unnoticed = .zero
        noteEnd(of: event)
        var now = clock.now
        if bug == .releasedEarly { now.wall = now.wall + .minutes(2) }
        // The world is told of no step: the two clocks have always differed so much.
        if bug == .leapBelieved { now.boot = now.wall - Instant(seconds: 0) }
        if bug == .ignoredStep { now.boot = Span(nanoseconds: now.wall.nanoseconds) }
        for effect in scheduler.handle(event, now: now) where life == self.life {
            run(bug.changing(effect))
        }
    }

    private mutating func run(_ effect: Effect) {
        switch effect {
        case .commit(let number, let transaction):
            if case .record(let group) = transaction { groupsUnderway[number] = group.records.count }
            if case .release(let draft) = transaction, clock.wall < draft.row.scheduledFor {
                problems.append("P3: \(draft.point.id) is released at \(clock.wall), before its instant")
            }
            if case .release(let draft) = transaction, causes.isLeapt {
                problems.append("R8: \(draft.point.id) is released by a clock that leapt")
            }
            if case .release(let draft) = transaction, scheduler.clockState != "trusted" {
                problems.append("R8: \(draft.point.id) is released while the clock is not believed")
            }
            work(.commit(number, transaction))
        case .claim(let limit):
            work(.claim(limit))
        case .send(let attempts):
            for attempt in attempts {
                checkSend(attempt)
                if bug == .recordedBeforeSent { store.forceDelivered(attempt.delivery) }
                inFlight[attempt.token] = attempt
                sentAt[attempt.token] = clock.boot
                sent.append(attempt)
                happen(in: delay(20), .arrive(attempt), life: life)
            }
        case .arm(let instant):
            armed = instant
            armedBoot = clock.boot + clock.wait(until: instant)
        case .tell(let telling):
            checkTelling(telling)
            tellings.append(telling)
        case .ping:
            if scheduler.clockState != "trusted" {
                problems.append("a heartbeat while the clock is not believed")
            }
            let isTaken = !draw(faults.refusal)
            happen(in: delay(50), .feed(.pinged(error: isTaken ? nil : "refused")), life: life)
        case .probeClock:
            happen(in: .milliseconds(1), .feed(.clockProbed(sync)), life: life)
        case .trustClock(let isTrusted):
            store.trustsClock = isTrusted
            if isTrusted { calm = max(calm, clock.boot) }
        case .answer(_, let answer):
            answers.append(answer)
        case .exit(let exit):
            exits.append(exit)
            end()
            if exit == .storeRefused, faults.refusedCommit > 0 { happen(in: .seconds(1), .start, life: life) }
        }
    }

    private mutating func noteRoster() {
        let here = Set(roster.map(\.id))
        faithful = faithful?.intersection(here) ?? here
    }

    /// The store works on one thing after the other.
    private mutating func work(_ what: Happening.What) {
        let isSlow = what.isWrite && draw(faults.slowWrite)
        storeFree = max(storeFree, clock.boot) + delay(isSlow ? 3000 : 5)
        if isSlow { calm = max(calm, storeFree) }
        happen(in: storeFree - clock.boot, what, life: life)
    }

    private mutating func end() {
        causes.isLeapt = false
        isUp = false
        life += 1
        armed = nil
        storeFree = clock.boot
        groupsUnderway = [:]
        for attempt in inFlight.values { ledgerOfReceivers.excuse(attempt.delivery.key) }
        for key in ledgerOfReceivers.answered where store.delivery(key)?.state != .delivered {
            ledgerOfReceivers.excuse(key)
        }
        if bug == .droppedOnRestart { store.forgetClaims() }
        inFlight = [:]
        sentAt = [:]
        store = store.restarted()
        comeBackOlder()
    }

    mutating func happen(in span: Span, _ what: Happening.What, life: Int) {
        sequence += 1
        queue.add(Happening(at: clock.boot + span, sequence: sequence, life: life, what: what))
    }

    /// Up to `milliseconds`, never nothing.
    private mutating func delay(_ milliseconds: Int64) -> Span {
        Span(nanoseconds: Int64.random(in: 1...milliseconds * 1_000_000, using: &random))
    }

    mutating func draw(_ oneIn: Int) -> Bool {
        oneIn > 0 && Int.random(in: 1...oneIn, using: &random) == 1
    }
}
