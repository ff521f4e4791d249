import AdviceCore
import AdviceMessage
import AdviceQueue
import AdviceStore
import Crypto
import Dispatch

/// The store's own queue: every blocking call to it is made here, in the order in which it was asked for.
actor StoreDesk: QueueActor {
    nonisolated let executor = QueueExecutor(label: "store")
    private let store: any Store
    /// Bodies of the releases that were claimed last, so that each is one array whoever it goes to.
    private var bodies: [(release: Int64, format: Format, bytes: [UInt8]?)] = []
    private static let bodiesKept = 32

    // What a shared store needs: StoreDesk+Shared.swift.
    nonisolated let isShared: Bool
    nonisolated let patience = Patience()
    let clock: any Clock
    var shared: (any SharedStore)? { store as? any SharedStore }
    var report: (@Sendable (StoreNews) -> Void)?
    var isLost = false
    var isSkewed = false
    var isRenewalDue = false
    var renewal: (any DispatchSourceTimer)?
    var looking: (any DispatchSourceTimer)?
    var listener: PostgresListener?
    var hearing: (any DispatchSourceRead)?
    /// How long a claim waits that this machine's clock is too far off for.
    private static let skewedFor = Span.seconds(5)

    init(_ store: sending any Store, clock: any Clock) {
        isShared = store is any SharedStore
        self.store = store
        self.clock = clock
    }

    /// A shared store compares its time with ours: `now` may be of before a wait for its server.
    private func current(_ now: Instant) -> Instant { isShared ? clock.now.wall : now }

    /// Writes a transaction; `series` renders its content.
    func commit(
        _ transaction: Transaction, series: Series?, formats: [Format], operators: [String], now: Instant
    ) -> Swift.Result<CommitResult, StoreError> {
        do throws(StoreError) {
            return .success(
                try ask { () throws(StoreError) in
                    try Recorder.commit(
                        transaction, of: series, in: formats, operators: operators, to: store,
                        now: current(now))
                })
        } catch {
            switch error {
            case .outdated(let reason):
                report?(.outdated(reason))
                return .success(.notNow(reason))
            case .skewed(let reason):
                skew(reason)
                return .success(.notNow(reason))
            default: return .failure(error)
            }
        }
    }

    /// Whether a write may take the wall clock for the highest time ever.
    func trustClock(_ isTrusted: Bool) { store.trustsClock = isTrusted }

    func claim(limit: Int, now: Instant) -> Swift.Result<Claim, StoreError> {
        do throws(StoreError) {
            var claim = try ask { () throws(StoreError) in try store.claim(limit: limit, now: current(now)) }
            align()
            expectRenewal()
            for place in claim.deliveries.indices {
                let delivery = claim.deliveries[place]
                claim.deliveries[place].body = try ask { () throws(StoreError) in
                    try body(delivery.release, delivery.endpoint.format, now: current(now))
                }
            }
            return .success(claim)
        } catch {
            guard case .skewed(let reason) = error else { return .failure(error) }
            // What was sent must be recorded all the same: nothing waits here for somebody to set the clock.
            skew(reason)
            var claim = Claim()
            claim.nextDue = clock.now.wall + StoreDesk.skewedFor
            return .success(claim)
        }
    }

    private func body(
        _ release: ReleaseInfo, _ format: Format, now: Instant
    ) throws(StoreError) -> [UInt8]? {
        if let known = bodies.last(where: { $0.release == release.number && $0.format == format }) {
            return known.bytes
        }
        var bytes = try store.rendering(release: release.number, format: format)
        if bytes == nil { bytes = try lateRendering(of: release, format, now: now) }
        if bodies.count == StoreDesk.bodiesKept { bodies.removeFirst() }
        bodies.append((release.number, format, bytes))
        return bytes
    }

    /// A format that nobody had at the release: from the content that was frozen then, and kept from now on.
    /// nil where there is none, or another version has written it.
    private func lateRendering(
        of release: ReleaseInfo, _ format: Format, now: Instant
    ) throws(StoreError) -> [UInt8]? {
        guard let content = try store.content(release: release.number) else { return nil }
        guard Array(SHA256.hash(data: content.neutral)) == content.digest else {
            throw .damaged("the frozen content of release \(release.number) is not what was written")
        }
        guard let type = EventType(rawValue: release.type),
            let announcement = try? Announcement(
                neutralJSON: content.neutral, type: type, at: release.releasedAt)
        else { return nil }
        let bytes = Rendering(announcement, as: format).bytes
        try store.keep(bytes, release: release.number, format: format, now: now)
        return try store.rendering(release: release.number, format: format)
    }

    /// `files` is the digest of the files that the roster is of, `origin` what tells it at a start.
    func importRoster(
        _ roster: Roster, of files: String?, origin: RosterOrigin?, guardsRemovals: Bool, now: Instant
    ) -> Swift.Result<RosterChange, StoreError> {
        let before = shared?.files
        shared?.files = files
        do throws(StoreError) {
            var change = try ask { () throws(StoreError) in
                try store.importRoster(
                    roster.entries, cohorts: roster.cohorts, joins: roster.joins,
                    guardsRemovals: guardsRemovals, now: current(now))
            }
            try ask { () throws(StoreError) in try change.noteReturned(in: store) }
            // Where it is not taken, those that are in force stay.
            if change.refusedRemovals != nil, before != nil { shared?.files = before }
            if change.refusedRemovals == nil, let origin {
                let summary = RosterSummary(roster.entries.lazy.map(\.subscriber))
                let source = RosterSource(
                    origin: origin, count: summary.count, longestTimeout: summary.longestTimeout,
                    formats: summary.formats)
                try ask { () throws(StoreError) in try store.note(source, now: current(now)) }
            }
            return .success(change)
        } catch {
            shared?.files = before
            return .failure(error)
        }
    }

    func released(_ point: String, of series: String) -> Swift.Result<[ReleasedRow], StoreError> {
        asked { (store) throws(StoreError) in try store.released(point, of: series) }
    }

    func replayCount(
        _ replay: Replay, now: Instant
    ) -> Swift.Result<ReplayCount?, StoreError> {
        asked { (store) throws(StoreError) in try store.replayCount(replay, now: now) }
    }

    func load() -> Swift.Result<StoreKnowledge, StoreError> {
        asked { (store) throws(StoreError) in try store.load() }
    }

    private func asked<Answer>(
        _ body: (any Store) throws(StoreError) -> Answer
    ) -> Swift.Result<Answer, StoreError> {
        do throws(StoreError) {
            return .success(try ask { () throws(StoreError) in try body(store) })
        } catch {
            return .failure(error)
        }
    }

    /// Counts a start, and reads what is known.
    func begin(_ now: Instant) -> Swift.Result<StoreKnowledge, StoreError> {
        asked { (store) throws(StoreError) in
            try store.begin(now: now)
            return try store.load()
        }
    }

    /// `asItShould`: as it was told to, and everything is recorded.
    func close(asItShould: Bool, _ now: Instant) {
        dismiss()
        // If that cannot be written, the next start is the more careful.
        if asItShould { try? store.end(now: now) }
        store.close()
    }
}
