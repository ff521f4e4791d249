public import AdviceCore
import CLinux
@preconcurrency import Dispatch
import Foundation
import Glibc

/// What a command asks of a running daemon: one line of JSON in, one out, over a Unix socket that only the
/// daemon's user and group may open.
public struct ControlRequest: Codable, Sendable {
    public enum Command: String, Codable, Sendable {
        case status, start, reload, pause, resume, skip, unskip, release, revise, withdraw, acceptClock
        case replay, forget
    }
    public var command: Command
    public var series: String?
    public var point: String?
    public var subscriber: String?
    /// YYYY-MM-DD.
    public var until: String?
    public var withMissed: Bool?
    /// Takes a start or local zone that has changed, as a new edition.
    public var rebase: Bool?
    /// YYYY-MM-DD.
    public var on: String?
    public var after: String?
    /// Takes a roster that has lost many.
    public var force: Bool?
    /// Of a replay: the first and the last day, YYYY-MM-DD; the state; under a new webhook-id; only counted.
    public var from: String?
    public var to: String?
    public var state: String?
    public var newID: Bool?
    public var dryRun: Bool?

    public init(
        _ command: Command, series: String? = nil, on: String? = nil, after: String? = nil, force: Bool? = nil
    ) {
        self.force = force
        self.command = command
        self.series = series
        self.on = on
        self.after = after
    }
}

public struct ControlReply: Codable, Sendable {
    public var ok: Bool
    public var text: String
    /// Of a reload that was taken.
    public var difference: Difference?
    /// Of a reload that was not.
    public var refusal: Refusal?
    /// Of a status.
    public var clock: String?
    /// Of a status: what is not as it should be, in words.
    public var degraded: [String]?
    /// Of a status: the store's server cannot be reached.
    public var isStoreLost: Bool?
    /// Of a replay that was only counted.
    public var count: ReplayCount?

    public init(ok: Bool, text: String) {
        self.ok = ok
        self.text = text
    }
}

/// What can go wrong with the socket, with what to do about it.
public struct ControlError: Error, CustomStringConvertible {
    public var description: String
}

/// Listens for commands. Requests are read on a queue of their own, so that a slow client delays no release.
final class ControlServer: Sendable {
    typealias Handler = @Sendable (ControlRequest, @escaping @Sendable (ControlReply) -> Void) -> Void

    private let source: any DispatchSourceRead
    private let path: String

    init(path: String, handler: @escaping Handler) throws(ControlError) {
        self.path = path
        let descriptor = try ControlSocket.listen(path)
        let queue = DispatchQueue(label: "control")
        let replies = DispatchQueue(label: "control replies")
        source = DispatchSource.makeReadSource(fileDescriptor: descriptor, queue: queue)
        source.setEventHandler { [descriptor] in
            while true {
                let client = accept(descriptor, nil, nil)
                guard client >= 0 else { return }
                _ = fcntl(client, F_SETFD, FD_CLOEXEC)
                ControlServer.serve(client, answeringOn: replies, handler)
            }
        }
        source.setCancelHandler { Glibc.close(descriptor) }
        source.activate()
    }

    func close() {
        source.cancel()
        unlink(path)
    }

    private static func serve(
        _ client: Int32, answeringOn replies: DispatchQueue, _ handler: @escaping Handler
    ) {
        // Clients are served one after the other: a slow one must not keep the others waiting.
        ControlSocket.limitTime(of: client, seconds: 1)
        guard let line = ControlSocket.readLine(from: client, atMost: ControlSocket.requestLimit, reads: 4),
            let request = try? JSONDecoder().decode(ControlRequest.self, from: Data(line))
        else {
            ControlSocket.write(ControlReply(ok: false, text: "not a request"), to: client)
            Glibc.close(client)
            return
        }
        handler(request) { reply in
            // On a queue of its own: a roster's difference is more than a socket has room for, and who
            // reads it slowly must keep nobody waiting.
            replies.async {
                ControlSocket.limitTime(of: client, seconds: 10)
                ControlSocket.write(reply, to: client)
                Glibc.close(client)
            }
        }
    }
}

/// Asks a running daemon.
public enum ControlClient {
    /// nil where no daemon listens at `path`.
    ///
    /// A reload of a large roster takes seconds; `seconds` bounds the wait for an answer.
    public static func ask(
        _ request: ControlRequest, at path: String, within seconds: Int = 60
    ) throws(ControlError) -> ControlReply? {
        let descriptor = socket(AF_UNIX, Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue), 0)
        guard descriptor >= 0 else { throw ControlError(description: "no socket can be made") }
        defer { Glibc.close(descriptor) }
        guard ControlSocket.withShortPath(path, { connect(descriptor, $0, $1) }) == 0 else {
            if errno == EACCES {
                throw ControlError(
                    description: "\(path) may not be opened: ask as root or as a member of its group")
            }
            return nil
        }
        ControlSocket.limitTime(of: descriptor, seconds: seconds)
        ControlSocket.write(request, to: descriptor)
        guard let line = ControlSocket.readLine(from: descriptor),
            let reply = try? JSONDecoder().decode(ControlReply.self, from: Data(line))
        else { throw ControlError(description: "the daemon at \(path) does not answer") }
        return reply
    }
}

/// The few socket calls that both ends share.
private enum ControlSocket {
    /// A request is one line of at most so many bytes. A reply is one line too, and as long as a roster
    /// needs.
    static let requestLimit = 1 << 16

    static func listen(_ path: String) throws(ControlError) -> Int32 {
        let kind = Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue | SOCK_NONBLOCK.rawValue)
        let descriptor = socket(AF_UNIX, kind, 0)
        guard descriptor >= 0 else { throw ControlError(description: "no socket can be made") }
        // The lock is ours, so a socket that is there was left by a daemon that is gone.
        unlink(path)
        guard withShortPath(path, { bind(descriptor, $0, $1) }) == 0, chmod(path, 0o660) == 0,
            Glibc.listen(descriptor, 16) == 0
        else {
            let reason = String(cString: strerror(errno))
            Glibc.close(descriptor)
            throw ControlError(description: "\(path): \(reason)")
        }
        return descriptor
    }

    /// A socket's path has 107 bytes at most; through its folder's descriptor any path is short enough.
    static func withShortPath(
        _ path: String, _ body: (UnsafePointer<sockaddr>, socklen_t) -> Int32
    ) -> Int32 {
        if var address = UnixAddress(path) { return address.withPointer(body) }
        let folder = (path as NSString).deletingLastPathComponent
        let descriptor = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        guard descriptor >= 0 else { return -1 }
        defer { Glibc.close(descriptor) }
        let name = (path as NSString).lastPathComponent
        guard var address = UnixAddress("/proc/self/fd/\(descriptor)/\(name)") else { return -1 }
        return address.withPointer(body)
    }

    static func limitTime(of descriptor: Int32, seconds: Int) {
        var limit = timeval(tv_sec: seconds, tv_usec: 0)
        let size = socklen_t(MemoryLayout<timeval>.size)
        setsockopt(descriptor, SOL_SOCKET, SO_RCVTIMEO, &limit, size)
        setsockopt(descriptor, SOL_SOCKET, SO_SNDTIMEO, &limit, size)
    }

    static func readLine(
        from descriptor: Int32, atMost bytes: Int = .max, reads limit: Int = .max
    ) -> [UInt8]? {
        var line: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 16_384)
        var reads = 0
        while line.count < bytes, reads < limit {
            reads += 1
            let count = read(descriptor, &buffer, buffer.count)
            guard count > 0 else { return nil }
            line += buffer[..<count]
            if line.last == UInt8(ascii: "\n") { return line }
        }
        return nil
    }

    static func write(_ value: some Encodable, to descriptor: Int32) {
        guard var bytes = (try? JSONEncoder().encode(value)).map({ [UInt8]($0) }) else {
            preconditionFailure("a request and a reply can be written as JSON")
        }
        bytes.append(UInt8(ascii: "\n"))
        var sent = 0
        while sent < bytes.count {
            let count = bytes[sent...].withUnsafeBytes {
                Glibc.send(descriptor, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL))
            }
            guard count > 0 else { return }
            sent += count
        }
    }
}
