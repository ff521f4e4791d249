/// A value that may be a secret: given inline, or by where it is to be read at the moment of use.
///
/// Its description never shows an inline value.
public enum Protected: Hashable, Sendable, Codable, CustomStringConvertible {
    case inline(String)
    /// An absolute path.
    case file(String)
    /// The name of a systemd credential, under `$CREDENTIALS_DIRECTORY`.
    case credential(String)
    /// The name of an environment variable.
    case environment(String)

    public var description: String {
        switch self {
        case .inline: "***"
        case .file(let path): "{ file: \(path) }"
        case .credential(let name): "{ credential: \(name) }"
        case .environment(let name): "{ env: \(name) }"
        }
    }
}

/// Someone who asked for the points, as the roster has them. The roster itself is never held whole in memory
/// by the daemon: it is taken into the store, and comes back batch by batch.
public struct Subscriber: Hashable, Sendable {
    /// `[A-Za-z0-9_-]{1,64}`, stable, unique; the only name shown anywhere.
    public var id: String
    public var url: Protected
    /// Empty where the file says `none`.
    public var secrets: [Protected]
    public var format: Format
    /// Series ids.
    public var series: [String]
    public var zone: String?
    public var at: TimeOfDay?
    public var joined: CivilDate?
    public var paused: Bool
    /// Kept apart so that a million plain entries stay small: without options an entry holds none.
    public var options: Options {
        get { kept?.options ?? Options() }
        set { kept = newValue.isEmpty ? nil : Kept(newValue) }
    }
    private var kept: Kept?

    /// Nothing is sent before its endpoint has answered a challenge.
    public var isChallenged: Bool { options.confirm == true && format.isSigned }

    private final class Kept: Hashable, Sendable {
        let options: Options

        init(_ options: Options) { self.options = options }

        static func == (left: Kept, right: Kept) -> Bool { left.options == right.options }
        func hash(into hasher: inout Hasher) { hasher.combine(options) }
    }

    /// What few entries say.
    public struct Options: Hashable, Sendable, Codable {
        public var to: String?
        public var topic: String?
        public var token: Protected?
        public var user: String?
        public var mode: CloudEventsMode?
        public var template: Template?
        public var alsoSign: [String]?
        public var headers: [Header]?
        public var allowNetworks: [String]?
        public var allowHTTP: Bool?
        public var timeout: Span?
        /// Attempts per second, at most.
        public var rate: Double?
        public var retries: [Span]?
        public var http2: Bool?
        public var tls: TLS?
        public var confirm: Bool?

        public init() {}

        /// Nothing is said, so nothing need be stored.
        public var isEmpty: Bool { self == Options() }
    }

    public struct Header: Hashable, Sendable, Codable {
        public var name: String
        public var value: Protected
        public init(name: String, value: Protected) {
            self.name = name
            self.value = value
        }
    }

    public enum CloudEventsMode: String, Hashable, Sendable, Codable, CaseIterable {
        case structured, binary
    }

    public struct Template: Hashable, Sendable, Codable {
        /// An absolute path.
        public var file: String?
        /// What stood in the file when the configuration was read: part of the entry, so that an edit takes
        /// effect by a reload and not half-way through a release.
        public var text: String?
        public var method: String?
        public var contentType: String?
        public var preset: String?
        public init() {}
    }

    public struct TLS: Hashable, Sendable, Codable {
        public var ca: String?
        public var cert: String?
        public var key: Protected?
        public init() {}
    }

    public init(
        id: String, url: Protected, secrets: [Protected], format: Format = .standard, series: [String]
    ) {
        self.id = id
        self.url = url
        self.secrets = secrets
        self.format = format
        self.series = series
        self.zone = nil
        self.at = nil
        self.joined = nil
        self.paused = false
        self.kept = nil
    }
}

/// How a released point is written for its receiver.
public enum Format: String, Hashable, Sendable, Codable, CaseIterable {
    case standard, cloudevents, slack, discord, teams, googlechat, mattermost, telegram, matrix, zulip, ntfy
    case template

    /// Signed formats need a secret, or `none` in so many words.
    public var isSigned: Bool { self == .standard || self == .cloudevents }

    /// What its service counts posts by, which all who share it share as their limit key.
    public enum Limit: Hashable, Sendable {
        case host
        /// A webhook is a channel.
        case url
        case bot
        case space
    }

    public var limit: Limit {
        switch self {
        case .slack, .discord: .url
        case .telegram: .bot
        case .googlechat: .space
        case .standard, .cloudevents, .teams, .mattermost, .matrix, .zulip, .ntfy, .template: .host
        }
    }

    /// Between two posts of one limit key, at least, where the service has said so for good: 1/s to a channel
    /// of Slack, 60/min to a space of Google Chat (other apps share it), 30/s by a bot of Telegram. Discord
    /// says it in each answer.
    public var interval: Span? {
        switch self {
        case .slack, .googlechat: .seconds(1)
        case .telegram: .milliseconds(34)
        case .standard, .cloudevents, .discord, .teams, .mattermost, .matrix, .zulip, .ntfy, .template: nil
        }
    }
}
