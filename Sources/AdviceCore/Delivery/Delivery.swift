/// The ledger's key of a delivery. `subject` stands for (type, series, edition, subject) and `subscriber` for
/// its id; both are the store's numbers, so that a million rows stay small.
public struct DeliveryKey: Hashable, Sendable {
    public var subject: Int64
    public var subscriber: Int64
    public init(subject: Int64, subscriber: Int64) {
        self.subject = subject
        self.subscriber = subscriber
    }
}

/// Where a delivery stands. The only place where it changes is `DeliveryMachine`.
public enum DeliveryState: String, Hashable, Sendable, CaseIterable {
    case waiting, held, delivered, exhausted, cancelled

    /// Nothing more will be sent.
    public var isSettled: Bool { self == .delivered || self == .exhausted || self == .cancelled }
}

/// What deliveries of one release share: one object for all of them, so that a delivery is copied on its way
/// through the daemon at the cost of a reference.
public final class ReleaseInfo: Sendable {
    /// The store's number of the release.
    public let number: Int64
    /// For example `advice.point.released`.
    public let type: String
    public let series: String
    public let edition: String
    /// What is part of the webhook-id: the point's id; of a revision, with its number: `build-trust.2`; of a
    /// delivery that was replayed with a new id, with the count of those: `build-trust~1`.
    public let subject: String
    public let pointNumber: Int
    public let releasedAt: Instant
    public let scheduledFor: Instant
    /// The store's number of the cohort, in whose zone the window is local.
    public let cohort: Int64
    /// 1, or more where it carries a corrected text.
    public let revision: Int

    public init(
        number: Int64, type: String, series: String, edition: String, subject: String, pointNumber: Int,
        releasedAt: Instant, scheduledFor: Instant, cohort: Int64 = 0, revision: Int = 1
    ) {
        self.number = number
        self.type = type
        self.series = series
        self.edition = edition
        self.subject = subject
        self.pointNumber = pointNumber
        self.releasedAt = releasedAt
        self.scheduledFor = scheduledFor
        self.cohort = cohort
        self.revision = revision
    }
}

extension ReleaseInfo {
    /// The same under another subject.
    public func named(_ subject: String) -> ReleaseInfo {
        if subject == self.subject { return self }
        return ReleaseInfo(
            number: number, type: type, series: series, edition: edition, subject: subject,
            pointNumber: pointNumber, releasedAt: releasedAt, scheduledFor: scheduledFor, cohort: cohort,
            revision: revision)
    }
}

/// Where a delivery goes, as the roster has it now. One object from the claim to the record.
public final class Endpoint: Equatable, Sendable {
    public let url: Protected
    public let secrets: [Protected]
    public let format: Format
    /// `host:port`, behind a bar what its service counts by, where that is less.
    public let limitKey: String
    /// `host:port`
    var host: String { String(limitKey.prefix { $0 != "|" }) }
    /// Others in the roster share the host, so its connection is worth keeping.
    public let sharesHost: Bool
    public let options: Subscriber.Options

    public init(
        url: Protected, secrets: [Protected], format: Format, limitKey: String, sharesHost: Bool,
        options: Subscriber.Options
    ) {
        self.url = url
        self.secrets = secrets
        self.format = format
        self.limitKey = limitKey
        self.sharesHost = sharesHost
        self.options = options
    }

    public static func == (one: Endpoint, other: Endpoint) -> Bool {
        one.url == other.url && one.secrets == other.secrets && one.format == other.format
            && one.limitKey == other.limitKey && one.sharesHost == other.sharesHost
            && one.options == other.options
    }
}

/// A delivery that the store has handed to this daemon: nobody else sends it meanwhile.
public struct ClaimedDelivery: Sendable {
    public var key: DeliveryKey
    /// The batch it came from; nil where it has a row of its own.
    public var batch: Int64?
    public var release: ReleaseInfo
    public var subscriberID: String
    /// Attempts made and charged so far.
    public var attempts: Int
    /// When it became due to this subscriber.
    public var due: Instant
    /// It is sent after the fact: to one who joined or moved (R10, R12), or again.
    public var isArrears: Bool
    /// What it corrects: the type and subject under which this subscriber had the point before.
    public var replaces: Replaced?
    /// When the endpoint first said 410 to this delivery.
    public var goneAt: Instant?
    public var standing: Standing
    /// The cohort of the series that its subscriber is in now; nil where that is of no account.
    public var memberCohort: Int64?
    /// An operator has paused its subscriber until this day, where it is.
    public var pausedUntil: CivilDate?
    /// Of its endpoint, as far as it is known to be anything but healthy.
    public var health = EndpointHealth.healthy
    public var endpoint: Endpoint
    /// The frozen bytes for the endpoint's format. One array for the whole release: copies share its storage.
    /// nil where the release was not frozen in that format.
    public var body: [UInt8]?

    /// The daemon died in its last attempt, whose error is `crashed`.
    public var hasCrashed = false
    public static let crashed = "crashed"

    /// Its endpoint is to be asked first whether it wants anything.
    public var isChallenge: Bool { health.state == .unconfirmed }

    public struct Replaced: Hashable, Sendable {
        public var type: String
        public var subject: String
        public init(type: String, subject: String) {
            self.type = type
            self.subject = subject
        }
    }

    /// Whether it may still be sent.
    public enum Standing: Hashable, Sendable {
        case active
        /// An earlier point of the series is still unsettled for this subscriber (R17).
        case behind
        /// No longer in the roster, or no longer subscribed to the series.
        case removed
        case paused
        /// The endpoint is closed, until its URL or secret changes.
        case closed
        /// The endpoint is suspended, or unconfirmed: it waits until that takes something.
        case suspended
        /// The one attempt at such an endpoint: of a day, or with the challenge.
        case probe
    }

    public init(
        key: DeliveryKey, batch: Int64?, release: ReleaseInfo, subscriberID: String, attempts: Int,
        due: Instant, isArrears: Bool = false, replaces: Replaced? = nil, goneAt: Instant? = nil,
        standing: Standing = .active, endpoint: Endpoint
    ) {
        self.key = key
        self.batch = batch
        self.release = release
        self.subscriberID = subscriberID
        self.attempts = attempts
        self.due = due
        self.isArrears = isArrears
        self.replaces = replaces
        self.goneAt = goneAt
        self.standing = standing
        self.endpoint = endpoint
    }
}

/// The answer to a claim.
public struct Claim: Sendable {
    public var deliveries: [ClaimedDelivery]
    /// Batches that were taken, with how many of `deliveries` come from each (0: nothing left in it).
    public var batches: [Batch]
    /// When the next unclaimed work is due, nil where there is none. In the past or now: claim again.
    public var nextDue: Instant?

    public struct Batch: Hashable, Sendable {
        public var number: Int64
        public var count: Int
        public init(number: Int64, count: Int) {
            self.number = number
            self.count = count
        }
    }

    public init(deliveries: [ClaimedDelivery] = [], batches: [Batch] = [], nextDue: Instant? = nil) {
        self.deliveries = deliveries
        self.batches = batches
        self.nextDue = nextDue
    }
}

/// One attempt as it is recorded.
public struct AttemptRecord: Hashable, Sendable {
    /// From 1.
    public var number: Int
    public var at: Instant
    /// HTTP status, 0 where none came.
    public var status: Int
    public var error: String?
    public var latency: Span
    public var address: String?
    /// At most 1 KiB, as it came.
    public var reply: [UInt8]
    /// The request was on the wire and no answer came: it may have been taken all the same.
    public var mayHaveArrived: Bool
    /// How often its delivery had been replayed by then: numbers begin anew with each.
    public var replay = 0

    public init(
        number: Int, at: Instant, status: Int, error: String?, latency: Span, address: String?,
        reply: [UInt8], mayHaveArrived: Bool = false
    ) {
        self.number = number
        self.at = at
        self.status = status
        self.error = error
        self.latency = latency
        self.address = address
        self.reply = reply
        self.mayHaveArrived = mayHaveArrived
    }
}

/// What the store writes for a delivery after something happened to it: the whole new row.
public struct DeliveryRecord: Hashable, Sendable {
    public var key: DeliveryKey
    public var release: Int64
    public var batch: Int64?
    public var state: DeliveryState
    /// Attempts made and charged.
    public var attempts: Int
    public var nextAttemptAt: Instant?
    public var goneAt: Instant?
    /// Of the last attempt, or why it was settled without one: `expired`, `removed`, `closed`...
    public var error: String?
    /// The attempt that led here; nil where none was made.
    public var attempt: AttemptRecord?
    /// What the attempt has made of its endpoint; nil where that is as it was.
    public var health: EndpointHealth?
    /// Of a settled one: when the point that is held behind it may go, if there is one.
    public var nextHeldAt: Instant?

    public init(
        key: DeliveryKey, release: Int64, batch: Int64?, state: DeliveryState, attempts: Int,
        nextAttemptAt: Instant? = nil, goneAt: Instant? = nil, error: String? = nil,
        attempt: AttemptRecord? = nil, health: EndpointHealth? = nil
    ) {
        self.key = key
        self.release = release
        self.batch = batch
        self.state = state
        self.attempts = attempts
        self.nextAttemptAt = nextAttemptAt
        self.goneAt = goneAt
        self.error = error
        self.attempt = attempt
        self.health = health
    }
}

/// A group commit: records of many deliveries, and the batches that are finished with them.
public struct OutcomeGroup: Hashable, Sendable {
    public var records: [DeliveryRecord]
    public var finishedBatches: [Int64]

    public init(records: [DeliveryRecord] = [], finishedBatches: [Int64] = []) {
        self.records = records
        self.finishedBatches = finishedBatches
    }

    public var isEmpty: Bool { records.isEmpty && finishedBatches.isEmpty }
}
