import AdviceCore
import AdviceTesting
import Testing

/// What becomes of the plan when the series is edited (schedule.md R13), and of points with a day of their
/// own.
@Suite("Plan: edits and pins")
struct PlanEditTests {
    private let done: KeyValuePairs = ["p1": "2026-07-01", "p2": "2026-07-02"]
    private let now = "2026-07-02T20:00:00Z"

    private func plan(_ ids: [String]) -> Plan {
        Plan.of(.sample(points: 5) { $0.reorder(ids) }, done: done)
    }

    @Test("a point inserted before the cursor is the next to go")
    func insertedBefore() {
        #expect(
            plan(["p1", "new", "p2", "p3", "p4"]).words(at: now)
                == ["new 2026-07-03", "p3 2026-07-04", "p4 2026-07-05"])
    }

    @Test("a point inserted after the cursor goes in its place")
    func insertedAfter() {
        #expect(
            plan(["p1", "p2", "p3", "new", "p4"]).words(at: now)
                == ["p3 2026-07-03", "new 2026-07-04", "p4 2026-07-05"])
    }

    @Test("a point removed before its release is gone, and one removed after it changes nothing")
    func removed() {
        #expect(plan(["p1", "p2", "p4"]).words(at: now) == ["p4 2026-07-03"])
        #expect(plan(["p3", "p4"]).words(at: now) == ["p3 2026-07-03", "p4 2026-07-04"])
    }

    @Test(
        "a renamed point that went out goes again under its new name; a renamed one to come keeps its place")
    func renamed() {
        #expect(plan(["p1", "renamed", "p3"]).words(at: now) == ["renamed 2026-07-03", "p3 2026-07-04"])
        #expect(plan(["p1", "p2", "renamed"]).words(at: now) == ["renamed 2026-07-03"])
    }

    @Test("a moved point goes in its new place, whichever side of the cursor it moved to")
    func moved() {
        #expect(
            plan(["p1", "p2", "p5", "p3", "p4"]).words(at: now)
                == ["p5 2026-07-03", "p3 2026-07-04", "p4 2026-07-05"])
        #expect(plan(["p5", "p1", "p3", "p2"]).words(at: now) == ["p5 2026-07-03", "p3 2026-07-04"])
    }

    // MARK: Pins

    @Test("pins are placed first, and the others fill the days between")
    func pinsFirst() {
        let series = Series.sample(points: 4) { $0.pin("p1", to: day("2026-07-03")) }
        let plan = Plan.of(series)
        #expect(
            plan.words(at: "2026-06-20T00:00:00Z")
                == ["p2 2026-07-01", "p3 2026-07-02", "p1 2026-07-03", "p4 2026-07-04"])
        #expect(plan.assignments(at: moment("2026-06-20T00:00:00Z"))[2].why == ["pinned"])
    }

    @Test("a pin after the last other point leaves the days between empty")
    func farPin() {
        let series = Series.sample(points: 2) { $0.pin("p2", to: day("2026-08-01")) }
        let plan = Plan.of(series, done: ["p1": "2026-07-01"])
        #expect(plan.words(at: "2026-07-02T00:00:00Z") == ["p2 2026-08-01"])
        #expect(plan.due(at: moment("2026-07-20T13:00:00Z")) == nil)
        #expect(plan.dueWords(at: "2026-08-01T13:00:00Z") == ["p2 2026-08-01"])
    }

    @Test("a pin that is late today goes out", arguments: CatchUp.allCases)
    func latePin(catchUp: CatchUp) {
        let series = Series.sample(points: 3) { series in
            series.catchUp = catchUp
            series.pin("p3", to: day("2026-07-02"))
        }
        let plan = Plan.of(series, done: ["p1": "2026-07-01"])
        #expect(plan.dueWords(at: "2026-07-02T22:00:00Z") == ["p3 2026-07-02"])
    }

    @Test(
        "a missed pin is recorded as missed and never slides, and the others go their way",
        arguments: [
            (CatchUp.slide, ["p3 2026-07-03 !", "p2 2026-07-05"]),
            (CatchUp.all, ["p2 2026-07-02"]),
            (CatchUp.latest, ["p2 2026-07-02 !", "p3 2026-07-03 !", "p4 2026-07-04 !", "p5 2026-07-05"]),
        ])
    func missedPin(catchUp: CatchUp, expected: [String]) {
        let series = Series.sample(points: 6) { series in
            series.catchUp = catchUp
            series.pin("p3", to: day("2026-07-03"))
        }
        let plan = Plan.of(series, done: ["p1": "2026-07-01"])
        #expect(plan.dueWords(at: "2026-07-05T14:00:00Z") == expected)
    }

    @Test("all: a missed pin goes into the ledger as missed before the point after it")
    func missedPinAndAll() {
        let series = Series.sample(points: 6) { series in
            series.catchUp = .all
            series.pin("p3", to: day("2026-07-03"))
        }
        let plan = Plan.of(series, done: ["p1": "2026-07-01", "p2": "2026-07-02"])
        #expect(plan.dueWords(at: "2026-07-05T14:00:00Z") == ["p3 2026-07-03 !", "p4 2026-07-04"])
    }

    @Test("latest: where the newest slot was a pin's, and missed, the newest other point goes out")
    func latestBeforeAMissedPin() {
        let series = Series.sample(points: 6) { series in
            series.catchUp = .latest
            series.pin("p5", to: day("2026-07-04"))
        }
        let plan = Plan.of(series, done: ["p1": "2026-07-01"])
        #expect(plan.dueWords(at: "2026-07-05T10:00:00Z") == ["p2 2026-07-02 !", "p3 2026-07-03"])
    }

    @Test(
        "a pin that can never be placed holds nothing up, and is shown as missed with the reason",
        arguments: [
            ("2026-07-02", "pinned to 2026-07-02, which has gone by"),
            ("2026-07-04", "pinned, but 2026-07-04 is a sat, not in days"),
            ("2026-07-09", "pinned, but 2026-07-09 is in blackout"),
        ])
    func neverPlaced(date: String, why: String) {
        let series = Series.sample(points: 4) { series in
            series.days = [.mon, .tue, .wed, .thu, .fri]
            series.blackout = [day("2026-07-09")...day("2026-07-09")]
            series.pin("p4", to: day(date))
        }
        let plan = Plan.of(series, done: ["p1": "2026-07-01", "p2": "2026-07-02"])
        #expect(plan.words(at: now) == ["p3 2026-07-03"])
        let entry = plan.entries(at: moment(now), state: .running).last
        #expect(entry?.id == "p4")
        #expect(entry?.state == .missed)
        #expect(entry?.why == [why])
        #expect(entry?.day == day(date))
    }

    @Test("two pins on one day, which `check` refuses, do not make the plan search for ever")
    func twoPins() {
        let series = Series.sample(points: 2) { series in
            series.pin("p1", to: day("2026-07-02"))
            series.pin("p2", to: day("2026-07-02"))
        }
        #expect(Plan.of(series).words(at: "2026-06-20T00:00:00Z") == ["p1 2026-07-02"])
    }
}
