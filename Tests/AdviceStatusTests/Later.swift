import Foundation
import Synchronization

/// What a thread of its own comes to.
final class Later<Value: Sendable>: Sendable {
    private let result = Mutex<Result<Value, any Error>?>(nil)
    private let done = DispatchSemaphore(value: 0)

    init(_ body: @escaping @Sendable () throws -> Value) {
        Thread.detachNewThread {
            let result = Result { try body() }
            self.result.withLock { $0 = result }
            self.done.signal()
        }
    }

    var isThere: Bool { result.withLock { $0 != nil } }

    /// Awaited; throws where it does not come within half a minute.
    var value: Value {
        get throws {
            guard done.wait(timeout: .now() + .seconds(30)) == .success else { throw Overdue() }
            done.signal()
            guard let result = result.withLock({ $0 }) else { preconditionFailure("it was told to be there") }
            return try result.get()
        }
    }

    struct Overdue: Error {}
}
