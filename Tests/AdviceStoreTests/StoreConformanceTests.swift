import AdviceCore
import AdviceStore
import Testing

/// What a store is, whichever engine it runs on.
@Suite("a store")
enum StoreConformance {
    @Suite("keeps a ledger, and")
    struct Ledger {
        @Test("releases a point of a cohort once in an edition", arguments: Engine.allCases)
        func oncePerPoint(_ engine: Engine) throws {
            let bench = try Bench(engine)
            let cohort = try bench.store.subscribe(["ann"])
            #expect(try bench.store.release(World.draft(1, cohort: cohort)) != nil)
            #expect(try bench.store.release(World.draft(1, day: 2, cohort: cohort)) == nil)
            let next = Edition(start: World.start, cycle: 2)
            #expect(try bench.store.release(World.draft(1, cohort: cohort, edition: next)) != nil)
        }

        @Test("releases one point of a cohort for a slot date", arguments: Engine.allCases)
        func oncePerDate(_ engine: Engine) throws {
            let bench = try Bench(engine)
            let cohort = try bench.store.subscribe(["ann"])
            #expect(try bench.store.release(World.draft(1, cohort: cohort)) != nil)
            #expect(try bench.store.release(World.draft(2, day: 1, cohort: cohort)) == nil)
        }

        @Test("leaves nothing of a release that it had", arguments: Engine.allCases)
        func nothingOfARefusedOne(_ engine: Engine) throws {
            let bench = try Bench(engine)
            let cohort = try bench.store.subscribe(["ann"])
            try bench.store.save(World.record(), decision: nil, now: World.t0)
            try bench.store.release(World.draft(2, day: 1, cohort: cohort))
            let missed = World.row(1, day: 2, kind: .missed)
            // The missed point is new, the released one is not: neither is written.
            #expect(try bench.store.release(World.draft(2, day: 3, cohort: cohort, missed: [missed])) == nil)
            #expect(try bench.store.load().ledgers.map { $0.rows.map(\.point) } == [["p2"]])
            #expect(try bench.store.claimAll(at: World.t0 + .days(9)).batches.count == 1)
        }

        @Test("has missed points in order with the released", arguments: Engine.allCases)
        func missed(_ engine: Engine) throws {
            let bench = try Bench(engine)
            let cohort = try bench.store.subscribe(["ann"])
            try bench.store.save(World.record(), decision: nil, now: World.t0)
            let missed = [World.row(1, day: 1, kind: .missed), World.row(2, day: 2, kind: .missed)]
            let draft = World.draft(3, cohort: cohort, missed: missed)
            #expect(try bench.store.release(draft) != nil)
            try bench.restart()
            let kept = try bench.store.load().ledgers.first?.rows.map(\.withoutCut)
            #expect(kept == missed + [draft.row])
            #expect(
                try bench.store.claimAll(at: World.t0 + .days(9)).deliveries.map(\.release.subject) == ["p3"])
        }

        @Test("inherits rows, and keeps those it has", arguments: Engine.allCases)
        func inherit(_ engine: Engine) throws {
            let bench = try Bench(engine)
            let cohort = try bench.store.subscribe(["ann"])
            try bench.store.save(World.record(), decision: nil, now: World.t0)
            try bench.store.release(World.draft(1, cohort: cohort))
            let rows = [World.row(1, day: 4, kind: .inherited), World.row(2, day: 2, kind: .inherited)]
            let ledger = CohortLedger(series: "s", edition: World.edition, cohort: cohort.number, rows: rows)
            try bench.store.enter(ledger, now: World.t0)
            try bench.store.enter(ledger, now: World.t0)
            let found = try bench.store.load().ledgers.first?.rows
            #expect(found?.map(\.withoutCut) == [World.row(1, day: 1), rows[1]])
            // The roster of the time is noted with each.
            #expect(found?.map(\.cut) == [1, 1])
        }

        @Test("tells the ledger of the current edition alone", arguments: Engine.allCases)
        func currentEdition(_ engine: Engine) throws {
            let bench = try Bench(engine)
            let cohort = try bench.store.subscribe(["ann"])
            let next = Edition(start: World.start, cycle: 2)
            try bench.store.release(World.draft(1, cohort: cohort))
            try bench.store.release(World.draft(2, cohort: cohort, edition: next))
            try bench.store.save(World.record(edition: next), decision: nil, now: World.t0)
            let ledgers = try bench.store.load().ledgers
            #expect(ledgers.map(\.edition) == [next])
            #expect(ledgers.map { $0.rows.map(\.point) } == [["p2"]])
        }

        @Test("keeps a series' record as it was written last", arguments: Engine.allCases)
        func seriesRecord(_ engine: Engine) throws {
            let bench = try Bench(engine)
            var record = World.record(state: .unstarted)
            try bench.store.save(record, decision: nil, now: World.t0)
            record.state = .running
            record.begin = World.start + 3
            record.passed = ["a \"quoted\" one", "p2"]
            try bench.store.save(record, decision: "start --after p2", now: World.t0)
            try bench.restart()
            #expect(try bench.store.load().series == [record])
        }

        @Test("has a mark that only rises, whatever verb is called", arguments: Engine.allCases)
        func mark(_ engine: Engine) throws {
            let bench = try Bench(engine)
            #expect(try bench.store.load().mark == nil)
            let cohort = try bench.store.subscribe(["ann"], at: World.t0)
            #expect(try bench.store.load().mark == World.t0)
            try bench.store.save(World.record(), decision: nil, now: World.t0 - .days(400))
            #expect(try bench.store.load().mark == World.t0)
            try bench.store.release(World.draft(3, cohort: cohort))
            #expect(try bench.store.load().mark == World.t0 + .days(2))
            try bench.store.record(OutcomeGroup(), now: World.t0 + .days(3))
            #expect(try bench.store.load().mark == World.t0 + .days(3))
            let ledger = CohortLedger(series: "s", edition: World.edition, cohort: cohort.number, rows: [])
            try bench.store.enter(ledger, now: World.t0 + .days(4))
            try bench.restart()
            #expect(try bench.store.load().mark == World.t0 + .days(4))
        }

        @Test(
            "gives back the frozen content, and keeps the first of what is made of it later",
            arguments: Engine.allCases)
        func laterRendering(_ engine: Engine) throws {
            let bench = try Bench(engine)
            let cohort = try bench.store.subscribe(["ann"])
            let number = try #require(try bench.store.release(World.draft(1, cohort: cohort)))
            let content = try #require(try bench.store.content(release: number))
            #expect(content.neutral == World.content.neutral && content.digest == World.content.digest)
            #expect(try bench.store.content(release: number + 1) == nil)
            try bench.store.keep([1, 2], release: number, format: .discord, now: World.t0)
            try bench.store.keep([3], release: number, format: .discord, now: World.t0)
            try bench.store.keep([4], release: number, format: .standard, now: World.t0)
            try bench.restart()
            #expect(try bench.store.rendering(release: number, format: .discord) == [1, 2])
            let frozen = World.content.renderings[0].bytes
            #expect(try bench.store.rendering(release: number, format: .standard) == frozen)
        }

        @Test("gives back what was frozen, and nil where nothing was", arguments: Engine.allCases)
        func rendering(_ engine: Engine) throws {
            let bench = try Bench(engine)
            let cohort = try bench.store.subscribe(["ann"])
            let number = try #require(try bench.store.release(World.draft(1, cohort: cohort)))
            try bench.restart()
            let wanted = World.content.renderings[0].bytes
            #expect(try bench.store.rendering(release: number, format: .standard) == wanted)
            #expect(try bench.store.rendering(release: number, format: .slack) == [])
            #expect(try bench.store.rendering(release: number, format: .discord) == nil)
        }
    }
}
