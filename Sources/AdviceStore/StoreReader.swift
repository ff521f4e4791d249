public import AdviceCore

/// What the commands read, also while a daemon writes: a separate connection that never writes.
public protocol StoreReader: AnyObject {
    func load() throws(StoreError) -> StoreKnowledge
    /// Newest first.
    func deliveries(_ query: DeliveryQuery) throws(StoreError) -> [DeliveryLogEntry]
    func counts() throws(StoreError) -> DeliveryCounts
    /// The store's numbers of the cohorts that a subscriber belongs to now.
    func cohorts(of subscriber: String) throws(StoreError) -> [Int64]
    /// Ids of those whose endpoint is in `state`, in order.
    func endpoints(_ state: EndpointHealth.State) throws(StoreError) -> [String]
    /// What `Store.replay` would come to; nil where there is no such subscriber.
    func replayCount(_ replay: Replay, now: Instant) throws(StoreError) -> ReplayCount?
    /// All that is kept of a subscriber beside its deliveries; nil where nothing is.
    func kept(_ id: String) throws(StoreError) -> KeptSubscriber?
    /// Another number than before where something was written since.
    func writes() throws(StoreError) -> Int64

    // What the pages, the feeds and the metrics read.

    /// What of a series went out and was corrected, in whatever cohort and edition, oldest first.
    func published(_ series: String) throws(StoreError) -> [PublishedRow]
    /// The neutral content that was frozen with a release.
    func neutralContent(_ release: Int64) throws(StoreError) -> [UInt8]?
    /// In order of id.
    func unhealthyEndpoints(limit: Int) throws(StoreError) -> [EndpointRow]
    func pending() throws(StoreError) -> PendingCounts
    /// A series' subscribers, and the last `points` of it for each.
    func grid(
        _ series: String, points: Int, from place: PagePlace, limit: Int
    ) throws(StoreError) -> DeliveryGrid
    func close()
}

public struct DeliveryQuery: Sendable {
    public var subscriber: String?
    /// (series or nil, point id).
    public var point: (series: String?, id: String)?
    public var state: DeliveryState?
    public var since: Instant?
    public var limit: Int = 100
    public init() {}
}

public struct DeliveryLogEntry: Sendable {
    public var type: String
    public var subscriber: String
    public var series: String
    public var edition: String
    public var point: String
    /// What is part of the webhook-id: the point's id; of a revision with its number.
    public var subject: String
    public var number: Int
    public var day: CivilDate
    public var state: DeliveryState
    public var attempts: Int
    public var nextAttemptAt: Instant?
    public var settledAt: Instant?
    /// When it came to be as it is.
    public var changedAt = Instant(nanoseconds: 0)
    public var status: Int
    public var latency: Span?
    public var error: String?
    /// Oldest first; only where there was more than one, or the one did not succeed, or it was replayed.
    public var attemptLog: [AttemptRecord]

    public init(
        type: String, subscriber: String, series: String, edition: String, point: String,
        subject: String? = nil, number: Int, day: CivilDate, state: DeliveryState, attempts: Int,
        nextAttemptAt: Instant?, settledAt: Instant?,
        status: Int, latency: Span?, error: String?, attemptLog: [AttemptRecord]
    ) {
        self.type = type
        self.subscriber = subscriber
        self.series = series
        self.edition = edition
        self.point = point
        self.subject = subject ?? point
        self.number = number
        self.day = day
        self.state = state
        self.attempts = attempts
        self.nextAttemptAt = nextAttemptAt
        self.settledAt = settledAt
        self.status = status
        self.latency = latency
        self.error = error
        self.attemptLog = attemptLog
    }
}

public struct DeliveryCounts: Sendable, Equatable {
    public var waiting = 0
    public var held = 0
    public var delivered = 0
    public var exhausted = 0
    public var cancelled = 0
    /// Members of unfinished batches that have no row yet are counted as waiting.
    public init() {}
}
