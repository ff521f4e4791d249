import Glibc
import Synchronization

/// The descriptor that log lines go to. A reader that has stopped reading must not stop the daemon: lines
/// that it does not take are dropped, and counted in the next one that it does.
final class LogSink: Sendable {
    /// How long a line waits for a reader that is only slow, in milliseconds; once for each time it stalls.
    private static let patience: Int32 = 200

    private let descriptor: Int32
    private let state = Mutex(State())

    private struct State {
        var dropped = 0
    }

    init(descriptor: Int32) {
        self.descriptor = descriptor
    }

    /// One write for a line, under the lock: lines of several queues do not mix.
    func write(_ line: String) {
        state.withLock { state in
            var request = pollfd(fd: descriptor, events: Int16(POLLOUT), revents: 0)
            guard poll(&request, 1, state.dropped == 0 ? LogSink.patience : 0) == 1 else {
                state.dropped += 1
                return
            }
            var text = line + "\n"
            if state.dropped > 0 {
                text = "(\(state.dropped) log lines were dropped: nobody read them)\n" + text
            }
            let bytes = Array(text.utf8)
            _ = Glibc.write(descriptor, bytes, bytes.count)
            state.dropped = 0
        }
    }
}
