import AdviceCore
import AdviceStore
import Testing

extension StoreConformance {
    @Suite("hands out deliveries, and")
    struct Deliveries {
        let t0 = World.t0

        @Test("hands out nothing twice until it is recorded", arguments: Engine.allCases)
        func once(_ engine: Engine) throws {
            let bench = try Bench(engine)
            let cohort = try bench.store.subscribe(["ann", "bob"])
            try bench.store.release(World.draft(1, cohort: cohort))
            let claim = try bench.store.claimAll(at: t0)
            #expect(claim.subscribers == ["ann", "bob"])
            #expect(claim.nextDue == nil)
            #expect(try bench.store.claimAll(at: t0).deliveries.isEmpty)
            try bench.store.record(claim.delivered(at: t0), now: t0)
            let after = try bench.store.claimAll(at: t0 + .days(9))
            #expect(after.deliveries.isEmpty && after.batches.isEmpty && after.nextDue == nil)
        }

        @Test("tells all that sending needs", arguments: Engine.allCases)
        func claimed(_ engine: Engine) throws {
            let bench = try Bench(engine)
            let entry = World.entry("ann") {
                $0.url = .file("/etc/advised/ann")
                $0.secrets = [.inline("whsec_\"1\\"), .credential("ann"), .environment("ANN"), .inline("{}")]
                $0.format = .matrix
                $0.options.to = "!room:example.com"
                $0.options.timeout = .seconds(3)
                $0.options.headers = [Subscriber.Header(name: "X-A", value: .inline("b"))]
            }
            let change = try bench.store.importRoster([entry], cohorts: [], now: t0)
            let number = try #require(try bench.store.release(World.draft(1, cohort: change.cohorts[0])))
            try bench.restart()
            let claim = try bench.store.claimAll(at: t0 + .seconds(5))
            let delivery = try #require(claim.deliveries.first)
            #expect(delivery.subscriberID == "ann")
            #expect(delivery.release.number == number)
            #expect(delivery.release.type == "advice.point.released")
            #expect(delivery.release.series == "s")
            #expect(delivery.release.edition == "2026-07-01")
            #expect(delivery.release.subject == "p1")
            #expect(delivery.release.pointNumber == 1)
            #expect(delivery.release.releasedAt == t0)
            #expect(delivery.attempts == 0 && delivery.due == t0 && delivery.goneAt == nil)
            #expect(delivery.standing == .active)
            #expect(claim.batches == [Claim.Batch(number: try #require(delivery.batch), count: 1)])
            let endpoint = Endpoint(
                url: entry.subscriber.url, secrets: entry.subscriber.secrets, format: .matrix,
                limitKey: "ann.example.com:443", sharesHost: false, options: entry.subscriber.options)
            #expect(delivery.endpoint == endpoint)
        }

        @Test("claims whole batches in order of slot hash, up to the limit", arguments: Engine.allCases)
        func batches(_ engine: Engine) throws {
            let bench = try Bench(engine)
            let ids = (0..<1200).map { "member-\($0)" }
            let cohort = try bench.store.subscribe(ids)
            try bench.store.release(World.draft(1, cohort: cohort))
            var claims: [Claim] = []
            while true {
                let claim = try bench.store.claim(limit: 1, now: t0)
                if claim.batches.isEmpty { break }
                claims.append(claim)
            }
            #expect(claims.flatMap(\.batches).count == 6)
            #expect(claims.first?.nextDue == t0)
            let order = claims.flatMap(\.deliveries).map {
                SlotHash(series: "s", subscriber: $0.subscriberID).value
            }
            #expect(order == order.sorted())
            #expect(claims.flatMap(\.subscribers).sorted() == ids.sorted())
        }

        @Test("goes on after a restart with exactly those that are missing", arguments: Engine.allCases)
        func restart(_ engine: Engine) throws {
            let bench = try Bench(engine)
            let ids = (0..<1200).map { "member-\($0)" }
            let cohort = try bench.store.subscribe(ids)
            try bench.store.release(World.draft(1, cohort: cohort))
            let claim = try bench.store.claim(limit: 1000, now: t0)
            let done = claim.deliveries.prefix(700)
            let group = OutcomeGroup(
                records: done.map { $0.settled(.delivered, at: t0) },
                finishedBatches: [claim.batches[0].number])
            try bench.store.record(group, now: t0)
            try bench.restart()
            let missing = try bench.store.claimAll(at: t0)
            let known = Set(done.map(\.subscriberID))
            // What the finished batch did not record is finished all the same.
            let dropped = Set(
                claim.deliveries.filter { $0.batch == claim.batches[0].number }.map(\.subscriberID))
            #expect(missing.subscribers == Set(ids).subtracting(known).subtracting(dropped).sorted())
            #expect(missing.batches.map(\.count).reduce(0, +) == missing.deliveries.count)
        }

        @Test("counts a batch that has nothing left as claimed", arguments: Engine.allCases)
        func emptyBatch(_ engine: Engine) throws {
            let bench = try Bench(engine)
            let cohort = try bench.store.subscribe(["ann"])
            try bench.store.release(World.draft(1, cohort: cohort))
            let claim = try bench.store.claimAll(at: t0)
            let record = claim.deliveries[0].settled(.delivered, at: t0)
            try bench.store.record(OutcomeGroup(records: [record]), now: t0)
            #expect(try bench.store.claimAll(at: t0).batches.isEmpty)
            try bench.restart()
            let again = try bench.store.claimAll(at: t0)
            #expect(again.batches == [Claim.Batch(number: claim.batches[0].number, count: 0)])
            #expect(again.deliveries.isEmpty)
        }

        @Test("lets retries come due, oldest first and before batches", arguments: Engine.allCases)
        func retries(_ engine: Engine) throws {
            let bench = try Bench(engine)
            let cohort = try bench.store.subscribe(["ann", "bob", "cat"])
            try bench.store.release(World.draft(1, cohort: cohort))
            let claim = try bench.store.claimAll(at: t0)
            var group = OutcomeGroup(finishedBatches: claim.batches.map(\.number))
            for (delivery, wait) in zip(claim.deliveries, [300, 5, 60]) {
                var record = delivery.settled(
                    .waiting, at: t0, status: 503, error: "503", next: t0 + .seconds(Int64(wait)))
                record.goneAt = t0 + .seconds(1)
                group.records.append(record)
            }
            try bench.store.record(group, now: t0)
            #expect(try bench.store.claimAll(at: t0).nextDue == t0 + .seconds(5))
            try bench.restart()
            let due = try bench.store.claim(limit: 9, now: t0 + .seconds(60))
            #expect(due.deliveries.map(\.key) == [claim.deliveries[1].key, claim.deliveries[2].key])
            #expect(due.deliveries.allSatisfy { $0.batch == nil && $0.attempts == 1 && $0.due == t0 })
            #expect(due.deliveries[0].goneAt == t0 + .seconds(1))
            #expect(due.nextDue == t0 + .seconds(300))
            #expect(try bench.store.claim(limit: 9, now: t0 + .seconds(61)).deliveries.isEmpty)
            try bench.store.record(due.delivered(at: t0 + .seconds(61)), now: t0 + .seconds(61))
            try bench.store.release(World.draft(2, cohort: cohort))
            let mixed = try bench.store.claim(limit: 2, now: t0 + .days(1))
            #expect(mixed.deliveries.map(\.release.subject) == ["p1", "p2", "p2", "p2"])
            #expect(try bench.store.claim(limit: 0, now: t0 + .days(1)).deliveries.isEmpty)
        }

        @Test("is limited in what it hands out of rows", arguments: Engine.allCases)
        func limitOfRows(_ engine: Engine) throws {
            let bench = try Bench(engine)
            let cohort = try bench.store.subscribe(["ann", "bob", "cat"])
            try bench.store.release(World.draft(1, cohort: cohort))
            let claim = try bench.store.claimAll(at: t0)
            try bench.store.record(
                OutcomeGroup(
                    records: claim.deliveries.map { $0.settled(.waiting, at: t0, next: t0 + .seconds(5)) },
                    finishedBatches: claim.batches.map(\.number)), now: t0)
            let two = try bench.store.claim(limit: 2, now: t0 + .seconds(5))
            #expect(two.deliveries.count == 2)
            #expect(two.nextDue == t0 + .seconds(5))
            #expect(try bench.store.claim(limit: 2, now: t0 + .seconds(5)).deliveries.count == 1)
        }

        @Test("holds a batch while its range of the point before is unfinished", arguments: Engine.allCases)
        func order(_ engine: Engine) throws {
            let bench = try Bench(engine)
            let ids = (0..<1200).map { "member-\($0)" }
            let cohort = try bench.store.subscribe(ids)
            try bench.store.release(World.draft(1, cohort: cohort))
            try bench.store.release(World.draft(2, cohort: cohort))
            let now = t0 + .days(1)
            let first = try bench.store.claim(limit: 1, now: now)
            let others = try bench.store.claimAll(at: now)
            #expect(others.deliveries.allSatisfy { $0.release.subject == "p1" })
            // Nothing but a record can help, so there is nothing to wait for.
            #expect(others.nextDue == nil)
            try bench.store.record(first.delivered(at: now), now: now)
            let second = try bench.store.claimAll(at: now)
            #expect(Set(second.deliveries.map(\.release.subject)) == ["p2"])
            #expect(second.subscribers == first.subscribers)
        }

        @Test("keeps what was delivered delivered, whatever is recorded later", arguments: Engine.allCases)
        func delivered(_ engine: Engine) throws {
            let bench = try Bench(engine)
            let cohort = try bench.store.subscribe(["ann"])
            try bench.store.release(World.draft(1, cohort: cohort))
            let claim = try bench.store.claimAll(at: t0)
            try bench.store.record(claim.delivered(at: t0), now: t0)
            let late = claim.deliveries[0].settled(.waiting, at: t0, status: 503, next: t0)
            try bench.store.record(OutcomeGroup(records: [late]), now: t0)
            #expect(try bench.store.claimAll(at: t0 + .days(1)).deliveries.isEmpty)
            #expect(try bench.reader().counts().delivered == 1)
        }

        @Test("counts by state, with the members who have no row yet", arguments: Engine.allCases)
        func counts(_ engine: Engine) throws {
            let bench = try Bench(engine)
            let cohort = try bench.store.subscribe(["a", "b", "c", "d", "e", "f", "g"])
            #expect(try bench.reader().counts() == DeliveryCounts())
            try bench.store.release(World.draft(1, cohort: cohort))
            let claim = try bench.store.claimAll(at: t0)
            let states: [DeliveryState] = [.delivered, .exhausted, .cancelled, .held, .waiting]
            let records = zip(claim.deliveries, states).map { delivery, state in
                delivery.settled(state, at: t0, next: state == .waiting ? t0 + .seconds(5) : nil)
            }
            try bench.store.record(OutcomeGroup(records: records), now: t0)
            var wanted = DeliveryCounts()
            (wanted.waiting, wanted.held, wanted.delivered, wanted.exhausted, wanted.cancelled) = (
                // Held behind nothing: it waits.
                4, 0, 1, 1, 1
            )
            #expect(try bench.reader().counts() == wanted)
            try bench.store.record(
                OutcomeGroup(finishedBatches: claim.batches.map(\.number)), now: t0)
            wanted.waiting = 2
            #expect(try bench.reader().counts() == wanted)
        }
    }
}
