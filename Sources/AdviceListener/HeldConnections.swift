import CMicroHTTPD
import Dispatch
import Synchronization

/// The connections whose answers are kept back, or are still being made: out of libmicrohttpd's loop until
/// their time has come, so that they cost no thread and keep nobody waiting.
final class HeldConnections: Sendable {
    private let state = Mutex(State())
    /// Longer than any client waits, and short enough to count in nanoseconds.
    private static let longest = Duration.seconds(86_400)
    private let queue = DispatchQueue(label: "advised.listener.delays")

    private struct State: ~Copyable {
        var connections: [UInt64: Connection] = [:]
        var nextNumber: UInt64 = 0
        var isClosed = false
    }

    /// Safe to pass between threads: libmicrohttpd lets any thread resume a connection.
    private struct Connection: @unchecked Sendable {
        let pointer: OpaquePointer
    }

    /// Called on libmicrohttpd's thread. Gives the number by which it is released; nil where the listener is
    /// stopping: answer at once.
    func hold(_ pointer: OpaquePointer) -> UInt64? {
        let connection = Connection(pointer: pointer)
        return state.withLock { state in
            guard !state.isClosed else { return nil }
            state.nextNumber += 1
            state.connections[state.nextNumber] = connection
            MHD_suspend_connection(connection.pointer)
            return state.nextNumber
        }
    }

    /// As `hold`, to be released after `delay`. False where the listener is stopping.
    func hold(_ pointer: OpaquePointer, for delay: Duration) -> Bool {
        guard let number = hold(pointer) else { return false }
        let (seconds, attoseconds) = min(delay, HeldConnections.longest).components
        let wait = DispatchTimeInterval.nanoseconds(
            Int(seconds) * 1_000_000_000 + Int(attoseconds / 1_000_000_000))
        queue.asyncAfter(deadline: .now() + wait) { [weak self] in self?.release(number) }
        return true
    }

    /// libmicrohttpd must not be stopped while a connection is suspended.
    func releaseAll() {
        state.withLock { state in
            state.isClosed = true
            for connection in state.connections.values { MHD_resume_connection(connection.pointer) }
            state.connections = [:]
        }
    }

    /// Of one that is gone, nothing happens.
    func release(_ number: UInt64) {
        state.withLock { state in
            if let connection = state.connections.removeValue(forKey: number) {
                MHD_resume_connection(connection.pointer)
            }
        }
    }
}
