public import AdviceCore
import CLinux
import Glibc

extension SystemClock {
    /// Whether something that knows the time keeps this clock (R8). `steppedAt` is what the clock showed when
    /// a step was noticed; evidence from before it says nothing of the clock as it is now. nil: any will do.
    public func sync(steppedAt: Instant?) -> ClockSync { ClockEvidence().sync(steppedAt: steppedAt) }
}

/// Where the evidence is looked for.
struct ClockEvidence {
    /// The kernel's bound of the clock's error in microseconds; nil where it will not say.
    var kernelError: () -> Int? = ClockEvidence.readKernelError
    /// systemd-timesyncd's runtime folder; it goes when that service stops.
    var folder = "/run/systemd/timesync"

    /// How long before a step was *noticed* the evidence of it may date. timesyncd touches its file in the
    /// same breath as it sets the clock, before anyone can hear of that. What it touched before the step has
    /// the old clock's time, and a step that matters is half a day long.
    static let noticing = Span.seconds(60)

    /// NTP_PHASE_LIMIT of the kernel's timekeeping. The error stands at this limit from boot on, after every
    /// step that is not told with an error, and when nobody has disciplined the clock for nine hours.
    private static let unknownError = 16_000_000

    /// The kernel's error bound rather than its STA_UNSYNC flag and TIME_ERROR, as systemd's
    /// ntp_synced() has it: chrony without `rtcsync` and timesyncd with a hardware clock in local time leave
    /// the flag set for good, only to keep the kernel from writing to that clock.
    func sync(steppedAt: Instant?) -> ClockSync {
        guard let error = kernelError() else { return timesync(steppedAt) }
        return error < ClockEvidence.unknownError ? .synchronized : .unsynchronized
    }

    /// A sandbox with `ProtectClock=` refuses adjtimex even for reading.
    private func timesync(_ steppedAt: Instant?) -> ClockSync {
        var status = stat()
        guard stat(folder, &status) == 0 else { return .unknown }
        guard stat(folder + "/synchronized", &status) == 0 else {
            return errno == ENOENT ? .unsynchronized : .unknown
        }
        guard let steppedAt else { return .synchronized }
        let touched = Instant(seconds: Int64(status.st_mtim.tv_sec))
        return touched >= steppedAt - ClockEvidence.noticing ? .synchronized : .unsynchronized
    }

    private static func readKernelError() -> Int? {
        // Modes 0: nothing is set.
        var request = timex()
        return adjtimex(&request) >= 0 ? request.maxerror : nil
    }
}
