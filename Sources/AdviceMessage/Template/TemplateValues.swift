import AdviceCore
import FoundationEssentials

/// What a template may put into a body: kept with the release as JSON, but for the webhook-ids.
struct TemplateValues {
    enum Value: Hashable {
        /// Absent where it is empty.
        case text(String)
        case number(Int64)
        case flag(Bool)
        case list([[String: Value]])
    }

    private var values: [String: Value]

    subscript(name: String) -> Value? {
        get { values[name] }
        set { values[name] = newValue }
    }

    init(_ announcement: Announcement) {
        let wording = Wording(announcement)
        let plain = PlainDialect()
        let marked = MarkdownDialect(service: .ntfy)
        let text = wording.body + wording.more + wording.sources + wording.footer
        values = [
            "type": .text(announcement.type.rawValue), "time": .text(announcement.time.description),
            "title": .text(withoutSignals(wording.title)), "text": .text(plain.write(text)),
            "markdown": .text(marked.write(text)), "url": .text(wording.url ?? ""),
            "notice": .text(wording.notice ?? ""), "priority": .number(wording.isUrgent ? 8 : 5),
            "urgent": .flag(wording.isUrgent),
        ]
        if case .test = announcement { values["test"] = .flag(true) }
        if let point = announcement.point { add(point) }
        if case .completed(let completed) = announcement { add(completed.series) }
        if case .alert(let alert) = announcement { add(alert) }
    }

    private mutating func add(_ series: ReleasedPoint.InSeries) {
        values["series"] = .text(series.id)
        values["series_title"] = .text(series.title)
        values["edition"] = .text(series.edition)
        values["lang"] = .text(series.lang)
    }

    private mutating func add(_ released: ReleasedPoint) {
        add(released.series)
        let (point, release) = (released.point, released.release)
        values["point"] = .text(point.id)
        values["number"] = .number(Int64(point.number))
        values["of"] = .number(Int64(point.of))
        values["body_text"] = .text(point.body.text)
        values["body_markdown"] = .text(point.body.markdown)
        values["body_html"] = .text(point.body.html)
        values["tags"] = TemplateValues.list(point.tags.map { ["name": .text($0)] })
        values["sources"] = TemplateValues.list(
            point.sources.map {
                [
                    "title": .text($0.title), "publisher": .text($0.publisher ?? ""),
                    "url": .text($0.url ?? ""),
                ]
            })
        values["day"] = .text(release.day.description)
        values["zone"] = .text(release.zone)
        values["sequence"] = .number(Int64(release.sequence))
        values["revision"] = .number(Int64(release.revision))
        values["scheduled_for"] = .text(release.scheduledFor.description)
        values["late_seconds"] = .number(release.lateSeconds)
    }

    private mutating func add(_ alert: Alert) {
        values["kind"] = .text(alert.kind.rawValue)
        values["severity"] = .text(alert.kind.severity.rawValue)
        values["series"] = .text(alert.series ?? "")
        values["point"] = .text(alert.point ?? "")
        values["subscribers"] = TemplateValues.list(alert.subscribers.map { ["name": .text($0)] })
        values["count"] = .number(Int64(alert.count))
        values["since"] = .text(Instant(seconds: alert.since.seconds).description)
    }

    /// The last of a list says so: JSON has no comma after it.
    private static func list(_ entries: [[String: Value]]) -> Value {
        .list(
            entries.enumerated().map { place, entry in
                entry.merging(["last": .flag(place == entries.count - 1)]) { _, last in last }
            })
    }

    /// In the order in which the documentation shows them.
    static let names: [String] = [
        "id", "replaces", "type", "time", "title", "text", "markdown", "url", "notice", "priority", "urgent",
        "test", "series", "series_title", "edition", "lang", "point", "number", "of", "body_text",
        "body_markdown", "body_html", "tags", "sources", "day", "zone", "sequence", "revision",
        "scheduled_for", "late_seconds", "kind", "severity", "subscribers", "count", "since",
    ]

    /// What stands within the lists.
    static let namesWithin: [String: [String]] = [
        "tags": ["name", "last"], "sources": ["title", "publisher", "url", "last"],
        "subscribers": ["name", "last"],
    ]

    // MARK: As it is kept

    var json: [UInt8] {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        guard let data = try? encoder.encode(values) else {
            preconditionFailure("texts, whole numbers and lists of them always have a JSON form")
        }
        return Array(data)
    }

    init?(json: [UInt8]) {
        guard let values = try? JSONDecoder().decode([String: Value].self, from: Data(json)) else {
            return nil
        }
        self.values = values
    }
}

extension TemplateValues.Value: Codable {
    init(from decoder: any Decoder) throws {
        let value = try decoder.singleValueContainer()
        if let text = try? value.decode(String.self) {
            self = .text(text)
        } else if let flag = try? value.decode(Bool.self) {
            self = .flag(flag)
        } else if let number = try? value.decode(Int64.self) {
            self = .number(number)
        } else {
            self = .list(try value.decode([[String: Self]].self))
        }
    }

    func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        switch self {
        case .text(let text): try container.encode(text)
        case .number(let number): try container.encode(number)
        case .flag(let flag): try container.encode(flag)
        case .list(let entries): try container.encode(entries)
        }
    }
}
