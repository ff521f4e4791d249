import Synchronization

/// Answers a request by calling the closure once, at once or later, on any thread.
public typealias Asking = @Sendable (ReceivedRequest, @escaping @Sendable (Reply) -> Void) -> Void

/// One request that was asked and perhaps is not answered yet.
final class Question: Sendable {
    private let held: HeldConnections
    private let state = Mutex(State())

    private struct State {
        var reply: Reply?
        /// That of the connection which is held until there is one.
        var number: UInt64?
    }

    init(_ held: HeldConnections) { self.held = held }

    var reply: Reply? { state.withLock { $0.reply } }

    /// The first answer counts.
    func answer(_ reply: Reply) {
        let number = state.withLock { state -> UInt64? in
            if state.reply == nil { state.reply = reply }
            return state.number
        }
        if let number { held.release(number) }
    }

    /// Called on libmicrohttpd's thread: the answer where there is one already; nil where the connection is
    /// held until then.
    func awaited(on connection: OpaquePointer) -> Reply? {
        state.withLock { state in
            if let reply = state.reply { return reply }
            state.number = held.hold(connection)
            return state.number == nil ? .stopping : nil
        }
    }
}
