import Glibc

/// Talks to the service manager over `$NOTIFY_SOCKET`; does nothing where there is none.
///
/// sd_notify(3) in a few lines: the protocol is text in a datagram, and libsystemd would be a dependency for
/// it. The watchdog's interval comes from `$WATCHDOG_USEC`, when it is meant for this process.
public struct SystemdNotify: Sendable {
    private let path: String?
    /// Half of the time after which the manager would restart us, in nanoseconds; nil where it does not
    /// watch.
    public let watchdogNanoseconds: Int64?

    public init(environment: [String: String]) {
        path = environment["NOTIFY_SOCKET"].flatMap { $0.isEmpty ? nil : $0 }
        let isForUs = environment["WATCHDOG_PID"].map { $0 == "\(getpid())" } ?? true
        let interval = environment["WATCHDOG_USEC"].flatMap { Int64($0) }
        watchdogNanoseconds = isForUs ? interval.map { max(1, $0 / 2) * 1000 } : nil
    }

    public func ready(status: String) { send("READY=1\nSTATUS=\(status)") }
    public func status(_ text: String) { send("STATUS=\(text)") }
    public func stopping() { send("STOPPING=1\nSTATUS=stopping") }
    public func watchdog() { send("WATCHDOG=1") }

    private func send(_ text: String) {
        guard let path else { return }
        let descriptor = socket(AF_UNIX, Int32(SOCK_DGRAM.rawValue | SOCK_CLOEXEC.rawValue), 0)
        guard descriptor >= 0 else { return }
        defer { close(descriptor) }
        guard var address = UnixAddress(path) else { return }
        let bytes = Array(text.utf8)
        address.withPointer { pointer, length in
            _ = sendto(descriptor, bytes, bytes.count, Int32(MSG_NOSIGNAL), pointer, length)
        }
    }
}

/// The address of a Unix socket; `@` begins an abstract one.
struct UnixAddress {
    private var address = sockaddr_un()
    private let length: socklen_t

    /// nil where the path is longer than the kernel takes (107 bytes).
    init?(_ path: String) {
        var bytes = Array(path.utf8)
        guard !bytes.isEmpty, bytes.count < MemoryLayout.size(ofValue: address.sun_path) else { return nil }
        let isAbstract = bytes[0] == UInt8(ascii: "@")
        if isAbstract { bytes[0] = 0 }
        address.sun_family = sa_family_t(AF_UNIX)
        withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: bytes) }
        // An abstract name ends where its length says, a path at its NUL.
        length = socklen_t(MemoryLayout<sa_family_t>.size + bytes.count + (isAbstract ? 0 : 1))
    }

    mutating func withPointer<Result>(_ body: (UnsafePointer<sockaddr>, socklen_t) -> Result) -> Result {
        let length = length
        return withUnsafePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { body($0, length) }
        }
    }
}
