public import AdviceCore

/// A store that several daemons share (storage.md, "PostgreSQL"). What a daemon does for it beside what it
/// does for every store is in docs/decisions/0016.
public protocol SharedStore: Store {
    /// This daemon's name among those that share the store.
    var instance: String { get }

    /// The digest of this daemon's files: settings, points and roster. Set before `importRoster`, which notes
    /// it with the roster; where another was noted since, `release` throws `outdated`. Nil: not compared.
    var files: String? { get set }

    /// What all daemons have in common just now.
    func common() throws(StoreError) -> CommonState

    /// How far the server's clock is ahead of this machine's, as it was read last.
    var clockSkew: Span? { get }

    /// Something was claimed and is not recorded: the lease on it must be renewed.
    var holdsSomething: Bool { get }

    /// What is in flight stays this daemon's for another minute. To be called every 20 s while anything is.
    func renewLease(now: Instant) throws(StoreError)

    /// Gives up what was claimed and not recorded, for others to take at once. At the end; `close` does it
    /// too.
    func freeLease() throws(StoreError)

    /// Hears of what other daemons write from now on, over a connection of its own.
    func listen() throws(StoreError) -> PostgresListener
}

/// What the daemons that share a store have in common.
public struct CommonState: Hashable, Sendable {
    /// The files that were taken last, by whichever daemon; nil before the first.
    public var files: TakenFiles?
    /// The number of the roster.
    public var generation: Int64
    /// Another number than before where an operator has decided something since.
    public var decisions: Int64

    public init(files: TakenFiles?, generation: Int64, decisions: Int64) {
        self.files = files
        self.generation = generation
        self.decisions = decisions
    }
}

/// Which files a shared store was given last.
public struct TakenFiles: Hashable, Sendable {
    /// 1, 2, ...
    public var number: Int64
    public var digest: String
    public init(number: Int64, digest: String) {
        self.number = number
        self.digest = digest
    }
}
