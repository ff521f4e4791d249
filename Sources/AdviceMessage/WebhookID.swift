public import AdviceCore

/// The identities of all deliveries with one subject: the same over all attempts, restarts and replays, on
/// every machine. Derived and never random, so that nothing need be stored before the first attempt and a
/// repeat can be recognised.
///
/// `msg_` and the first 16 bytes, in lower-case base32, of SHA-256 over the NUL-joined id scheme `1`, type,
/// series, edition, subject and subscriber. Where there is no series or edition its text is empty. 128 bits
/// let 10^12 deliveries meet a collision with a chance below 10^-14.
public struct WebhookIDs: Sendable {
    /// All that the subscribers share is hashed once.
    private let shared: HashedIDs

    /// `edition` is the text of one, or empty.
    public init(type: EventType, series: String, edition: String, subject: String) {
        shared = HashedIDs([idScheme, type.rawValue, series, edition, subject])
    }

    public func id(for subscriber: String) -> String { "msg_" + shared.id(subscriber) }
}

/// The identity of one delivery: see `WebhookIDs`.
public func webhookID(
    type: EventType, series: String?, edition: Edition?, subject: String, subscriber: String
) -> String {
    WebhookIDs(type: type, series: series ?? "", edition: edition?.description ?? "", subject: subject)
        .id(for: subscriber)
}

/// The subject of what is told about a point: a revision is a delivery of its own.
public func pointSubject(_ point: String, revision: Int) -> String {
    precondition(revision >= 1, "revisions are numbered from 1")
    return revision == 1 ? point : "\(point).\(revision)"
}

/// The id of a test. Random, for a test is in no ledger and no receiver should take the second for a repeat.
public func testWebhookID(using random: inout some RandomNumberGenerator) -> String {
    "msg_test_" + (0..<16).map { _ in UInt8.random(in: .min ... .max, using: &random) }.base32
}

/// Changes only together with what is hashed; an old receiver would then see new ids for old points.
private let idScheme = "1"
