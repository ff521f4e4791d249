import AdviceStore
import Testing

@testable import AdviceCore

extension StoreConformance {
    /// `retention:` and `forget`.
    @Suite("forgets, and")
    struct Retention {
        private let t0 = World.t0

        private func step(
            _ from: Prune.Place? = nil, deliveries: Instant = World.t0 - .days(900),
            replies: Instant = World.t0 - .days(900), removed: Instant = World.t0 - .days(900),
            limit: Int = 1000
        ) -> Prune {
            var step = Prune(
                deliveriesBefore: deliveries, repliesBefore: replies, removedBefore: removed, from: from)
            step.limit = limit
            return step
        }

        /// Runs all steps, and gives how many there were.
        private func prune(_ bench: Bench, _ first: Prune, at now: Instant) throws -> Int {
            var step = first
            var count = 0
            while true {
                count += 1
                guard let next = try bench.store.prune(step, now: now) else { return count }
                step.from = next
                try #require(count < 500)
            }
        }

        /// So many points on as many days, each delivered to all but the last subscriber, who has refused it
        /// twice.
        private func begun(_ engine: Engine, _ ids: [String], points: Int) throws -> (Bench, CohortRecord) {
            let bench = try Bench(engine)
            let cohort = try bench.store.subscribe(ids)
            try bench.store.save(World.record(), decision: nil, now: t0)
            for number in 1...points {
                let now = t0 + .days(Int64(number - 1))
                try bench.store.release(World.draft(number, cohort: cohort))
                let claim = try bench.store.claimAll(at: now)
                let records = claim.deliveries.map { delivery in
                    delivery.subscriberID == ids.last
                        ? delivery.settled(
                            .waiting, at: now, status: 503, error: "503", next: now + .hours(1))
                        : delivery.settled(.delivered, at: now)
                }
                try bench.store.record(
                    OutcomeGroup(records: records, finishedBatches: claim.batches.map(\.number)), now: now)
                let again = try bench.store.claimAll(at: now + .hours(1))
                try bench.store.record(
                    OutcomeGroup(
                        records: again.deliveries.map {
                            $0.settled(.exhausted, at: now + .hours(1), status: 503, error: "503")
                        }), now: now + .hours(1))
            }
            return (bench, cohort)
        }

        private func log(_ bench: Bench, _ subscriber: String? = nil) throws -> [DeliveryLogEntry] {
            var query = DeliveryQuery()
            query.subscriber = subscriber
            query.limit = 10_000
            let reader = try bench.reader()
            defer { reader.close() }
            return try reader.deliveries(query)
        }

        @Test(
            "of deliveries that are over long enough nothing is left but the ledger",
            arguments: Engine.allCases)
        func deliveries(_ engine: Engine) throws {
            let (bench, cohort) = try begun(engine, ["ann", "bob", "cyn"], points: 4)
            let now = t0 + .days(10)
            // The third day, after its release: the first two points are old enough.
            let before = t0 + .days(2) - .hours(1)
            _ = try prune(bench, step(deliveries: before), at: now)
            #expect(Set(try log(bench).map(\.point)) == ["p3", "p4"])
            #expect(try log(bench).count == 6)
            try bench.restart()
            #expect(
                try bench.store.load().ledgers.map { $0.rows.map(\.point) } == [["p1", "p2", "p3", "p4"]])
            // It does not go out again.
            #expect(try bench.store.release(World.draft(1, day: 11, cohort: cohort)) == nil)
            #expect(try bench.store.claimAll(at: now).deliveries.isEmpty)
            // A second time finds nothing.
            #expect(try prune(bench, step(deliveries: before), at: now) == 1)
            #expect(try log(bench).count == 6)
        }

        @Test(
            "what is unsettled stays however old, and what a batch still goes by", arguments: Engine.allCases)
        func unsettled(_ engine: Engine) throws {
            let bench = try Bench(engine)
            let cohort = try bench.store.subscribe(["ann", "bob"])
            try bench.store.release(World.draft(1, cohort: cohort))
            let claim = try bench.store.claimAll(at: t0)
            let ann = try #require(claim.deliveries.first { $0.subscriberID == "ann" })
            let bob = try #require(claim.deliveries.first { $0.subscriberID == "bob" })
            // The batch is not finished: who takes it up again must see that ann had it.
            try bench.store.record(OutcomeGroup(records: [ann.settled(.delivered, at: t0)]), now: t0)
            let later = t0 + .days(500)
            _ = try prune(bench, step(deliveries: later), at: later)
            try bench.restart()
            let again = try bench.store.claimAll(at: later)
            #expect(again.subscribers == ["bob"])
            let waiting = bob.settled(.waiting, at: later, status: 503, error: "no", next: later + .days(9))
            try bench.store.record(
                OutcomeGroup(records: [waiting], finishedBatches: again.batches.map(\.number)), now: later)
            _ = try prune(bench, step(deliveries: later + .days(1)), at: later + .days(1))
            #expect(try log(bench).map(\.subscriber) == ["bob"])
            #expect(try log(bench)[0].attemptLog.count == 1)
        }

        @Test("each step looks at so many rows, and the next goes on there", arguments: Engine.allCases)
        func steps(_ engine: Engine) throws {
            let ids = (0..<60).map { "s\($0)" }
            let (bench, _) = try begun(engine, ids, points: 2)
            let later = t0 + .days(500)
            let first = try #require(
                try bench.store.prune(step(deliveries: later, limit: 20), now: later))
            let left = try log(bench).count
            #expect(left < 120 && left >= 120 - 20)
            let count = try prune(bench, step(first, deliveries: later, limit: 20), at: later)
            #expect(count >= 5)
            #expect(try log(bench).isEmpty)
        }

        @Test("replies lose their text, and attempts stay", arguments: Engine.allCases)
        func replies(_ engine: Engine) throws {
            let (bench, _) = try begun(engine, ["ann", "bob"], points: 3)
            let now = t0 + .days(10)
            // bob was tried twice each day. Two in a step.
            let count = try prune(bench, step(replies: t0 + .days(2) - .hours(1), limit: 2), at: now)
            #expect(count >= 2)
            let attempts = try log(bench, "bob").flatMap { entry in entry.attemptLog.map { (entry.point, $0) }
            }
            #expect(attempts.count == 6)
            for (point, attempt) in attempts {
                #expect(attempt.reply.isEmpty == (point != "p3"), "\(point)")
                #expect(attempt.status == 503)
            }
        }

        @Test("who is gone from the roster for so long leaves nothing", arguments: Engine.allCases)
        func removed(_ engine: Engine) throws {
            let (bench, _) = try begun(engine, ["ann", "bob", "cyn"], points: 2)
            let gone = t0 + .days(5)
            try bench.store.subscribe(["bob"], at: gone)
            let now = t0 + .days(40)
            _ = try prune(bench, step(removed: gone), at: now)
            #expect(try log(bench).count == 6)
            _ = try prune(bench, step(removed: gone + .seconds(1)), at: now)
            #expect(Set(try log(bench).map(\.subscriber)) == ["bob"])
            let reader = try bench.reader()
            #expect(try reader.kept("ann") == nil && reader.kept("cyn") == nil)
            #expect(try reader.kept("bob") != nil)
            #expect(try bench.store.load().cohorts.map(\.members) == [1])
        }

        @Test("alerts go with their deliveries", arguments: Engine.allCases)
        func alerts(_ engine: Engine) throws {
            let (bench, _) = try begun(engine, ["ann"], points: 1)
            let alert = Alert(
                kind: .exhausted, title: "t", text: "x", subscribers: [], count: 1, since: t0, at: t0)
            try bench.store.alert(alert, to: ["ann"], content: World.content, now: t0)
            let claim = try bench.store.claimAll(at: t0 + .hours(2))
            try bench.store.record(claim.delivered(at: t0 + .hours(2)), now: t0 + .hours(2))
            #expect(try log(bench).contains { $0.type == Alert.type })
            let later = t0 + .days(500)
            _ = try prune(bench, step(deliveries: later), at: later)
            #expect(try log(bench).isEmpty)
            #expect(try prune(bench, step(deliveries: later), at: later) == 1)
        }

        @Test(
            "one who leaves and comes back is not sent again what only the ledger still tells of",
            arguments: Engine.allCases)
        func comesBack(_ engine: Engine) throws {
            let (bench, _) = try begun(engine, ["ann", "bob", "cyn"], points: 2)
            let later = t0 + .days(500)
            try bench.store.subscribe(["bob", "cyn"], at: later)
            _ = try prune(bench, step(deliveries: later), at: later)
            let change = try bench.store.importRoster(
                ["ann", "bob", "cyn", "new"].map { World.entry($0) }, cohorts: [("s", World.newYork)],
                joins: ["s": .all], guardsRemovals: false, now: later)
            let welcome = Welcome(
                series: "s", edition: World.edition, cohort: change.cohorts[0].number, join: .all)
            try bench.store.welcome(welcome, now: later)
            let claim = try bench.store.claimAll(at: later)
            #expect(claim.subscribers == ["new"])
        }
    }

    @Suite("forgets, and sends nobody again")
    struct Retold {
        private let t0 = World.t0
        private let later = World.t0 + .days(500)

        /// One point, delivered to ann and bob in New York and then pruned.
        private func pruned(_ engine: Engine) throws -> (Bench, CohortRecord) {
            let bench = try Bench(engine)
            let cohort = try bench.store.subscribe(["ann", "bob"])
            try bench.store.save(World.record(), decision: nil, now: t0)
            try bench.store.release(World.draft(1, cohort: cohort))
            try bench.store.record(try bench.store.claimAll(at: t0).delivered(at: t0), now: t0)
            let step = Prune(deliveriesBefore: later, repliesBefore: t0, removedBefore: t0, from: nil)
            #expect(try bench.store.prune(step, now: later) == nil)
            #expect(try bench.reader().deliveries(DeliveryQuery()).isEmpty)
            return (bench, cohort)
        }

        @Test("what they had in an edition before --rebase", arguments: Engine.allCases)
        func rebased(_ engine: Engine) throws {
            let (bench, _) = try pruned(engine)
            let cohort = try bench.store.subscribe(["ann", "bob", "new"], at: later)
            var draft = World.draft(1, day: 501, cohort: cohort, edition: Edition(start: World.start + 500))
            draft.rebasedFrom = ["\(World.edition)"]
            try bench.store.release(draft)
            #expect(try bench.store.claimAll(at: later + .days(1)).subscribers == ["new"])
        }

        @Test("what they had in another cohort", arguments: Engine.allCases)
        func moved(_ engine: Engine) throws {
            let (bench, _) = try pruned(engine)
            let entries = [
                World.entry("ann", cohort: World.berlin), World.entry("bob"),
                World.entry("new", cohort: World.berlin),
            ]
            let change = try bench.store.importRoster(
                entries, cohorts: [("s", World.newYork), ("s", World.berlin)], now: later)
            let cohort = try #require(change.cohorts.first { $0.cohort == World.berlin })
            try bench.store.release(World.draft(1, day: 501, cohort: cohort))
            #expect(try bench.store.claimAll(at: later + .days(1)).subscribers == ["new"])
        }
    }

    @Suite("forgets a subscriber, and")
    struct Forgetting {
        private let t0 = World.t0
        private let name = ErasedName(salt: [1, 2, 3], digest: [4, 5, 6])

        private func bench(_ engine: Engine) throws -> Bench {
            let bench = try Bench(engine)
            let cohort = try bench.store.subscribe(["ann", "bob"])
            try bench.store.save(World.record(), decision: nil, now: t0)
            try bench.store.release(World.draft(1, cohort: cohort))
            try bench.store.record(try bench.store.claimAll(at: t0).delivered(at: t0), now: t0)
            for what in ["pause subscriber ann until 2026-08-01", "replay: subscriber ann, point s/p1"] {
                let decision = SubscriberDecision(subscriber: "ann", what: .resume(withMissed: false))
                #expect(try bench.store.decide(decision, words: what, now: t0))
            }
            return bench
        }

        @Test("nothing of it is left, but a name that tells nothing", arguments: Engine.allCases)
        func gone(_ engine: Engine) throws {
            let bench = try bench(engine)
            let erasure = try bench.store.forget("ann", name: name, decision: "forget a subscriber", now: t0)
            #expect(erasure?.deliveries == 1 && erasure?.isWiped == true && erasure?.isInFlight == false)
            try bench.restart()
            let reader = try bench.reader()
            #expect(try reader.kept("ann") == nil)
            #expect(try reader.deliveries(DeliveryQuery()).map(\.subscriber) == ["bob"])
            #expect(try bench.store.erasedNames() == [name])
            #expect(
                try bench.decisions() == [
                    "pause subscriber (forgotten) until 2026-08-01",
                    "replay: subscriber (forgotten), point s/p1", "forget a subscriber",
                ])
            #expect(try bench.store.load().cohorts.map(\.members) == [1])
            #expect(try bench.store.forget("ann", name: name, decision: "", now: t0) == nil)
        }

        @Test("what is on the wire then is recorded nowhere", arguments: Engine.allCases)
        func inFlight(_ engine: Engine) throws {
            let bench = try bench(engine)
            let cohort = try bench.store.load().cohorts[0]
            try bench.store.release(World.draft(2, cohort: cohort))
            let now = t0 + .days(1)
            let claim = try bench.store.claimAll(at: now)
            #expect(claim.subscribers == ["ann", "bob"])
            #expect(try bench.store.forget("ann", name: name, decision: "x", now: now)?.isInFlight == false)
            try bench.store.record(claim.delivered(at: now), now: now)
            let reader = try bench.reader()
            #expect(try reader.counts().delivered == 2)
            #expect(try reader.deliveries(DeliveryQuery()).map(\.subscriber) == ["bob", "bob"])
            // It may come back: a new subscriber, under a new number.
            try bench.store.subscribe(["ann", "bob"], at: now)
            try bench.store.release(World.draft(3, cohort: cohort))
            let third = try bench.store.claimAll(at: now + .days(1))
            #expect(third.subscribers == ["ann", "bob"])
            try bench.store.record(third.delivered(at: now), now: now)
            #expect(try reader.kept("ann") != nil)
        }

        @Test("alerts that name it go too, and one that is on its way is told of", arguments: Engine.allCases)
        func alerts(_ engine: Engine) throws {
            let bench = try bench(engine)
            for (number, text) in ["\"ann\"", "\"annabel\"", "\"ann\" late"].enumerated() {
                let at = t0 + .minutes(Int64(number))
                let content = FrozenContent(
                    neutral: Array(text.utf8), digest: [1], renderings: [(.standard, [1])])
                try bench.store.alert(
                    alert(at), to: ["bob"], content: content, now: at)
                guard number < 2 else { continue }
                try bench.store.record(try bench.store.claimAll(at: at).delivered(at: at), now: at)
            }
            let erasure = try bench.store.forget("ann", name: name, decision: "x", now: t0 + .hours(1))
            #expect(erasure?.alerts == 1 && erasure?.alertsLeft == 1)
            let claim = try bench.store.claimAll(at: t0 + .hours(1))
            #expect(claim.deliveries.count == 1)
            try bench.store.record(claim.delivered(at: t0 + .hours(1)), now: t0 + .hours(1))
            let entries = try bench.reader().deliveries(DeliveryQuery())
            #expect(entries.count { $0.type == Alert.type } == 2)
        }

        private func alert(_ at: Instant) -> Alert {
            Alert(kind: .exhausted, title: "t", text: "x", subscribers: [], count: 1, since: at, at: at)
        }

        @Test("all that is kept of it can be asked for before, its secrets only as to where they are")
        func kept() throws {
            let bench = try bench(.sqlite)
            let kept = try #require(try bench.reader().kept("ann"))
            #expect(kept.host == "ann.example.com:443" && kept.removedAt == nil)
            #expect(kept.memberships.map(\.series) == ["s"])
            #expect(kept.decisions.map(\.what).count == 2)
            #expect(try bench.reader().kept("eve") == nil)
        }
    }
}
