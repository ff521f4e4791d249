import Dispatch
import Synchronization

/// What the main thread waits for without waking: an answer that comes from a queue, once. Later ones are
/// dropped.
final class OneAnswer<Value: Sendable>: Sendable {
    private let value = Mutex<Value?>(nil)
    private let arrived = DispatchSemaphore(value: 0)

    func give(_ answer: Value) {
        let isFirst = value.withLock { held in
            guard held == nil else { return false }
            held = answer
            return true
        }
        if isFirst { arrived.signal() }
    }

    func wait() -> Value {
        arrived.wait()
        guard let answer = value.withLock({ $0 }) else {
            preconditionFailure("the signal comes with the answer")
        }
        return answer
    }
}
