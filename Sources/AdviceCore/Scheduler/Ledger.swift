/// What the store knows of a series' life.
public struct SeriesRecord: Hashable, Sendable {
    public var id: String
    public var firstSeen: Instant
    /// The `start` of the configuration when this record was last written.
    public var configuredStart: CivilDate
    public var edition: Edition
    public var state: State
    /// The first date from which slots count; nil until the series has begun.
    public var begin: CivilDate?
    /// Points that `start --after` passed over, by id.
    public var passed: [String]

    public enum State: String, Hashable, Sendable {
        /// First seen after its start, with members and nothing released: waits for `advised start` (R6).
        case unstarted
        /// Has no members yet: begins with the first (R6).
        case waiting
        case running
    }

    public init(
        id: String, firstSeen: Instant, configuredStart: CivilDate, edition: Edition, state: State,
        begin: CivilDate? = nil, passed: [String] = []
    ) {
        self.id = id
        self.firstSeen = firstSeen
        self.configuredStart = configuredStart
        self.edition = edition
        self.state = state
        self.begin = begin
        self.passed = passed
    }
}

/// One row of the ledger: a point of a cohort that is done with, and the slot date it took.
public struct LedgerRow: Hashable, Sendable {
    public var point: String
    /// From 1 within the edition, in the order of going out.
    public var sequence: Int
    public var slotDate: CivilDate
    public var kind: Kind
    public var scheduledFor: Instant
    public var releasedAt: Instant

    public enum Kind: String, Hashable, Sendable {
        case released
        /// Its slot passed while the daemon was down, and the series does not catch up on it.
        case missed
        /// The cohort came to be in mid-series: others had this point before it existed (R10).
        case inherited
    }

    public init(
        point: String, sequence: Int, slotDate: CivilDate, kind: Kind, scheduledFor: Instant,
        releasedAt: Instant
    ) {
        self.point = point
        self.sequence = sequence
        self.slotDate = slotDate
        self.kind = kind
        self.scheduledFor = scheduledFor
        self.releasedAt = releasedAt
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
    /// When it last came to have members: what others released before that, it takes over (R10). nil where
    /// the store does not say.
    public var since: Instant?

    public init(number: Int64, series: String, cohort: Cohort, members: Int, since: Instant? = nil) {
        self.number = number
        self.series = series
        self.cohort = cohort
        self.members = members
        self.since = since
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

    public init(
        series: [SeriesRecord] = [], cohorts: [CohortRecord] = [], ledgers: [CohortLedger] = [],
        mark: Instant? = nil
    ) {
        self.series = series
        self.cohorts = cohorts
        self.ledgers = ledgers
        self.mark = mark
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

    public init(
        series: String, edition: Edition, cohort: CohortRecord, point: Point, of: Int, row: LedgerRow,
        missed: [LedgerRow], spread: Span
    ) {
        self.series = series
        self.edition = edition
        self.cohort = cohort
        self.point = point
        self.of = of
        self.row = row
        self.missed = missed
        self.spread = spread
    }
}
