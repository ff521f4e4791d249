import AdviceStore
import AdviceTesting
import Testing

@testable import AdviceCore

extension StoreConformance {
    @Suite("remembers endpoints, and")
    struct Endpoints {
        private let t0 = World.t0

        private func suspended(_ delivery: ClaimedDelivery, probeAt: Instant) -> DeliveryRecord {
            var record = delivery.settled(.held, at: t0, status: 503, error: "suspended: 503")
            record.health = EndpointHealth(
                state: .suspended, failingSince: t0 - .days(3), failures: 4, probeAt: probeAt)
            return record
        }

        /// A store in which ann's endpoint is suspended with her first point held, and bob has it.
        private func begun(_ engine: Engine) throws -> (Bench, CohortRecord) {
            let bench = try Bench(engine)
            let cohort = try bench.store.subscribe(["ann", "bob"])
            try bench.store.save(World.record(), decision: nil, now: t0)
            try bench.store.release(World.draft(1, cohort: cohort))
            let claim = try bench.store.claimAll(at: t0)
            let records = claim.deliveries.map {
                $0.subscriberID == "ann"
                    ? suspended($0, probeAt: t0 + .days(2)) : $0.settled(.delivered, at: t0)
            }
            try bench.store.record(
                OutcomeGroup(records: records, finishedBatches: claim.batches.map(\.number)), now: t0)
            return (bench, cohort)
        }

        @Test(
            "hands a suspended one's oldest delivery out once a day, as a probe", arguments: Engine.allCases)
        func probe(_ engine: Engine) throws {
            let (bench, cohort) = try begun(engine)
            #expect(try bench.reader().endpoints(.suspended) == ["ann"])
            try bench.restart()
            try bench.store.release(World.draft(2, cohort: cohort))
            let day2 = t0 + .days(1)
            let claim = try bench.store.claimAll(at: day2)
            let standings = claim.deliveries.map { "\($0.subscriberID) \($0.standing)" }.sorted()
            #expect(standings == ["ann suspended", "bob active"])
            #expect(claim.deliveries.first { $0.subscriberID == "ann" }?.health.failures == 4)
            let records = claim.deliveries.map { delivery -> DeliveryRecord in
                guard delivery.subscriberID == "ann" else { return delivery.settled(.delivered, at: day2) }
                var record = delivery.settled(.held, at: day2)
                record.attempt = nil
                return record
            }
            try bench.store.record(
                OutcomeGroup(records: records, finishedBatches: claim.batches.map(\.number)), now: day2)
            #expect(try bench.reader().counts().held == 2)
            // Not before its time, and then the oldest alone.
            #expect(try bench.store.claimAll(at: day2).deliveries.isEmpty)
            #expect(try bench.store.claimAll(at: day2).nextDue == t0 + .days(2))
            let probe = try bench.store.claimAll(at: t0 + .days(2))
            #expect(probe.deliveries.map(\.release.subject) == ["p1"])
            #expect(probe.deliveries.map(\.standing) == [.probe])
            #expect(try bench.store.claimAll(at: t0 + .days(2)).deliveries.isEmpty)
        }

        @Test("sets free in order what was held, once it has taken one again", arguments: Engine.allCases)
        func resumed(_ engine: Engine) throws {
            let (bench, cohort) = try begun(engine)
            try bench.store.release(World.draft(2, cohort: cohort))
            let day2 = t0 + .days(2)
            let claim = try bench.store.claimAll(at: day2)
            let probe = try #require(claim.deliveries.first { $0.standing == .probe })
            let other = try #require(claim.deliveries.first { $0.standing == .suspended })
            var held = other.settled(.held, at: day2)
            held.attempt = nil
            var taken = probe.settled(.delivered, at: day2)
            taken.health = .healthy
            taken.nextHeldAt = day2
            let freed = try bench.store.record(
                OutcomeGroup(records: [held, taken], finishedBatches: claim.batches.map(\.number)), now: day2)
            #expect(freed == day2)
            #expect(try bench.reader().endpoints(.suspended) == [])
            let next = try bench.store.claimAll(at: day2)
            #expect(next.deliveries.filter { $0.subscriberID == "ann" }.map(\.release.subject) == ["p2"])
            #expect(next.deliveries.allSatisfy { $0.standing == .active })
        }

        @Test(
            "opens a suspended one when it is another, or when a person says so", arguments: Engine.allCases)
        func reopened(_ engine: Engine) throws {
            for isByHand in [true, false] {
                let (bench, _) = try begun(engine)
                if isByHand {
                    _ = try bench.store.decide(
                        SubscriberDecision(subscriber: "ann", what: .resume(withMissed: false)), words: "x",
                        now: t0)
                } else {
                    let moved = World.entry("ann", url: "https://new.example.com/")
                    _ = try bench.store.importRoster([moved, World.entry("bob")], cohorts: [], now: t0)
                }
                let claim = try bench.store.claimAll(at: t0)
                #expect(claim.deliveries.map(\.release.subject) == ["p1"])
                #expect(claim.deliveries.map(\.standing) == [.active])
                #expect(try bench.reader().endpoints(.suspended) == [])
            }
        }

        @Test(
            "asks one that is to consent, and hands nothing else out for it until it has",
            arguments: Engine.allCases)
        func challenged(_ engine: Engine) throws {
            let bench = try Bench(engine)
            bench.store.trustsClock = true
            var ann = World.entry("ann")
            ann.subscriber.options.confirm = true
            let change = try bench.store.importRoster(
                [ann, World.entry("bob")], cohorts: [("s", World.newYork)], now: t0)
            let cohort = change.cohorts[0]
            #expect(try bench.reader().endpoints(.unconfirmed) == ["ann"])
            try bench.store.save(World.record(), decision: nil, now: t0)
            try bench.store.release(World.draft(1, cohort: cohort))
            let claim = try bench.store.claimAll(at: t0)
            let standings = claim.deliveries.map { "\($0.subscriberID) \($0.standing)" }.sorted()
            #expect(standings == ["ann suspended", "bob active"])
            let records = claim.deliveries.map { delivery -> DeliveryRecord in
                guard delivery.isChallenge else { return delivery.settled(.delivered, at: t0) }
                var record = delivery.settled(.held, at: t0)
                (record.attempt, record.attempts) = (nil, 0)
                return record
            }
            try bench.store.record(
                OutcomeGroup(records: records, finishedBatches: claim.batches.map(\.number)), now: t0)

            // The challenge, in the place of the oldest. It is not answered: again when its time has come.
            let asked = try #require(try bench.store.claimAll(at: t0).deliveries.first)
            #expect(asked.standing == .probe && asked.isChallenge)
            #expect(try bench.store.claimAll(at: t0).deliveries.isEmpty)
            var silent = asked.settled(.held, at: t0, status: 204)
            silent.health = asked.health
            silent.attempts = asked.attempts
            silent.health?.probeAt = t0 + .minutes(5)
            try bench.store.record(OutcomeGroup(records: [silent]), now: t0)
            let early = try bench.store.claimAll(at: t0)
            #expect(early.deliveries.isEmpty && early.nextDue == t0 + .minutes(5))
            // A person may have it asked at once, and cannot answer for it.
            _ = try bench.store.decide(
                SubscriberDecision(subscriber: "ann", what: .resume(withMissed: false)), words: "x", now: t0)
            try bench.restart()
            let again = try #require(try bench.store.claimAll(at: t0).deliveries.first)
            #expect(again.standing == .probe && again.isChallenge)

            // It is answered: the point goes out, and nobody is asked again for an edit of something else.
            var answered = again.settled(.waiting, at: t0)
            (answered.attempt, answered.nextAttemptAt, answered.health) = (nil, t0, .healthy)
            answered.attempts = again.attempts
            try bench.store.record(OutcomeGroup(records: [answered]), now: t0)
            ann.subscriber.options.timeout = .seconds(9)
            _ = try bench.store.importRoster([ann, World.entry("bob")], cohorts: [], now: t0)
            #expect(try bench.reader().endpoints(.unconfirmed) == [])
            let point = try #require(try bench.store.claimAll(at: t0).deliveries.first)
            #expect(point.standing == .active && !point.isChallenge && point.attempts == 0)
            try bench.store.record(OutcomeGroup(records: [point.settled(.delivered, at: t0)]), now: t0)

            // Another URL is another endpoint.
            ann.subscriber.url = .inline("https://new.example.com/")
            _ = try bench.store.importRoster([ann, World.entry("bob")], cohorts: [], now: t0)
            #expect(try bench.reader().endpoints(.unconfirmed) == ["ann"])
            // So is one that is to be asked from now on, and one that is not is as any other.
            var bob = World.entry("bob")
            bob.subscriber.options.confirm = true
            ann.subscriber.options.confirm = nil
            _ = try bench.store.importRoster([ann, bob], cohorts: [], now: t0)
            #expect(try bench.reader().endpoints(.unconfirmed) == ["bob"])
        }

        @Test(
            "asks whom something is held for, however many there are that nothing is held for",
            arguments: Engine.allCases)
        func challengedBesideMany(_ engine: Engine) throws {
            let bench = try Bench(engine)
            bench.store.trustsClock = true
            func entry(_ id: String, _ series: String) -> RosterEntry {
                World.entry(id, series: [series]) { $0.options.confirm = true }
            }
            let others = (0..<40).map { entry("o\($0)", "t") }
            let change = try bench.store.importRoster(
                others + [entry("zoe", "s")], cohorts: [("s", World.newYork), ("t", World.newYork)], now: t0)
            let idle = try bench.store.claim(limit: 8, now: t0)
            #expect(idle.deliveries.isEmpty && idle.nextDue == nil)
            try bench.store.save(World.record(), decision: nil, now: t0)
            let cohort = try #require(change.cohorts.first { $0.series == "s" })
            try bench.store.release(World.draft(1, cohort: cohort))
            let claim = try bench.store.claim(limit: 8, now: t0)
            var held = try #require(claim.deliveries.first).settled(.held, at: t0)
            (held.attempt, held.attempts) = (nil, 0)
            try bench.store.record(
                OutcomeGroup(records: [held], finishedBatches: claim.batches.map(\.number)), now: t0)
            let asked = try bench.store.claim(limit: 8, now: t0)
            #expect(asked.subscribers == ["zoe"] && asked.nextDue == nil)
        }

        @Test("cancels everything of a closed one", arguments: Engine.allCases)
        func closed(_ engine: Engine) throws {
            let (bench, cohort) = try begun(engine)
            try bench.store.release(World.draft(2, cohort: cohort))
            let claim = try bench.store.claimAll(at: t0 + .days(2))
            let probe = try #require(claim.deliveries.first { $0.standing == .probe })
            var gone = probe.settled(.cancelled, at: t0, status: 410, error: "closed: gone twice")
            gone.health = EndpointHealth(state: .closed)
            let others = claim.deliveries.filter { $0.subscriberID == "ann" && $0.standing != .probe }
            var held = try #require(others.first).settled(.held, at: t0)
            held.attempt = nil
            try bench.store.record(OutcomeGroup(records: [held, gone]), now: t0)
            #expect(try bench.reader().endpoints(.closed) == ["ann"])
            #expect(try bench.reader().counts().held == 0)
        }

        @Test("keeps an alert and its deliveries, in the order of nothing", arguments: Engine.allCases)
        func alerts(_ engine: Engine) throws {
            let (bench, _) = try begun(engine)
            let alert = Alert(
                kind: .exhausted, title: "A delivery was given up", text: "p1 to bob.", series: "s",
                point: "p1", subscribers: ["bob"], count: 1, since: t0, at: t0)
            try bench.store.alert(alert, to: ["ann", "bob", "nobody"], content: World.content, now: t0)
            try bench.restart()
            let claim = try bench.store.claimAll(at: t0)
            // Ann's waits for her endpoint with the rest.
            #expect(claim.deliveries.map(\.subscriberID) == ["bob"])
            #expect(claim.deliveries.map(\.release.type) == [Alert.type])
            #expect(claim.deliveries.map(\.standing) == [.active])
            try bench.store.record(claim.delivered(at: t0), now: t0)
            #expect(
                try bench.store.rendering(release: claim.deliveries[0].release.number, format: .standard)
                    != nil)
            #expect(try bench.store.load().cohorts.allSatisfy { !$0.series.isEmpty })
            let log = try bench.reader().deliveries(DeliveryQuery())
            #expect(log.first { $0.type == Alert.type && $0.subscriber == "bob" }?.state == .delivered)
        }

        @Test("knows where a point went out, in all editions", arguments: Engine.allCases)
        func released(_ engine: Engine) throws {
            let (bench, cohort) = try begun(engine)
            let rows = try bench.store.released("p1", of: "s")
            #expect(rows.map(\.cohort) == [cohort.number])
            #expect(rows.map(\.row.slotDate) == [World.draft(1, cohort: cohort).row.slotDate])
            #expect(try bench.store.released("p9", of: "s").isEmpty)
        }
    }
}
