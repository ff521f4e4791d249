import AdviceCore
@preconcurrency import Dispatch
import Synchronization

/// How long the store's queue waits for a server that is lost: for ever, until the daemon is to stop.
final class Patience: Sendable {
    private let deadline = Mutex<DispatchTime?>(nil)
    private let changed = DispatchSemaphore(value: 0)

    /// From now on no wait is longer than `span`.
    func end(after span: Span) {
        let end = DispatchTime.now() + .milliseconds(Int(clamping: span.milliseconds))
        deadline.withLock { $0 = min($0 ?? end, end) }
        changed.signal()
    }

    /// Waits; false where there is no time left. Once it is to end, short waits use up what is left.
    func wait(seconds: Int) -> Bool {
        let wished = DispatchTime.now() + .seconds(seconds)
        while true {
            let end = deadline.withLock { $0 }
            if let end, end <= .now() { return false }
            if changed.wait(timeout: min(end ?? wished, wished)) == .timedOut { break }
        }
        return deadline.withLock { $0.map { $0 > .now() } ?? true }
    }
}
