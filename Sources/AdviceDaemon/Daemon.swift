public import AdviceConfig
public import AdviceCore
import AdviceCourier
public import AdviceQueue
import AdviceStatus
public import AdviceStore
import Dispatch
import Glibc
public import Logging

/// The shell: runs the scheduler's effects on Dispatch, libcurl and the store, and feeds back what happened.
/// It owns no decision; a rule that is found here is in the wrong room.
public actor Daemon: QueueActor {
    public nonisolated let executor = QueueExecutor(label: "scheduler")

    var parts: Parts
    let desk: StoreDesk
    var scheduler: Scheduler
    /// Without its subscribers, once the store has them.
    var configuration: Configuration
    var roster: RosterSummary
    var dispatcher: Dispatcher
    var answers: [UInt64: @Sendable (Answer) -> Void] = [:]
    var courier: ShardedCourier?
    private var timer: WallTimer?
    private var steps: ClockSteps?
    private var zoneWatch: ZoneWatch?
    private var signals = Signals()
    private var control: ControlServer?
    var nextRequest: UInt64 = 1
    private var nextPing: Span?
    var statusText = "starting"
    var isReloading = false
    var wishedReload: WishedReload?
    /// Of the files in force, for daemons that share a store to compare.
    var files: String?
    /// Of all that the roster at the start depends on, where that can be told.
    private let origin: RosterOrigin?
    /// The subscribers that the store has already, where they were not read.
    private let known: RosterSource?
    /// What is shared with other daemons, where it is.
    var sharing = Sharing()
    /// What is not as it should be, in words: `status` says so and exits 1.
    var degradations: [String] = []
    /// Of the last import: who was forgotten and is back, in words.
    var returned: String?
    let servers = Servers()
    /// Of the servers: a port that is taken.
    var serverTroubles: [String] = []
    var counters = Counters()
    /// The cohorts as the last import left them.
    var cohorts: [CohortRecord] = []
    var generation: Int64 = 0
    private var ended: (@Sendable (DaemonExit) -> Void)?
    let descriptorLimit: Int
    let reading = DispatchQueue(label: "reading")
    private var outgoing = Outgoing()
    /// What the challenges on the wire are to be answered with, by token.
    private var challenges: [UInt64: Challenge.Wanted] = [:]
    private var zoneWarnings: Set<String> = []
    /// Time since boot.
    private var zonesLookedAt: Span?

    /// What a daemon is made of.
    public struct Parts: Sendable {
        public var clock: any Clock
        public var zones: SystemZones
        public var secrets: SecretReader
        public var notify: SystemdNotify
        public var logger: Logger
        /// Reads the configuration anew, for a reload.
        public var load: @Sendable () -> Loaded
        /// Where the control socket is to be; nil for none.
        public var controlSocket: String?
        public var once: Bool
        /// Opens the store for the pages: a connection of its own that never writes. nil where it cannot be.
        public var openStore: @Sendable () -> (any StoreReader)?
        /// Of the generator behind the jitter.
        public var seed: UInt64

        public init(
            clock: any Clock, zones: SystemZones, secrets: SecretReader, notify: SystemdNotify,
            logger: Logger, load: @escaping @Sendable () -> Loaded, controlSocket: String?, once: Bool,
            openStore: @escaping @Sendable () -> (any StoreReader)?, seed: UInt64
        ) {
            self.clock = clock
            self.zones = zones
            self.secrets = secrets
            self.notify = notify
            self.logger = logger
            self.load = load
            self.controlSocket = controlSocket
            self.once = once
            self.openStore = openStore
            self.seed = seed
        }
    }

    /// `loaded` has a configuration. `known` is what the store's roster was taken from, where it is the same
    /// and was not read.
    public init(
        _ parts: Parts, _ loaded: Loaded, known: RosterSource? = nil, store: sending any Store
    ) {
        guard let configuration = loaded.configuration else {
            preconditionFailure("a daemon is made of a configuration without mistakes")
        }
        precondition(
            configuration.rows?.arePassedOver != true || known != nil, "rows that nobody knows are read")
        self.parts = parts
        self.configuration = configuration
        files = loaded.digest
        origin = RosterOrigin(of: loaded)
        self.known = known
        roster = RosterSummary(configuration.subscribers)
        desk = StoreDesk(store, clock: parts.clock)
        dispatcher = Dispatcher(settings: configuration.delivery, secrets: parts.secrets)
        scheduler = Scheduler(seed: parts.seed, once: parts.once)
        descriptorLimit = max(1, Descriptors.raiseLimit() - Descriptors.reserve)
    }

    /// Runs until a signal, an error of the store, or, with `once`, until nothing more can be done now; then
    /// calls `ended`, once, on a queue of its own.
    ///
    /// A closure and not `async`: the first task on Swift's global executor starts libdispatch's monitor of
    /// its thread pool, which wakes the process once a second from then on (docs/decisions/0006).
    public nonisolated func run(_ ended: @escaping @Sendable (DaemonExit) -> Void) {
        enter { daemon in
            daemon.ended = ended
            daemon.begin()
        }
    }

    // MARK: Start and end

    private func begin() {
        // Timers and signal sources first: libdispatch makes their descriptors lazily.
        timer = WallTimer(queue: executor.queue) { [weak self] in self?.assumeIsolated { $0.woke() } }
        steps = ClockSteps(queue: executor.queue) { [weak self] in
            self?.assumeIsolated { $0.feed(.clockStepped) }
        }
        if steps == nil {
            parts.logger.warning("clock steps are noticed within an hour only: no timer descriptor was given")
        }
        for number in [SIGTERM, SIGINT] {
            signals.on(number, queue: executor.queue) { [weak self] in self?.assumeIsolated { $0.stop() } }
        }
        signals.on(SIGHUP, queue: executor.queue) { [weak self] in
            self?.assumeIsolated { $0.reload { _ in } }
        }
        signals.on(SIGUSR1, queue: executor.queue) { [weak self] in
            self?.assumeIsolated { $0.logStatus() }
        }
        courier = ShardedCourier(addressGuard: AddressGuard(ownAddresses: readOwnAddresses())) {
            [weak self] replies in
            self?.enter { $0.received(replies) }
        }
        nextPing = parts.notify.watchdogNanoseconds.map { parts.clock.now.boot + Span(nanoseconds: $0) }
        zoneWatch = ZoneWatch(queue: executor.queue) { [weak self] in
            self?.assumeIsolated { $0.refreshZones() }
        }
        if zoneWatch == nil {
            parts.logger.warning("a change of zones is noticed within an hour only: no watch was given")
        }
        openControl()
        if !parts.once { serve() }
        attendStore()
        // The mark first: the import raises it to now, and with it hides a clock that leapt while we were
        // down.
        load { daemon, before in
            daemon.configuration = daemon.configuration.keepingLocalZones(before.series)
            daemon.compareFiles { daemon, common in
                guard let common, daemon.isOutdated(by: common) else { return daemon.takeRoster(before) }
                // Other files were taken since: their roster stays.
                var change = RosterChange()
                (change.cohorts, change.generation) = (before.cohorts, common.generation)
                daemon.keep(daemon.configuration)
                daemon.start(with: change, mark: before.mark)
            }
        }
    }

    private func takeRoster(_ before: StoreKnowledge) {
        if let known {
            var change = RosterChange()
            (change.cohorts, change.generation) = (before.cohorts, before.generation)
            keep(configuration, known: known)
            return start(with: change, mark: before.mark)
        }
        let mark = before.mark
        importRoster(
            of: configuration, files: files, origin: origin, guardsRemovals: true
        ) { daemon, result in
            switch result {
            case .failure(let error): daemon.end(.store(error))
            case .success(let change):
                daemon.keep(daemon.configuration)
                daemon.start(with: change, mark: mark)
            }
        }
    }

    func load(
        counting: Bool = false, then: @escaping @Sendable (isolated Daemon, StoreKnowledge) -> Void
    ) {
        let now = parts.clock.now.wall
        desk.enter { [weak self] desk in
            let result = counting ? desk.begin(now) : desk.load()
            self?.enter { daemon in
                switch result {
                case .failure(let error): daemon.end(.store(error))
                case .success(let knowledge): then(daemon, knowledge)
                }
            }
        }
    }

    private func start(with change: RosterChange, mark: Instant?) {
        load(counting: true) { daemon, knowledge in
            var knowledge = knowledge
            knowledge.mark = mark
            let count = daemon.roster.count
            let how = daemon.known == nil ? "" : ", whose file is as it was when it was last taken"
            daemon.parts.logger.info(
                "started for \(count) subscribers\(how)", metadata: ["subscribers": "\(count)"])
            daemon.cohorts = change.cohorts
            daemon.generation = change.generation
            daemon.tellReturned(change)
            if let refusal = Daemon.refusal(change) {
                daemon.parts.logger.error("the roster of the files is not taken: \(refusal)")
                daemon.degradations.append("the stored roster is in force: \(refusal)")
            }
            daemon.feed(.started(knowledge, daemon.settings()))
            daemon.sharing.isStarted = true
            if let objection = daemon.scheduler.objection(to: daemon.configuration.series) {
                daemon.degradations.append(objection)
            }
            daemon.parts.notify.ready(status: daemon.statusText)
        }
    }

    private func openControl() {
        guard let path = parts.controlSocket else { return }
        do {
            control = try ControlServer(path: path) { [weak self] request, reply in
                self?.enter { $0.control(request, reply) }
            }
        } catch {
            parts.logger.warning("the control socket cannot be opened: \(error)")
        }
    }

    private func stop() {
        parts.notify.stopping()
        parts.logger.info("stopping: what is in flight is awaited and recorded")
        desk.patience.end(after: settings().longestAttempt)
        feed(.stopping)
    }

    func end(_ exit: DaemonExit) {
        guard let ended else { return }
        self.ended = nil
        timer?.cancel()
        steps?.cancel()
        zoneWatch?.cancel()
        signals.cancel()
        control?.close()
        courier?.close()
        courier = nil
        var asItShould = false
        if case .scheduler(let exit) = exit { asItShould = exit != .storeRefused }
        desk.enter { [asItShould, servers, now = parts.clock.now.wall] desk in
            desk.close(asItShould: asItShould, now)
            // Not before the servers are closed: the end of the process would leave their sockets' files.
            servers.close { ended(exit) }
        }
    }

    // MARK: Events

    func feed(_ event: Event) {
        let effects = scheduler.handle(event, now: parts.clock.now)
        LogSink.standardError.gather {
            for effect in effects { run(effect) }
        }
    }

    private func woke() {
        let now = parts.clock.now
        if zonesLookedAt.map({ now.boot - $0 >= Limits.recheck }) ?? true { refreshZones() }
        if let ping = nextPing, now.boot >= ping, let interval = parts.notify.watchdogNanoseconds {
            parts.notify.watchdog()
            nextPing = now.boot + Span(nanoseconds: interval)
        }
        feed(.tick)
    }

    /// Zones may read otherwise than before: tzdata was updated, or /etc/localtime leads elsewhere.
    private func refreshZones() {
        zonesLookedAt = parts.clock.now.boot
        zoneWatch?.renew()
        let changes = parts.zones.refresh()
        if !changes.unreadable.isEmpty {
            warnOfZones(
                "zones that can no longer be read keep their rules: "
                    + changes.unreadable.joined(separator: ", "))
        }
        if let local = parts.zones.local() {
            for series in configuration.series where series.isZoneLocal && series.zone.name != local {
                warnOfZones(
                    "this machine's zone is \(local) now; series \(series.id) keeps to "
                        + "\(series.zone.name) until `advised reload --rebase`")
            }
        }
        guard !changes.changed.isEmpty else { return }
        parts.logger.notice("zones have changed: \(changes.changed.joined(separator: ", "))")
        feed(.recalendared(settings()))
    }

    /// Once for each thing that is wrong, not every hour.
    private func warnOfZones(_ words: String) {
        guard zoneWarnings.insert(words).inserted else { return }
        parts.logger.warning("\(words)")
    }

    private func received(_ all: [CourierReply]) {
        let now = parts.clock.now.wall
        var replies = all
        if let ping = all.firstIndex(where: { $0.token == Dispatcher.heartbeatToken }) {
            let reply = replies.remove(at: ping)
            feed(.pinged(error: reply.outcome == .delivered ? nil : reply.error ?? "no answer"))
            if replies.isEmpty { return }
        }
        for place in replies.indices where !challenges.isEmpty {
            guard let wanted = challenges.removeValue(forKey: replies[place].token) else { continue }
            Challenge.judge(&replies[place], wanted)
        }
        feed(.outcomes(replies.map { AttemptResult($0, at: now) }))
    }

    // MARK: Effects

    private func run(_ effect: Effect) {
        switch effect {
        case .commit(let number, let transaction): commit(number, transaction)
        case .claim(let limit): claim(limit)
        case .send(let attempts): send(attempts)
        case .arm(let instant): arm(instant)
        case .tell(.status(let text)):
            statusText = text
            parts.notify.status(text)
        case .tell(let telling):
            counters.note(telling)
            parts.logger.tell(telling)
        case .answer(let request, let answer): answers.removeValue(forKey: request)?(answer)
        case .ping: ping()
        case .probeClock(let since): probeClock(since)
        case .trustClock(let isTrusted): desk.enter { $0.trustClock(isTrusted) }
        case .exit(let exit): end(.scheduler(exit))
        }
    }

    private func commit(_ number: UInt64, _ transaction: Transaction) {
        // This host's addresses may have changed since the last fan-out.
        if case .release = transaction { courier?.use(AddressGuard(ownAddresses: readOwnAddresses())) }
        let now = parts.clock.now.wall
        let series = transaction.series.flatMap { id in configuration.series.first { $0.id == id } }
        desk.enter {
            [weak self, series, formats = roster.formats, operators = configuration.alerts.to] desk in
            let result = desk.commit(
                transaction, series: series, formats: formats, operators: operators, now: now)
            self?.enter { daemon in
                switch result {
                case .success(let result): daemon.feed(.committed(transaction: number, result))
                case .failure(let error): daemon.storeRefused(error)
                }
            }
        }
    }

    private func claim(_ limit: Int) {
        let now = parts.clock.now.wall
        desk.enter { [weak self] desk in
            let result = desk.claim(limit: limit, now: now)
            self?.enter { daemon in
                switch result {
                case .success(let claim): daemon.feed(.claimed(claim))
                case .failure(let error): daemon.storeRefused(error)
                }
            }
        }
    }

    /// An fsync that was refused once cannot be trusted again: sending ends here, the restart reads the disk.
    func storeRefused(_ error: StoreError) {
        if case .unreachable = error {
            parts.logger.error("stopped without the store: what was in flight is sent again, under its id")
        } else {
            parts.logger.critical("the store refused: \(error)")
        }
        end(.store(error))
    }

    /// Attempts that are signed before the courier hears of them: the first of a release waits for no more.
    private static let sendSlice = 16

    private func send(_ attempts: [Attempt]) {
        let now = parts.clock.now.wall
        var requests: [CourierRequest] = []
        var obstacles: [AttemptResult] = []
        for attempt in attempts {
            do throws(Dispatcher.Obstacle) {
                if attempt.delivery.isChallenge {
                    let (request, wanted) = try dispatcher.challenge(attempt, at: now)
                    requests.append(request)
                    challenges[attempt.token] = wanted
                    continue
                }
                let release = try outgoing.release(of: attempt)
                requests.append(try dispatcher.request(attempt, of: release, at: now))
            } catch {
                obstacles.append(
                    AttemptResult(
                        token: attempt.token, outcome: .ours, startedAt: now, error: error.reason))
            }
            if requests.count == Daemon.sendSlice {
                courier?.send(requests)
                requests.removeAll()
            }
        }
        if !requests.isEmpty { courier?.send(requests) }
        // Not fed from here: the scheduler's effects are still being run.
        if !obstacles.isEmpty { enter { [obstacles] in $0.feed(.outcomes(obstacles)) } }
    }

    private func ping() {
        guard let place = configuration.heartbeat else {
            preconditionFailure("the scheduler pings whom the configuration names")
        }
        do throws(Dispatcher.Obstacle) {
            courier?.send([try dispatcher.heartbeat(to: place)])
        } catch {
            // Not fed from here: the scheduler's effects are still being run.
            enter { [error] in $0.feed(.pinged(error: error.reason)) }
        }
    }

    private func arm(_ instant: Instant) {
        guard let ping = nextPing else {
            timer?.arm(instant)
            return
        }
        let now = parts.clock.now
        timer?.arm(min(instant, now.wall + (ping - now.boot)))
    }

    private func logStatus() { parts.logger.notice("\(statusText)") }
}

/// How the daemon ended.
public enum DaemonExit: Sendable {
    case scheduler(Exit)
    case store(StoreError)
}
