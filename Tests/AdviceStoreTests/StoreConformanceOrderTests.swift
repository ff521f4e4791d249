import AdviceCore
import AdviceStore
import AdviceTesting
import Testing

extension StoreConformance {
    @Suite("keeps order, and")
    struct Order {
        private let t0 = World.t0

        /// A store with `ids` in one cohort, and the first point claimed by all of them.
        private func begun(_ engine: Engine, _ ids: [String]) throws -> (Bench, CohortRecord, Claim) {
            let bench = try Bench(engine)
            let cohort = try bench.store.subscribe(ids)
            try bench.store.save(World.record(), decision: nil, now: t0)
            try bench.store.release(World.draft(1, cohort: cohort))
            return (bench, cohort, try bench.store.claimAll(at: t0))
        }

        private func waiting(_ delivery: ClaimedDelivery, until next: Instant) -> DeliveryRecord {
            delivery.settled(.waiting, at: t0, status: 503, error: "503", next: next)
        }

        private func finish(_ claim: Claim, _ records: [DeliveryRecord]) -> OutcomeGroup {
            OutcomeGroup(records: records, finishedBatches: claim.batches.map(\.number))
        }

        @Test("hands a point out as behind while an earlier one is unsettled", arguments: Engine.allCases)
        func behind(_ engine: Engine) throws {
            let (bench, cohort, first) = try begun(engine, ["ann", "bob"])
            let ann = try #require(first.deliveries.first { $0.subscriberID == "ann" })
            let bob = try #require(first.deliveries.first { $0.subscriberID == "bob" })
            let retry = t0 + .hours(30)
            try bench.store.record(
                finish(first, [waiting(ann, until: retry), bob.settled(.delivered, at: t0)]), now: t0)
            let day2 = t0 + .days(1)
            try bench.store.release(World.draft(2, cohort: cohort))
            let second = try bench.store.claimAll(at: day2)
            let standings = second.deliveries.map { "\($0.subscriberID) \($0.standing)" }.sorted()
            #expect(standings == ["ann behind", "bob active"])

            // It is held, and set free by what settles the earlier one, when that says.
            let held = try #require(second.deliveries.first { $0.subscriberID == "ann" })
            var record = held.settled(.held, at: day2)
            record.attempt = nil
            let other = try #require(second.deliveries.first { $0.subscriberID == "bob" })
            try bench.store.record(finish(second, [record, other.settled(.delivered, at: day2)]), now: day2)
            #expect(try bench.reader().counts().held == 1)
            try bench.restart()
            let again = try bench.store.claimAll(at: retry)
            #expect(again.deliveries.map(\.release.subject) == ["p1"])
            var settled = again.deliveries[0].settled(.exhausted, at: retry)
            settled.nextHeldAt = retry + .minutes(1)
            let freed = try bench.store.record(OutcomeGroup(records: [settled]), now: retry)
            #expect(freed == retry + .minutes(1))
            #expect(try bench.store.claimAll(at: retry).deliveries.isEmpty)
            let last = try bench.store.claimAll(at: retry + .minutes(1))
            #expect(last.deliveries.map(\.release.subject) == ["p2"])
            #expect(last.deliveries.map(\.standing) == [.active])
        }

        @Test("holds nothing behind what was settled meanwhile", arguments: Engine.allCases)
        func settledMeanwhile(_ engine: Engine) throws {
            let (bench, cohort, first) = try begun(engine, ["ann"])
            try bench.store.record(finish(first, [waiting(first.deliveries[0], until: t0)]), now: t0)
            let day2 = t0 + .days(1)
            try bench.store.release(World.draft(2, cohort: cohort))
            let both = try bench.store.claimAll(at: day2)
            #expect(both.deliveries.map(\.standing) == [.active, .behind])
            var done = both.deliveries[0].settled(.delivered, at: day2)
            done.nextHeldAt = day2
            #expect(try bench.store.record(OutcomeGroup(records: [done]), now: day2) == nil)
            var held = both.deliveries[1].settled(.held, at: day2)
            held.attempt = nil
            #expect(try bench.store.record(finish(both, [held]), now: day2) == day2)
            #expect(try bench.store.claimAll(at: day2).deliveries.map(\.release.subject) == ["p2"])
        }

        @Test("another series' point does not wait", arguments: Engine.allCases)
        func otherSeries(_ engine: Engine) throws {
            let bench = try Bench(engine)
            let change = try bench.store.importRoster(
                [World.entry("ann", series: ["s", "t"])], cohorts: [], now: t0)
            try bench.store.release(World.draft(1, cohort: change.cohorts[0]))
            let first = try bench.store.claimAll(at: t0)
            try bench.store.record(
                finish(first, [waiting(first.deliveries[0], until: t0 + .days(9))]), now: t0)
            var other = World.draft(1, cohort: change.cohorts[1])
            other.series = "t"
            try bench.store.release(other)
            #expect(try bench.store.claimAll(at: t0).deliveries.map(\.standing) == [.active])
        }

        @Test("cancels at once what is owed to one who is removed", arguments: Engine.allCases)
        func removed(_ engine: Engine) throws {
            let (bench, _, first) = try begun(engine, ["ann", "bob"])
            try bench.store.record(
                finish(first, first.deliveries.map { waiting($0, until: t0 + .days(1)) }), now: t0)
            try bench.store.subscribe(["bob"], at: t0 + .hours(1))
            #expect(try bench.reader().counts().cancelled == 1)
            #expect(try bench.store.claimAll(at: t0 + .days(1)).subscribers == ["bob"])
        }

        // MARK: Those who come late

        /// A store in which two points went out before `bob` came, by `join`.
        private func joined(_ engine: Engine, _ join: JoinPolicy) throws -> (Bench, CohortRecord) {
            let (bench, cohort, first) = try begun(engine, ["ann"])
            try bench.store.record(first.delivered(at: t0), now: t0)
            let day2 = t0 + .days(1)
            try bench.store.release(World.draft(2, cohort: cohort))
            try bench.store.record(try bench.store.claimAll(at: day2).delivered(at: day2), now: day2)
            let change = try bench.store.importRoster(
                ["ann", "bob"].map { World.entry($0) }, cohorts: [("s", World.newYork)], joins: ["s": join],
                guardsRemovals: false, now: day2)
            return (bench, change.cohorts[0])
        }

        private func welcome(_ cohort: CohortRecord, _ join: JoinPolicy) -> Welcome {
            Welcome(series: "s", edition: World.edition, cohort: cohort.number, join: join)
        }

        /// What each policy owes to one who comes after two points.
        private static let owed: [(policy: JoinPolicy, points: [String])] = [
            (.next, []), (.latest, ["p2"]), (.all, ["p1", "p2"]), (.fromStart, ["p1", "p2"]),
        ]

        @Test("owes a newcomer what the series says", arguments: Engine.allCases, owed)
        func newcomer(_ engine: Engine, join: (policy: JoinPolicy, points: [String])) throws {
            let (bench, cohort) = try joined(engine, join.policy)
            #expect(cohort.joiners == (join.policy == .next ? 0 : 1))
            var now = t0 + .days(1)
            try bench.store.welcome(welcome(cohort, join.policy), now: now)
            #expect(try bench.store.load().cohorts[0].joiners == 0)
            var got: [String] = []
            for _ in 0..<3 {
                let claim = try bench.store.claimAll(at: now)
                #expect(claim.deliveries.count <= 1, "one after the other")
                got += claim.deliveries.map(\.release.subject)
                #expect(claim.deliveries.allSatisfy { $0.isArrears && $0.due <= now })
                let records = claim.deliveries.map { delivery in
                    var record = delivery.settled(.delivered, at: now)
                    record.nextHeldAt = now + .minutes(1)
                    return record
                }
                try bench.store.record(OutcomeGroup(records: records), now: now)
                now = now + .minutes(1)
            }
            #expect(got == join.points)
            // A second welcome owes nothing.
            try bench.store.welcome(welcome(cohort, join.policy), now: now)
            #expect(try bench.store.claimAll(at: now).deliveries.isEmpty)
        }

        @Test(
            "owes one who moves what the new cohort has released and the old one had not",
            arguments: Engine.allCases)
        func mover(_ engine: Engine) throws {
            let bench = try Bench(engine)
            let roster = [World.entry("ann"), World.entry("bob", cohort: World.berlin)]
            let change = try bench.store.importRoster(roster, cohorts: [], now: t0)
            try bench.store.save(World.record(), decision: nil, now: t0)
            let (newYork, berlin) = (change.cohorts[0], change.cohorts[1])
            for (cohort, number) in [(newYork, 1), (berlin, 1), (berlin, 2)] {
                try bench.store.release(World.draft(number, cohort: cohort))
                let claim = try bench.store.claimAll(at: t0 + .days(1))
                try bench.store.record(claim.delivered(at: t0), now: t0)
            }
            let now = t0 + .days(1)
            let moved = [World.entry("ann", cohort: World.berlin), roster[1]]
            let after = try bench.store.importRoster(moved, cohorts: [], now: now)
            #expect(after.cohorts.map(\.joiners) == [0, 1])
            try bench.store.welcome(welcome(berlin, .next), now: now)
            let claim = try bench.store.claimAll(at: now)
            #expect(claim.subscribers == ["ann"] && claim.deliveries.map(\.release.subject) == ["p2"])
        }

        @Test("keeps the day of the first import for those who name none", arguments: Engine.allCases)
        func firstDay(_ engine: Engine) throws {
            let bench = try Bench(engine)
            func take(_ today: Int) throws -> [String] {
                let cohort = Cohort(zone: "UTC", at: .nine, joined: World.start + today)
                var entry = World.entry("ann", cohort: cohort)
                entry.isJoinedByDefault = true
                let change = try bench.store.importRoster([entry], cohorts: [], now: t0 + .days(Int64(today)))
                return change.cohorts.filter { $0.members > 0 }.map { "\($0.cohort)" }
            }
            #expect(try take(0) == ["UTC 09:00 joined 2026-07-01"])
            #expect(try take(5) == ["UTC 09:00 joined 2026-07-01"])
            try bench.restart()
            #expect(try take(9) == ["UTC 09:00 joined 2026-07-01"])
        }

        @Test(
            "does not take a roster that has lost too many, where it is asked to guard it",
            arguments: Engine.allCases)
        func guards(_ engine: Engine) throws {
            let bench = try Bench(engine)
            let ids = (0..<40).map { "s\($0)" }
            try bench.store.subscribe(ids)
            func take(_ count: Int, guarded: Bool) throws -> RosterChange {
                try bench.store.importRoster(
                    ids.prefix(count).map { World.entry($0) }, cohorts: [], joins: [:],
                    guardsRemovals: guarded, now: t0)
            }
            let refused = try take(29, guarded: true)
            #expect(refused.refusedRemovals == 11 && refused.storedCount == 40)
            #expect(try bench.store.load().cohorts.map(\.members) == [40])
            #expect(try take(30, guarded: true).refusedRemovals == nil)
            #expect(try take(1, guarded: false).removed.count == 29)
        }

        // MARK: Operators

        @Test("a subscriber's pause, and what was missed in it", arguments: Engine.allCases)
        func pause(_ engine: Engine) throws {
            let (bench, cohort, first) = try begun(engine, ["ann"])
            try bench.store.record(first.delivered(at: t0), now: t0)
            func decide(_ what: SubscriberDecision.What, _ id: String = "ann") throws -> Bool {
                try bench.store.decide(
                    SubscriberDecision(subscriber: id, what: what), words: "decided", now: t0)
            }
            #expect(try !decide(.pause(until: nil), "eve"))
            #expect(try decide(.pause(until: nil)))
            for number in 2...3 {
                let now = t0 + .days(Int64(number - 1))
                try bench.store.release(World.draft(number, cohort: cohort))
                let claim = try bench.store.claimAll(at: now)
                #expect(claim.deliveries.map(\.standing) == [.paused])
                var record = claim.deliveries[0].settled(.cancelled, at: now, error: "paused")
                record.attempt = nil
                try bench.store.record(finish(claim, [record]), now: now)
            }
            let now = t0 + .days(3)
            #expect(try decide(.resume(withMissed: false)))
            #expect(try bench.store.claimAll(at: now).deliveries.isEmpty)
            #expect(try decide(.resume(withMissed: true)))
            let claim = try bench.store.claimAll(at: now)
            #expect(claim.deliveries.map(\.release.subject) == ["p2"])
            var record = claim.deliveries[0].settled(.delivered, at: now)
            record.nextHeldAt = now
            try bench.store.record(OutcomeGroup(records: [record]), now: now)
            #expect(try bench.store.claimAll(at: now).deliveries.map(\.release.subject) == ["p3"])
        }

        @Test("a pause ends by itself on its day", arguments: Engine.allCases)
        func pauseEnds(_ engine: Engine) throws {
            let bench = try Bench(engine)
            let cohort = try bench.store.subscribe(["ann"])
            _ = try bench.store.decide(
                SubscriberDecision(subscriber: "ann", what: .pause(until: day("2026-07-03"))), words: "x",
                now: t0 - .hours(1))
            try bench.store.release(World.draft(1, cohort: cohort))
            // Which day it is where the subscriber is, the scheduler knows.
            let claim = try bench.store.claimAll(at: t0)
            #expect(claim.deliveries.map(\.standing) == [.active])
            #expect(claim.deliveries.map(\.pausedUntil) == [day("2026-07-03")])
            #expect(claim.deliveries.map(\.memberCohort) == [cohort.number])
            try bench.restart()
            _ = try bench.store.decide(
                SubscriberDecision(subscriber: "ann", what: .pause(until: nil)), words: "x", now: t0)
            #expect(try bench.store.claimAll(at: t0).deliveries.map(\.standing) == [.paused])
        }

        // MARK: Clocks

        @Test("a clock that is not believed raises no mark; a hold is kept", arguments: Engine.allCases)
        func marks(_ engine: Engine) throws {
            let bench = try Bench(engine)
            try bench.store.subscribe(["ann"])
            bench.store.trustsClock = false
            let hold = ClockHold(since: t0 + .days(500), leap: .days(3))
            try bench.store.note(hold, decision: nil, now: t0 + .days(500))
            #expect(try bench.store.load().mark == t0)
            try bench.restart()
            #expect(try bench.store.load().hold == hold)
            try bench.store.note(nil, decision: "clock accept", now: t0 + .days(501))
            #expect(try bench.store.load().hold == nil)
            #expect(try bench.store.load().mark == t0 + .days(501))
        }

        @Test("what waits does not wait longer for a clock that was set back", arguments: Engine.allCases)
        func shifted(_ engine: Engine) throws {
            let (bench, _, first) = try begun(engine, ["ann"])
            try bench.store.record(
                finish(first, [waiting(first.deliveries[0], until: t0 + .hours(2))]), now: t0)
            let back = t0 - .days(3)
            #expect(try bench.store.claimAll(at: back + .hours(2)).deliveries.isEmpty)
            try bench.store.shiftWaits(now: back)
            // A start that finds the same must not bring it nearer again.
            try bench.store.shiftWaits(now: back + .hours(1))
            #expect(try bench.store.claimAll(at: back + .hours(2) - .seconds(1)).deliveries.isEmpty)
            #expect(try bench.store.claimAll(at: back + .hours(2)).subscribers == ["ann"])
        }

        @Test("what was written before the clock was wrong keeps its time", arguments: Engine.allCases)
        func notShifted(_ engine: Engine) throws {
            let (bench, _, first) = try begun(engine, ["ann"])
            try bench.store.record(
                finish(first, [waiting(first.deliveries[0], until: t0 + .hours(2))]), now: t0)
            try bench.store.shiftWaits(now: t0 + .minutes(10))
            #expect(try bench.store.claimAll(at: t0 + .hours(2) - .seconds(1)).deliveries.isEmpty)
            #expect(try bench.store.claimAll(at: t0 + .hours(2)).subscribers == ["ann"])
        }

        @Test(
            "a spread release is due at each member's own second, the same in every release",
            arguments: Engine.allCases)
        func spread(_ engine: Engine) throws {
            let bench = try Bench(engine)
            let ids = (0..<40).map { "member-\($0)" }
            let cohort = try bench.store.subscribe(ids)
            for number in 1...2 {
                var draft = World.draft(number, cohort: cohort)
                draft.spread = .minutes(10)
                try bench.store.release(draft)
                var seen: [String: Span] = [:]
                for second in 0..<600 {
                    let now = draft.row.releasedAt + .seconds(Int64(second))
                    let claim = try bench.store.claimAll(at: now)
                    for delivery in claim.deliveries { seen[delivery.subscriberID] = .seconds(Int64(second)) }
                    try bench.store.record(claim.delivered(at: now), now: now)
                }
                for id in ids {
                    #expect(
                        seen[id] == SlotHash(series: "s", subscriber: id).offset(in: .minutes(10)), "\(id)")
                }
            }
        }
    }
}
