internal import AdviceCore

/// What can be told of a series' days before it runs: pins that cannot be kept, days that never come, and
/// times that the zone's clock jumps over.
struct CalendarChecks {
    private let series: Series
    private let fields: Fields
    private let points: PointList
    private let file: SourceFile
    private let rules: ZoneRules

    init(_ series: Series, _ fields: Fields, _ points: PointList) {
        self.series = series
        self.fields = fields
        self.points = points
        file = fields.file
        rules = (try? file.reading.zone(series.zone.name).get()) ?? .utc
    }

    func run() {
        checkPins()
        checkReleaseDays()
        ZoneGaps(rules, zone: series.zone.name, series.at, series)
            .warn(file, at: fields.isGiven("at") ? fields.position(of: "at") : fields.position)
    }

    private func checkPins() {
        var pinned: [CivilDate: ListedPoint] = [:]
        for point in points.listed {
            guard let date = point.point.date, let position = point.datePosition else { continue }
            if let reason = series.whyNoRelease(on: date, rules) {
                point.file.error(at: position, "'date' \(date) \(reason)")
            } else if let other = pinned[date] {
                point.file.error(
                    at: position, "'date' \(date) is also the day of '\(other.point.id)' (\(other.place))")
            } else {
                pinned[date] = point
            }
        }
    }

    /// Looks for a day for every point, in turn, and gives up where none comes within the bound.
    private func checkReleaseDays() {
        var date = series.start
        for _ in series.points {
            guard let next = nextReleaseDay(from: date) else {
                let key = fields.isGiven("blackout") ? "blackout" : "days"
                let place = fields.isGiven(key) ? fields.position(of: key) : fields.position
                let bound = Limits.releaseDaySearch
                file.error(at: place, "never releases: from \(date) on no day is left within \(bound) dates")
                return
            }
            date = next.next
        }
    }

    private func nextReleaseDay(from date: CivilDate) -> CivilDate? {
        (0..<Limits.releaseDaySearch).lazy.map { date + $0 }.first {
            series.isReleaseDay($0) && rules.exists($0)
        }
    }
}

/// The dates on which a zone's clock jumps over a time of day.
struct ZoneGaps {
    private let rules: ZoneRules
    private let zone: String
    private let at: TimeOfDay
    private let series: Series

    init(_ rules: ZoneRules, zone: String, _ at: TimeOfDay, _ series: Series) {
        self.rules = rules
        self.zone = zone
        self.at = at
        self.series = series
    }

    /// Names the days within two years whose release is not at the time that the file says.
    func warn(_ file: SourceFile, at position: Position) {
        let today = CivilDate(day: Int(file.reading.environment.now.seconds / 86_400))
        let first = max(series.start, today)
        let last = today + Limits.gapOutlook
        guard first <= last else { return }
        var days: [CivilDate] = []
        var shown: TimeOfDay?
        for day in first.day...last.day {
            let date = CivilDate(day: day)
            let resolution = rules.resolve(date, at)
            guard case .gap = resolution.kind, rules.exists(date), series.isReleaseDay(date) else { continue }
            days.append(date)
            shown = shown ?? rules.local(of: resolution.instant).time
        }
        guard let shown, !days.isEmpty else { return }
        let dates = days.map(\.description).joined(separator: " and ")
        file.reading.warn(
            .gap, in: file, at: position,
            "\(at) does not exist in \(zone) on \(dates), where the clock is set forward: it will be \(shown)"
        )
    }
}

extension Series {
    /// Whether a point may go out on `date` (schedule.md R3), as far as the file can tell.
    func isReleaseDay(_ date: CivilDate) -> Bool {
        date >= start && days.contains(date.weekday) && !blackout.contains { $0.contains(date) }
    }

    /// Words for a pin that cannot be kept.
    fileprivate func whyNoRelease(on date: CivilDate, _ rules: ZoneRules) -> String? {
        if date < start { return "is before the series' start, \(start)" }
        if !days.contains(date.weekday) { return "falls on \(date.weekday.short), which is not among 'days'" }
        if blackout.contains(where: { $0.contains(date) }) { return "is in 'blackout'" }
        if !rules.exists(date) { return "does not exist in \(zone.name)" }
        return nil
    }
}
