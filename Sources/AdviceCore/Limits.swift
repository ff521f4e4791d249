/// Every bound of the core in one place, each with its unit and its reason.
public enum Limits {
    /// Outcomes in one group commit: an fsync for each 512 costs a few per cent of the sending.
    public static let groupSize = 512
    /// How long an outcome may wait for its group: the window of repeats after a crash stays short.
    public static let groupWait = Span.milliseconds(250)
    /// Groups on their way to the disk before sending pauses: nothing is sent that may not be recorded.
    public static let groupsUnderway = 4
    /// Deliveries held in memory behind a host that is full, in all. Beyond it nothing more is claimed.
    public static let parkedDeliveries = 4096
    /// How long the daemon may sleep without looking at the clock and the ledger again (R5).
    public static let recheck = Span.minutes(60)
    /// A difference between the clocks up to this is no step but their reading (R8 a).
    public static let stepTolerance = Span.seconds(1)
}
