import AdviceCore
import AdviceTesting
import Testing

@Suite("Plan entries")
struct PlanEntryTests {
    @Test("every point has its entry, with its state and why")
    func states() {
        let series = Series.sample(points: 5) { $0.pin("p5", to: day("2026-07-06")) }
        let calendar = TestZones.calendar("America/New_York")
        var rows = [
            LedgerRow.sample("p1", 1, on: day("2026-07-01"), in: calendar, kind: .inherited),
            LedgerRow.sample("p2", 2, on: day("2026-07-02"), in: calendar, kind: .missed),
            LedgerRow.sample("p3", 3, on: day("2026-07-03"), in: calendar),
        ]
        rows[2].releasedAt = rows[2].scheduledFor + .seconds(90)
        let plan = Plan(series: series, calendar: calendar, begin: series.start, rows: rows, passed: [])
        let entries = plan.entries(at: moment("2026-07-05T14:00:00Z"), state: .running)
        #expect(entries.map(\.id) == ["p1", "p2", "p3", "p4", "p5"])
        #expect(entries.map(\.state) == [.released, .missed, .released, .due, .planned])
        #expect(
            entries.map(\.day)
                == ["2026-07-01", "2026-07-02", "2026-07-03", "2026-07-05", "2026-07-06"].map(day))
        #expect(
            entries.map(\.why) == [
                ["released before this cohort came to be"], ["its slot passed while nothing ran"],
                ["released 90 s late"], ["the slot of 2026-07-04 was missed"], ["pinned"],
            ])
        #expect(entries.allSatisfy { $0.offsetSeconds == -4 * 3600 })
        #expect(entries[4].scheduledFor == moment("2026-07-06T13:00:00Z"))
    }

    @Test("a point that was released and is no longer in the series keeps its entry, without a title")
    func removedAfterRelease() {
        let plan = Plan.of(
            .sample(points: 3) { $0.reorder(["p2", "p3"]) }, done: ["p1": "2026-07-01", "p2": "2026-07-02"])
        let entries = plan.entries(at: moment("2026-07-02T20:00:00Z"), state: .running)
        #expect(entries.map(\.id) == ["p1", "p2", "p3"])
        #expect(entries.map(\.title) == [nil, "Point p2", "Point p3"])
        #expect(entries.map(\.number) == [1, 1, 2])
    }

    @Test(
        "a series that does not run is shown from the first day it can have, all of it blocked",
        arguments: [
            (SeriesRecord.State.waiting, "waiting for subscribers"),
            (.unstarted, "unstarted: `advised start s` begins it"),
        ])
    func blocked(state: SeriesRecord.State, why: String) {
        let plan = Plan(
            series: .sample(points: 2), calendar: TestZones.calendar("America/New_York"), begin: nil,
            rows: [],
            passed: [])
        let early = plan.entries(at: moment("2026-06-01T00:00:00Z"), state: state)
        #expect(early.map(\.day) == ["2026-07-01", "2026-07-02"].map(day))
        let late = plan.entries(at: moment("2026-07-10T20:00:00Z"), state: state)
        #expect(late.map(\.day) == ["2026-07-10", "2026-07-11"].map(day))
        #expect((early + late).allSatisfy { $0.state == .blocked && $0.why.first == why })
    }

    @Test("an entry's slot in a gap and in an overlap says so")
    func zoneWords() {
        let gap = Plan.of(
            .sample(points: 1, start: day("2026-03-08"), at: timeOfDay("02:30")))
        let overlap = Plan.of(.sample(points: 1, start: day("2026-11-01"), at: timeOfDay("01:30")))
        let now = moment("2026-02-01T00:00:00Z")
        #expect(
            gap.entries(at: now, state: .running).map(\.why)
                == [["02:30 does not exist on 2026-03-08: the clock goes forward 60 minutes"]])
        #expect(
            overlap.entries(at: now, state: .running).map(\.why)
                == [["01:30 comes twice on 2026-11-01: the first"]])
    }
}
