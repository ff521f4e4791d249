public import AdviceCore

/// A subscriber's own part of its requests: all but `url` as its entry in the roster has it, secrets read.
///
/// Its description and its mirror show nothing of it.
public struct Destination: Sendable, CustomStringConvertible, CustomReflectable {
    /// The entry's URL: the endpoint itself; for telegram, matrix, zulip and ntfy the server, to which the
    /// format adds its path (whatever path there is stays in front).
    public var url: String
    public var to: String?
    public var topic: String?
    public var user: String?
    public var token: String?
    public var mode: Subscriber.CloudEventsMode
    /// For format template: the subscriber's own, or a preset's.
    public var template: BodyTemplate?

    public init(
        url: String, to: String? = nil, topic: String? = nil, user: String? = nil, token: String? = nil,
        mode: Subscriber.CloudEventsMode = .structured, template: BodyTemplate? = nil
    ) {
        self.url = url
        self.to = to
        self.topic = topic
        self.user = user
        self.token = token
        self.mode = mode
        self.template = template
    }

    public var description: String { "Destination(***)" }
    public var customMirror: Mirror { Mirror(self, children: []) }
}

/// What is one attempt's own.
public struct AttemptIdentity: Hashable, Sendable {
    /// The webhook-id: the same over all attempts.
    public var id: String
    /// The webhook-id of the delivery that is corrected or withdrawn; nil where there is none.
    public var replaces: String?
    /// The attempt's time, in seconds since 1970. No body depends on it.
    public var timestamp: Int64
    /// From 1.
    public var attempt: Int

    public init(id: String, replaces: String? = nil, timestamp: Int64, attempt: Int) {
        self.id = id
        self.replaces = replaces
        self.timestamp = timestamp
        self.attempt = attempt
    }
}

/// What a subscriber's requests are signed with. Those of chat services are not: none of them checks.
public struct Signing: Sendable {
    /// Each adds an entry to `webhook-signature`; none where the roster says `secret: none`.
    public var secrets: [SigningSecret]
    /// `also_sign: [github]`: what signs `X-Hub-Signature-256`.
    public var github: GitHubSecret?

    public init(secrets: [SigningSecret] = [], github: GitHubSecret? = nil) {
        self.secrets = secrets
        self.github = github
    }
}

/// A request, ready for the wire. Its description and its mirror show neither the URL nor any header: both
/// may be secrets.
public struct WrittenRequest: Sendable, CustomStringConvertible, CustomReflectable {
    public enum Method: String, Hashable, Sendable { case post = "POST", put = "PUT", options = "OPTIONS" }

    public var method: Method
    /// May hold a secret.
    public var url: String
    /// Whole lines without their line ends, in the order in which a person reads them. May hold secrets.
    public var headers: [String]
    /// nil where the body is the rendering's bytes as they are: one object for all subscribers.
    public var ownBody: [UInt8]?

    public var description: String { "\(method.rawValue) ***" }
    public var customMirror: Mirror { Mirror(self, children: []) }
}

/// Why no request can be written: what the configuration should have been checked for, in words that repeat
/// no secret.
public struct DestinationMistake: Error, Hashable, Sendable, CustomStringConvertible {
    public let description: String

    init(_ description: String) {
        self.description = description
    }
}
