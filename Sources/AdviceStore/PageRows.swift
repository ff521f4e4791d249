public import AdviceCore

/// A release or correction as readers may see it: never one of a rehearsal.
public struct PublishedRow: Sendable, Equatable {
    /// The store's, by which `neutralContent` finds its text.
    public var release: Int64
    public var edition: Edition
    public var point: String
    public var kind: Kind
    /// Of the text, from 1.
    public var revision: Int
    public var slotDate: CivilDate
    public var scheduledFor: Instant
    /// Of a correction: when it was made.
    public var releasedAt: Instant

    public enum Kind: Sendable {
        case released, revised, withdrawn
    }
}

/// Subscribers of one series in order of id, and what became of its last points for each.
public struct DeliveryGrid: Sendable {
    /// Oldest first.
    public var points: [Column]
    public var rows: [Row]
    /// There are subscribers after the last row, and before the first.
    public var hasMore = false
    public var hasEarlier = false

    public struct Column: Sendable, Equatable {
        public var edition: String
        public var point: String
        public var number: Int
        public var day: CivilDate
        /// Of the release under each of its revisions, the newest first.
        var subjects: [Int64] = []
        /// Some of those it is owed to have no row yet.
        var isUnderWay = false
    }

    public struct Row: Sendable {
        public var subscriber: String
        public var isPaused: Bool
        /// One for each point; nil where the subscriber was never owed it.
        public var cells: [Cell?]
        public var endpoint: EndpointRow?
    }

    public struct Cell: Sendable {
        public var state: DeliveryState
        public var attempts: Int
        public var status: Int
        public var latency: Span?
        public var error: String?
        public var nextAttemptAt: Instant?
    }
}

/// An endpoint that is not healthy.
public struct EndpointRow: Sendable, Equatable {
    public var subscriber: String
    public var state: EndpointHealth.State
    public var since: Instant
    public var failures: Int
    public var failingSince: Instant?
}

/// What is still to be delivered.
public struct PendingCounts: Sendable, Equatable {
    public var waiting = 0
    public var held = 0
    /// When that was released which has waited longest.
    public var oldest: Instant?
    public init() {}
}

/// Where a page of a listing in order of id begins.
public enum PagePlace: Sendable, Equatable {
    case first
    case after(String)
    case before(String)
}
