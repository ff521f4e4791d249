import AdviceCore
import AdviceStore
import Dispatch
import Synchronization

/// The store as one queue reads it: a connection that is kept from one page to the next, and made anew after
/// an error.
///
/// Not checked by the compiler: it is used on one queue alone.
final class ReadingDesk: @unchecked Sendable {
    private let open: @Sendable () -> (any StoreReader)?
    private var reader: (any StoreReader)?
    /// Connections so far.
    private(set) var connections = 0

    init(_ open: @escaping @Sendable () -> (any StoreReader)?) { self.open = open }

    deinit { reader?.close() }

    /// nil where the store cannot be read. A connection that was lost since the page before is made anew.
    func read<Result>(_ body: (any StoreReader) throws(StoreError) -> Result) -> Result? {
        for isFresh in [false, true] {
            if isFresh || reader == nil {
                reader?.close()
                reader = open()
                connections += 1
            }
            guard let reader else { return nil }
            if let result = try? body(reader) { return result }
        }
        reader?.close()
        reader = nil
        return nil
    }
}

/// Where counts are read: a queue and a connection of their own, so that no page waits behind them.
final class CountingDesk: Sendable {
    let queue = DispatchQueue(label: "counting")
    fileprivate let desk: ReadingDesk

    init(_ open: @escaping @Sendable () -> (any StoreReader)?) { desk = ReadingDesk(open) }
}

/// A count over many rows: all that was ever delivered, or all that is owed. A million take a tenth of a
/// second and more (docs/performance.md).
///
/// It is counted when it is asked for and something was written since. Who asks waits for `patience`, and is
/// then given what it was before; the first waits to the end. A count that took longer than that rests for
/// twenty times as long as it took, so that whoever asks often costs a twentieth of a processor at most.
final class KeptCount<Value: Sendable>: Sendable {
    private let desk: CountingDesk
    private let patience: Span
    /// Time since boot.
    private let boot: @Sendable () -> Span
    private let count: @Sendable (any StoreReader) throws(StoreError) -> Value
    private let state = Mutex(State())

    private struct State {
        var last: Last?
        var isUnderWay = false
        /// Until then it is not counted again.
        var rest: Span?
    }

    private struct Last {
        var value: Value
        /// Of the connection, and of what was written by then.
        var connection: Int
        var writes: Int64
        var begun: Span
    }

    /// What was counted, and how long ago where something may have been written since.
    struct Counted {
        var value: Value
        var age: Span?
    }

    init(
        on desk: CountingDesk, boot: @escaping @Sendable () -> Span, patience: Span = .milliseconds(25),
        _ count: @escaping @Sendable (any StoreReader) throws(StoreError) -> Value
    ) {
        self.desk = desk
        self.boot = boot
        self.patience = patience
        self.count = count
    }

    /// nil where the store cannot be read. Not to be called on the counting queue.
    func latest() -> Counted? {
        let isKnown = state.withLock { $0.last != nil }
        let done = DispatchSemaphore(value: 0)
        guard begin(then: { done.signal() }) else { return kept(isCurrent: false) }
        guard isKnown else {
            done.wait()
            return kept(isCurrent: true)
        }
        return kept(
            isCurrent: done.wait(timeout: .now() + .nanoseconds(Int(patience.nanoseconds))) == .success)
    }

    private func kept(isCurrent: Bool) -> Counted? {
        let now = boot()
        return state.withLock { state in
            state.last.map { Counted(value: $0.value, age: isCurrent ? nil : now - $0.begun) }
        }
    }

    /// False where it is being counted already, or rests.
    private func begin(then: @escaping @Sendable () -> Void) -> Bool {
        let now = boot()
        let begins = state.withLock { state in
            let isResting = state.rest.map { now < $0 } ?? false
            if state.isUnderWay || isResting { return false }
            state.isUnderWay = true
            return true
        }
        guard begins else { return false }
        desk.queue.async {
            let begun = self.boot()
            let last = self.read(begun)
            let ended = self.boot()
            let took = ended - begun
            self.state.withLock { state in
                state.last = last
                state.isUnderWay = false
                state.rest = took > self.patience ? ended + Span(nanoseconds: took.nanoseconds * 20) : nil
            }
            then()
        }
        return true
    }

    private func read(_ begun: Span) -> Last? {
        let known = state.withLock { $0.last }
        return desk.desk.read { (reader) throws(StoreError) in
            let writes = try reader.writes()
            if let known, known.connection == desk.desk.connections, known.writes == writes { return known }
            return Last(
                value: try count(reader), connection: desk.desk.connections, writes: writes, begun: begun)
        }
    }
}
