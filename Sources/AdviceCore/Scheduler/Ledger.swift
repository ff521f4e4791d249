/// One row of the ledger: a point of a cohort that is done with, and the slot date it took.
public struct LedgerRow: Hashable, Sendable {
    public var point: String
    /// From 1 within the edition, in the order of going out.
    public var sequence: Int
    public var slotDate: CivilDate
    public var kind: Kind
    public var scheduledFor: Instant
    public var releasedAt: Instant
    /// Why it was not simply the next day at the series' time; nil where it was.
    public var why: String?
    /// The number of the roster at that time; nil in rows of before it was kept.
    public var cut: Int64?

    public enum Kind: String, Hashable, Sendable {
        case released
        /// Its slot passed while the daemon was down, and the series does not catch up on it.
        case missed
        /// The cohort came to be in mid-series: others had this point before it existed (R10).
        case inherited
    }

    public init(
        point: String, sequence: Int, slotDate: CivilDate, kind: Kind, scheduledFor: Instant,
        releasedAt: Instant, why: String? = nil, cut: Int64? = nil
    ) {
        self.point = point
        self.sequence = sequence
        self.slotDate = slotDate
        self.kind = kind
        self.scheduledFor = scheduledFor
        self.releasedAt = releasedAt
        self.why = why
        self.cut = cut
    }
}

/// A row of an edition's ledger, with where it stands.
public struct ReleasedRow: Hashable, Sendable {
    public var cohort: Int64
    public var edition: Edition
    public var row: LedgerRow

    public init(cohort: Int64, edition: Edition, row: LedgerRow) {
        self.cohort = cohort
        self.edition = edition
        self.row = row
    }
}

/// A cohort of one series as the store has it.
public struct CohortRecord: Hashable, Sendable {
    /// The store's number for it.
    public var number: Int64
    public var series: String
    public var cohort: Cohort
    /// Members now.
    public var members: Int
    /// The number of the roster with which it last came to have members: what others released before that, it
    /// takes over (R10). A number and no time: clocks are set back. nil where the store does not say.
    public var since: Int64?
    /// When its series last came to have members after having had none: before that nobody missed anything.
    public var inhabitedSince: Instant?
    /// Members who came when the series had begun, and of whom it is not decided yet what they get (R12).
    public var joiners: Int

    public init(
        number: Int64, series: String, cohort: Cohort, members: Int, since: Int64? = nil, joiners: Int = 0
    ) {
        self.number = number
        self.series = series
        self.cohort = cohort
        self.members = members
        self.since = since
        self.joiners = joiners
    }
}

/// The ledger of one cohort in one edition.
public struct CohortLedger: Hashable, Sendable {
    public var series: String
    public var edition: Edition
    public var cohort: Int64
    /// In order of `sequence`.
    public var rows: [LedgerRow]

    public init(series: String, edition: Edition, cohort: Int64, rows: [LedgerRow]) {
        self.series = series
        self.edition = edition
        self.cohort = cohort
        self.rows = rows
    }
}

/// All that the store tells the scheduler at start.
public struct StoreKnowledge: Sendable {
    public var series: [SeriesRecord]
    public var cohorts: [CohortRecord]
    public var ledgers: [CohortLedger]
    /// The highest wall time ever committed.
    public var mark: Instant?
    /// A hold that was on when the daemon ended.
    public var hold: ClockHold?
    public var life: Life
    /// The number of the roster.
    public var generation: Int64 = 0

    public init(
        series: [SeriesRecord] = [], cohorts: [CohortRecord] = [], ledgers: [CohortLedger] = [],
        mark: Instant? = nil, hold: ClockHold? = nil, life: Life = Life()
    ) {
        self.life = life
        self.series = series
        self.cohorts = cohorts
        self.ledgers = ledgers
        self.mark = mark
        self.hold = hold
    }
}

/// A release that the scheduler has decided on, before the store has it. The store adds the frozen content,
/// which is rendered from `point` as it is now.
public struct ReleaseDraft: Hashable, Sendable {
    public var series: String
    public var edition: Edition
    public var cohort: CohortRecord
    public var point: Point
    /// How many points the series has.
    public var of: Int
    public var row: LedgerRow
    /// Points recorded as missed in the same transaction.
    public var missed: [LedgerRow]
    /// The release is smeared over this long.
    public var spread: Span
    /// 1, or more where the point was corrected after another cohort had it.
    public var revision: Int
    /// Editions in which a subscriber may have had the point already, and is not sent it again (R13).
    public var rebasedFrom: [String]

    public init(
        series: String, edition: Edition, cohort: CohortRecord, point: Point, of: Int, row: LedgerRow,
        missed: [LedgerRow], spread: Span, revision: Int = 1, rebasedFrom: [String] = []
    ) {
        self.series = series
        self.edition = edition
        self.cohort = cohort
        self.point = point
        self.of = of
        self.row = row
        self.missed = missed
        self.spread = spread
        self.revision = revision
        self.rebasedFrom = rebasedFrom
    }
}

/// Members who came when the series had begun are to get what they are owed of it (R10, R12): the store makes
/// their deliveries, the first of each due now and the others held behind it.
public struct Welcome: Hashable, Sendable {
    public var series: String
    public var edition: Edition
    public var cohort: Int64
    /// What those get who are new to the series. Who came from another of its cohorts gets what this one has
    /// released and that one had not.
    public var join: JoinPolicy
    /// Points that are owed, but not before these instants.
    public var notBefore: [String: Instant] = [:]

    public init(series: String, edition: Edition, cohort: Int64, join: JoinPolicy) {
        self.series = series
        self.edition = edition
        self.cohort = cohort
        self.join = join
    }
}

/// A correction of a point that one cohort has released (interface.md §3.2).
public struct CorrectionDraft: Hashable, Sendable {
    public enum Kind: String, Hashable, Sendable { case revised, withdrawn }

    public var kind: Kind
    public var series: String
    public var edition: Edition
    public var cohort: CohortRecord
    /// As it is now; of a withdrawn point that is gone from the files, its id and nothing else.
    public var point: Point
    public var of: Int
    /// The row of the ledger that it corrects: its day and sequence stay.
    public var row: LedgerRow
    /// 2, 3, ...
    public var revision: Int
    public var correctedAt: Instant

    public init(
        kind: Kind, series: String, edition: Edition, cohort: CohortRecord, point: Point, of: Int,
        row: LedgerRow, revision: Int, correctedAt: Instant
    ) {
        self.kind = kind
        self.series = series
        self.edition = edition
        self.cohort = cohort
        self.point = point
        self.of = of
        self.row = row
        self.revision = revision
        self.correctedAt = correctedAt
    }
}

/// What an operator decides about one subscriber.
public struct SubscriberDecision: Hashable, Sendable {
    public enum What: Hashable, Sendable {
        /// Its points are cancelled until then, the first day that counts again where it is; until it is
        /// resumed where nil.
        case pause(until: CivilDate?)
        /// Also reopens an endpoint that was suspended or closed. With `withMissed` the points that the pause
        /// has cancelled are sent after all, in order.
        case resume(withMissed: Bool)
    }

    public var subscriber: String
    public var what: What

    public init(subscriber: String, what: What) {
        self.subscriber = subscriber
        self.what = what
    }
}
