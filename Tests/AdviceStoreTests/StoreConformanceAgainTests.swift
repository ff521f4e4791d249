import AdviceCore
import AdviceStore
import Testing

extension StoreConformance {
    /// A write is on the disk and its answer is lost: the same is asked for again.
    @Suite("is asked again what it has done, and")
    struct Again {
        private let t0 = World.t0

        @Test("has a release, its outcomes, a correction and an alert once", arguments: Engine.allCases)
        func onceEach(_ engine: Engine) throws {
            let bench = try Bench(engine)
            let cohort = try bench.store.subscribe(["ann", "bob", "eve"])
            try bench.store.save(World.record(), decision: nil, now: t0)
            #expect(try bench.store.release(World.draft(1, cohort: cohort)) != nil)
            #expect(try bench.store.release(World.draft(1, cohort: cohort)) == nil)
            let claim = try bench.store.claimAll(at: t0)
            #expect(claim.deliveries.map(\.subscriberID).sorted() == ["ann", "bob", "eve"])
            let records = claim.deliveries.map { delivery in
                delivery.subscriberID == "ann"
                    ? delivery.settled(.delivered, at: t0)
                    : delivery.settled(.waiting, at: t0, status: 503, next: t0 + .hours(1))
            }
            let group = OutcomeGroup(records: records, finishedBatches: claim.batches.map(\.number))
            for _ in 1...2 { _ = try bench.store.record(group, now: t0) }
            let retries = try bench.store.claimAll(at: t0 + .hours(1))
            #expect(retries.deliveries.map(\.subscriberID).sorted() == ["bob", "eve"])
            #expect(retries.deliveries.map(\.attempts) == [1, 1] && retries.batches.isEmpty)
            let second = OutcomeGroup(records: retries.deliveries.map { $0.settled(.delivered, at: t0) })
            for _ in 1...2 { _ = try bench.store.record(second, now: t0 + .hours(1)) }
            #expect(try bench.store.claimAll(at: t0 + .hours(2)).deliveries.isEmpty)

            let alert = Alert(
                kind: .exhausted, title: "t", text: "x", subscribers: [], count: 1, since: t0, at: t0)
            let draft = CorrectionDraft(
                kind: .revised, series: "s", edition: World.edition, cohort: cohort,
                point: Point(id: "p1", number: 1, title: "Point 1", body: "Better."), of: 15,
                row: World.row(1, day: 1), revision: 2, correctedAt: t0 + .hours(3))
            for _ in 1...2 {
                try bench.store.alert(alert, to: ["ann"], content: World.content, now: t0 + .hours(3))
                try bench.store.correct(
                    [Correction(draft: draft, correction: World.content, release: World.content)],
                    record: World.record(), decision: "revise", now: t0 + .hours(3))
            }
            var got: [String] = []
            for _ in 1...3 {
                let claim = try bench.store.claimAll(at: t0 + .hours(4))
                got += claim.deliveries.map { "\($0.subscriberID) \($0.release.type)" }
                for _ in 1...2 {
                    _ = try bench.store.record(claim.delivered(at: t0 + .hours(4)), now: t0 + .hours(4))
                }
            }
            let revised = ["ann", "bob", "eve"].map { "\($0) advice.point.revised" }
            #expect(got.sorted() == (revised + ["ann \(Alert.type)"]).sorted())
        }
    }
}
