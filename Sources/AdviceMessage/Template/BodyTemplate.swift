import AdviceCore

/// A body of a subscriber's own, in Mustache (https://mustache.github.io/mustache.5.html): variables,
/// sections, inverted sections and comments. What is put in is escaped for the content type always; there is
/// no way to write it raw.
///
/// Parsed once, at start and at each reload.
public struct BodyTemplate: Sendable {
    public let method: WrittenRequest.Method
    /// As it goes into the header, such as `application/json`.
    public let contentType: String
    private let pieces: [TemplatePiece]
    private let escaping: Escaping

    private enum Escaping { case json, form, markup, none }

    /// `method` is POST or PUT. Throws the first mistake: a tag that is not closed, a name that no
    /// announcement has, a body that is no JSON where the content type says so.
    public init(
        _ text: String, method: WrittenRequest.Method = .post, contentType: String = "application/json"
    ) throws(TemplateMistake) {
        self.method = method
        self.contentType = contentType
        let media = contentType.lowercased().prefix { $0 != ";" }
        escaping =
            media.contains("json")
            ? .json : media.contains("urlencoded") ? .form : isMarkup(media) ? .markup : .none
        pieces = try TemplateParser.parse(text)
        if escaping == .json { try checkJSON() }
    }

    /// What a template may name, in the order in which the documentation shows them.
    public static var names: [String] { TemplateValues.names }

    func render(_ values: TemplateValues) -> String {
        var result = ""
        render(pieces, [], values, to: &result)
        return result
    }

    private func render(
        _ pieces: [TemplatePiece], _ entries: [[String: TemplateValues.Value]], _ values: TemplateValues,
        to result: inout String
    ) {
        for piece in pieces {
            switch piece {
            case .text(let text): result += text
            case .variable(let name): result += escaped(value(name, entries, values))
            case .section(let name, let isInverted, let inner):
                let value = self.value(name, entries, values)
                if isInverted != value.isThere {
                    if case .list(let list)? = value, !isInverted {
                        for entry in list { render(inner, entries + [entry], values, to: &result) }
                    } else {
                        render(inner, entries, values, to: &result)
                    }
                }
            }
        }
    }

    /// The innermost list's entry is asked first.
    private func value(
        _ name: String, _ entries: [[String: TemplateValues.Value]], _ values: TemplateValues
    ) -> TemplateValues.Value? {
        for entry in entries.reversed() {
            if let value = entry[name] { return value }
        }
        return values[name]
    }

    private func escaped(_ value: TemplateValues.Value?) -> String {
        switch value {
        case .text(let text)?: escaped(text)
        case .number(let number)?: String(number)
        case .flag(let flag)?: flag ? "true" : "false"
        case .list?, nil: ""
        }
    }

    private func escaped(_ text: String) -> String {
        switch escaping {
        case .json: String(decoding: JSONWriter.text(text).dropFirst().dropLast(), as: UTF8.self)
        case .form: formEncoded(text)
        case .markup: escapedHTML(text)
        case .none: text
        }
    }

    /// Every kind of announcement must make JSON, whatever is in it: what stands outside of quotes would let
    /// a text become structure.
    private func checkJSON() throws(TemplateMistake) {
        for announcement in BodyTemplate.samples {
            var values = TemplateValues(announcement)
            values["id"] = .text("msg_\"{")
            values["replaces"] = .text(announcement.replacesSomething ? "msg_\"{" : "")
            guard JSONCheck.isJSON(render(values)) else {
                throw TemplateMistake(
                    line: 1, column: 1,
                    message: "it makes no JSON of \(announcement.type.rawValue): put values between quotes, "
                        + "but for numbers and true or false, and mind the commas "
                        + "({{^last}},{{/last}} within a list)")
            }
        }
    }

    /// With everything in them, and with next to nothing.
    private static let samples: [Announcement] = {
        let day = CivilDate(day: 20_635)
        let text = "\"{\\"
        func point(_ text: String, _ sources: [Point.Source], _ tags: [String], url: String?) -> ReleasedPoint
        {
            let point = Point(
                id: "a", number: 1, title: text, body: text, tags: tags, url: url, sources: sources)
            var series = Series(
                id: "a", title: text, start: day, zone: .named("UTC"), points: [point])
            series.notice = text.isEmpty ? nil : text
            return ReleasedPoint(
                point, in: series, edition: Edition(start: day),
                release: .init(
                    day: day, zone: "UTC", sequence: 1, scheduledFor: Instant(seconds: 0),
                    releasedAt: Instant(seconds: 0)))
        }
        let source = Point.Source(title: text, publisher: text, url: "https://example.org/")
        let full = point(text, [source, source], [text, text], url: "https://example.org/")
        let alert = Alert(
            kind: .exhausted, title: text, text: text, series: nil, point: nil, subscribers: ["a", "b"],
            count: 2, since: Instant(seconds: 0), at: Instant(seconds: 0))
        return [
            .released(full), .released(point("", [], [], url: nil)), .revised(full, at: Instant(seconds: 0)),
            .withdrawn(full.withdrawn(title: text), at: Instant(seconds: 0)), .alert(alert),
            .completed(CompletedSeries(series: full.series, at: Instant(seconds: 0), notice: nil)),
            .test(nil, at: Instant(seconds: 0)), .test(full, at: Instant(seconds: 0)),
        ]
    }()
}

private func isMarkup(_ media: some StringProtocol) -> Bool {
    media.contains("html") || media.contains("xml")
}

extension TemplateValues.Value? {
    /// Whether a section of it is written.
    fileprivate var isThere: Bool {
        switch self {
        case .text(let text)?: !text.isEmpty
        case .number?: true
        case .flag(let flag)?: flag
        case .list(let list)?: !list.isEmpty
        case nil: false
        }
    }
}

/// What is wrong with a template, and where.
public struct TemplateMistake: Error, Hashable, Sendable, CustomStringConvertible {
    /// From 1.
    public let line: Int
    /// In characters, from 1.
    public let column: Int
    /// What is wrong and what was expected.
    public let message: String

    public var description: String { "\(line):\(column): \(message)" }
}
