import CLinux
import Dispatch
import Glibc

/// Tells when the wall clock is set. Dispatch's timers follow a step and tell nobody; a timerfd with
/// TFD_TIMER_CANCEL_ON_SET becomes readable (ECANCELED) at each one, and on resume.
struct ClockSteps {
    private let source: any DispatchSourceRead

    /// nil where the kernel refuses the descriptor: the hourly recheck still notices a step.
    init?(queue: DispatchQueue, handler: @escaping @Sendable () -> Void) {
        let descriptor = timerfd_create(CLOCK_REALTIME, Int32(TFD_NONBLOCK) | Int32(TFD_CLOEXEC))
        guard descriptor >= 0 else { return nil }
        guard ClockSteps.arm(descriptor) else {
            Glibc.close(descriptor)
            return nil
        }
        source = DispatchSource.makeReadSource(fileDescriptor: descriptor, queue: queue)
        source.setEventHandler {
            var expirations: UInt64 = 0
            // Level-triggered: it must be read, or the handler runs again and again.
            _ = Glibc.read(descriptor, &expirations, 8)
            _ = ClockSteps.arm(descriptor)
            handler()
        }
        source.setCancelHandler { Glibc.close(descriptor) }
        source.activate()
    }

    func cancel() { source.cancel() }

    /// For a time that never comes: only being cancelled is of interest.
    private static func arm(_ descriptor: Int32) -> Bool {
        let never = timespec(tv_sec: Int.max, tv_nsec: 0)
        var setting = itimerspec(it_interval: timespec(), it_value: never)
        let flags = Int32(TFD_TIMER_ABSTIME) | Int32(TFD_TIMER_CANCEL_ON_SET)
        return timerfd_settime(descriptor, flags, &setting, nil) == 0
    }
}
