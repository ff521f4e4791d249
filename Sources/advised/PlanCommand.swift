import AdviceConfig
import AdviceCore
import AdviceDaemon
import AdviceStatus
import AdviceStore
import ArgumentParser

struct PlanCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "plan", abstract: "When each point goes out, and why then.",
        discussion: "With a point or a day: the whole derivation.")

    @OptionGroup var options: InstallationOptions
    @Argument(help: "A point (ID, or SERIES/ID, or its number) or a day (YYYY-MM-DD).") var pointOrDay:
        String?
    @Option(help: "Of one series.") var series: String?
    @Option(help: "As one subscriber gets it.") var subscriber: String?
    @Option(help: "From this day on.") var from: String?
    @Option(help: "At most so many.") var count: Int?
    @Option(help: "As if it were this instant (RFC 3339).") var at: String?
    @Flag(help: "One JSON array.") var json = false
    @Flag(help: "An iCalendar file; it names no point that is not released yet.") var ics = false

    func validate() throws {
        if json, ics { throw ValidationError("--json and --ics are two forms of one listing: give one") }
        try day(from, "--from")
        if let pointOrDay, PlanCommand.looksLikeDay(pointOrDay), CivilDate(pointOrDay) == nil {
            throw ValidationError("'\(pointOrDay)' is no day of the calendar")
        }
        if let at, Instant(rfc3339: at) == nil {
            throw ValidationError("--at takes an instant as 2026-07-02T13:00:00Z, not '\(at)'")
        }
        if let count, count < 1 { throw ValidationError("--count is at least 1") }
    }

    func run() throws {
        let installation = options.installation
        let configuration = try installation.configuration()
        let now = at.flatMap { Instant(rfc3339: $0) } ?? installation.clock.now.wall
        let reader = try installation.reader(configuration)
        defer { reader?.close() }
        let knowledge = try installation.withStoreErrors { try reader?.load() ?? StoreKnowledge() }
        let view = PlanView(configuration, knowledge, installation, now: now)
        let stored = try installation.withStoreErrors {
            try subscriber.flatMap { try reader?.cohorts(of: $0) } ?? []
        }
        var lines = try chosen(view, configuration, stored).flatMap { cohort in
            self.lines(of: cohort, view.hold, now)
        }
        if let pointOrDay { lines = lines.filter { matches(pointOrDay, $0.cohort.series, $0.entry) } }
        if let count { lines = PlanCommand.first(count, of: lines) }
        if json {
            try Output.json(lines.map { Line($0.cohort, $0.entry) })
        } else if ics {
            Output.file(planCalendar(lines, at: now))
        } else if pointOrDay != nil {
            for line in lines { derive(line.cohort, line.entry, now) }
        } else {
            show(lines, now)
        }
        if lines.isEmpty {
            if let date = pointOrDay.flatMap({ CivilDate($0) }) {
                for cohort in try chosen(view, configuration, stored) { explain(cohort, date, now) }
            } else {
                // A name that the files do not have is told as every command tells it.
                if let pointOrDay { _ = try PointName(pointOrDay).find(in: configuration) }
                Output.note("nothing is planned" + (pointOrDay.map { " for '\($0)'" } ?? ""))
            }
            if pointOrDay != nil { throw Exits.no }
        }
    }

    /// Four, two and two digits: no point is meant by that.
    private static func looksLikeDay(_ text: String) -> Bool {
        let parts = text.split(separator: "-", omittingEmptySubsequences: false)
        return parts.map(\.count) == [4, 2, 2]
            && parts.allSatisfy { $0.allSatisfy { $0.isASCII && $0.isNumber } }
    }

    /// The first lines of each cohort.
    private static func first(
        _ count: Int, of lines: [(cohort: PlanView.CohortView, entry: PlanEntry)]
    ) -> [(cohort: PlanView.CohortView, entry: PlanEntry)] {
        var seen: [String: Int] = [:]
        return lines.filter { line in
            let name = "\(line.cohort.series.id) \(line.cohort.cohort)"
            seen[name, default: 0] += 1
            return seen[name, default: 0] <= count
        }
    }

    /// Why nothing goes out on a day.
    private func explain(_ cohort: PlanView.CohortView, _ date: CivilDate, _ now: Instant) {
        let plan = cohort.plan
        let name = "\(cohort.series.id) (\(cohort.cohort))"
        var why = "nothing is left to go out then"
        if plan.calendar.slot(on: date) == nil {
            why = "\(date) does not exist in \(cohort.cohort.zone)"
        } else if let obstacle = plan.obstacle(on: date) {
            why = obstacle
        } else if plan.terms.pauses.contains(where: { pause in
            plan.calendar.slot(on: date).map { pause.isOn(at: $0.instant, date: date) } ?? false
        }) {
            why = "it is paused on \(date)"
        } else if date < plan.begin ?? cohort.series.start {
            why = "it begins on \(plan.begin ?? cohort.series.start)"
        } else if date < plan.calendar.date(at: now) {
            why = "nothing went out on \(date): nothing ran, or nobody was there"
        }
        Output.note("nothing is planned for '\(date)' in \(name): \(why)")
    }

    /// A cohort's lines from the day asked for on; of a loop as many cycles as make the number asked for.
    private func lines(
        of cohort: PlanView.CohortView, _ hold: String?, _ now: Instant
    ) -> [(cohort: PlanView.CohortView, entry: PlanEntry)] {
        let from = from.flatMap { CivilDate($0) }
        var lines: [(cohort: PlanView.CohortView, entry: PlanEntry)] = []
        var cohort = cohort
        while true {
            let entries = cohort.plan.entries(at: now, state: cohort.record.state, hold: hold)
            lines += entries.filter { entry in from.map { entry.day >= $0 } ?? true }
                .map { (cohort: cohort, entry: $0) }
            let isEnough = count.map { lines.count >= $0 } ?? true
            let last = entries.map(\.day).max() ?? .distantFuture
            // A later day that is asked for lies in a later cycle.
            let wanted = max(from ?? last, pointOrDay.flatMap { CivilDate($0) } ?? last)
            guard !isEnough || last < wanted, last < cohort.series.start + Plan.searchBoundDays,
                let next = cohort.plan.nextCycle(at: now)
            else { return lines }
            cohort.plan = next
        }
    }

    private func chosen(
        _ view: PlanView, _ configuration: Configuration, _ stored: [Int64]
    ) throws -> [PlanView.CohortView] {
        var cohorts = view.cohorts
        if let series {
            cohorts.removeAll { $0.series.id != series }
            if cohorts.isEmpty {
                Output.note("advised: there is no series '\(series)'" + configuration.hint(series: series))
                throw Exits.no
            }
        }
        if let subscriber {
            guard let entry = configuration.subscribers.first(where: { $0.id == subscriber }) else {
                Output.note(
                    "advised: there is no subscriber '\(subscriber)'"
                        + configuration.hint(subscriber: subscriber))
                throw Exits.no
            }
            cohorts.removeAll { !PlanView.isMember(entry, of: $0, storedCohorts: stored) }
        }
        return cohorts
    }

    private func matches(_ text: String, _ series: Series, _ entry: PlanEntry) -> Bool {
        if let day = CivilDate(text) { return entry.day == day }
        let name = PointName(text)
        guard name.series == nil || name.series == series.id else { return false }
        if series.points.contains(where: { $0.id == name.id }) { return entry.id == name.id }
        return entry.id == name.id || "\(entry.number)" == name.id
    }

    private func show(_ lines: [(cohort: PlanView.CohortView, entry: PlanEntry)], _ now: Instant) {
        var shown: String?
        var rows: [[String]] = []
        for (cohort, entry) in lines {
            let heading = "\(cohort.series.id): \(cohort.series.title) (\(cohort.cohort))"
            if heading != shown {
                if !rows.isEmpty { Output.table(rows); Output.line() }
                rows = []
                Output.line(heading)
                shown = heading
            }
            let local = LocalText(entry)
            rows.append([
                "\(entry.number)", entry.id, "\(entry.day)", "\(local.time) \(local.offset)",
                entry.scheduledFor.wholeSeconds, now.distance(to: entry.scheduledFor), entry.state.rawValue,
                entry.title ?? "", entry.why.joined(separator: "; "),
            ])
        }
        Output.table(rows)
    }

    /// Step by step, for one point or day.
    private func derive(_ cohort: PlanView.CohortView, _ entry: PlanEntry, _ now: Instant) {
        let series = cohort.series
        let local = LocalText(entry)
        Output.line("\(series.id)/\(entry.id)" + (entry.title.map { ": \($0)" } ?? ""))
        Output.line("  the series starts on \(series.start), at \(cohort.cohort.at) in \(cohort.cohort.zone)")
        if let begin = cohort.plan.begin {
            Output.line("  it began on \(begin) (edition \(cohort.plan.edition))")
        }
        if let joined = cohort.cohort.joined { Output.line("  its members joined on \(joined)") }
        if series.days != .all {
            Output.line("  release days: \(series.days.weekdays.map(\.short).joined(separator: ", "))")
        }
        for pause in cohort.record.details.pauses {
            let end = pause.ended.map { "\(cohort.plan.calendar.date(at: $0))" }
            let until = end ?? pause.until.map { "\($0)" } ?? "somebody resumes it"
            Output.line(
                "  paused from \(cohort.plan.calendar.date(at: pause.from)) until \(until)"
                    + (pause.withMissed ? ", and caught up on" : ""))
        }
        let released = cohort.plan.rows.count
        Output.line("  it is point \(entry.number) of \(series.points.count); \(released) are done with")
        for reason in entry.why { Output.line("  \(reason)") }
        Output.line(
            "  its day is \(entry.day); \(cohort.cohort.at) there is "
                + "\(local.date) \(local.time) \(local.offset)"
        )
        Output.line("  that is \(entry.scheduledFor.wholeSeconds), \(now.distance(to: entry.scheduledFor))")
        Output.line("  state: \(entry.state.rawValue)")
    }

    private struct Line: Encodable {
        let series: String
        let cohort: String
        let number: Int
        let id: String
        let title: OrNull<String>
        let day: String
        let local: String
        let offset: String
        let scheduled_for: String
        let state: String
        let why: OrNull<String>

        init(_ view: PlanView.CohortView, _ entry: PlanEntry) {
            let text = LocalText(entry)
            series = view.series.id
            cohort = "\(view.cohort)"
            number = entry.number
            id = entry.id
            title = OrNull(entry.title)
            day = "\(entry.day)"
            local = "\(text.date)T\(text.time)"
            offset = text.offset
            scheduled_for = entry.scheduledFor.wholeSeconds
            state = entry.state.rawValue
            why = OrNull(entry.why.isEmpty ? nil : entry.why.joined(separator: "; "))
        }
    }
}

/// An entry's instant on the wall.
struct LocalText {
    let date: String
    /// HH:MM:SS
    let time: String
    let offset: String

    init(_ entry: PlanEntry) {
        let shifted = entry.scheduledFor + .seconds(Int64(entry.offsetSeconds))
        let text = "\(Instant(seconds: shifted.seconds))"
        date = String(text.prefix(10))
        time = String(text.dropFirst(11).prefix(8))
        offset = offsetText(entry.offsetSeconds)
    }
}
