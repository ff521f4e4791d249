import AdviceCore
import AdviceTesting
import Testing

/// What holds for every series, ledger and moment: drawn from seeds, so that a failure names one.
@Suite("Plan: properties")
struct PlanPropertyTests {
    @Test(
        "assignments go forward in date and moment, each point once, never where none may be",
        arguments: 0..<300)
    func forward(seed: Int) {
        let (plan, now) = draw(seed)
        let assignments = plan.assignments(at: now)
        for (before, after) in zip(assignments, assignments.dropFirst()) {
            #expect(before.slot.date < after.slot.date)
            #expect(before.slot.instant < after.slot.instant)
        }
        let ids = assignments.map(\.point.id)
        #expect(Set(ids).count == ids.count)
        #expect(Set(ids).isDisjoint(with: plan.rows.map(\.point)))
        #expect(Set(ids).isDisjoint(with: plan.passed))
        let used = plan.rows.map(\.slotDate).max()
        for assignment in assignments {
            let date = assignment.slot.date
            #expect(date >= plan.begin ?? date)
            #expect(used.map { date > $0 } ?? true)
            #expect(plan.obstacle(on: date) == nil)
            #expect(assignment.point.date == nil || assignment.point.date == date)
            #expect(assignment.slot == plan.calendar.slot(on: date))
        }
    }

    @Test(
        "what is due is what is next, once its moment has come, and all before it is missed",
        arguments: 0..<300)
    func dueIsNext(seed: Int) {
        let (plan, now) = draw(seed)
        let next = plan.upcoming(at: now)
        let due = plan.due(at: now)
        if let next, next.slot.instant <= now {
            #expect(due?.assignment == next)
        } else {
            // Missed pins may be left to be recorded.
            #expect(due?.assignment == nil)
        }
        let missed = due?.missed ?? []
        #expect(missed.allSatisfy { $0.isMissed && plan.isMissed($0.slot, at: now) })
        // Pins that can no longer be placed are recorded too, though no slot is theirs.
        let coming = Set(plan.assignments(at: now).map(\.point.id))
        let placed = missed.filter { coming.contains($0.point.id) }
        #expect(placed == Array(plan.assignments(at: now).prefix(placed.count)))
        #expect(missed.map(\.slot.date) == missed.map(\.slot.date).sorted())
        #expect(plan.assignments(at: now).first { !$0.isMissed } == next)
    }

    @Test("every point that is not pinned comes, in order, by sliding if it must", arguments: 0..<300)
    func nothingDropped(seed: Int) {
        let (plan, now) = draw(seed)
        let done = Set(plan.rows.map(\.point)).union(plan.passed)
        let coming = plan.series.points.filter { $0.date == nil && !done.contains($0.id) }.map(\.id)
        let assigned = plan.assignments(at: now).filter { $0.point.date == nil }.map(\.point.id)
        #expect(assigned == coming)
        if plan.series.catchUp != .latest {
            #expect(plan.assignments(at: now).allSatisfy { !$0.isMissed || $0.point.date != nil })
        }
    }

    @Test(
        "one that looks at each slot's moment releases one point a day and ends with all of them",
        arguments: 0..<60)
    func lived(seed: Int) {
        let (drawn, _) = draw(seed)
        var plan = drawn
        var now = plan.calendar.slot(on: plan.firstDate)?.instant ?? Instant(seconds: 0)
        var released: [LedgerRow] = []
        while let next = plan.upcoming(at: now) {
            now = max(now, next.slot.instant) + .minutes(10)
            guard let due = plan.due(at: now), let assignment = due.assignment else { break }
            released.append(
                LedgerRow.sample(
                    assignment.point.id, released.count + 1, on: assignment.slot.date,
                    in: plan.calendar))
            plan = plan.adding(due, at: now)
        }
        #expect(plan.isFinished(at: now))
        #expect(Set(released.map(\.slotDate)).count == released.count)
        #expect(Set(released.map(\.point)).count == released.count)
        let pins = Set(plan.series.points.filter { $0.date != nil }.map(\.id))
        #expect(
            plan.rows.allSatisfy { row in
                row.kind == .released || drawn.rows.contains(row) || pins.contains(row.point)
            })
    }

    // MARK: Drawing

    /// A series, a ledger that it may have, and a moment.
    private func draw(_ seed: Int) -> (Plan, Instant) {
        var random = SplitMix64(seed: UInt64(seed))
        let zones = ["America/New_York", "Pacific/Apia", "America/Nuuk", "Australia/Lord_Howe", "UTC"]
        let zone = zones[Int.random(in: 0..<zones.count, using: &random)]
        let starts = ["2011-12-25", "2026-03-05", "2026-10-28", "2026-07-01"]
        let start = day(starts[Int.random(in: 0..<starts.count, using: &random)])
        let at = ["00:00", "02:15", "09:00", "23:30"][Int.random(in: 0..<4, using: &random)]
        let count = Int.random(in: 1...20, using: &random)
        let series = Series.sample(
            points: count, start: start, at: timeOfDay(at), zone: .named(zone)
        ) { series in
            series.catchUp = CatchUp.allCases[Int.random(in: 0..<3, using: &random)]
            let days = Weekday.allCases.filter { _ in Bool.random(using: &random) }
            if !days.isEmpty { series.days = WeekdaySet(days) }
            for _ in 0..<Int.random(in: 0...2, using: &random) {
                let first = start + Int.random(in: 0...20, using: &random)
                series.blackout.append(first...(first + Int.random(in: 0...5, using: &random)))
            }
            for _ in 0..<Int.random(in: 0...2, using: &random) {
                let point = "p\(Int.random(in: 1...count, using: &random))"
                let date = start + Int.random(in: -2...30, using: &random)
                if !series.points.contains(where: { $0.date == date }) { series.pin(point, to: date) }
            }
        }
        let calendar = TestZones.calendar(zone, series.at)
        let passed = series.points.prefix(Int.random(in: 0...2, using: &random)).map(\.id)
        var plan = Plan(series: series, calendar: calendar, begin: start, rows: [], passed: passed)
        var now = Instant(seconds: Int64(start.day * 86_400)) - .days(1)
        for _ in 0..<Int.random(in: 0...10, using: &random) {
            now = now + .hours(Int64.random(in: 1...60, using: &random))
            if let due = plan.due(at: now) { plan = plan.adding(due, at: now) }
        }
        return (plan, now + .hours(Int64.random(in: -100...400, using: &random)))
    }
}

extension Plan {
    fileprivate var firstDate: CivilDate { rows.map(\.slotDate).max().map(\.next) ?? begin ?? series.start }

    /// The plan after `due` went into the ledger.
    fileprivate func adding(_ due: Due, at now: Instant) -> Plan {
        var rows = rows
        for assignment in due.missed + [due.assignment].compactMap(\.self) {
            rows.append(
                LedgerRow(
                    point: assignment.point.id, sequence: rows.count + 1, slotDate: assignment.slot.date,
                    kind: assignment.isMissed ? .missed : .released, scheduledFor: assignment.slot.instant,
                    releasedAt: now))
        }
        return Plan(series: series, calendar: calendar, begin: begin, rows: rows, passed: passed)
    }
}
