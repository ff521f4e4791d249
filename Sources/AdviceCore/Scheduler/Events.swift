/// The two clocks at one moment.
public struct Moment: Hashable, Sendable {
    /// CLOCK_REALTIME: follows steps.
    public var wall: Instant
    /// CLOCK_BOOTTIME, since boot: never steps, counts suspend. `wall - boot` tells a step from a suspend.
    public var boot: Span

    public init(wall: Instant, boot: Span) {
        self.wall = wall
        self.boot = boot
    }
}

/// What can happen to the scheduler.
public enum Event: Sendable {
    /// The daemon is up: what the store knows, and the configuration.
    case started(StoreKnowledge, SchedulerSettings)
    /// A new configuration was taken, and the roster with it. With `isRebase` a series whose start or local
    /// zone has changed goes on in a new edition (R13).
    case configured(SchedulerSettings, isRebase: Bool)
    /// Zones read otherwise than before: the calendars anew, and nothing else.
    case recalendared(SchedulerSettings)
    /// What evidence there is of the clock's being synchronized.
    case clockProbed(ClockSync)
    /// A timer came, or anything else that makes it worth asking what is due.
    case tick
    /// The kernel says that the wall clock was set.
    case clockStepped
    case operate(OperatorCommand, request: UInt64)
    case claimed(Claim)
    case committed(transaction: UInt64, CommitResult)
    case outcomes([AttemptResult])
    /// Another daemon on the same store has changed what it knows; with the settings that follow from it.
    case learned(StoreKnowledge, SchedulerSettings)
    /// Another daemon may have made work, or left some.
    case workAppeared
    /// Whether this daemon decides on series and releases. One does not whose files are other than those that
    /// the daemons on its store took last: it sends, and leaves the rest to the others.
    case mayRelease(Bool)
    /// Something outside of the scheduler that operators may have to be told of.
    case alarmed(Alarm)
    /// What became of a heartbeat: why it was not taken, nil where it was.
    case pinged(error: String?)
    case stopping
}

/// What an operator may ask a running daemon for; kept in the ledger.
public enum OperatorCommand: Hashable, Sendable {
    /// Begins a series whose start had passed when it was first seen.
    case start(series: String, on: CivilDate?, after: String?)
    case pause(series: String, until: CivilDate?)
    case resume(series: String, withMissed: Bool)
    case pauseSubscriber(String, until: CivilDate?)
    case resumeSubscriber(String, withMissed: Bool)
    case replay(Replay)
    /// Erases all that is kept of a subscriber, by id.
    case forget(String)
    case skip(series: String, point: String)
    case unskip(series: String, point: String)
    case releaseNow(series: String, point: String)
    /// `released`: where the point went out before the present cycle and edition, which the store knows.
    case revise(series: String, point: String, released: [ReleasedRow] = [])
    case withdraw(series: String, point: String, released: [ReleasedRow] = [])
    case acceptClock

    /// What it does comes from the texts and days of the files.
    public var goesByFiles: Bool {
        switch self {
        case .start, .releaseNow, .revise, .withdraw: true
        default: false
        }
    }
}

/// How a transaction ended.
public enum CommitResult: Hashable, Sendable {
    case done
    /// The release's number in the store.
    case released(Int64)
    /// The ledger had the point or the slot already; its rows as the store has them.
    case alreadyReleased([LedgerRow])
    /// A group was written; `freed`: when the first is due of those that were held behind what it settled.
    case recorded(freed: Instant?)
    /// Deliveries are to be sent again, or, where none was chosen, nothing was written.
    case replayed(ReplayCount)
    /// What is kept of a subscriber was erased, or is in use elsewhere and was not.
    case forgotten(Erasure)
    /// A step of forgetting what is over: where the next one begins, nil where nothing is left.
    case pruned(Prune.Place?)
    /// There is nobody of that name.
    case unknownSubscriber
    /// The store takes no release from this daemon until `mayRelease`, and why: nothing was written.
    case notNow(String)
    /// Nothing was written, and nothing can be: no new POST starts.
    case refused
}

/// What the scheduler wants done. The shell runs effects in order and decides nothing.
public enum Effect: Sendable {
    case commit(transaction: UInt64, Transaction)
    case claim(limit: Int)
    case send([Attempt])
    /// Call back with `tick` at this instant, and forget the instant asked for before.
    case arm(Instant)
    case tell(Telling)
    case answer(request: UInt64, Answer)
    /// Ping whoever watches over the daemon, and come back with `pinged`.
    case ping
    /// Look for evidence of the clock's being synchronized, after `since` where that is given, and come back
    /// with `clockProbed`.
    case probeClock(since: Instant?)
    /// Whether the store may take the wall clock for the highest time ever from now on.
    case trustClock(Bool)
    case exit(Exit)
}

/// One write to the store.
public enum Transaction: Sendable {
    case save(SeriesRecord, decision: String?)
    /// Rows that no release comes with: inherited by a new cohort, or missed.
    case enter(CohortLedger)
    case release(ReleaseDraft)
    case record(OutcomeGroup)
    case welcome(Welcome)
    /// Corrections in all the cohorts that had the point, and the record that remembers them.
    case correct([CorrectionDraft], SeriesRecord, decision: String)
    case subscriber(SubscriberDecision, decision: String)
    case replay(Replay, decision: String)
    case forget(String, decision: String)
    case prune(Prune)
    /// The clock was set back: what was written while it was ahead does not wait longer for that.
    case shiftWaits
    /// A hold begins, or ends.
    case hold(ClockHold?, decision: String?)
    /// To those whom the settings name.
    case alert(Alert)
    /// Attempts that are about to be made: all that are on the wire then (see `Care`).
    case attempt([DeliveryKey])
}

/// One attempt to be made now.
public struct Attempt: Sendable {
    public var token: UInt64
    /// From 1.
    public var number: Int
    public var delivery: ClaimedDelivery
}

/// The answer to an operator.
public enum Answer: Hashable, Sendable {
    case done(String)
    /// The answer is no, and why.
    case refused(String)
}

/// Why the daemon ends.
public enum Exit: Hashable, Sendable {
    /// Stopped as asked, everything recorded.
    case stopped
    /// `--once`: everything that could be done is done. `left` deliveries wait for later.
    case quiet(somethingWaits: Bool)
    /// The store refused a write: exit 74.
    case storeRefused
}

/// What the shell says to people: in the log, in the service manager's status line.
public enum Telling: Sendable {
    case begins(series: String, on: CivilDate)
    case unstarted(series: String, start: CivilDate)
    case waitingForSubscribers(series: String)
    case startMoved(series: String, from: CivilDate, to: CivilDate)
    case released(ReleaseDraft, late: Span)
    case alreadyReleased(series: String, point: String)
    case corrected(CorrectionDraft)
    /// An operator's decision, in words.
    case decided(String)
    /// A point that had not gone out is gone from the files.
    case pointGone(series: String, point: String)
    /// A point has the text of one that is gone: likely renamed, and a new point all the same.
    case pointRenamed(series: String, from: String, to: String)
    /// A released point's text has changed in the files: nobody is told unless it is revised.
    case changedAfterRelease(series: String, point: String)
    case missed(series: String, point: String, day: CivilDate)
    case delivered(Settlement)
    case waiting(Settlement)
    case exhausted(Settlement)
    case cancelled(Settlement)
    case clockStepped(Span)
    case clockSuspect(ClockHold)
    /// Just booted, and the clock is not set yet.
    case clockAwaited
    case clockTrusted
    case finished(series: String)
    /// So many starts in a row have come to nothing: a delivery may be what ends the daemon.
    case careful(starts: Int)
    /// Whoever watches over the daemon did not take its ping.
    case heartbeatRefused(String)
    case heartbeatTaken
    /// What the daemon waits for, in a line.
    case status(String)
}

/// A delivery's record with the names a person knows it by.
public struct Settlement: Sendable {
    public var subscriber: String
    public var release: ReleaseInfo
    /// When it became due to this subscriber.
    public var due: Instant
    public var record: DeliveryRecord
}

/// The part of the configuration that the scheduler decides by.
public struct SchedulerSettings: Sendable {
    public var series: [SeriesSetup]
    public var concurrency: Int
    public var perHost: Int
    /// A host or host:port, to its own cap.
    public var hosts: [String: Int]
    /// Attempts that may be in flight beside `concurrency`: those that are older than `Limits.youngFor`.
    public var secondPool: Int
    /// What operators are told of; empty where nobody is.
    public var alertsOn: [AlertKind] = []
    /// Somebody watches over the daemon.
    public var hasHeartbeat = false
    /// How long what is over is kept; nil for ever.
    public var retention: Retention?
    public var retry: RetryPolicy
    /// The longest that an attempt can take: how long a stop waits for those in flight.
    public var longestAttempt: Span
    /// The number of the roster that the cohorts are of.
    public var generation: Int64

    public init(
        series: [SeriesSetup], concurrency: Int = 256, perHost: Int = 8, hosts: [String: Int] = [:],
        secondPool: Int = Limits.secondPool,
        retry: RetryPolicy = RetryPolicy(), longestAttempt: Span = .seconds(30), generation: Int64 = 0
    ) {
        self.generation = generation
        self.series = series
        self.concurrency = concurrency
        self.perHost = perHost
        self.hosts = hosts
        self.secondPool = secondPool
        self.retry = retry
        self.longestAttempt = longestAttempt
    }
}

/// A series with its calendars.
public struct SeriesSetup: Sendable {
    public var series: Series
    /// In the series' own zone: where its dates are judged.
    public var home: SlotCalendar
    public var cohorts: [CohortSetup]
    /// Cohorts of the series that nobody is a member of any more: they may still owe.
    public var former: [CohortSetup]

    public struct CohortSetup: Sendable {
        public var record: CohortRecord
        public var calendar: SlotCalendar
        public init(record: CohortRecord, calendar: SlotCalendar) {
            self.record = record
            self.calendar = calendar
        }
    }

    public init(
        series: Series, home: SlotCalendar, cohorts: [CohortSetup], former: [CohortSetup] = []
    ) {
        self.series = series
        self.home = home
        self.cohorts = cohorts
        self.former = former
    }

    /// Members in all cohorts.
    public var members: Int { cohorts.reduce(0) { $0 + $1.record.members } }
}
