import CPostgres

/// Hears that another daemon has changed what all share: a hint and no more, for it is lost with the
/// connection and passes no pooler. The truth is in `Claim.nextDue` and in `SharedStore.takenFiles`.
///
/// Has a connection of its own, which is only read from; on the queue of its owner.
public final class PostgresListener {
    private let connection: PostgresConnection

    /// The process of the server that serves the store: what it says is no news.
    private let own: () -> Int32?

    /// What was heard.
    public enum News: Hashable, Sendable {
        case nothing
        /// There may be something to claim.
        case work
        /// Others have written what they know of series and roster; there may be something to claim too.
        case knowledge
    }

    init(beside connection: PostgresConnection) throws(StoreError) {
        self.connection = PostgresConnection(like: connection)
        own = { [weak connection] in connection?.server }
        try self.connection.connect()
        try self.connection.execute("LISTEN advised")
    }

    /// What the others say: `work`, or nothing where it is more than that.
    static let work = "NOTIFY advised, 'work'; COMMIT"
    static let knowledge = "NOTIFY advised; COMMIT"

    /// Becomes readable when there is something to hear; nil where the connection is lost.
    public var socket: Int32? { connection.socket }

    /// Reads what has come from other daemons. Throws `unreachable` where the connection is lost: make
    /// another listener.
    public func hear() throws(StoreError) -> News {
        let words = try connection.takeNotices(butFrom: own())
        if words.isEmpty { return .nothing }
        return words.allSatisfy { $0 == "work" } ? .work : .knowledge
    }

    public func close() { connection.close() }
}
