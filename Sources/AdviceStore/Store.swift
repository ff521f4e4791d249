public import AdviceCore

/// What must survive a crash. Every verb is one transaction, durable when it returns; every verb that writes
/// also raises the mark (the highest wall time ever committed) to `now`.
///
/// Calls block and are made on the store's own queue, one at a time: a store is confined, not `Sendable`.
/// One conformance suite (`StoreConformance`) says what a store is, whichever engine it runs on.
public protocol Store: AnyObject {
    /// The engine's name, for `status`.
    var engine: String { get }

    /// Series, cohorts with their members, and the ledger of each series' current edition.
    func load() throws(StoreError) -> StoreKnowledge

    /// Takes a roster: adds, changes and removes subscribers so that the store holds exactly these entries,
    /// and puts each into its cohort of each of its series. Entries that did not change are not written.
    ///
    /// - `cohorts` are made even if they have no member: a series in one zone has a calendar of its own.
    /// - Subscribers that are gone keep their number; what they are owed is cancelled when it is claimed.
    func importRoster(
        _ entries: [RosterEntry], cohorts: [(series: String, cohort: Cohort)], now: Instant
    ) throws(StoreError) -> RosterChange

    /// Writes a series' record, and, where an operator decided it, the decision beside it.
    func save(_ record: SeriesRecord, decision: String?, now: Instant) throws(StoreError)

    /// Writes the rows of a cohort that came to be in mid-series. Rows that are there stay.
    func inherit(_ ledger: CohortLedger, now: Instant) throws(StoreError)

    /// A release with its frozen content and its batches. `nil` where the ledger had it already, by point or
    /// by slot date: nothing is written then, and the caller reads the ledger again.
    func release(
        _ draft: ReleaseDraft, content: FrozenContent, now: Instant
    ) throws(StoreError) -> Int64?

    /// Hands out deliveries that are due: first those with a row whose next attempt has come, oldest first,
    /// then batches in order of their due time, whole, until at least `limit` deliveries are there or nothing
    /// is due. What is handed out is not handed out again by this store until it is recorded.
    func claim(limit: Int, now: Instant) throws(StoreError) -> Claim

    /// Writes a group of outcomes and finishes batches.
    func record(_ group: OutcomeGroup, now: Instant) throws(StoreError)

    /// The bytes to send for a release in a format, nil where it was not frozen in that format.
    func rendering(release: Int64, format: Format) throws(StoreError) -> [UInt8]?

    func close()
}

/// One entry of the roster with what the daemon worked out about its endpoint.
public struct RosterEntry: Sendable {
    public var subscriber: Subscriber
    /// The limit key: `host:port`.
    public var limitKey: String
    /// Others in the roster share the host.
    public var sharesHost: Bool
    /// The cohort for each of the subscriber's series, in the order of `subscriber.series`.
    public var cohorts: [Cohort]

    public init(subscriber: Subscriber, limitKey: String, sharesHost: Bool, cohorts: [Cohort]) {
        self.subscriber = subscriber
        self.limitKey = limitKey
        self.sharesHost = sharesHost
        self.cohorts = cohorts
    }
}

/// What an import did.
public struct RosterChange: Sendable, Equatable {
    public var added: [String] = []
    public var removed: [String] = []
    public var changed: [String] = []
    /// All cohorts with their members now.
    public var cohorts: [CohortRecord] = []
    public init() {}
}

/// What is frozen at a release.
public struct FrozenContent: Sendable {
    /// The neutral content, as JSON.
    public var neutral: [UInt8]
    /// SHA-256 of `neutral`.
    public var digest: [UInt8]
    /// One for each format in use.
    public var renderings: [(format: Format, bytes: [UInt8])]

    public init(neutral: [UInt8], digest: [UInt8], renderings: [(format: Format, bytes: [UInt8])]) {
        self.neutral = neutral
        self.digest = digest
        self.renderings = renderings
    }
}

/// What can go wrong with a store, and what follows.
public enum StoreError: Error, CustomStringConvertible {
    /// The disk refused: sending stops, the daemon exits 74, and the restart reads the disk.
    case inputOutput(String)
    /// Not a database, or a broken one: left in place; a person must restore it. Exit 78.
    case damaged(String)
    /// Written by a newer version, on a network file system, or with settings that are not durable. Exit 78.
    case refused(String)
    /// Another daemon holds the state. Exit 75.
    case locked(String)
    /// A bug of ours. Exit 70.
    case internalFault(String)

    public var description: String {
        switch self {
        case .inputOutput(let text), .damaged(let text), .refused(let text), .locked(let text),
            .internalFault(let text):
            text
        }
    }
}
