import AdviceCore
import AdviceTesting

extension Plan {
    /// A plan over rows that were released on time on the given days: `["p1": "2026-07-01"]`.
    static func of(
        _ series: Series, done: KeyValuePairs<String, String> = [:], begin: CivilDate? = nil,
        passed: [String] = [], at: TimeOfDay? = nil
    ) -> Plan {
        let calendar = TestZones.calendar(series.zone.name, at ?? series.at)
        let rows = done.enumerated().map { place, row in
            LedgerRow.sample(row.key, place + 1, on: day(row.value), in: calendar)
        }
        return Plan(
            series: series, calendar: calendar, begin: begin ?? series.start, rows: rows, passed: passed)
    }

    /// `p1 2026-07-01`, with `!` where it is missed, in the order of going out.
    func words(at now: String, count: Int = 100) -> [String] {
        assignments(at: moment(now)).prefix(count).map(\.words)
    }

    /// The point that is due, its slot date, and what is recorded as missed with it.
    func dueWords(at now: String) -> [String] {
        guard let due = due(at: moment(now)) else { return [] }
        return (due.missed + [due.assignment].compactMap(\.self)).map(\.words)
    }
}

extension Plan.Assignment {
    var words: String { "\(point.id) \(slot.date)\(isMissed ? " !" : "")" }
}

extension Plan {
    init(
        series: Series, calendar: SlotCalendar, begin: CivilDate?, rows: [LedgerRow], passed: [String]
    ) {
        self.init(
            series: series, calendar: calendar, begin: begin, rows: rows, terms: Terms(passed: passed))
    }

    var passed: [String] { terms.passed }

    /// The next point that will be released.
    func upcoming(at now: Instant) -> Assignment? { next(at: now)?.assignment }
}
