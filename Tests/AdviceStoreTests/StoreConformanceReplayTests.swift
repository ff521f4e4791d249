import AdviceCore
import AdviceStore
import Testing

extension StoreConformance {
    /// What an operator has sent again (interface.md §2).
    @Suite("replays, and")
    struct Replays {
        private let t0 = World.t0
        private let later = World.t0 + .days(20)

        /// Three points on three days: ann has the first and the third, and the second was given up; bob has
        /// all.
        private func begun(_ engine: Engine) throws -> (Bench, CohortRecord) {
            let bench = try Bench(engine)
            let cohort = try bench.store.subscribe(["ann", "bob"])
            try bench.store.save(World.record(), decision: nil, now: t0)
            for number in 1...3 {
                let now = t0 + .days(Int64(number - 1))
                try bench.store.release(World.draft(number, cohort: cohort))
                let claim = try bench.store.claimAll(at: now)
                let records = claim.deliveries.map { delivery in
                    number == 2 && delivery.subscriberID == "ann"
                        ? delivery.settled(.exhausted, at: now, status: 503, error: "503")
                        : delivery.settled(.delivered, at: now)
                }
                try bench.store.record(
                    OutcomeGroup(records: records, finishedBatches: claim.batches.map(\.number)), now: now)
            }
            return (bench, cohort)
        }

        private func replay(_ bench: Bench, _ replay: Replay) throws -> ReplayCount {
            let foreseen = try bench.reader().replayCount(replay, now: later)
            let alike = try bench.store.replayCount(replay, now: later)
            let count = try #require(try bench.store.replay(replay, words: replay.words, now: later))
            #expect(foreseen == count && alike == count)
            return count
        }

        /// Delivers all that is due, a minute after each other, and gives the subjects in their order.
        private func drain(_ bench: Bench, at start: Instant) throws -> [String] {
            var order: [String] = []
            var now = start
            while true {
                let claim = try bench.store.claimAll(at: now)
                if claim.deliveries.isEmpty { return order }
                order += claim.deliveries.map { "\($0.subscriberID) \($0.release.subject)" }.sorted()
                let records = claim.deliveries.map { delivery -> DeliveryRecord in
                    var record = delivery.settled(.delivered, at: now)
                    record.nextHeldAt = now + .minutes(1)
                    return record
                }
                try bench.store.record(
                    OutcomeGroup(records: records, finishedBatches: claim.batches.map(\.number)), now: now)
                now = now + .minutes(1)
            }
        }

        @Test(
            "sends settled deliveries again in order for each, from the first attempt on",
            arguments: Engine.allCases)
        func order(_ engine: Engine) throws {
            let (bench, _) = try begun(engine)
            let count = try replay(bench, Replay(series: "s"))
            #expect(count.replayed == 6 && count.leftOut.isEmpty)
            try bench.restart()
            let counts = try bench.reader().counts()
            #expect(counts.waiting == 2 && counts.held == 4)
            let claim = try bench.store.claimAll(at: later)
            #expect(claim.deliveries.map(\.release.subject) == ["p1", "p1"])
            for delivery in claim.deliveries {
                // The age counts from the replay.
                #expect(delivery.due == later && delivery.isArrears && delivery.attempts == 0)
                #expect(delivery.standing == .active)
            }
            try bench.restart()
            let order = try drain(bench, at: later)
            #expect(order == (1...3).flatMap { ["ann p\($0)", "bob p\($0)"] })
            #expect(try bench.reader().counts().delivered == 6)
            #expect(try bench.store.claimAll(at: later + .days(9)).deliveries.isEmpty)
        }

        @Test(
            "chooses by subscriber, point, day and state",
            arguments: [
                (Replay(state: .exhausted), ["ann p2"]), (Replay(subscriber: "bob", point: "p1"), ["bob p1"]),
                (Replay(series: "s", point: "p3"), ["ann p3", "bob p3"]), (Replay(series: "t"), []),
                (Replay(subscriber: "ann", state: .delivered), ["ann p1", "ann p3"]),
                (Replay(from: World.start + 1, to: World.start + 1), ["ann p2", "bob p2"]),
                (Replay(to: World.start), ["ann p1", "bob p1"]), (Replay(from: World.start + 9), []),
            ])
        func choice(_ wanted: Replay, _ expected: [String]) throws {
            for engine in Engine.allCases {
                let (bench, _) = try begun(engine)
                #expect(try replay(bench, wanted).replayed == expected.count)
                #expect(try drain(bench, at: later).sorted() == expected)
            }
        }

        @Test("nobody of that name is told apart from nothing to send", arguments: Engine.allCases)
        func unknown(_ engine: Engine) throws {
            let (bench, _) = try begun(engine)
            #expect(try bench.store.replay(Replay(subscriber: "eve"), words: "x", now: later) == nil)
            #expect(try bench.reader().replayCount(Replay(subscriber: "eve"), now: later) == nil)
            let nothing = Replay(subscriber: "bob", state: .exhausted)
            #expect(try replay(bench, nothing) == ReplayCount())
        }

        @Test(
            "has one new id for all attempts of a replay, and another for the next",
            arguments: Engine.allCases)
        func newID(_ engine: Engine) throws {
            let (bench, _) = try begun(engine)
            var wanted = Replay(subscriber: "bob", point: "p1", hasNewID: true)
            for subject in ["p1~1", "p1~2"] {
                _ = try replay(bench, wanted)
                let first = try bench.store.claimAll(at: later)
                #expect(first.deliveries.map(\.release.subject) == [subject])
                let retry = first.deliveries[0].settled(.waiting, at: later, status: 503, next: later)
                try bench.store.record(OutcomeGroup(records: [retry]), now: later)
                try bench.restart()
                #expect(try drain(bench, at: later) == ["bob \(subject)"])
            }
            // Sent once more as it was last.
            wanted.hasNewID = false
            _ = try replay(bench, wanted)
            #expect(try drain(bench, at: later) == ["bob p1~2"])
            var query = DeliveryQuery()
            query.subscriber = "bob"
            query.point = ("s", "p1")
            let entry = try #require(try bench.reader().deliveries(query).first)
            #expect(entry.subject == "p1~2" && entry.state == .delivered && entry.attempts == 1)
            // Each round's attempts are kept.
            #expect(
                entry.attemptLog.map { "\($0.replay).\($0.number) \($0.status)" }
                    == ["0.1 200", "1.1 503", "1.2 200", "2.1 503", "2.2 200", "3.1 200"])
            #expect(entry.attemptLog.first?.at == t0)
        }

        @Test(
            "leaves alone what waits, and who is gone, paused or closed, and counts them",
            arguments: Engine.allCases)
        func leftAlone(_ engine: Engine) throws {
            let (bench, cohort) = try begun(engine)
            try bench.store.release(World.draft(4, cohort: cohort))
            let now = t0 + .days(3)
            let claim = try bench.store.claimAll(at: now)
            let records = claim.deliveries.map {
                $0.subscriberID == "ann"
                    ? $0.settled(.waiting, at: now, status: 503, next: later + .hours(1))
                    : $0.settled(.delivered, at: now)
            }
            try bench.store.record(
                OutcomeGroup(records: records, finishedBatches: claim.batches.map(\.number)), now: now)
            var count = try replay(bench, Replay(subscriber: "ann"))
            #expect(count.replayed == 3 && count.unsettled == 1)
            // Behind the one that waits, which keeps its time.
            #expect(try bench.store.claimAll(at: later).deliveries.isEmpty)
            #expect(
                try bench.store.claimAll(at: later + .hours(1)).deliveries.map(\.release.subject) == ["p4"])

            _ = try bench.store.decide(
                SubscriberDecision(subscriber: "bob", what: .pause(until: nil)), words: "x", now: later)
            count = try replay(bench, Replay(subscriber: "bob"))
            #expect(count.replayed == 0 && count.paused == 4)
            _ = try bench.store.importRoster([World.entry("ann")], cohorts: [], now: later)
            count = try replay(bench, Replay(subscriber: "bob"))
            #expect(count.replayed == 0 && count.removed == 4)
            #expect(try bench.reader().counts().delivered == 4)
        }

        @Test("holds all of a suspended endpoint", arguments: Engine.allCases)
        func suspended(_ engine: Engine) throws {
            let (bench, cohort) = try begun(engine)
            try bench.store.release(World.draft(4, cohort: cohort))
            let now = t0 + .days(3)
            let claim = try bench.store.claimAll(at: now)
            let records = claim.deliveries.map { delivery -> DeliveryRecord in
                guard delivery.subscriberID == "ann" else { return delivery.settled(.delivered, at: now) }
                var record = delivery.settled(.held, at: now, status: 503, error: "suspended: 503")
                record.health = EndpointHealth(
                    state: .suspended, failingSince: t0, failures: 4, probeAt: later + .days(1))
                return record
            }
            try bench.store.record(
                OutcomeGroup(records: records, finishedBatches: claim.batches.map(\.number)), now: now)
            #expect(try replay(bench, Replay(subscriber: "ann")).replayed == 3)
            #expect(try bench.store.claimAll(at: later).deliveries.isEmpty)
            // The oldest is what is tried.
            let probe = try bench.store.claimAll(at: later + .days(1))
            #expect(probe.deliveries.map(\.release.subject) == ["p1"])
            #expect(probe.deliveries.map(\.standing) == [.probe])
        }

        // MARK: Corrections

        private func correct(
            _ bench: Bench, _ cohort: CohortRecord, _ kind: CorrectionDraft.Kind = .revised,
            point: Int = 2, revision: Int = 2
        ) throws {
            let at = t0 + .days(10) + .hours(Int64(revision))
            let draft = CorrectionDraft(
                kind: kind, series: "s", edition: World.edition, cohort: cohort,
                point: Point(id: "p\(point)", number: point, title: "Point", body: "Better."), of: 15,
                row: World.row(point, day: point), revision: revision, correctedAt: at)
            try bench.store.correct(
                [
                    Correction(
                        draft: draft, correction: World.content,
                        release: kind == .revised ? World.content : nil)
                ], record: World.record(), decision: "x", now: at)
            _ = try drain(bench, at: at)
        }

        @Test(
            "sends the newest text: its correction, or to who had none the release",
            arguments: Engine.allCases)
        func corrected(_ engine: Engine) throws {
            let (bench, cohort) = try begun(engine)
            // The correction goes to bob, who had p2; ann's p2 had been given up.
            try correct(bench, cohort)
            let count = try replay(bench, Replay(point: "p2"))
            #expect(count.replayed == 2 && count.superseded == 1)
            let claim = try bench.store.claimAll(at: later)
            let words = claim.deliveries.map {
                "\($0.subscriberID) \($0.release.type) \($0.release.subject) \($0.replaces?.subject ?? "-")"
            }.sorted()
            #expect(
                words == [
                    "ann advice.point.released p2.2 -", "bob advice.point.revised p2.2 p2",
                ])
            #expect(claim.deliveries.allSatisfy { $0.due == later && $0.isArrears })
        }

        @Test("sends nothing of a withdrawn point but its retraction", arguments: Engine.allCases)
        func withdrawn(_ engine: Engine) throws {
            let (bench, cohort) = try begun(engine)
            try correct(bench, cohort, .withdrawn)
            let count = try replay(bench, Replay(point: "p2"))
            #expect(count.replayed == 1 && count.withdrawn == 2)
            #expect(
                try bench.store.claimAll(at: later).deliveries.map(\.release.type)
                    == ["advice.point.withdrawn"])
        }

        @Test(
            "who had a point has it still, though a replay of it was given up: a correction is sent",
            arguments: Engine.allCases)
        func hadStill(_ engine: Engine) throws {
            let (bench, cohort) = try begun(engine)
            let wanted = Replay(subscriber: "bob", point: "p1", hasNewID: true)
            _ = try replay(bench, wanted)
            let claim = try bench.store.claimAll(at: later)
            var record = claim.deliveries[0].settled(.exhausted, at: later, status: 503, error: "503")
            record.nextHeldAt = later
            try bench.store.record(OutcomeGroup(records: [record]), now: later)
            let draft = CorrectionDraft(
                kind: .revised, series: "s", edition: World.edition, cohort: cohort,
                point: Point(id: "p1", number: 1, title: "Point", body: "Better."), of: 15,
                row: World.row(1, day: 1), revision: 2, correctedAt: later)
            try bench.store.correct(
                [Correction(draft: draft, correction: World.content, release: World.content)],
                record: World.record(), decision: "x", now: later)
            let corrections = try bench.store.claimAll(at: later).deliveries
            // It names the id under which bob was sent it last.
            #expect(
                corrections.map { "\($0.subscriberID) \($0.replaces?.subject ?? "-")" }.sorted()
                    == ["ann p1", "bob p1~1"])
        }

        @Test("is a line among the decisions", arguments: Engine.allCases)
        func decision(_ engine: Engine) throws {
            let (bench, _) = try begun(engine)
            _ = try replay(bench, Replay(subscriber: "ann", state: .exhausted))
            #expect(try bench.decisions().last == "replay: subscriber ann, state exhausted: 1 delivery")
        }
    }
}
