public import AdviceConfig
public import AdviceCore
public import AdviceStore

/// What the running daemon says of itself at one moment, for pages and metrics.
public struct DaemonView: Sendable {
    /// The one in force, without its subscribers.
    public var configuration: Configuration
    /// How many subscribers it has.
    public var subscribers: Int
    /// trusted, awaited or suspect.
    public var clock: String
    /// What is not as it should be, in words.
    public var degraded: [String]
    public var isStarted: Bool
    /// The store's server cannot be reached.
    public var isStoreLost: Bool
    /// The last reload, if there was any, was taken.
    public var isLastReloadTaken: Bool
    public var counters: Counters

    public init(
        configuration: Configuration, subscribers: Int, clock: String, degraded: [String], isStarted: Bool,
        isStoreLost: Bool, isLastReloadTaken: Bool, counters: Counters
    ) {
        self.configuration = configuration
        self.subscribers = subscribers
        self.clock = clock
        self.degraded = degraded
        self.isStarted = isStarted
        self.isStoreLost = isStoreLost
        self.isLastReloadTaken = isLastReloadTaken
        self.counters = counters
    }
}

/// Where the servers get what they show.
public struct PageSource: Sendable {
    /// Asks the scheduler's queue, and waits a short while; nil where it does not answer.
    public var view: @Sendable () -> DaemonView?
    /// A connection of one's own that never writes; nil where there is no store, or it cannot be read.
    public var openStore: @Sendable () -> (any StoreReader)?
    /// The rules of a zone.
    public var rules: @Sendable (String) -> ZoneRules?
    /// What the wall clock shows.
    public var wall: @Sendable () -> Instant
    /// Time since boot.
    public var boot: @Sendable () -> Span

    public init(
        view: @escaping @Sendable () -> DaemonView?, openStore: @escaping @Sendable () -> (any StoreReader)?,
        rules: @escaping @Sendable (String) -> ZoneRules?, wall: @escaping @Sendable () -> Instant,
        boot: @escaping @Sendable () -> Span
    ) {
        self.view = view
        self.openStore = openStore
        self.rules = rules
        self.wall = wall
        self.boot = boot
    }
}
