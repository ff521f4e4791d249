/// An ordered list of points with the rules by which they go out: one a day, from a date on.
public struct Series: Hashable, Sendable {
    /// `[a-z0-9-]{1,64}`.
    public var id: String
    public var title: String
    /// The first release day, as configured.
    public var start: CivilDate
    /// The local time of a release.
    public var at: TimeOfDay
    public var zone: SeriesZone
    /// `zone` is what `local` came to on this machine.
    public var isZoneLocal: Bool
    public var days: WeekdaySet
    public var blackout: [ClosedRange<CivilDate>]
    /// Late releases and retries keep to these local hours; nil is all day.
    public var window: DailyWindow?
    public var catchUp: CatchUp
    public var join: JoinPolicy
    public var atEnd: AtEnd
    /// A delivery not made within this time of when it became due to its subscriber is exhausted, "expired".
    public var maxAge: Span
    /// One release is smeared over this long.
    public var spread: Span
    public var shadow: Bool
    /// BCP 47, for example `en`.
    public var lang: String
    /// Sent with every delivery.
    public var notice: String?
    /// In order; `points[i].number` is `i + 1`.
    public var points: [Point]

    public init(
        id: String, title: String, start: CivilDate, at: TimeOfDay = .nine, zone: SeriesZone,
        points: [Point] = []
    ) {
        self.id = id
        self.title = title
        self.start = start
        self.at = at
        self.zone = zone
        self.isZoneLocal = false
        self.days = .all
        self.blackout = []
        self.window = nil
        self.catchUp = .slide
        self.join = .next
        self.atEnd = .stop
        self.maxAge = .days(7)
        self.spread = .zero
        self.shadow = false
        self.lang = "en"
        self.notice = nil
        self.points = points
    }
}

/// Where a series' local time is local.
public enum SeriesZone: Hashable, Sendable {
    /// One IANA name for everybody (`local` is resolved to one when the configuration is read).
    case named(String)
    /// Each subscriber's own; `fallback` for those who name none.
    case subscriber(fallback: String)

    /// The zone in which the series' own dates are judged.
    public var name: String {
        switch self {
        case .named(let name): name
        case .subscriber(let fallback): fallback
        }
    }
}

/// What becomes of points whose slot was missed (schedule.md R7).
public enum CatchUp: String, Hashable, Sendable, CaseIterable {
    /// The missed point takes today's slot: still one a day, and every point comes.
    case slide
    /// Every missed point now, in order.
    case all
    /// The newest now; the older ones are recorded as missed.
    case latest
}

/// Where a subscriber begins who comes after the first release (schedule.md R12).
public enum JoinPolicy: String, Hashable, Sendable, CaseIterable {
    case next, latest, all
    case fromStart = "from-start"
}

/// What follows the last point (schedule.md R15).
public enum AtEnd: String, Hashable, Sendable, CaseIterable {
    case stop, loop
}

extension TimeOfDay {
    /// The default release time: people have got up, and the day is still before them.
    public static let nine = TimeOfDay(unchecked: 9 * 3600)
}
