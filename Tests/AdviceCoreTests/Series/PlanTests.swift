import AdviceCore
import AdviceTesting
import Testing

/// In New York 09:00 is 13:00Z in summer, and a day ends at 04:00Z.
@Suite("Plan")
struct PlanTests {
    @Test("one point a day from the first day on, at the series' time")
    func onePerDay() {
        let plan = Plan.of(.sample(points: 3))
        #expect(
            plan.words(at: "2026-06-20T00:00:00Z") == ["p1 2026-07-01", "p2 2026-07-02", "p3 2026-07-03"])
        #expect(
            plan.upcoming(at: moment("2026-06-20T00:00:00Z"))?.slot.instant == moment("2026-07-01T13:00:00Z"))
        let whys = plan.assignments(at: moment("2026-06-20T00:00:00Z")).flatMap(\.why)
        #expect(whys == [])
    }

    @Test("nothing is due a nanosecond before the instant, and the point is due at it")
    func dueAtTheInstant() {
        let plan = Plan.of(.sample(points: 3))
        #expect(plan.due(at: moment("2026-07-01T12:59:59.999999999Z")) == nil)
        #expect(plan.dueWords(at: "2026-07-01T13:00:00Z") == ["p1 2026-07-01"])
    }

    @Test("a series that has not begun has nothing due, ever")
    func notBegun() {
        let plan = Plan(
            series: .sample(), calendar: TestZones.calendar("America/New_York"), begin: nil, rows: [],
            passed: [])
        #expect(plan.due(at: moment("2030-01-01T00:00:00Z")) == nil)
        #expect(plan.upcoming(at: moment("2026-01-01T00:00:00Z")) == nil)
        #expect(plan.assignments(at: moment("2026-01-01T00:00:00Z")) == [])
        #expect(!plan.isFinished(at: moment("2026-01-01T00:00:00Z")))
    }

    @Test("no point goes out before the first day, also not one that is pinned earlier")
    func beforeBegin() {
        let series = Series.sample(points: 2) { $0.pin("p1", to: day("2026-06-30")) }
        let plan = Plan.of(series, begin: day("2026-07-03"))
        #expect(plan.due(at: moment("2026-07-02T20:00:00Z")) == nil)
        #expect(plan.words(at: "2026-06-30T20:00:00Z") == ["p2 2026-07-03"])
    }

    @Test("points that were passed over are done with")
    func passed() {
        let plan = Plan.of(.sample(points: 4), passed: ["p1", "p2"])
        #expect(plan.words(at: "2026-06-20T00:00:00Z") == ["p3 2026-07-01", "p4 2026-07-02"])
    }

    // MARK: Release days

    @Test("days that are not release days are stepped over, and say why")
    func obstacles() {
        let series = Series.sample(points: 4) { series in
            series.days = [.mon, .tue, .wed, .thu, .fri]
            series.blackout = [day("2026-07-02")...day("2026-07-02")]
        }
        let plan = Plan.of(series)
        // 2026-07-01 is a Wednesday.
        #expect(
            plan.words(at: "2026-06-20T00:00:00Z")
                == ["p1 2026-07-01", "p2 2026-07-03", "p3 2026-07-06", "p4 2026-07-07"])
        let whys = plan.assignments(at: moment("2026-06-20T00:00:00Z")).map(\.why)
        #expect(
            whys == [
                [], ["2026-07-02 is in blackout"],
                ["2026-07-04 is a sat, not in days", "2026-07-05 is a sun, not in days"], [],
            ])
    }

    @Test("a long row of obstacles is told in a few words")
    func longBlackout() {
        let series = Series.sample(points: 1) { $0.blackout = [day("2026-07-01")...day("2026-08-01")] }
        let why = Plan.of(series).upcoming(at: moment("2026-06-01T00:00:00Z"))?.why
        #expect(why?.count == 5)
        #expect(why?.last == "and further days")
    }

    @Test("a plan without release days gives up after 3,660 dates, and finds a day that comes just before")
    func searchBound() {
        let start = day("2026-07-01")
        func plan(blackout days: Int) -> Plan {
            Plan.of(.sample(points: 1) { $0.blackout = [start...(start + (days - 1))] })
        }
        let now = moment("2026-06-01T00:00:00Z")
        #expect(plan(blackout: 3659).upcoming(at: now)?.slot.date == start + 3659)
        #expect(plan(blackout: 3660).upcoming(at: now) == nil)
        #expect(plan(blackout: 3660).isFinished(at: now))
    }

    @Test("a date that the zone skipped whole has no slot: the series slides a day")
    func apia() {
        let series = Series.sample(
            points: 3, start: day("2011-12-29"), zone: .named("Pacific/Apia"))
        let plan = Plan.of(series)
        #expect(
            plan.words(at: "2011-12-01T00:00:00Z") == ["p1 2011-12-29", "p2 2011-12-31", "p3 2012-01-01"])
        let second = plan.assignments(at: moment("2011-12-01T00:00:00Z"))[1]
        #expect(second.why == ["2011-12-30 does not exist in this zone"])
    }

    @Test("a slot in a gap at midnight belongs to its date, and the next day has its own")
    func nuuk() {
        let series = Series.sample(
            points: 3, start: day("2026-03-27"), at: timeOfDay("23:30"), zone: .named("America/Nuuk"))
        let plan = Plan.of(series)
        let slots = plan.assignments(at: moment("2026-03-01T00:00:00Z")).map(\.slot)
        #expect(slots.map(\.date) == ["2026-03-27", "2026-03-28", "2026-03-29"].map(day))
        #expect(
            slots.map { plan.calendar.date(at: $0.instant) }
                == ["2026-03-27", "2026-03-29", "2026-03-29"].map(day))
        #expect(slots[0].instant < slots[1].instant && slots[1].instant < slots[2].instant)
        // Its day has ended when it comes: 60 minutes remain.
        let slot = slots[1]
        #expect(!plan.isMissed(slot, at: slot.instant + .minutes(59)))
        #expect(plan.isMissed(slot, at: slot.instant + .minutes(60)))
        // Released, it has used up the 28th, not the 29th.
        let after = Plan.of(series, done: ["p1": "2026-03-27", "p2": "2026-03-28"])
        #expect(after.words(at: "2026-03-29T03:00:00Z") == ["p3 2026-03-29"])
    }

    @Test("a restart inside the overlap repeats nothing: the date is used")
    func overlap() {
        let series = Series.sample(
            points: 3, start: day("2026-11-01"), at: timeOfDay("01:30"))
        let first = Plan.of(series).upcoming(at: moment("2026-10-31T00:00:00Z"))
        #expect(first?.slot.instant == moment("2026-11-01T05:30:00Z"))
        #expect(first?.why == ["01:30 comes twice on 2026-11-01: the first"])
        // 01:30 comes again at 06:30Z.
        let after = Plan.of(series, done: ["p1": "2026-11-01"])
        #expect(after.due(at: moment("2026-11-01T06:30:00Z")) == nil)
        #expect(after.words(at: "2026-11-01T06:30:00Z", count: 1) == ["p2 2026-11-02"])
    }

    @Test("a clock set back finds the ledger ahead: nothing is due again")
    func clockSetBack() {
        let plan = Plan.of(.sample(points: 5), done: ["p1": "2026-07-01", "p2": "2026-07-02"])
        for now in [
            "2026-06-30T13:00:00Z", "2026-07-01T13:00:00Z", "2026-07-02T13:00:00Z", "2026-07-03T12:59:59Z",
        ] {
            #expect(plan.due(at: moment(now)) == nil)
            #expect(plan.words(at: now, count: 1) == ["p3 2026-07-03"])
        }
    }

    // MARK: Late and missed

    @Test(
        "a slot is late until its day has ended and 60 minutes have passed, then it is missed",
        arguments: [
            // at, just late, just missed
            ("09:00", "2026-07-02T03:59:59Z", "2026-07-02T04:00:00Z"),
            ("23:50", "2026-07-02T04:49:59Z", "2026-07-02T04:50:00Z"),
            ("23:00", "2026-07-02T03:59:59Z", "2026-07-02T04:00:00Z"),
            ("00:00", "2026-07-02T03:59:59Z", "2026-07-02T04:00:00Z"),
        ])
    func lateOrMissed(at: String, late: String, missed: String) {
        let plan = Plan.of(.sample(points: 2, at: timeOfDay(at)))
        #expect(plan.dueWords(at: late) == ["p1 2026-07-01"])
        let next = plan.upcoming(at: moment(missed))
        #expect(next?.slot.date == day("2026-07-02"))
        #expect(next?.why.first == "the slot of 2026-07-01 was missed")
    }

    @Test("slide: after a day and after a week the missed point takes today's slot, at its time")
    func slide() {
        let plan = Plan.of(.sample(points: 15), done: ["p1": "2026-07-01"])
        #expect(plan.words(at: "2026-07-03T10:00:00Z", count: 2) == ["p2 2026-07-03", "p3 2026-07-04"])
        #expect(plan.due(at: moment("2026-07-03T10:00:00Z")) == nil)
        #expect(plan.dueWords(at: "2026-07-03T13:00:00Z") == ["p2 2026-07-03"])
        #expect(plan.words(at: "2026-07-08T10:00:00Z", count: 2) == ["p2 2026-07-08", "p3 2026-07-09"])
        // Today's slot has passed: at once, and one only.
        #expect(plan.dueWords(at: "2026-07-08T20:00:00Z") == ["p2 2026-07-08"])
        let after = Plan.of(.sample(points: 15), done: ["p1": "2026-07-01", "p2": "2026-07-08"])
        #expect(after.due(at: moment("2026-07-08T20:00:00Z")) == nil)
    }

    @Test("all: every missed point now, in order, each in its own slot")
    func all() {
        let series = Series.sample(points: 15) { $0.catchUp = .all }
        var plan = Plan.of(series, done: ["p1": "2026-07-01"])
        var gone: [String] = []
        while let due = plan.due(at: moment("2026-07-04T14:00:00Z")), let assignment = due.assignment {
            gone.append(assignment.words)
            #expect(due.missed == [])
            let row = LedgerRow.sample(
                assignment.point.id, plan.rows.count + 1, on: assignment.slot.date, in: plan.calendar)
            plan = Plan(
                series: series, calendar: plan.calendar, begin: plan.begin, rows: plan.rows + [row],
                passed: [])
        }
        #expect(gone == ["p2 2026-07-02", "p3 2026-07-03", "p4 2026-07-04"])
    }

    @Test("latest: the newest now, the older ones missed")
    func latest() {
        let series = Series.sample(points: 15) { $0.catchUp = .latest }
        let plan = Plan.of(series, done: ["p1": "2026-07-01"])
        #expect(
            plan.dueWords(at: "2026-07-05T14:00:00Z")
                == ["p2 2026-07-02 !", "p3 2026-07-03 !", "p4 2026-07-04 !", "p5 2026-07-05"])
        // Before today's slot the newest is yesterday's.
        #expect(
            plan.dueWords(at: "2026-07-05T10:00:00Z")
                == ["p2 2026-07-02 !", "p3 2026-07-03 !", "p4 2026-07-04"])
        // One that is only late is no reason to miss any.
        #expect(plan.dueWords(at: "2026-07-02T20:00:00Z") == ["p2 2026-07-02"])
    }

    @Test("latest: where the points end in the downtime the last of them goes out")
    func latestAtTheEnd() {
        let series = Series.sample(points: 4) { $0.catchUp = .latest }
        let plan = Plan.of(series, done: ["p1": "2026-07-01"])
        #expect(
            plan.dueWords(at: "2026-07-20T14:00:00Z")
                == ["p2 2026-07-02 !", "p3 2026-07-03 !", "p4 2026-07-04"])
    }

    // MARK: The end

    @Test("a series is finished when its last point is out, and a point added then takes the next slot")
    func appended() {
        let done: KeyValuePairs = ["p1": "2026-07-01", "p2": "2026-07-02"]
        let plan = Plan.of(.sample(points: 2), done: done)
        #expect(plan.isFinished(at: moment("2026-07-02T14:00:00Z")))
        #expect(plan.due(at: moment("2026-09-01T14:00:00Z")) == nil)
        for catchUp in [CatchUp.slide] {
            let longer = Plan.of(.sample(points: 4) { $0.catchUp = catchUp }, done: done)
            #expect(longer.dueWords(at: "2026-09-01T14:00:00Z") == ["p3 2026-09-01"])
            #expect(longer.words(at: "2026-09-01T10:00:00Z") == ["p3 2026-09-01", "p4 2026-09-02"])
        }
    }
}
