public import AdviceCore

/// One event of a calendar: a slot of the plan.
public struct CalendarEvent: Hashable, Sendable {
    /// From `calendarUID`: what calendar programs know the event by when they read the calendar again.
    public var uid: String
    /// Cut to whole seconds; iCalendar knows no finer ones.
    public var start: Instant
    /// Shown as it is. The title of a point that is not released yet is not for readers: whoever makes the
    /// event leaves it out, of `description`, `url` and `categories` too.
    public var summary: String
    public var description: String?
    /// An https or http address. What an address may not hold is percent-encoded.
    public var url: String?
    /// Raised whenever `start` moves or the event is cancelled: of two with one `uid` the higher counts, and
    /// of equals that with the later `stamp`. 0 to 2,147,483,647.
    public var sequence: Int
    /// When this was said of the event.
    public var stamp: Instant
    /// The slot was given up. A calendar that only leaves the event out would let it stand where it had been
    /// imported before.
    public var isCancelled: Bool
    public var categories: [String]

    public init(
        uid: String, start: Instant, summary: String, description: String? = nil, url: String? = nil,
        sequence: Int = 0, stamp: Instant, isCancelled: Bool = false, categories: [String] = []
    ) {
        self.uid = uid
        self.start = start
        self.summary = summary
        self.description = description
        self.url = url
        self.sequence = sequence
        self.stamp = stamp
        self.isCancelled = isCancelled
        self.categories = categories
    }
}

/// The identity of a point's slot in every calendar: the same over all runs and on every machine, whatever
/// the point's title and wherever the slot moves to.
///
/// Hashed, so that the id of a point that is not released yet is not shown; whoever guesses it can still
/// confirm the guess. Give no `cohort` for a series in one zone: there is only one, and an edit of its `at`
/// or `zone` then moves the events instead of leaving the old ones beside the new.
public func calendarUID(series: String, edition: Edition, cohort: Cohort?, point: String) -> String {
    hashedID([idScheme, "calendar", series, edition.description, cohort?.description ?? "", point])
        + "@advised"
}

/// Changes only together with what is hashed; imported calendars would then show every event twice.
private let idScheme = "1"
