import AdviceCore
import AdviceStore
import Testing

extension StoreConformance {
    @Suite("remembers the lives of its daemon, and")
    struct Lives {
        let t0 = World.t0

        @Test("counts starts until something is recorded", arguments: Engine.allCases)
        func starts(_ engine: Engine) throws {
            let bench = try Bench(engine)
            let cohort = try bench.store.subscribe(["ann", "bob"])
            try bench.store.release(World.draft(1, cohort: cohort))
            for count in 1...3 {
                try bench.store.begin(now: t0)
                #expect(try bench.store.load().life == Life(starts: count))
                try bench.restart()
            }
            try bench.store.begin(now: t0)
            let claim = try bench.store.claimAll(at: t0)
            try bench.store.record(claim.delivered(at: t0), now: t0)
            try bench.restart()
            #expect(try bench.store.load().life == Life())
        }

        @Test("keeps a list of attempts, less those that were recorded", arguments: Engine.allCases)
        func attempts(_ engine: Engine) throws {
            let bench = try Bench(engine)
            let cohort = try bench.store.subscribe(["ann", "bob", "eve"])
            try bench.store.release(World.draft(1, cohort: cohort))
            try bench.store.begin(now: t0)
            let claim = try bench.store.claimAll(at: t0)
            let keys = claim.deliveries.map(\.key)
            try bench.store.attempt(keys, now: t0)
            #expect(try bench.store.load().life == Life(starts: 1, attempted: keys))
            let group = OutcomeGroup(records: [claim.deliveries[1].settled(.delivered, at: t0)])
            try bench.store.record(group, now: t0)
            try bench.restart()
            #expect(try bench.store.load().life == Life(starts: 0, attempted: [keys[0], keys[2]]))
        }

        @Test("forgets all that at an end as it should be", arguments: Engine.allCases)
        func end(_ engine: Engine) throws {
            let bench = try Bench(engine)
            try bench.store.begin(now: t0)
            try bench.store.attempt([DeliveryKey(subject: 1, subscriber: 1)], now: t0)
            try bench.store.end(now: t0)
            try bench.restart()
            #expect(try bench.store.load().life == Life())
        }

        @Test("tells with a claim that the last attempt was one in which it died", arguments: Engine.allCases)
        func crashed(_ engine: Engine) throws {
            let bench = try Bench(engine)
            let cohort = try bench.store.subscribe(["ann", "bob"])
            try bench.store.release(World.draft(1, cohort: cohort))
            let claim = try bench.store.claimAll(at: t0)
            var group = OutcomeGroup(finishedBatches: claim.batches.map(\.number))
            for delivery in claim.deliveries {
                let error = delivery.subscriberID == "ann" ? ClaimedDelivery.crashed : "reset"
                group.records.append(
                    delivery.settled(.waiting, at: t0, status: 0, error: error, next: t0 + .seconds(5)))
            }
            try bench.store.record(group, now: t0)
            let again = try bench.store.claimAll(at: t0 + .seconds(5)).deliveries
            let crashed = again.filter(\.hasCrashed).map(\.subscriberID)
            #expect(again.count == 2 && crashed == ["ann"])
        }
    }
}
