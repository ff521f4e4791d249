internal import AdviceCore

/// Reads the settings file, and through it all the others.
struct SettingsReader {
    let file: SourceFile
    private let fields: Fields

    /// nil where the file cannot be read, or is no mapping; that is reported.
    init?(_ file: SourceFile) {
        let report = { (message: String) in file.error(at: .start, "the settings file \(message)") }
        guard let bytes = file.readText(limit: Limits.settings, onFailure: report) else { return nil }
        guard let root = file.readYAML(bytes), !root.isNothing else {
            if !file.hasErrors {
                file.error(at: .start, "empty: expected at least 'series' and 'subscribers'")
            }
            return nil
        }
        guard let fields = Fields(root, of: "the settings file", keys: Keys.settings, in: file) else {
            return nil
        }
        self.file = file
        self.fields = fields
    }

    func read(_ places: inout Loaded.Places) -> Configuration {
        let store = readStore()
        let delivery = section("delivery", Keys.delivery).map { DeliveryReader($0).read() }
        let drafts = readSeries(store)
        let roster = readSubscribers(drafts, delivery ?? Configuration.Delivery())
        var configuration = Configuration(
            series: drafts.compactMap(\.series), subscribers: roster.subscribers)
        if let delivery { configuration.delivery = delivery }
        if let store { configuration.store = store }
        configuration.heartbeat = readHeartbeat(configuration.delivery)
        configuration.alerts = readAlerts(roster)
        if let status = readListen("status") { configuration.status = status }
        if let pages = readListen("public") { configuration.publicPages = pages }
        configuration.log = readLog()
        configuration.retention = readRetention()
        roster.file.checkMode()
        if roster.file !== file { file.checkMode() }
        configuration.rows = roster.rows
        configuration.files = file.reading.filesRead
        for draft in drafts {
            places.series[draft.id] = Place(file, draft.position)
            places.points[draft.id] = draft.pointPlaces
        }
        places.subscribers = roster.places
        places.store = fields.value("store").map { Place(file, $0.position) }
        return configuration
    }

    private func section(_ key: String, _ keys: [String]) -> Fields? {
        fields.value(key).flatMap { Fields($0, of: "'\(key)'", keys: keys, in: file) }
    }

    // MARK: Series and subscribers

    private func readSeries(_ store: Configuration.StoreChoice?) -> [SeriesDraft] {
        guard let value = fields.required("series", "name at least one") else { return [] }
        guard case .map(let entries) = value.content else {
            fields.mistake("series", value, mustBe: "a mapping of series by their ids")
            return []
        }
        if entries.isEmpty { file.error(at: value.position, "'series' is empty: name at least one") }
        let isPostgres = if case .postgres = store { true } else { false }
        return entries.map {
            SeriesReader(file, id: $0.key, at: $0.position, isPostgres: isPostgres).read($0.value)
        }
    }

    private func readSubscribers(_ series: [SeriesDraft], _ delivery: Configuration.Delivery) -> Roster {
        let empty = Roster(file: file)
        let expectation = "name a file, { file: subscribers.yaml }, or write [] for none"
        guard let value = fields.required("subscribers", expectation) else { return empty }
        switch value.content {
        case .refused:
            return empty
        case .text:
            fields.mistake("subscribers", value, mustBe: "{ file: subscribers.yaml } or a list")
            return empty
        case .list(let entries):
            var roster = RosterBuilder(file, series: series, delivery: delivery)
            roster.take(entries)
            return roster.finish()
        case .map:
            guard let place = Fields(value, of: "'subscribers'", keys: Keys.subscribers, in: file),
                let name = place.required("file", "expected { file: subscribers.yaml }")
            else { return empty }
            guard let text = name.text else {
                place.mistake("file", name, mustBe: "a path")
                return empty
            }
            let roster = RosterFile(text, at: name.position, in: file, series: series, delivery: delivery)
            return roster.read() ?? empty
        }
    }

    // MARK: Small sections

    private func readHeartbeat(_ delivery: Configuration.Delivery) -> Protected? {
        guard let value = fields.value("heartbeat"), let given = file.protected(value, "heartbeat") else {
            return nil
        }
        _ = EndpointCheck(
            file, allowsHTTP: delivery.allowHTTP, permission: "'allow_http: true' in 'delivery'"
        )
        .url(given, "heartbeat")
        return given.protected
    }

    private func readAlerts(_ roster: Roster) -> Configuration.Alerts {
        var alerts = Configuration.Alerts()
        guard let section = section("alerts", Keys.alerts) else {
            warnOfNoAlerts(at: fields.isGiven("alerts") ? nil : .start)
            return alerts
        }
        let to = section.list("to", of: "subscriber ids", such: "[ops]") { value -> String? in
            guard let id = value.text else {
                section.mistake("to", value, mustBe: "a list of subscriber ids")
                return nil
            }
            if roster.places[id] == nil, roster.isComplete {
                let hint = suggestion(for: id, among: roster.places.ids)
                file.error(at: value.position, "'to' names \(quoted(id)), which is no subscriber's id\(hint)")
            }
            return id
        }
        alerts.to = to ?? []
        if alerts.to.isEmpty, section.value("to")?.list?.isEmpty ?? !section.isGiven("to") {
            warnOfNoAlerts(at: section.position)
        }
        let on = section.list("on", of: "kinds", such: "[exhausted, clock]") { value in
            section.word(value, of: "on", AlertKind.self)
        }
        if let on { alerts.on = on }
        return alerts
    }

    private func warnOfNoAlerts(at position: Position?) {
        guard let position else { return }
        file.warning(at: position, "no alerts: nobody is told when deliveries are exhausted; see 'alerts'")
    }

    private func readStore() -> Configuration.StoreChoice? {
        guard let section = section("store", Keys.store) else { return nil }
        if section.isGiven("sqlite"), section.isGiven("postgres") {
            file.error(
                at: section.keyPosition(of: "postgres"), "'store' is either 'sqlite' or 'postgres', not both")
            return nil
        }
        if let value = section.value("postgres") {
            guard let given = file.protected(value, "postgres") else { return nil }
            if given.isInline, given.text.map(SettingsReader.holdsPassword) ?? false {
                file.noteSecret(at: given.position)
            }
            return .postgres(given.protected)
        }
        if let path = section.line("sqlite") { return .sqlite(path) }
        if !section.isGiven("sqlite"), !section.isGiven("postgres") {
            file.error(at: section.position, "'store' must be { sqlite: FILE } or { postgres: CONNECTION }")
        }
        return nil
    }

    /// Of a connection string: `password=...`, or a URL with one before the host.
    private static func holdsPassword(_ text: String) -> Bool {
        if text.lowercased().contains("password") { return true }
        guard let start = text.firstRange(of: "://")?.upperBound else { return false }
        let authority = text[start...].prefix { $0 != "/" && $0 != "?" }
        return authority.lastIndex(of: "@").map { authority[..<$0].contains(":") } ?? false
    }

    private func readListen(_ key: String) -> Configuration.Listen? {
        guard let section = section(key, Keys.listen) else { return nil }
        let address = section.parsed("listen", mustBe: "off, HOST:PORT or unix:PATH") {
            ListenText($0)?.address
        }
        let hosts = section.list("hosts", of: "host names", such: "[status.example.org]") {
            value -> String? in
            if let name = value.text?.lowercased(), HostText(name)?.port == nil, HostText(name) != nil {
                return name
            }
            section.mistake("hosts", value, mustBe: "a list of host names without ports")
            return nil
        }
        let isOff = key == "public"
        var listen = Configuration.Listen(isOff ? .off : .tcp(host: "127.0.0.1", port: 8330))
        if let address { listen.address = address }
        if case .unix(let path) = listen.address {
            listen.address = .unix(absolutePath(file.join(path)))
        }
        listen.hosts = hosts ?? []
        return listen
    }

    private func readLog() -> Configuration.Log {
        var log = Configuration.Log()
        guard let section = section("log", Keys.log) else { return log }
        if let level = section.word("level", Configuration.Log.Level.self) { log.level = level }
        if let format = section.word("format", Configuration.Log.Format.self) { log.format = format }
        return log
    }

    private func readRetention() -> Configuration.Retention {
        var retention = Configuration.Retention()
        guard let section = section("retention", Keys.retention) else { return retention }
        let deliveries = Span.days(1)...Span.days(10_000)
        if let span = section.span("deliveries", in: deliveries, mustBe: "a time such as 400d, at least 1d") {
            retention.deliveries = span
        }
        let any = Span.zero...Span.days(10_000)
        if let span = section.span("replies", in: any, mustBe: "a time such as 14d") {
            retention.replies = span
        }
        if let span = section.span("removed", in: any, mustBe: "a time such as 30d") {
            retention.removed = span
        }
        return retention
    }
}
