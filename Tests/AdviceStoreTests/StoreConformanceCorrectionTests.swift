import AdviceCore
import AdviceStore
import Testing

extension StoreConformance {
    /// Who is sent what when a released point is corrected (interface.md §3.2).
    @Suite("corrects, and")
    struct Corrections {
        private let t0 = World.t0

        private func correction(
            _ kind: CorrectionDraft.Kind, _ cohort: CohortRecord, revision: Int = 2
        ) -> Correction {
            let draft = CorrectionDraft(
                kind: kind, series: "s", edition: World.edition, cohort: cohort,
                point: Point(id: "p1", number: 1, title: "Point 1", body: "Better."), of: 15,
                row: World.row(1, day: 1), revision: revision, correctedAt: t0 + .hours(Int64(revision)))
            return Correction(
                draft: draft, correction: World.content, release: kind == .revised ? World.content : nil)
        }

        private func correct(_ bench: Bench, _ correction: Correction) throws {
            try bench.store.correct(
                [correction], record: World.record(), decision: "revise",
                now: correction.draft.correctedAt)
        }

        /// `ann` has the first point, `bob` was refused, `eve` may have it, `kim` was never tried.
        private func mixed(_ engine: Engine) throws -> (Bench, CohortRecord) {
            let bench = try Bench(engine)
            let cohort = try bench.store.subscribe(["ann", "bob", "eve"])
            try bench.store.save(World.record(), decision: nil, now: t0)
            try bench.store.release(World.draft(1, cohort: cohort))
            let claim = try bench.store.claimAll(at: t0)
            let records = claim.deliveries.map { delivery -> DeliveryRecord in
                switch delivery.subscriberID {
                case "ann": return delivery.settled(.delivered, at: t0)
                case "bob":
                    return delivery.settled(.waiting, at: t0, status: 503, next: t0 + .days(1))
                default:
                    var record = delivery.settled(.waiting, at: t0, status: 0, next: t0 + .days(1))
                    record.attempt?.mayHaveArrived = true
                    return record
                }
            }
            try bench.store.record(
                OutcomeGroup(records: records, finishedBatches: claim.batches.map(\.number)), now: t0)
            return (bench, cohort)
        }

        private func words(_ claim: Claim) -> [String] {
            claim.deliveries.map {
                "\($0.subscriberID) \($0.release.type.split(separator: ".")[2]) \($0.release.subject) "
                    + "\($0.replaces?.subject ?? "-")"
            }.sorted()
        }

        @Test(
            "sends the correction to who had the text or may have, the new text to who had not",
            arguments: Engine.allCases)
        func revised(_ engine: Engine) throws {
            let (bench, cohort) = try mixed(engine)
            try correct(bench, correction(.revised, cohort))
            let now = t0 + .hours(2)
            let claim = try bench.store.claimAll(at: now)
            #expect(
                words(claim) == ["ann revised p1.2 p1", "bob released p1.2 -", "eve revised p1.2 p1"])
            #expect(claim.deliveries.allSatisfy { $0.release.revision == 2 && $0.attempts == 0 })
            #expect(try bench.reader().counts().cancelled == 2)
            try bench.store.record(claim.delivered(at: now), now: now)
            // Nothing more, and nothing of the old text.
            #expect(try bench.store.claimAll(at: t0 + .days(9)).deliveries.isEmpty)
            // Of the third, each replaces what it had last.
            try correct(bench, correction(.revised, cohort, revision: 3))
            #expect(
                words(try bench.store.claimAll(at: t0 + .hours(3)))
                    == ["ann revised p1.3 p1.2", "bob revised p1.3 p1.2", "eve revised p1.3 p1.2"])
        }

        @Test(
            "a retraction goes to who had the text or may have, and to nobody else",
            arguments: Engine.allCases)
        func withdrawn(_ engine: Engine) throws {
            let (bench, cohort) = try mixed(engine)
            try correct(bench, correction(.withdrawn, cohort))
            let claim = try bench.store.claimAll(at: t0 + .hours(2))
            #expect(words(claim) == ["ann withdrawn p1.2 p1", "eve withdrawn p1.2 p1"])
            try bench.store.record(claim.delivered(at: t0), now: t0)
            #expect(try bench.store.claimAll(at: t0 + .days(9)).deliveries.isEmpty)
        }

        @Test(
            "who is in an unfinished batch gets the new text as the release, or nothing",
            arguments: Engine.allCases)
        func unclaimed(_ engine: Engine) throws {
            for kind in [CorrectionDraft.Kind.revised, .withdrawn] {
                let bench = try Bench(engine)
                let cohort = try bench.store.subscribe(["ann"])
                try bench.store.save(World.record(), decision: nil, now: t0)
                try bench.store.release(World.draft(1, cohort: cohort))
                try correct(bench, correction(kind, cohort))
                let claim = try bench.store.claimAll(at: t0 + .hours(2))
                #expect(words(claim) == (kind == .revised ? ["ann released p1.2 -"] : []))
            }
        }

        @Test(
            "an attempt that was on the wire meanwhile is followed by what it calls for",
            arguments: Engine.allCases)
        func inFlight(_ engine: Engine) throws {
            for (state, wanted) in [
                (DeliveryState.delivered, "ann revised p1.2 p1"), (.waiting, "ann released p1.2 -"),
            ] {
                let bench = try Bench(engine)
                let cohort = try bench.store.subscribe(["ann"])
                try bench.store.save(World.record(), decision: nil, now: t0)
                try bench.store.release(World.draft(1, cohort: cohort))
                let claim = try bench.store.claimAll(at: t0)
                try correct(bench, correction(.revised, cohort))
                let now = t0 + .hours(2)
                // The correction's own batch finds nobody yet.
                let early = try bench.store.claimAll(at: now)
                #expect(early.deliveries.isEmpty)
                try bench.store.record(OutcomeGroup(finishedBatches: early.batches.map(\.number)), now: now)
                let record = claim.deliveries[0].settled(state, at: now, next: state == .waiting ? now : nil)
                let due = try bench.store.record(
                    OutcomeGroup(records: [record], finishedBatches: claim.batches.map(\.number)), now: now)
                #expect(due == now)
                #expect(words(try bench.store.claimAll(at: now)) == [wanted])
            }
        }

        @Test(
            "a retry of a correction still says what it replaces, after a restart too",
            arguments: Engine.allCases)
        func retried(_ engine: Engine) throws {
            let (bench, cohort) = try mixed(engine)
            try correct(bench, correction(.withdrawn, cohort))
            let now = t0 + .hours(2)
            let claim = try bench.store.claimAll(at: now)
            try bench.store.record(
                OutcomeGroup(
                    records: claim.deliveries.map { $0.settled(.waiting, at: now, status: 503, next: now) },
                    finishedBatches: claim.batches.map(\.number)), now: now)
            try bench.restart()
            #expect(
                words(try bench.store.claimAll(at: now)) == [
                    "ann withdrawn p1.2 p1", "eve withdrawn p1.2 p1",
                ])
        }

        @Test("a new edition after --rebase repeats nothing that somebody had", arguments: Engine.allCases)
        func rebased(_ engine: Engine) throws {
            let bench = try Bench(engine)
            let cohort = try bench.store.subscribe(["ann", "bob"])
            try bench.store.release(World.draft(1, cohort: cohort))
            let claim = try bench.store.claimAll(at: t0)
            let records = claim.deliveries.map {
                $0.settled($0.subscriberID == "ann" ? .delivered : .exhausted, at: t0)
            }
            try bench.store.record(
                OutcomeGroup(records: records, finishedBatches: claim.batches.map(\.number)), now: t0)
            let later = Edition(start: World.start + 7)
            var draft = World.draft(1, day: 8, cohort: cohort, edition: later)
            draft.rebasedFrom = ["\(World.edition)"]
            try bench.store.release(draft)
            #expect(try bench.store.claimAll(at: t0 + .days(7)).subscribers == ["bob"])
        }
    }
}
