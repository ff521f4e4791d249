/// What an alert is about; operators choose among them (`alerts.on`).
public enum AlertKind: String, Hashable, Sendable, Codable, CaseIterable {
    /// An endpoint has refused three times in a row.
    case refused
    /// A delivery was given up: also what the receiver did not want, and what the address guard blocked.
    case exhausted
    /// An endpoint has failed for days.
    case suspended
    /// An endpoint said that it is gone.
    case closed
    /// A series is through.
    case completed
    /// The clock leapt, or receivers disagree with it.
    case clock
    /// Our own network is down.
    case network
    case store
    /// A configuration was refused.
    case configuration

    public var severity: AlertSeverity {
        switch self {
        case .completed: .info
        case .refused, .suspended, .closed, .exhausted: .warning
        case .clock, .network, .store, .configuration: .critical
        }
    }

    /// A title for `count` of them.
    func title(_ count: Int) -> String {
        let many = count > 1
        return switch self {
        case .refused: many ? "\(count) endpoints refuse" : "An endpoint refuses"
        case .exhausted: many ? "\(count) deliveries were given up" : "A delivery was given up"
        case .suspended: many ? "\(count) endpoints are suspended" : "An endpoint is suspended"
        case .closed: many ? "\(count) endpoints are closed" : "An endpoint is closed"
        case .completed: many ? "\(count) series are through" : "A series is through"
        case .clock: "The clock is not to be trusted"
        case .network: "The network is down"
        case .store: "The store has refused"
        case .configuration: "A configuration was refused"
        }
    }
}

public enum AlertSeverity: String, Hashable, Sendable, Codable {
    case info, warning, critical
}

/// One thing that somebody may have to be told of.
public struct Alarm: Hashable, Sendable {
    public var kind: AlertKind
    public var subscriber: String?
    public var series: String?
    public var point: String?
    /// What happened, and what to do, in a sentence. Never holds a URL or a secret.
    public var words: String

    public init(
        _ kind: AlertKind, subscriber: String? = nil, series: String? = nil, point: String? = nil,
        words: String
    ) {
        self.kind = kind
        self.subscriber = subscriber
        self.series = series
        self.point = point
        self.words = words
    }
}

/// What operators are sent: one for each kind in ten minutes, with what came meanwhile counted.
public struct Alert: Hashable, Sendable {
    public var kind: AlertKind
    public var title: String
    public var text: String
    /// nil where it is about several.
    public var series: String?
    public var point: String?
    /// At most `Alert.mostSubscribers` of those concerned.
    public var subscribers: [String]
    /// How many alarms it stands for.
    public var count: Int
    /// Of the first of them: with the kind it names the alert.
    public var since: Instant
    /// When it was made.
    public var at: Instant

    public static let mostSubscribers = 20

    public init(
        kind: AlertKind, title: String, text: String, series: String? = nil, point: String? = nil,
        subscribers: [String], count: Int, since: Instant, at: Instant
    ) {
        self.kind = kind
        self.title = title
        self.text = text
        self.series = series
        self.point = point
        self.subscribers = subscribers
        self.count = count
        self.since = since
        self.at = at
    }

    /// The type of its request.
    public static let type = "advice.alert"

    /// What names it among the alerts: part of its webhook-id.
    public var subject: String { "\(kind.rawValue).\(since.nanoseconds)" }
}

/// Gathers alarms into alerts, so that a bad day is a few of them and no storm.
struct Alerts: Sendable {
    /// After an alert of a kind, the next of that kind comes this much later at the earliest.
    static let quiet = Span.minutes(10)

    private struct Gathered {
        var first: Alarm
        var since: Instant
        var count = 0
        var subscribers: [String] = []
        var isOneSeries = true
        var isOnePoint = true
    }

    private var wanted: Set<AlertKind> = []
    private var gathered: [AlertKind: Gathered] = [:]
    /// Since boot: a clock that is set must neither silence alerts nor repeat them.
    private var quietUntil: [AlertKind: Span] = [:]

    mutating func want(_ kinds: [AlertKind]) {
        wanted = Set(kinds)
        gathered = gathered.filter { wanted.contains($0.key) }
    }

    mutating func note(_ alarm: Alarm, at now: Moment) {
        guard wanted.contains(alarm.kind) else { return }
        var all = gathered[alarm.kind] ?? Gathered(first: alarm, since: now.wall)
        all.count += 1
        if alarm.series != all.first.series { all.isOneSeries = false }
        if alarm.point != all.first.point { all.isOnePoint = false }
        if let subscriber = alarm.subscriber, all.subscribers.count < Alert.mostSubscribers,
            !all.subscribers.contains(subscriber)
        {
            all.subscribers.append(subscriber)
        }
        gathered[alarm.kind] = all
    }

    /// The alerts that are to go out now.
    mutating func take(at now: Moment) -> [Alert] {
        guard !gathered.isEmpty else { return [] }
        return AlertKind.allCases.compactMap { kind in
            guard let all = gathered[kind], quietUntil[kind].map({ now.boot >= $0 }) ?? true else {
                return nil
            }
            gathered[kind] = nil
            quietUntil[kind] = now.boot + Alerts.quiet
            let more = all.count > 1 ? " And \(all.count - 1) more like it since \(all.since)." : ""
            return Alert(
                kind: kind, title: kind.title(all.count), text: all.first.words + more,
                series: all.isOneSeries ? all.first.series : nil,
                point: all.isOnePoint ? all.first.point : nil, subscribers: all.subscribers,
                count: all.count, since: all.since, at: now.wall)
        }
    }

    /// How long until the next alert is to go out; nil where none waits.
    func nextLook(at boot: Span) -> Span? {
        gathered.keys.map { kind in max(.zero, (quietUntil[kind] ?? boot) - boot) }.min()
    }
}
