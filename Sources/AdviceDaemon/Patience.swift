import AdviceCore
@preconcurrency import Dispatch
import Synchronization

/// How long the store's queue waits for a server that is lost: for ever, until the daemon is to stop.
final class Patience: Sendable {
    private let deadline = Mutex<DispatchTime?>(nil)
    private let changed = DispatchSemaphore(value: 0)

    /// From now on no wait is longer than `span`.
    func end(after span: Span) {
        let end = DispatchTime.after(span)
        deadline.withLock { $0 = min($0 ?? end, end) }
        changed.signal()
    }

    /// Waits; false where there is no time left. Once it is to end, short waits use up what is left.
    func wait(seconds: Int) -> Bool {
        let wished = DispatchTime.after(.seconds(Int64(seconds)))
        while true {
            let end = deadline.withLock { $0 }
            if let end, end <= .after(.zero) { return false }
            if changed.wait(timeout: min(end ?? wished, wished)) == .timedOut { break }
        }
        return deadline.withLock { $0.map { $0 > .after(.zero) } ?? true }
    }
}

extension DispatchTime {
    /// By the clock that timers wait by, which nobody sets: for waits, and for nothing that is told or kept.
    static func after(_ span: Span) -> DispatchTime {
        .now() + .milliseconds(Int(clamping: span.milliseconds))
    }
}
