import AdviceCore
import CLinux
import Dispatch
import Glibc

/// The one Dispatch wall timer. It follows steps of the wall clock and fires after a resume, for on Linux it
/// is an absolute CLOCK_REALTIME timerfd. One-shot: a repeating one coalesces steps or goes silent.
///
/// Confined to the queue it is made with.
struct WallTimer {
    private let source: any DispatchSourceTimer

    /// Made and armed at start: libdispatch makes its timerfd lazily, and once descriptors have run out a
    /// first timer would never fire, without an error.
    init(queue: DispatchQueue, handler: @escaping @Sendable () -> Void) {
        source = DispatchSource.makeTimerSource(flags: .strict, queue: queue)
        source.setEventHandler(handler: handler)
        source.schedule(wallDeadline: .distantFuture)
        source.activate()
    }

    func arm(_ instant: Instant) {
        let nanoseconds = max(0, instant.nanoseconds)
        let time = timespec(
            tv_sec: Int(nanoseconds / 1_000_000_000), tv_nsec: Int(nanoseconds % 1_000_000_000))
        source.schedule(wallDeadline: DispatchWallTime(timespec: time))
    }

    func cancel() { source.cancel() }
}
