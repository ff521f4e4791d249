public import AdviceCore

/// What must survive a crash. Every verb is one transaction, durable when it returns; every verb that writes
/// also raises the mark (the highest wall time ever committed) to `now`.
///
/// Calls block and are made on the store's own queue, one at a time: a store is confined, not `Sendable`.
/// One conformance suite (`StoreConformance`) says what a store is, whichever engine it runs on.
public protocol Store: AnyObject {
    /// The engine's name, for `status`.
    var engine: String { get }

    /// Whether a write raises the mark to its `now`: not while the clock is not believed. A store begins with
    /// false; the daemon says when it knows.
    var trustsClock: Bool { get set }

    /// Counts a start of the daemon in its `Life`. What is recorded makes it 0 again.
    func begin(now: Instant) throws(StoreError)

    /// The daemon ends as it should: nothing is left of its `Life`.
    func end(now: Instant) throws(StoreError)

    /// Writes into the `Life` which deliveries are about to be on the wire. Those of them that are recorded
    /// are taken out.
    func attempt(_ deliveries: [DeliveryKey], now: Instant) throws(StoreError)

    /// Series, cohorts with their members and joiners, and of each cohort the newest cycle of the ledger in
    /// each series record's edition.
    func load() throws(StoreError) -> StoreKnowledge

    /// Takes a roster: adds, changes and removes subscribers so that the store holds exactly these entries,
    /// and puts each into its cohort of each of its series. Entries that did not change are not written.
    ///
    /// - `cohorts` are made even if they have no member: a series in one zone has a calendar of its own.
    /// - Subscribers that are gone keep their number; what is unsettled of theirs is cancelled, "removed".
    ///   Likewise for a series that an entry no longer names.
    /// - Who moves from one cohort of a series to another, and who is new to a series of which something was
    ///   released in its current edition, becomes a *joiner* of the cohort until `welcome`. With
    ///   `JoinPolicy.next` only who moves does: nobody else is owed anything.
    /// - What an unfinished batch owes to one who moves gets a row of its own, waiting: so that it stays in
    ///   order with what the new cohort sends.
    /// - Where a cohort has `joined` and the entry does not name its day (`isJoinedByDefault`), the day of
    /// the
    ///   first import is kept for good.
    /// - With `guardsRemovals` a roster that has lost more than 10 entries and more than a fifth of them is
    /// not
    ///   taken: nothing is written, and the change says so in `refusedRemovals`.
    func importRoster(
        _ entries: [RosterEntry], cohorts: [(series: String, cohort: Cohort)],
        joins: [String: JoinPolicy], guardsRemovals: Bool, now: Instant
    ) throws(StoreError) -> RosterChange

    /// Remembers what the roster in force was taken from, until it changes.
    func note(_ source: RosterSource, now: Instant) throws(StoreError)

    /// nil where that is not known, or the roster has changed since.
    func rosterSource() throws(StoreError) -> RosterSource?

    /// Writes a series' record, and, where an operator decided it, the decision beside it.
    func save(_ record: SeriesRecord, decision: String?, now: Instant) throws(StoreError)

    /// Writes rows that no release comes with: inherited, or missed. Rows that are there stay.
    func enter(_ ledger: CohortLedger, now: Instant) throws(StoreError)

    /// A release with its frozen content and its batches, cut so that each is due at its members' offset in
    /// the spread. `nil` where the ledger had it already, by point or by slot date: nothing is written then,
    /// and the caller reads the ledger again.
    ///
    /// Who had the point in one of the editions `draft.rebasedFrom` (delivered, waiting or held there) is not
    /// handed out for it.
    func release(
        _ draft: ReleaseDraft, content: FrozenContent, now: Instant
    ) throws(StoreError) -> Int64?

    /// Makes the deliveries of a cohort's joiners, who are none after that (schedule.md R10, R12). Owed are,
    /// in the order of the cohort's ledger in `welcome.edition`, its points that were released or inherited
    /// and not withdrawn, less those of which the subscriber has a delivery in any state,
    /// - of one who moved: those that are in no ledger of a cohort that it was in, up to when it left it;
    /// - of one who is new: with `next` none, with `latest` the last, with `all` and `from-start` all.
    ///
    /// The first is waiting and due now (held, where an earlier point is unsettled), the others are held.
    /// They are arrears. The content is that of the newest revision released in the cohort, else in any
    /// cohort.
    func welcome(_ welcome: Welcome, now: Instant) throws(StoreError)

    /// Writes corrections with their contents, and the record with the decision. For each draft, of all
    /// earlier revisions in its cohort:
    /// - who has it delivered, or settled or waiting with an attempt that may have arrived, is sent the
    ///   correction (by batches: there may be a million);
    /// - what is unsettled is cancelled, "revised" or "withdrawn"; who certainly did not get it gets the
    ///   revision as its release (type released, revision N), and after a withdrawal nothing;
    /// - members of unfinished batches who have no row get the revision as their release, or nothing;
    /// - an attempt that was in flight meanwhile follows the same rules when it is recorded.
    func correct(
        _ corrections: [Correction], record: SeriesRecord, decision: String, now: Instant
    ) throws(StoreError)

    /// False where there is no such subscriber in the roster. A pause makes its claimed deliveries `paused`;
    /// a resume with what was missed makes those wait again, in order, that were cancelled as "paused" since
    /// the last one of the series that was settled otherwise; any resume reopens a closed endpoint.
    func decide(
        _ decision: SubscriberDecision, words: String, now: Instant
    ) throws(StoreError) -> Bool

    /// Sends deliveries of points and their corrections again that are settled: from the first attempt on,
    /// due now (`max_age` counts from then), as arrears. Of each subscriber and series one waits and the
    /// others are held behind it; all are held where something of the series is on its way, or the endpoint
    /// is suspended. What their attempts came to before is kept.
    ///
    /// Of a point that was corrected the newest text is sent: the correction to who was sent that, and to who
    /// never had any the newest text as the release. Left alone, and counted, is what waits or is held, what
    /// is of somebody who is gone, paused or closed, and what was withdrawn. Alerts and rehearsals are not
    /// chosen.
    ///
    /// One transaction with the decision; nothing is written where nothing is chosen.
    /// - Returns: nil where there never was such a subscriber.
    func replay(_ replay: Replay, words: String, now: Instant) throws(StoreError) -> ReplayCount?

    /// What a replay would come to.
    func replayCount(_ replay: Replay, now: Instant) throws(StoreError) -> ReplayCount?

    /// One step of forgetting what is over: at most about `step.limit` rows are looked at. What is unsettled
    /// stays, and so do releases, decisions and memberships: what somebody was sent of which no delivery is
    /// left is told by those.
    /// - Returns: where the next step begins; nil where nothing is left to be forgotten.
    func prune(_ step: Prune, now: Instant) throws(StoreError) -> Prune.Place?

    /// Erases all that is kept of a subscriber, also of one who is gone from the roster; deleted rows are
    /// overwritten. `name` stays, and operators' decisions without the name.
    /// - Returns: nil where nothing is kept of that name.
    func forget(
        _ id: String, name: ErasedName, decision: String, now: Instant
    ) throws(StoreError) -> Erasure?

    /// Of those who were forgotten, oldest first.
    func erasedNames() throws(StoreError) -> [ErasedName]

    /// The clock was set back: what was written at a time that is still to come waits from now on as long
    /// as it had to wait then, batches too. Done twice, it is as if done once.
    func shiftWaits(now: Instant) throws(StoreError)

    /// Where `point` went out, in whatever cohort and edition of the series, in order.
    func released(_ point: String, of series: String) throws(StoreError) -> [ReleasedRow]

    /// An alert with its content, and a delivery of it to each of `subscribers` that the roster has.
    func alert(
        _ alert: Alert, to subscribers: [String], content: FrozenContent, now: Instant
    ) throws(StoreError)

    /// Notes a hold of the clock, or its end; without one, the mark becomes `now` even if that is earlier
    /// where `trustsClock`.
    func note(_ hold: ClockHold?, decision: String?, now: Instant) throws(StoreError)

    /// Hands out deliveries that are due: first those with a row whose next attempt has come, oldest first,
    /// then batches in order of their due time, whole, until at least `limit` deliveries are there or nothing
    /// is due. What is handed out is not handed out again by this store until it is recorded.
    func claim(limit: Int, now: Instant) throws(StoreError) -> Claim

    /// Writes a group of outcomes and finishes batches. A settled delivery sets the one free that is held
    /// behind it (of the same subscriber and series, the earliest), to be due at the record's `nextHeldAt`; a
    /// record that says held is written as waiting, due now, where nothing earlier is unsettled any more.
    /// - Returns: when the first is due of those that were set free or made anew.
    @discardableResult
    func record(_ group: OutcomeGroup, now: Instant) throws(StoreError) -> Instant?

    /// The bytes to send for a release in a format, nil where it was not frozen in that format.
    func rendering(release: Int64, format: Format) throws(StoreError) -> [UInt8]?

    /// The neutral content of a release with its digest, nil where there is none.
    func content(release: Int64) throws(StoreError) -> (neutral: [UInt8], digest: [UInt8])?

    /// Keeps the bytes to send for a release in a format that has come into use since. Where another daemon
    /// has kept some already, those stay.
    func keep(_ bytes: [UInt8], release: Int64, format: Format, now: Instant) throws(StoreError)

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
    /// The file names no day of joining: `joined` in the cohorts is today, which counts at the first import.
    public var isJoinedByDefault: Bool

    public init(
        subscriber: Subscriber, limitKey: String, sharesHost: Bool, cohorts: [Cohort],
        isJoinedByDefault: Bool = false
    ) {
        self.subscriber = subscriber
        self.limitKey = limitKey
        self.sharesHost = sharesHost
        self.cohorts = cohorts
        self.isJoinedByDefault = isJoinedByDefault
    }
}

/// A correction with what is frozen of it.
public struct Correction: Sendable {
    public var draft: CorrectionDraft
    /// For those who had the point. In it `"replaces":""` is filled in for each subscriber.
    public var correction: FrozenContent
    /// The point as corrected, for those who had not; nil after a withdrawal.
    public var release: FrozenContent?

    public init(draft: CorrectionDraft, correction: FrozenContent, release: FrozenContent?) {
        self.draft = draft
        self.correction = correction
        self.release = release
    }
}

/// What an import did.
public struct RosterChange: Sendable, Equatable {
    public var added: [String] = []
    public var removed: [String] = []
    public var changed: [String] = []
    /// All cohorts with their members now.
    public var cohorts: [CohortRecord] = []
    /// The number of the roster from now on.
    public var generation: Int64 = 0
    /// Nothing was taken: so many subscribers would have been removed, of `storedCount`.
    public var refusedRemovals: Int?
    public var storedCount = 0
    /// Those of `added` who were forgotten before. The store does not know their names: who has hashed them
    /// says so.
    public var returned: [String] = []
    public init() {}

    /// A roster that was cut off half-way must not unsubscribe everybody.
    public static func isTooMany(_ removed: Int, of count: Int) -> Bool {
        removed > 10 && removed * 5 > count
    }
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
    /// The database's server cannot be reached, or cannot do what was asked just now. Nothing is lost:
    /// sending pauses, the same is asked again, and it goes on when the server is back. A write that was on
    /// its way may have been committed; done again it does no harm.
    case unreachable(String)
    /// This machine's clock is more than `PostgresStore.greatestSkew` off the server's: nothing is released
    /// or claimed until it is set. What was sent is recorded all the same. Asked again, as `unreachable` is.
    case skewed(String)
    /// Another daemon has taken newer files: this one sends, and releases nothing until its own are the same.
    case outdated(String)
    /// A bug of ours. Exit 70.
    case internalFault(String)

    public var description: String {
        switch self {
        case .inputOutput(let text), .damaged(let text), .refused(let text), .locked(let text),
            .unreachable(let text), .skewed(let text), .outdated(let text), .internalFault(let text):
            text
        }
    }
}
