import AdviceCore
import AdviceQueue
import AdviceStore

/// The store's own queue: every blocking call to it is made here, in the order in which it was asked for.
actor StoreDesk: QueueActor {
    nonisolated let executor = QueueExecutor(label: "store")
    private let store: any Store
    /// Bodies of the releases that were claimed last, so that each is one array whoever it goes to.
    private var bodies: [(release: Int64, format: Format, bytes: [UInt8]?)] = []
    private static let bodiesKept = 32

    init(_ store: sending any Store) {
        self.store = store
    }

    /// Writes a transaction; `series` renders its content.
    func commit(
        _ transaction: Transaction, series: Series?, operators: [String], now: Instant
    ) -> Swift.Result<CommitResult, StoreError> {
        do {
            return .success(
                try Recorder.commit(transaction, of: series, operators: operators, to: store, now: now))
        } catch {
            return .failure(error)
        }
    }

    /// Whether a write may take the wall clock for the highest time ever.
    func trustClock(_ isTrusted: Bool) { store.trustsClock = isTrusted }

    func claim(limit: Int, now: Instant) -> Swift.Result<Claim, StoreError> {
        do {
            var claim = try store.claim(limit: limit, now: now)
            for place in claim.deliveries.indices {
                let delivery = claim.deliveries[place]
                claim.deliveries[place].body = try body(
                    delivery.release.number, delivery.endpoint.format)
            }
            return .success(claim)
        } catch {
            return .failure(error)
        }
    }

    private func body(_ release: Int64, _ format: Format) throws(StoreError) -> [UInt8]? {
        if let known = bodies.last(where: { $0.release == release && $0.format == format }) {
            return known.bytes
        }
        let bytes = try store.rendering(release: release, format: format)
        if bodies.count == StoreDesk.bodiesKept { bodies.removeFirst() }
        bodies.append((release, format, bytes))
        return bytes
    }

    func importRoster(
        _ roster: Roster, guardsRemovals: Bool, now: Instant
    ) -> Swift.Result<RosterChange, StoreError> {
        do {
            return .success(
                try store.importRoster(
                    roster.entries, cohorts: roster.cohorts, joins: roster.joins,
                    guardsRemovals: guardsRemovals, now: now))
        } catch {
            return .failure(error)
        }
    }

    func released(_ point: String, of series: String) -> Swift.Result<[ReleasedRow], StoreError> {
        do { return .success(try store.released(point, of: series)) } catch { return .failure(error) }
    }

    func replayCount(
        _ replay: Replay, now: Instant
    ) -> Swift.Result<ReplayCount?, StoreError> {
        do { return .success(try store.replayCount(replay, now: now)) } catch { return .failure(error) }
    }

    func load() -> Swift.Result<StoreKnowledge, StoreError> {
        do { return .success(try store.load()) } catch { return .failure(error) }
    }

    func close() { store.close() }
}
