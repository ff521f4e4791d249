import CPostgres

/// Hears that another daemon has changed what all share: a hint and no more, for it is lost with the
/// connection and passes no pooler. The truth is in `Claim.nextDue` and in `SharedStore.takenFiles`.
///
/// Has a connection of its own, which is only read from; on the queue of its owner.
public final class PostgresListener {
    private let connection: PostgresConnection

    /// Connects to the database that `string` says. Throws as `PostgresStore.init` does.
    public init(_ string: String) throws(StoreError) {
        connection = try PostgresConnection(string)
        try connection.connect()
        try connection.execute("LISTEN advised")
    }

    /// Becomes readable when there is something to hear; nil where the connection is lost.
    public var socket: Int32? { connection.socket }

    /// Reads what has come: true where another daemon has said something. Throws `unreachable` where the
    /// connection is lost: make another listener.
    public func hear() throws(StoreError) -> Bool { try connection.takeNotices() }

    public func close() { connection.close() }
}
