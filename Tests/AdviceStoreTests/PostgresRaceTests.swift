import AdviceCore
import Foundation
import Synchronization
import TestTools
import Testing

@testable import AdviceStore

/// Daemons that run at the same time, each on a thread and a connection of its own.
@Suite("daemons on one PostgreSQL at the same time")
struct PostgresRaceTests {
    /// What receivers have seen.
    private struct Seen {
        /// By subscriber, the points delivered, in order.
        var points: [String: [String]] = [:]
        var attempts: Set<String> = []
        var twice: [String] = []
        var errors: [String] = []
        var daemons: Set<String> = []
    }

    private final class Receivers: Sendable {
        let seen = Mutex(Seen())
    }

    private static let now = World.t0 + .days(1)

    /// Sends until all is settled, from when all daemons are there: every seventh first attempt is refused,
    /// and comes again at once.
    private static func run(
        _ name: String, _ address: String, _ receivers: Receivers, all: Int, ready: DispatchGroup
    ) throws {
        let opened = Result { try PostgresStore(address, instance: name, clock: .caller) }
        ready.leave()
        ready.wait()
        let store = try opened.get()
        store.trustsClock = true
        for _ in 0..<20_000 {
            let claim = try store.claim(limit: 40, now: now)
            var group = OutcomeGroup(finishedBatches: claim.batches.map(\.number))
            for delivery in claim.deliveries { group.records.append(attempt(delivery, name, receivers)) }
            if !group.isEmpty { try store.record(group, now: now) }
            if receivers.seen.withLock({ $0.points.values.reduce(0) { $0 + $1.count } }) == all { return }
        }
    }

    private static func attempt(
        _ delivery: ClaimedDelivery, _ daemon: String, _ receivers: Receivers
    ) -> DeliveryRecord {
        let (id, point) = (delivery.subscriberID, delivery.release.subject)
        guard delivery.standing == .active else {
            var record = delivery.settled(.held, at: now)
            record.attempts = delivery.attempts
            record.attempt = nil
            return record
        }
        let isRefused =
            delivery.attempts == 0 && SlotHash(series: point, subscriber: id).value % 7 == 0
        receivers.seen.withLock { seen in
            seen.daemons.insert(daemon)
            let attempt = "\(id) \(point) \(delivery.attempts + 1)"
            if !seen.attempts.insert(attempt).inserted { seen.twice.append(attempt) }
            if !isRefused { seen.points[id, default: []].append(point) }
        }
        if isRefused { return delivery.settled(.waiting, at: now, status: 503, error: "503", next: now) }
        var record = delivery.settled(.delivered, at: now)
        record.nextHeldAt = now
        return record
    }

    @Test("make each attempt once, one point after the other, and leave nothing", arguments: [2, 4])
    func race(_ count: Int) throws {
        let address = PostgresServer.shared.schema()
        let ids = (0..<2500).map { "member-\($0)" }
        let first = try PostgresStore(address, instance: "first", clock: .caller)
        let cohort = try first.subscribe(ids)
        try first.save(World.record(), decision: nil, now: World.t0)
        for point in 1...2 { try first.release(World.draft(point, cohort: cohort)) }

        let receivers = Receivers()
        let (group, ready) = (DispatchGroup(), DispatchGroup())
        for _ in 0..<count { ready.enter() }
        for number in 0..<count {
            group.enter()
            let daemon = Thread {
                do {
                    try PostgresRaceTests.run(
                        "daemon-\(number)", address, receivers, all: 2 * ids.count, ready: ready)
                } catch {
                    receivers.seen.withLock { $0.errors.append("\(error)") }
                }
                group.leave()
            }
            daemon.start()
        }
        group.wait()

        let seen = receivers.seen.withLock { $0 }
        #expect(seen.errors == [])
        #expect(seen.twice == [])
        #expect(seen.daemons.count == count)
        for id in ids where seen.points[id] != ["p1", "p2"] {
            Issue.record("\(id) has \(seen.points[id] ?? [])")
        }
        var wanted = DeliveryCounts()
        wanted.delivered = 2 * ids.count
        #expect(try PostgresReader.open(address)?.counts() == wanted)
    }
}
