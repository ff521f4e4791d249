import AdviceCore
import AdviceStore
import Testing

extension StoreConformance {
    @Suite("tells its deliveries, and")
    struct Log {
        let t0 = World.t0

        /// Two points to ann and bob: ann's first went through at the second attempt, bob's second is
        /// waiting.
        private func bench(_ engine: Engine) throws -> Bench {
            let bench = try Bench(engine)
            let cohort = try bench.store.subscribe(["ann", "bob"])
            for number in [1, 2] {
                try bench.store.release(World.draft(number, cohort: cohort))
                let now = t0 + .days(Int64(number - 1))
                let claim = try bench.store.claimAll(at: now)
                var group = OutcomeGroup(finishedBatches: claim.batches.map(\.number))
                for delivery in claim.deliveries {
                    let isOne = (delivery.subscriberID, number) == ("ann", 1)
                    let isOther = (delivery.subscriberID, number) == ("bob", 2)
                    group.records.append(
                        isOne || isOther
                            ? delivery.settled(
                                .waiting, at: now, status: 503, error: "HTTP 503", next: now + .seconds(5))
                            : delivery.settled(.delivered, at: now))
                }
                try bench.store.record(group, now: now)
                guard number == 1 else { continue }
                let retry = try bench.store.claimAll(at: now + .seconds(5))
                try bench.store.record(retry.delivered(at: now + .seconds(5)), now: now + .seconds(6))
            }
            return bench
        }

        private func query(_ change: (inout DeliveryQuery) -> Void) -> DeliveryQuery {
            var query = DeliveryQuery()
            change(&query)
            return query
        }

        @Test("lists them newest first, as many as are asked for", arguments: Engine.allCases)
        func newestFirst(_ engine: Engine) throws {
            let bench = try bench(engine)
            let all = try bench.reader().deliveries(DeliveryQuery())
            #expect(all.map(\.number) == [2, 2, 1, 1])
            #expect(all[2].subscriber == "ann")
            #expect(try bench.reader().deliveries(query { $0.limit = 3 }).map(\.number) == [2, 2, 1])
        }

        @Test("answers: did ann get point 1, when, with what answer", arguments: Engine.allCases)
        func ann(_ engine: Engine) throws {
            let bench = try bench(engine)
            let found = try bench.reader().deliveries(
                query {
                    $0.subscriber = "ann"
                    $0.point = (nil, "p1")
                })
            let entry = try #require(found.first)
            #expect(found.count == 1)
            #expect(entry.type == "advice.point.released" && entry.subscriber == "ann" && entry.series == "s")
            #expect(entry.edition == "2026-07-01" && entry.point == "p1" && entry.number == 1)
            #expect(entry.day == World.start && entry.state == .delivered && entry.attempts == 2)
            #expect(entry.nextAttemptAt == nil && entry.error == nil && entry.status == 200)
            #expect(entry.settledAt == t0 + .milliseconds(5040))
            #expect(entry.latency == .milliseconds(40))
            #expect(entry.attemptLog.map(\.status) == [503, 200])
            #expect(entry.attemptLog.map(\.error) == ["HTTP 503", nil])
            #expect(entry.attemptLog.map(\.at) == [t0, t0 + .seconds(5)])
            #expect(entry.attemptLog.map(\.reply) == [Array("ok".utf8), Array("ok".utf8)])
        }

        @Test(
            "finds by subscriber, point, state and time", arguments: Engine.allCases,
            [
                (subscriber: "bob", point: nil, state: nil, since: 0, wanted: ["bob 2", "bob 1"]),
                (subscriber: "eve", point: nil, state: nil, since: 0, wanted: []),
                (subscriber: nil, point: "p2", state: nil, since: 0, wanted: ["ann 2", "bob 2"]),
                (subscriber: nil, point: nil, state: .waiting, since: 0, wanted: ["bob 2"]),
                (subscriber: nil, point: nil, state: .held, since: 0, wanted: []),
                (subscriber: nil, point: nil, state: nil, since: 5, wanted: ["ann 2", "bob 2", "ann 1"]),
                (subscriber: "ann", point: "p1", state: .delivered, since: 6, wanted: []),
            ]
                as [(
                    subscriber: String?, point: String?, state: DeliveryState?, since: Int64, wanted: [String]
                )])
        func finds(
            _ engine: Engine,
            _ asked: (
                subscriber: String?, point: String?, state: DeliveryState?, since: Int64, wanted: [String]
            )
        ) throws {
            let bench = try bench(engine)
            let found = try bench.reader().deliveries(
                query {
                    $0.subscriber = asked.subscriber
                    $0.point = asked.point.map { (nil, $0) }
                    $0.state = asked.state
                    if asked.since > 0 { $0.since = t0 + .seconds(asked.since) }
                })
            let names = found.map { "\($0.subscriber) \($0.number)" }
            #expect(
                asked.point == "p2" || asked.since == 5
                    ? names.sorted() == asked.wanted.sorted() : names == asked.wanted)
        }

        @Test("knows a point by its series too", arguments: Engine.allCases)
        func pointOfSeries(_ engine: Engine) throws {
            let bench = try bench(engine)
            #expect(try bench.reader().deliveries(query { $0.point = ("s", "p1") }).count == 2)
            #expect(try bench.reader().deliveries(query { $0.point = ("t", "p1") }).isEmpty)
        }

        @Test("tells why and when one was settled without an attempt", arguments: Engine.allCases)
        func withoutAttempt(_ engine: Engine) throws {
            let bench = try bench(engine)
            let now = t0 + .days(8)
            let claim = try bench.store.claimAll(at: now)
            let delivery = try #require(claim.deliveries.first)
            let record = DeliveryRecord(
                key: delivery.key, release: delivery.release.number, batch: nil, state: .exhausted,
                attempts: delivery.attempts, error: "expired")
            try bench.store.record(OutcomeGroup(records: [record]), now: now)
            let entry = try #require(
                try bench.reader().deliveries(query { $0.state = .exhausted }).first)
            #expect(entry.settledAt == now && entry.error == "expired" && entry.attempts == 1)
            #expect(entry.status == 503 && entry.latency == .milliseconds(40))
            #expect(entry.nextAttemptAt == nil && entry.attemptLog.count == 1)
        }
    }
}
