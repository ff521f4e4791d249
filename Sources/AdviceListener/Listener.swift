import CMicroHTTPD
import Glibc
import Synchronization

/// A receiver for trying things out: takes every request, hands it over and answers. It judges nothing.
///
/// One thread of libmicrohttpd's own serves all connections and calls the closure it was given, one request
/// at a time, in the order in which they became complete: the closure should be quick and must not stop the
/// listener.
public final class Listener: Sendable {
    /// The port it listens on, also where 0 was asked for.
    public let port: Int
    private let daemon: Mutex<Handle?>
    private let exchanges: Exchanges
    private let file: SocketFile?

    /// Safe to pass between threads: used under the lock only, and to be stopped once.
    private struct Handle: @unchecked Sendable {
        let pointer: OpaquePointer
    }

    /// Answers each request as `answer` says. `address` is a literal; `port` 0 takes any free one.
    public convenience init(
        port: Int, address: String = "127.0.0.1", answer: @escaping @Sendable (ReceivedRequest) -> Reply
    ) throws(ListenerError) {
        try self.init(at: .tcp(address: address, port: port), limits: ListenerLimits(), answer: answer)
    }

    /// Answers each request at `place` as `answer` says, within `limits`.
    public convenience init(
        at place: ListeningPlace, limits: ListenerLimits,
        answer: @escaping @Sendable (ReceivedRequest) -> Reply
    ) throws(ListenerError) {
        try self.init(at: place, limits: limits, asking: { $1(answer($0)) })
    }

    /// Answers each request at `place`, within `limits`, when `ask` has called back: what takes long is done
    /// elsewhere and keeps no other request waiting.
    public init(
        at place: ListeningPlace, limits: ListenerLimits, asking ask: @escaping Asking
    ) throws(ListenerError) {
        let socket = try ListeningSocket(place)
        let exchanges = Exchanges(limits, ask: ask)
        let pointer = advice_start_daemon(
            socket.descriptor, UInt32(limits.connections + limits.slack), UInt32(limits.silenceSeconds),
            limits.headerBytes,
            { Exchanges.borrow($0).handle($1, method: $3, bytes: $5, count: $6, exchange: $7) },
            { context, target, _ in Exchanges.borrow(context).newExchange(target) },
            { _, _, exchange, _ in Exchanges.free(exchange) },
            { context, connection, _, change in Exchanges.borrow(context).note(connection, change) },
            Unmanaged.passUnretained(exchanges).toOpaque())
        guard let pointer else {
            let reason = String(cString: strerror(errno))
            socket.file?.remove()
            close(socket.descriptor)
            throw .cannotStart(reason: reason)
        }
        self.port = socket.port
        file = socket.file
        self.exchanges = exchanges
        daemon = Mutex(Handle(pointer: pointer))
    }

    /// Answers every request alike, with `status`, and tells `onRequest` of it when it is complete, before
    /// the delay.
    public convenience init(
        port: Int, address: String = "127.0.0.1", status: Int = 204, delay: Duration = .zero,
        onRequest: @escaping @Sendable (ReceivedRequest) -> Void
    ) throws(ListenerError) {
        guard Reply.statuses.contains(status) else { throw .badStatus(status) }
        let reply = Reply(status: status, delay: delay)
        try self.init(port: port, address: address) { request in
            onRequest(request)
            return reply
        }
    }

    deinit {
        stop()
    }

    /// Answers what is kept back, closes every connection and the port, removes a Unix socket's file, and
    /// waits until the last call of the closure is over. A second stop does nothing.
    public func stop() {
        let handle = daemon.withLock { handle in
            defer { handle = nil }
            return handle
        }
        guard let handle else { return }
        // Before it is closed: until then nobody else takes the path.
        file?.remove()
        exchanges.held.releaseAll()
        MHD_stop_daemon(handle.pointer)
    }
}
