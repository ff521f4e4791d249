import CLinux
import Glibc

/// Waits for something to be written into a folder, until TERM or INT. Nothing wakes it but these.
public final class FileChanges {
    private let events: Int32
    private let signals: Int32

    /// nil where the folder is not there, or the kernel gives no watch. From here on TERM and INT end the
    /// waiting and not the process.
    public init?(folder: String) {
        var set = sigset_t()
        sigemptyset(&set)
        sigaddset(&set, SIGINT)
        sigaddset(&set, SIGTERM)
        pthread_sigmask(SIG_BLOCK, &set, nil)
        events = inotify_init1(Int32(IN_NONBLOCK) | Int32(IN_CLOEXEC))
        signals = signalfd(-1, &set, Int32(SFD_CLOEXEC))
        let mask = UInt32(IN_MODIFY) | UInt32(IN_CREATE) | UInt32(IN_MOVED_TO) | UInt32(IN_ONLYDIR)
        guard events >= 0, signals >= 0, inotify_add_watch(events, folder, mask) >= 0 else {
            close(events)
            close(signals)
            return nil
        }
    }

    deinit {
        close(events)
        close(signals)
    }

    /// Waits until something has changed since the last call: true; or until it is to end: false.
    public func wait() -> Bool {
        var descriptors = [
            pollfd(fd: signals, events: Int16(POLLIN), revents: 0),
            pollfd(fd: events, events: Int16(POLLIN), revents: 0),
        ]
        while true {
            let count = poll(&descriptors, nfds_t(descriptors.count), -1)
            if count < 0, errno == EINTR { continue }
            if descriptors[0].revents != 0 { return false }
            var buffer = [UInt8](repeating: 0, count: 16_384)
            while read(events, &buffer, buffer.count) > 0 {}
            return true
        }
    }

    /// Lets a time pass, however much changes meanwhile; false where it is to end.
    public func rest(milliseconds: Int32) -> Bool {
        var descriptor = pollfd(fd: signals, events: Int16(POLLIN), revents: 0)
        return poll(&descriptor, 1, milliseconds) <= 0
    }
}
