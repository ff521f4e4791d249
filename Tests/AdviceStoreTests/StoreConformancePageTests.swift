import AdviceCore
import AdviceStore
import Testing

extension StoreConformance {
    @Suite("tells what the pages show, and")
    struct Pages {
        let t0 = World.t0

        private func content(_ text: String) -> FrozenContent {
            FrozenContent(neutral: Array(text.utf8), digest: [1], renderings: [(.standard, [])])
        }

        private func correct(
            _ number: Int, _ kind: CorrectionDraft.Kind, revision: Int, cohort: CohortRecord,
            on store: any Store
        ) throws {
            let draft = World.draft(number, cohort: cohort)
            let at = t0 + .days(5)
            let correction = CorrectionDraft(
                kind: kind, series: "s", edition: World.edition, cohort: cohort, point: draft.point, of: 15,
                row: draft.row, revision: revision, correctedAt: at)
            try store.correct(
                [
                    Correction(
                        draft: correction, correction: content("revision \(revision)"),
                        release: kind == .revised ? content("again \(revision)") : nil)
                ], record: World.record(), decision: "corrected", now: at)
        }

        @Test("what went out and was corrected, oldest first, with its texts", arguments: Engine.allCases)
        func published(_ engine: Engine) throws {
            let bench = try Bench(engine)
            let cohort = try bench.store.subscribe(["ann"])
            try bench.store.save(World.record(), decision: nil, now: t0)
            for number in [1, 2] {
                let draft = World.draft(number, cohort: cohort)
                _ = try bench.store.release(
                    draft, content: content("text \(number)"), now: draft.row.releasedAt)
            }
            try correct(1, .revised, revision: 2, cohort: cohort, on: bench.store)
            try correct(2, .withdrawn, revision: 2, cohort: cohort, on: bench.store)
            let reader = try bench.reader()
            let rows = try reader.published("s")
            #expect(rows.map(\.point) == ["p1", "p2", "p1", "p2"])
            #expect(rows.map(\.kind) == [.released, .released, .revised, .withdrawn])
            #expect(rows.map(\.revision) == [1, 1, 2, 2])
            #expect(rows.map(\.slotDate) == [World.start, World.start + 1, World.start, World.start + 1])
            #expect(rows[2].releasedAt == t0 + .days(5))
            let texts = try rows.map {
                String(decoding: try reader.neutralContent($0.release) ?? [], as: UTF8.self)
            }
            #expect(texts == ["text 1", "text 2", "revision 2", "revision 2"])
            #expect(try reader.published("other").isEmpty)
            #expect(try reader.neutralContent(999) == nil)
        }

        @Test("never anything of a rehearsal", arguments: Engine.allCases)
        func shadow(_ engine: Engine) throws {
            let bench = try Bench(engine)
            let cohort = try bench.store.subscribe(["ann"])
            let edition = Edition(start: World.start, shadow: true)
            try bench.store.save(World.record(edition: edition), decision: nil, now: t0)
            try bench.store.release(World.draft(1, cohort: cohort, edition: edition))
            #expect(try bench.reader().published("s").isEmpty)
        }

        /// ann to dan; point 1 went through to all but bob, who is closed; point 2 is about to go.
        private func sent(_ engine: Engine) throws -> Bench {
            let bench = try Bench(engine)
            let cohort = try bench.store.subscribe(["ann", "bob", "cem", "dan"])
            try bench.store.save(World.record(), decision: nil, now: t0)
            try bench.store.release(World.draft(1, cohort: cohort))
            let claim = try bench.store.claimAll(at: t0)
            var group = OutcomeGroup(finishedBatches: claim.batches.map(\.number))
            for delivery in claim.deliveries {
                group.records.append(
                    delivery.subscriberID == "bob"
                        ? delivery.settled(.exhausted, at: t0, status: 410, error: "gone", closes: true)
                        : delivery.settled(.delivered, at: t0))
            }
            try bench.store.record(group, now: t0)
            try bench.store.release(World.draft(2, cohort: cohort))
            return bench
        }

        @Test("who got what of the last points, a page at a time", arguments: Engine.allCases)
        func grid(_ engine: Engine) throws {
            let reader = try sent(engine).reader()
            let first = try reader.grid("s", points: 14, from: .first, limit: 2)
            #expect(first.points.map(\.number) == [1, 2])
            #expect(first.points.map(\.day) == [World.start, World.start + 1])
            #expect(first.rows.map(\.subscriber) == ["ann", "bob"])
            #expect(first.hasMore && !first.hasEarlier)
            try #require(first.rows.count == 2)
            #expect(first.rows[0].cells.map { $0?.state } == [.delivered, .waiting])
            #expect(first.rows[0].cells[0]?.status == 200)
            #expect(first.rows[1].cells[0]?.state == .exhausted)
            #expect(first.rows[1].cells[0]?.error == "gone")
            #expect(first.rows[1].endpoint?.state == .closed)
            #expect(first.rows[0].endpoint == nil)

            let second = try reader.grid("s", points: 1, from: .after("bob"), limit: 2)
            #expect(second.rows.map(\.subscriber) == ["cem", "dan"])
            #expect(second.points.map(\.number) == [2])
            #expect(!second.hasMore && second.hasEarlier)
            let back = try reader.grid("s", points: 1, from: .before("dan"), limit: 2)
            #expect(back.rows.map(\.subscriber) == ["bob", "cem"])
            #expect(back.hasMore && back.hasEarlier)
            let start = try reader.grid("s", points: 1, from: .before("cem"), limit: 2)
            #expect(start.rows.map(\.subscriber) == ["ann", "bob"])
            #expect(!start.hasEarlier)
            #expect(try reader.grid("other", points: 1, from: .first, limit: 2).rows.isEmpty)
        }

        @Test("which endpoints are not healthy, and what is pending since when", arguments: Engine.allCases)
        func pending(_ engine: Engine) throws {
            let bench = try sent(engine)
            let reader = try bench.reader()
            let endpoints = try reader.unhealthyEndpoints(limit: 10)
            #expect(endpoints.map(\.subscriber) == ["bob"])
            #expect(endpoints.map(\.state) == [.closed])
            let pending = try reader.pending()
            #expect(pending.waiting == 4)
            #expect(pending.held == 0)
            #expect(pending.oldest == t0 + .days(1))
        }

        @Test("a corrected point stays in its place, with the newest delivery", arguments: Engine.allCases)
        func correctedColumn(_ engine: Engine) throws {
            let bench = try sent(engine)
            let cohort = try bench.reader().load().cohorts[0]
            try correct(1, .revised, revision: 2, cohort: cohort, on: bench.store)
            let grid = try bench.reader().grid("s", points: 14, from: .first, limit: 4)
            #expect(grid.points.map(\.number) == [1, 2])
            #expect(grid.points.map(\.day) == [World.start, World.start + 1])
        }

        @Test("nothing, where nothing has happened", arguments: Engine.allCases)
        func empty(_ engine: Engine) throws {
            let bench = try Bench(engine)
            try bench.store.subscribe(["ann"])
            let reader = try bench.reader()
            #expect(try reader.pending() == PendingCounts())
            let grid = try reader.grid("s", points: 14, from: .first, limit: 2)
            #expect(grid.points.isEmpty)
            #expect(grid.rows.map(\.subscriber) == ["ann"])
        }
    }
}
