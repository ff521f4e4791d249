internal import AdviceCore

/// A series as far as it could be read. The id stands whatever else is wrong, so that who names it is not
/// told that it does not exist.
struct SeriesDraft {
    var id: String
    var position: Position
    /// nil where something that it cannot be without is wrong.
    var series: Series?
    var pointPlaces: [String: Place] = [:]

    var isForSubscriberZones: Bool {
        if case .subscriber = series?.zone { true } else { false }
    }
}

/// Reads one entry of the settings' `series`.
struct SeriesReader {
    private let file: SourceFile
    private let id: String
    private let position: Position
    private let isPostgres: Bool

    init(_ file: SourceFile, id: String, at position: Position, isPostgres: Bool) {
        self.file = file
        self.id = id
        self.position = position
        self.isPostgres = isPostgres
    }

    func read(_ value: Value) -> SeriesDraft {
        var draft = SeriesDraft(id: id, position: position)
        if !isSlug(id) {
            file.error(at: position, "a series id must be 1 to 64 of a-z, 0-9 and '-', not \(quoted(id))")
        }
        let name = "series \(quoted(id))"
        if value.isNothing {
            file.error(at: position, "\(name) is empty: expected title, points, start and zone")
            return draft
        }
        guard let fields = Fields(value, of: name, keys: Keys.series, in: file) else { return draft }
        _ = fields.required("title", "what readers see")
        let title = fields.line("title")
        _ = fields.required("start", "the first release day, YYYY-MM-DD")
        let start = fields.date("start")
        let at = fields.time("at")
        let zone = readZone(fields)
        let points = PointsReader(file).read(fields)
        draft.pointPlaces = points.places
        let isComplete = title != nil && start != nil && zone != nil && (at != nil || !fields.isGiven("at"))
        var series = Series(
            id: id, title: title ?? "", start: start ?? CivilDate(day: 0), at: at ?? .nine,
            zone: zone ?? .named("UTC"), points: points.points)
        series.isZoneLocal = fields.value("zone")?.text == "local"
        readRest(fields, &series)
        guard isComplete else { return draft }
        draft.series = series
        CalendarChecks(series, fields, points).run()
        return draft
    }

    private func readRest(_ fields: Fields, _ series: inout Series) {
        if let days = readDays(fields) { series.days = days }
        series.blackout = readBlackout(fields)
        series.window = readWindow(fields)
        if let catchUp = fields.word("catch_up", CatchUp.self) { series.catchUp = catchUp }
        if let join = fields.word("join", JoinPolicy.self) { series.join = join }
        if let atEnd = fields.word("at_end", AtEnd.self) { series.atEnd = atEnd }
        let ages = Span.minutes(1)...Span.days(3650)
        if let age = fields.span("max_age", in: ages, mustBe: "a time such as 7d, 1m to 3650d") {
            series.maxAge = age
        }
        let spreads = Span.zero...Span.hours(24)
        if let spread = fields.span("spread", in: spreads, mustBe: "a time such as 30m, at most 24h") {
            series.spread = spread
        }
        if let shadow = fields.flag("shadow") { series.shadow = shadow }
        if let lang = fields.parsed("lang", mustBe: "a language tag such as en or pt-BR", languageTag) {
            series.lang = lang
        }
        series.notice = fields.parsed("notice", mustBe: "a text of at most 4096 bytes") { text in
            (1...4096).contains(text.utf8.count) ? text : nil
        }
    }

    // MARK: Zone

    private func readZone(_ fields: Fields) -> SeriesZone? {
        let expectation = "an IANA name such as Europe/Berlin, or local, or subscriber"
        guard let value = fields.required("zone", expectation) else { return nil }
        if fields.isGiven("fallback_zone"), let text = value.text, text != "subscriber" {
            file.error(
                at: fields.keyPosition(of: "fallback_zone"), "'fallback_zone' is only for 'zone: subscriber'")
        }
        switch value.text {
        case "subscriber":
            guard let fallback = fields.required("fallback_zone", "the zone of those who name none") else {
                return nil
            }
            return file.zoneName(fallback, "fallback_zone", fields).map { .subscriber(fallback: $0) }
        case "local":
            return readLocalZone(at: value.position)
        default:
            return file.zoneName(value, "zone", fields).map { .named($0) }
        }
    }

    private func readLocalZone(at position: Position) -> SeriesZone? {
        if isPostgres {
            file.error(at: position, "'zone: local' is not for a store that machines share: name the zone")
            return nil
        }
        guard let name = file.reading.environment.localZone() else {
            file.error(at: position, "this machine's zone cannot be told from /etc/localtime: name the zone")
            return nil
        }
        switch file.reading.zone(name) {
        case .success: return .named(name)
        case .failure:
            file.error(
                at: position, "this machine's zone is \(quoted(name)), which names no place: name the zone")
            return nil
        }
    }

    // MARK: Days

    private func readDays(_ fields: Fields) -> WeekdaySet? {
        let words = Weekday.allCases.map(\.short)
        let days = fields.list("days", of: "weekdays", such: "[mon, wed, fri]") { value -> Weekday? in
            if let day = value.text.flatMap(Weekday.init(short:)) { return day }
            fields.mistake("days", value, words)
            return nil
        }
        guard let days else { return nil }
        if days.isEmpty, fields.value("days")?.list?.isEmpty ?? false {
            file.error(at: fields.position(of: "days"), "'days' names no day; leave it out for every day")
        }
        return days.isEmpty ? nil : WeekdaySet(days)
    }

    private func readBlackout(_ fields: Fields) -> [ClosedRange<CivilDate>] {
        fields.list("blackout", of: "dates", such: "[2026-07-04, 2026-12-24..2026-12-26]") { value in
            let expectation = "a list of dates YYYY-MM-DD or ranges YYYY-MM-DD..YYYY-MM-DD"
            guard let text = value.text else {
                fields.mistake("blackout", value, mustBe: expectation)
                return nil
            }
            if let date = CivilDate(settings: text) { return date...date }
            guard let dots = text.firstRange(of: ".."),
                let first = CivilDate(settings: String(text[..<dots.lowerBound])),
                let last = CivilDate(settings: String(text[dots.upperBound...]))
            else {
                fields.mistake("blackout", value, mustBe: expectation)
                return nil
            }
            guard first <= last else {
                file.error(at: value.position, "'blackout' ends before it begins: \(quoted(text))")
                return nil
            }
            return first...last
        } ?? []
    }

    private func readWindow(_ fields: Fields) -> DailyWindow? {
        fields.parsed("window", mustBe: "two times of one day, the earlier first, such as 07:00-21:00") {
            text in
            let parts = text.split(separator: "-", omittingEmptySubsequences: false)
            guard parts.count == 2, let from = TimeOfDay(trimmed(String(parts[0]))),
                let to = TimeOfDay(trimmed(String(parts[1]))), from < to
            else { return nil }
            return DailyWindow(from: from, to: to)
        }
    }

    private func languageTag(_ text: String) -> String? {
        let parts = text.split(separator: "-", omittingEmptySubsequences: false)
        let isTag = parts.allSatisfy {
            (1...8).contains($0.utf8.count) && $0.utf8.allSatisfy(isLetterOrDigit)
        }
        let isLanguage = parts[0].utf8.count >= 2 && !parts[0].utf8.contains(where: isDigit)
        return isTag && isLanguage && text.utf8.count <= 35 ? text : nil
    }
}

extension SourceFile {
    /// The name of a zone that is known; what is wrong is reported.
    func zoneName(_ value: Value, _ key: String, _ fields: Fields) -> String? {
        guard let name = value.text else {
            fields.mistake(key, value, mustBe: "an IANA name such as Europe/Berlin")
            return nil
        }
        switch reading.zone(name) {
        case .success: return name
        case .failure(let mistake):
            error(at: value.position, "'\(key)' \(mistake.message)")
            return nil
        }
    }
}

/// `[a-z0-9-]{1,64}`.
func isSlug(_ text: String) -> Bool {
    (1...64).contains(text.utf8.count)
        && text.utf8.allSatisfy { byte in
            isDigit(byte) || (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(byte)
                || byte == UInt8(ascii: "-")
        }
}
