import CLinux
import Glibc
import Synchronization

/// journald's native protocol: an entry is one datagram of fields, each of which can be asked for, as in
/// `journalctl ADVISED_SUBSCRIBER=ann`. It is sd_journal_send(3) in a few lines; libsystemd would be a
/// dependency for it. A journal that takes nothing must not stop the daemon: entries are dropped then, and
/// counted in the next one that it takes.
final class JournalSink: Sendable {
    static let system = JournalSink(path: "/run/systemd/journal/socket")

    /// How long an entry waits for a journal that is only slow, in milliseconds; once each time it stalls.
    private static let patience = 200
    /// Bytes of a message; a datagram has room for some more.
    private static let messageLimit = 48 * 1024

    private let descriptor: Int32
    private let address: UnixAddress
    private let dropped = Mutex(0)

    /// nil where there is no journal at `path`.
    init?(path: String) {
        guard access(path, F_OK) == 0, let address = UnixAddress(path) else { return nil }
        descriptor = socket(AF_UNIX, Int32(SOCK_DGRAM.rawValue | SOCK_CLOEXEC.rawValue), 0)
        guard descriptor >= 0 else { return nil }
        self.address = address
        var limit = timeval(tv_sec: 0, tv_usec: JournalSink.patience * 1000)
        setsockopt(
            descriptor, SOL_SOCKET, SO_SNDTIMEO, &limit, socklen_t(MemoryLayout<timeval>.size))
    }

    deinit { close(descriptor) }

    /// `priority` is that of syslog(3). The fields' names are of a-z and `_`.
    func write(_ message: String, priority: Int, fields: [(name: String, value: String)]) {
        dropped.withLock { dropped in
            let missing =
                dropped > 0 ? "(\(dropped) entries were dropped: the journal did not take them) " : ""
            let entry = JournalSink.entry(missing + message, priority, fields)
            let flags = Int32(MSG_NOSIGNAL) | (dropped == 0 ? 0 : Int32(MSG_DONTWAIT))
            var address = address
            let sent = address.withPointer { pointer, length in
                sendto(descriptor, entry, entry.count, flags, pointer, length)
            }
            dropped = sent == entry.count ? 0 : dropped + 1
        }
    }

    static func entry(
        _ message: String, _ priority: Int, _ fields: [(name: String, value: String)]
    ) -> [UInt8] {
        var bytes = Array("PRIORITY=\(priority)\nSYSLOG_IDENTIFIER=advised\n".utf8)
        append("MESSAGE", message, to: &bytes)
        for field in fields { append("ADVISED_\(field.name.uppercased())", field.value, to: &bytes) }
        return bytes
    }

    /// `NAME=value`, or, where the value has several lines, the name, its length in eight bytes, and it.
    private static func append(_ name: String, _ value: String, to bytes: inout [UInt8]) {
        let value = value.utf8.prefix(messageLimit)
        bytes += name.utf8
        if value.contains(UInt8(ascii: "\n")) {
            bytes.append(UInt8(ascii: "\n"))
            for shift in stride(from: 0, to: 64, by: 8) {
                bytes.append(UInt8(truncatingIfNeeded: value.count >> shift))
            }
        } else {
            bytes.append(UInt8(ascii: "="))
        }
        bytes += value
        bytes.append(UInt8(ascii: "\n"))
    }
}
