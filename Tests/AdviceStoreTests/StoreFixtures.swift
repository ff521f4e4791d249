import AdviceCore
import Glibc
import TestTools
import Testing

@testable import AdviceStore

/// A directory of its own for one test, gone with the test.
final class ScratchDirectory {
    let path: String

    init() {
        var template = Array("/tmp/advice-store-XXXXXX".utf8CString)
        guard mkdtemp(&template) != nil else { preconditionFailure("a directory can be made in /tmp") }
        path = String(decoding: template.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }

    deinit {
        for name in [
            "advised.db", "advised.db-wal", "advised.db-shm", "advised.db.before-v\(Schema.version)", "lock",
            "advised.db.restoring", "other", "other-wal", "other-shm",
        ] {
            unlink(path + "/" + name)
        }
        rmdir(path)
    }

    var database: String { path + "/advised.db" }
}

/// The engines that the conformance suite runs on.
enum Engine: String, CaseIterable, Sendable, CustomTestStringConvertible {
    case sqlite, postgres

    var testDescription: String { rawValue }
}

/// A store that can be left as a kill leaves it, and opened again.
final class Bench {
    private let scratch = ScratchDirectory()
    private let engine: Engine
    /// Of PostgreSQL, where it is.
    let address: String
    private(set) var store: any Store

    init(_ engine: Engine) throws {
        self.engine = engine
        address = engine == .postgres ? PostgresServer.shared.schema() : ""
        store = try Bench.open(engine, scratch, address)
        store.trustsClock = true
    }

    private static func open(
        _ engine: Engine, _ scratch: ScratchDirectory, _ address: String
    ) throws -> any Store {
        switch engine {
        case .sqlite: try SQLiteStore(path: scratch.database)
        case .postgres: try PostgresStore(address, instance: "one", clock: .caller)
        }
    }

    /// What the next daemon finds. The old store is closed without a word: it writes nothing when it closes.
    func restart() throws {
        (store as? SQLStore)?.database.close()
        store = try Bench.open(engine, scratch, address)
        store.trustsClock = true
    }

    /// What operators have decided, in order.
    func decisions() throws -> [String] {
        let database: any SQLDatabase =
            switch engine {
            case .sqlite: try SQLiteConnection(path: scratch.database, mode: .readOnly)
            case .postgres: try PostgresConnection(address)
            }
        defer { database.close() }
        return try database.query("SELECT what FROM decision ORDER BY number").compactMap { $0[0].text }
    }

    func reader() throws -> any StoreReader {
        let reader: (any StoreReader)? =
            switch engine {
            case .sqlite: try SQLiteReader.open(path: scratch.database)
            case .postgres: try PostgresReader.open(address)
            }
        guard let reader else { preconditionFailure("the database is there") }
        return reader
    }
}

/// A small world: the series `s`, in one cohort unless said otherwise, from 2026-07-01 on.
enum World {
    static let start = CivilDate(day: 20_635)
    static let edition = Edition(start: start)
    static let newYork = Cohort(zone: "America/New_York", at: .nine)
    static let berlin = Cohort(zone: "Europe/Berlin", at: .nine)
    static let t0 = Instant(seconds: 20_635 * 86_400 + 13 * 3600)

    static func entry(
        _ id: String, url: String? = nil, series: [String] = ["s"], cohort: Cohort = newYork,
        change: (inout Subscriber) -> Void = { _ in }
    ) -> RosterEntry {
        var subscriber = Subscriber(
            id: id, url: .inline(url ?? "https://\(id).example.com/"), secrets: [.inline("whsec_\(id)")],
            series: series)
        change(&subscriber)
        return RosterEntry(
            subscriber: subscriber, limitKey: "\(id).example.com:443", sharesHost: false,
            cohorts: series.map { _ in cohort })
    }

    static func record(
        state: SeriesRecord.State = .running, edition: Edition = edition
    ) -> SeriesRecord {
        SeriesRecord(id: "s", firstSeen: t0, configuredStart: start, edition: edition, state: state)
    }

    /// The release of point `number` on day `day` of the series, counted from 1, at 09:00 of that day.
    static func draft(
        _ number: Int, day: Int? = nil, cohort: CohortRecord, edition: Edition = edition,
        missed: [LedgerRow] = []
    ) -> ReleaseDraft {
        ReleaseDraft(
            series: "s", edition: edition, cohort: cohort,
            point: Point(id: "p\(number)", number: number, title: "Point \(number)", body: "Do."), of: 15,
            row: row(number, day: day ?? number), missed: missed, spread: .zero)
    }

    static func row(_ number: Int, day: Int, kind: LedgerRow.Kind = .released) -> LedgerRow {
        let at = t0 + .days(Int64(day - 1))
        return LedgerRow(
            point: "p\(number)", sequence: number, slotDate: start + (day - 1), kind: kind, scheduledFor: at,
            releasedAt: at)
    }

    static let content = FrozenContent(
        neutral: Array("{}".utf8), digest: [1, 2, 3],
        renderings: [(.standard, Array("{\"type\":\"advice.point.released\"}".utf8)), (.slack, [])])
}

extension Store {
    /// As a start of the daemon does, with series that new subscribers join with the next point.
    @discardableResult
    func importRoster(
        _ entries: [RosterEntry], cohorts: [(series: String, cohort: Cohort)], now: Instant
    ) throws -> RosterChange {
        try importRoster(entries, cohorts: cohorts, joins: [:], guardsRemovals: false, now: now)
    }

    /// Takes a roster of `ids` in New York's cohort, and gives that cohort.
    @discardableResult
    func subscribe(_ ids: [String], at now: Instant = World.t0) throws -> CohortRecord {
        trustsClock = true
        let change = try importRoster(
            ids.map { World.entry($0) }, cohorts: [("s", World.newYork)], now: now)
        return change.cohorts[0]
    }

    @discardableResult
    func release(_ draft: ReleaseDraft) throws -> Int64? {
        try release(draft, content: World.content, now: draft.row.releasedAt)
    }

    /// Claims all that is due.
    func claimAll(at now: Instant) throws -> Claim {
        try claim(limit: 1_000_000, now: now)
    }
}

extension ClaimedDelivery {
    /// An outcome of the next attempt, which began at `at` and took 40 ms.
    func settled(
        _ state: DeliveryState, at: Instant, status: Int = 200, error: String? = nil, next: Instant? = nil,
        closes: Bool = false
    ) -> DeliveryRecord {
        DeliveryRecord(
            key: key, release: release.number, batch: batch, state: state, attempts: attempts + 1,
            nextAttemptAt: next, error: error,
            attempt: AttemptRecord(
                number: attempts + 1, at: at, status: status, error: error, latency: .milliseconds(40),
                address: "192.0.2.1", reply: Array("ok".utf8)),
            health: closes ? EndpointHealth(state: .closed) : nil)
    }
}

extension Claim {
    var subscribers: [String] { deliveries.map(\.subscriberID).sorted() }

    /// All of it delivered, and its batches finished.
    func delivered(at: Instant) -> OutcomeGroup {
        OutcomeGroup(
            records: deliveries.map { $0.settled(.delivered, at: at) }, finishedBatches: batches.map(\.number)
        )
    }
}

extension LedgerRow {
    /// As it was before it was written: the store adds the number of the roster.
    var withoutCut: LedgerRow {
        var row = self
        row.cut = nil
        return row
    }
}
