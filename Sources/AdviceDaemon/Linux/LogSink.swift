import Glibc
import Synchronization

/// The descriptor that log lines go to. A reader that has stopped reading must not stop the daemon: lines
/// that it does not take are dropped, and counted in the next one that it does.
final class LogSink: Sendable {
    static let standardError = LogSink(descriptor: STDERR_FILENO)

    /// How long a line waits for a reader that is only slow, in milliseconds; once for each time it stalls.
    private static let patience: Int32 = 200
    /// Bytes that are gathered before they are written all the same: what a pipe takes at once.
    private static let gatheredLimit = 32 * 1024

    private let descriptor: Int32
    private let state = Mutex(State())

    private struct State {
        var dropped = 0
        /// How many callers are gathering.
        var gathering = 0
        var pending: [UInt8] = []
        var pendingLines = 0
    }

    init(descriptor: Int32) {
        self.descriptor = descriptor
    }

    /// Under a lock: lines of several queues do not mix.
    func write(_ line: String) {
        state.withLock { state in
            state.pending += line.utf8
            state.pending.append(UInt8(ascii: "\n"))
            state.pendingLines += 1
            if state.gathering == 0 || state.pending.count >= LogSink.gatheredLimit { flush(&state) }
        }
    }

    /// What is logged within `body` is written together, in as few calls as it takes: a group commit tells of
    /// hundreds of deliveries.
    func gather<Result>(_ body: () -> Result) -> Result {
        state.withLock { $0.gathering += 1 }
        defer {
            state.withLock { state in
                state.gathering -= 1
                if state.gathering == 0 { flush(&state) }
            }
        }
        return body()
    }

    private func flush(_ state: inout State) {
        guard state.pendingLines > 0 else { return }
        defer {
            state.pending.removeAll(keepingCapacity: true)
            state.pendingLines = 0
        }
        var request = pollfd(fd: descriptor, events: Int16(POLLOUT), revents: 0)
        guard poll(&request, 1, state.dropped == 0 ? LogSink.patience : 0) == 1 else {
            state.dropped += state.pendingLines
            return
        }
        if state.dropped > 0 {
            let words = "(\(state.dropped) log lines were dropped: nobody read them)\n"
            state.pending.insert(contentsOf: words.utf8, at: 0)
        }
        _ = Glibc.write(descriptor, state.pending, state.pending.count)
        state.dropped = 0
    }
}
