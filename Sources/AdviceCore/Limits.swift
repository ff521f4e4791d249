/// Every bound of the core in one place, each with its unit and its reason.
public enum Limits {
    /// Outcomes in one group commit: an fsync for each 512 costs a few per cent of the sending.
    public static let groupSize = 512
    /// How long an outcome may wait for its group: the window of repeats after a crash stays short.
    public static let groupWait = Span.milliseconds(250)
    /// Groups on their way to the disk before sending pauses: nothing is sent that may not be recorded.
    public static let groupsUnderway = 4
    /// Starts in a row that came to nothing before attempts are written down before they are made...
    public static let startsInVain = 3
    /// ...so many at a time: each time is an fsync.
    public static let carefulGroup = 32
    /// What killed the daemon was on the wire: no more than both pools and a group are, unrecorded.
    public static let carefulAttempts = 5000
    /// Deliveries claimed at once where nothing is in flight, and members of a release's first batch, which
    /// those that follow double: the first request leaves while the others are being read.
    public static let firstClaim = 32
    /// Deliveries held in memory behind a host that is full, in all. Beyond it they wait in the store.
    public static let parkedDeliveries = 4096
    /// How long one may wait in memory for its turn at a service that takes so many in a time: a daemon that
    /// was late by a moment is late by no more, and what is sent is not what the store has long changed.
    public static let longestTurnHere = Span.seconds(10)
    /// What goes back to the store because a host is full waits there this long at least: to claim it sooner
    /// would only bring it back again.
    public static let shortestSpill = Span.seconds(5)
    /// What an attempt is taken to last where nothing is known of its host: for the time that a release
    /// takes, and for when what found no room is tried again.
    public static let assumedAttempt = Span.milliseconds(200)
    /// An attempt that is older than this moves to the second pool: who hangs takes no place from who
    /// answers.
    public static let youngFor = Span.seconds(2)
    /// ...and where many answer sooner, when it takes so many times as long as they do,
    public static let youngAnswers: Int64 = 8
    /// but not before this: a receiver that takes a moment is not hung.
    public static let shortestYoung = Span.milliseconds(100)
    /// Attempts in the second pool at most: some 60 KB each.
    public static let secondPool = 4096
    /// How long a 429 keeps all who share the limit key waiting: without a wish of its own...
    public static let shortestSlowDown = Span.seconds(1)
    /// ...and at most, for the next who asks hears for itself.
    public static let longestSlowDown = Span.minutes(5)
    /// How long the daemon may sleep without looking at the clock and the ledger again (R5).
    public static let recheck = Span.minutes(60)
    /// How long what comes next in a cohort may be kept without being worked out anew: nothing but a change
    /// that is told of makes it another, so this is for what nobody thought of.
    public static let lookAnew = Span.hours(24)
    /// Rows that one step of pruning looks at: it holds up a release by no more than some milliseconds.
    public static let pruneStep = 1000
    /// A difference between the clocks up to this is no step but their reading (R8 a).
    public static let stepTolerance = Span.seconds(1)
    /// A release that starts within this of its instant is on time; a later one keeps to the window (R7).
    public static let onTime = Span.seconds(60)
    /// The first attempts of a release on time go out within this of their due time; later ones keep to the
    /// window. A fan-out to a million subscribers of one busy host takes this long.
    public static let onTimeFanOut = Span.minutes(60)
    /// Between two points that are sent after the fact to one subscriber, at least (R12).
    public static let backfillSpacing = Span.minutes(1)
}

/// How long a release to `members` who share a limit key takes with so many in flight, as `check` tells it.
public func fanOutEstimate(to members: Int, inFlight limit: Int) -> Span {
    let rounds = (members + max(1, limit) - 1) / max(1, limit)
    return Span(nanoseconds: Limits.assumedAttempt.nanoseconds * Int64(rounds))
}
