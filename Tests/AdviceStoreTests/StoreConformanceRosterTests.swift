import AdviceCore
import AdviceStore
import Testing

extension StoreConformance {
    @Suite("takes a roster, and")
    struct Roster {
        let t0 = World.t0

        @Test("says what an import has changed", arguments: Engine.allCases)
        func differences(_ engine: Engine) throws {
            let bench = try Bench(engine)
            let both = [("s", World.newYork), ("s", World.berlin)]
            let first = try bench.store.importRoster(
                ["cat", "ann", "bob"].map { World.entry($0) }, cohorts: both, now: t0)
            #expect(first.added == ["cat", "ann", "bob"])
            #expect(first.cohorts.map(\.members) == [3, 0])
            #expect(first.cohorts.map(\.cohort) == [World.newYork, World.berlin])
            let second = try bench.store.importRoster(
                [
                    World.entry("ann"), World.entry("bob", url: "https://new.example.com/"),
                    World.entry("dan"),
                ],
                cohorts: both, now: t0)
            #expect(second.added == ["dan"] && second.changed == ["bob"] && second.removed == ["cat"])
            #expect(second.cohorts.map(\.members) == [3, 0])
            try bench.restart()
            let third = try bench.store.importRoster(
                [
                    World.entry("ann"), World.entry("cat"),
                    World.entry("bob", url: "https://new.example.com/"),
                ],
                cohorts: both, now: t0)
            #expect(third.added == ["cat"] && third.changed == [] && third.removed == ["dan"])
            #expect(try bench.store.load().cohorts == third.cohorts)
        }

        @Test(
            "says since which roster a cohort has had members, anew when it gets some again",
            arguments: Engine.allCases)
        func since(_ engine: Engine) throws {
            let bench = try Bench(engine)
            let both = [("s", World.newYork), ("s", World.berlin)]
            func since(_ entries: [RosterEntry]) throws -> [Int64?] {
                try bench.store.importRoster(entries, cohorts: both, now: t0).cohorts.map(\.since)
            }
            let there = World.entry("ann")
            let moved = World.entry("ann", cohort: World.berlin)
            #expect(try since([there]) == [1, 1])
            #expect(try since([there, World.entry("bob")]) == [1, 1])
            // By the roster's number and not by the clock, which may be set back.
            #expect(try since([moved]) == [1, 3])
            #expect(try since([there]) == [4, 3])
            try bench.restart()
            #expect(try bench.store.load().cohorts.map(\.since) == [4, 3])
        }

        @Test(
            "sees every change of an entry",
            arguments: Engine.allCases,
            [
                World.entry("ann", url: "https://other.example.com/"),
                World.entry("ann", cohort: World.berlin),
                World.entry("ann", series: ["s", "t"]),
                World.entry("ann", series: []),
                World.entry("ann") { $0.secrets = [] },
                World.entry("ann") { $0.secrets.append(.inline("whsec_2")) },
                World.entry("ann") { $0.secrets = [.file("whsec_ann")] },
                World.entry("ann") { $0.format = .slack },
                World.entry("ann") { $0.paused = true },
                World.entry("ann") { $0.zone = "Europe/Berlin" },
                World.entry("ann") { $0.at = .midnight },
                World.entry("ann") { $0.joined = World.start },
                World.entry("ann") { $0.options.rate = 0.5 },
            ])
        func everyChange(_ engine: Engine, _ entry: RosterEntry) throws {
            let bench = try Bench(engine)
            try bench.store.subscribe(["ann"])
            #expect(try bench.store.importRoster([entry], cohorts: [], now: t0).changed == ["ann"])
            #expect(try bench.store.importRoster([entry], cohorts: [], now: t0).changed == [])
        }

        @Test("cuts a release for those who are members at its time", arguments: Engine.allCases)
        func cut(_ engine: Engine) throws {
            let bench = try Bench(engine)
            let cohort = try bench.store.subscribe(["ann", "bob"])
            try bench.store.release(World.draft(1, cohort: cohort))
            try bench.store.subscribe(["ann", "bob", "cat"])
            try bench.store.release(World.draft(2, cohort: cohort))
            let first = try bench.store.claimAll(at: t0 + .days(1))
            #expect(first.subscribers == ["ann", "bob"])
            try bench.store.record(first.delivered(at: t0), now: t0)
            #expect(try bench.store.claimAll(at: t0 + .days(1)).subscribers == ["ann", "bob", "cat"])
        }

        @Test("tells the standing of whom it hands out", arguments: Engine.allCases)
        func standing(_ engine: Engine) throws {
            let bench = try Bench(engine)
            let cohort = try bench.store.subscribe(["ann", "bob", "cat", "dan", "eve"])
            try bench.store.release(World.draft(1, cohort: cohort))
            let roster = [
                World.entry("ann"), World.entry("bob") { $0.paused = true },
                // Still in the roster, but no longer in the series; and moved to another cohort of it.
                World.entry("dan", series: ["t"]), World.entry("eve", cohort: World.berlin),
            ]
            _ = try bench.store.importRoster(roster, cohorts: [], now: t0)
            let wanted: [String: ClaimedDelivery.Standing] = [
                "ann": .active, "bob": .paused, "cat": .removed, "dan": .removed, "eve": .active,
            ]
            let claim = try bench.store.claimAll(at: t0)
            #expect(standings(claim) == wanted)
            // The same of those who have a row.
            let records = claim.deliveries.map { $0.settled(.waiting, at: t0, next: t0 + .seconds(5)) }
            try bench.store.record(
                OutcomeGroup(records: records, finishedBatches: claim.batches.map(\.number)), now: t0)
            #expect(standings(try bench.store.claimAll(at: t0 + .seconds(5))) == wanted)
        }

        private func standings(_ claim: Claim) -> [String: ClaimedDelivery.Standing] {
            Dictionary(uniqueKeysWithValues: claim.deliveries.map { ($0.subscriberID, $0.standing) })
        }

        @Test("keeps an endpoint closed until it is another one", arguments: Engine.allCases)
        func closed(_ engine: Engine) throws {
            let bench = try Bench(engine)
            let cohort = try bench.store.subscribe(["ann", "bob"])
            try bench.store.release(World.draft(1, cohort: cohort))
            let claim = try bench.store.claimAll(at: t0)
            let records = claim.deliveries.map {
                $0.settled(.cancelled, at: t0, status: 410, closes: $0.subscriberID == "ann")
            }
            try bench.store.record(
                OutcomeGroup(records: records, finishedBatches: claim.batches.map(\.number)), now: t0)
            try bench.restart()
            #expect(try bench.reader().endpoints(.closed) == ["ann"])
            try bench.store.release(World.draft(2, cohort: cohort))
            // A change that leaves the endpoint the same opens nothing.
            let paused = World.entry("ann") { $0.paused = true }
            _ = try bench.store.importRoster([paused, World.entry("bob")], cohorts: [], now: t0)
            let second = try bench.store.claimAll(at: t0 + .days(1))
            #expect(standings(second) == ["ann": .closed, "bob": .active])
            try bench.restart()
            let moved = World.entry("ann") { $0.secrets = [.inline("whsec_new")] }
            _ = try bench.store.importRoster([moved, World.entry("bob")], cohorts: [], now: t0)
            #expect(
                standings(try bench.store.claimAll(at: t0 + .days(1))) == ["ann": .active, "bob": .active])
            #expect(try bench.reader().endpoints(.closed) == [])
            // Who changes it back has had a hand on it: it is tried again.
            _ = try bench.store.importRoster([World.entry("ann"), World.entry("bob")], cohorts: [], now: t0)
            #expect(try bench.reader().endpoints(.closed) == [])
        }

        @Test("closes the endpoint that was tried, not one that came meanwhile", arguments: Engine.allCases)
        func closedMeanwhile(_ engine: Engine) throws {
            let bench = try Bench(engine)
            let cohort = try bench.store.subscribe(["ann"])
            try bench.store.release(World.draft(1, cohort: cohort))
            let claim = try bench.store.claimAll(at: t0)
            let moved = World.entry("ann", url: "https://new.example.com/")
            _ = try bench.store.importRoster([moved], cohorts: [], now: t0)
            let record = claim.deliveries[0].settled(.cancelled, at: t0, status: 410, closes: true)
            try bench.store.record(OutcomeGroup(records: [record]), now: t0)
            #expect(try bench.reader().endpoints(.closed) == [])
        }

        @Test("owes a mover what the old cohort released, once", arguments: Engine.allCases)
        func mover(_ engine: Engine) throws {
            let bench = try Bench(engine)
            let cohorts = [("s", World.newYork), ("s", World.berlin)]
            let change = try bench.store.importRoster(
                [World.entry("ann"), World.entry("bob")], cohorts: cohorts, now: t0)
            try bench.store.release(World.draft(1, cohort: change.cohorts[0]))
            let moved = [World.entry("ann", cohort: World.berlin), World.entry("bob")]
            let after = try bench.store.importRoster(moved, cohorts: cohorts, now: t0)
            #expect(after.cohorts.map(\.members) == [1, 1])
            // The new cohort releases the same point: ann is in both, and gets it once.
            try bench.store.release(World.draft(1, cohort: change.cohorts[1]))
            let claim = try bench.store.claimAll(at: t0)
            #expect(claim.subscribers == ["ann", "bob"])
            // What the old cohort owes her has a row of its own.
            #expect(claim.deliveries.map { $0.batch == nil } == [true, false])
            #expect(claim.batches.map(\.count) == [1, 0])
            #expect(claim.deliveries.allSatisfy { $0.standing == .active })
            #expect(try bench.reader().counts().waiting == 2)
        }

        @Test("keeps nothing in hand of a batch that is finished", arguments: Engine.allCases)
        func finishedUnrecorded(_ engine: Engine) throws {
            let bench = try Bench(engine)
            let cohort = try bench.store.subscribe(["ann"])
            try bench.store.release(World.draft(1, cohort: cohort))
            let claim = try bench.store.claimAll(at: t0)
            try bench.store.record(OutcomeGroup(finishedBatches: claim.batches.map(\.number)), now: t0)
            let moved = [World.entry("ann", cohort: World.berlin)]
            let berlin = try bench.store.importRoster(moved, cohorts: [], now: t0).cohorts[1]
            try bench.store.release(World.draft(1, cohort: berlin))
            #expect(try bench.store.claimAll(at: t0).subscribers == ["ann"])
        }

        @Test("counts who comes back as the same subscriber", arguments: Engine.allCases)
        func comesBack(_ engine: Engine) throws {
            let bench = try Bench(engine)
            let cohort = try bench.store.subscribe(["ann", "bob"])
            try bench.store.release(World.draft(1, cohort: cohort))
            let claim = try bench.store.claimAll(at: t0)
            try bench.store.record(claim.delivered(at: t0), now: t0)
            try bench.store.subscribe(["bob"])
            try bench.store.subscribe(["ann", "bob"])
            // A second release of the point, as after a mistake in the ledger: the rows are still theirs.
            let berlin = try bench.store.importRoster(
                ["ann", "bob"].map { World.entry($0, cohort: World.berlin) },
                cohorts: [], now: t0)
            try bench.store.release(World.draft(1, cohort: berlin.cohorts[1]))
            #expect(try bench.store.claimAll(at: t0).deliveries.isEmpty)
        }

        @Test("makes what waits for a changed endpoint due at once", arguments: Engine.allCases)
        func hastens(_ engine: Engine) throws {
            let bench = try Bench(engine)
            let cohort = try bench.store.subscribe(["ann", "bob"])
            try bench.store.release(World.draft(1, cohort: cohort))
            let claim = try bench.store.claimAll(at: t0)
            let records = claim.deliveries.map {
                $0.settled(.waiting, at: t0, status: 500, next: t0 + .hours(5))
            }
            try bench.store.record(
                OutcomeGroup(records: records, finishedBatches: claim.batches.map(\.number)), now: t0)
            let moved = World.entry("ann", url: "https://new.example.com/")
            _ = try bench.store.importRoster(
                [moved, World.entry("bob") { $0.paused = true }], cohorts: [], now: t0 + .hours(1))
            let due = try bench.store.claimAll(at: t0 + .hours(1))
            #expect(due.subscribers == ["ann"])
            #expect(due.deliveries[0].endpoint.url == .inline("https://new.example.com/"))
            #expect(due.nextDue == t0 + .hours(5))
        }
    }
}
