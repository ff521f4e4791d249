import AdviceCore

/// Tries a template for JSON with every kind of announcement: each must make JSON, whatever is in it. What
/// stands outside of quotes would let a text become structure.
struct TemplateTrial {
    private(set) var mistakes: [TemplateMistake] = []
    /// Each mistake takes a trial more: a file with more of them than this is another file than was meant.
    private static let mostMistakes = 100

    /// A place of the template, in characters.
    private struct Place {
        var at: Int
        var isVariable: Bool
    }

    /// A value in a wrong place counts as a number in the further trials: so what is behind it is tried too,
    /// and it is said once.
    init(_ parser: TemplateParser) {
        var found: Set<Int> = []
        var excused = parser.mistakenVariables
        for announcement in TemplateTrial.samples {
            var values = TemplateValues(announcement)
            values["id"] = .text("msg_\"{")
            values["replaces"] = .text(announcement.replacesSomething ? "msg_\"{" : "")
            while mistakes.count < TemplateTrial.mostMistakes,
                let place = TemplateTrial.mistake(parser, values, excused)
            {
                guard !excused.contains(place.at), found.insert(place.at).inserted else { break }
                mistakes.append(parser.mistake(at: place.at, TemplateTrial.message(place, announcement)))
                guard place.isVariable else { break }
                excused.insert(place.at)
            }
        }
    }

    private static func message(_ place: Place, _ announcement: Announcement) -> String {
        let type = announcement.type.rawValue
        return place.isVariable
            ? "this value makes no JSON of \(type): put a text between quotes; a number, true or false "
                + "stands alone, and only where there is one ({{#number}}{{number}}{{/number}})"
            : "from here on it is no JSON of \(type): mind quotes, brackets and commas "
                + "({{^last}},{{/last}} within a list)"
    }

    /// Where it ceases to be JSON.
    private static func mistake(
        _ parser: TemplateParser, _ values: TemplateValues, _ excused: Set<Int>
    ) -> Place? {
        var writer = TemplateWriter(values, .json, excused: excused)
        writer.write(parser.pieces)
        guard let end = JSONCheck.mistake(in: writer.text) else { return nil }
        let bytes = Array(writer.text.utf8)
        // A value that is not there is noticed at the sign behind it, which may stand after blanks.
        var begin = end
        if end == bytes.count || !isBlank(bytes[end]) {
            while begin > 0, isBlank(bytes[begin - 1]) { begin -= 1 }
        }
        let absent = writer.origins.last {
            $0.isVariable && $0.written.isEmpty && begin...end ~= $0.written.lowerBound
        }
        if let absent { return Place(at: absent.at, isVariable: true) }
        guard let origin = writer.origins.last(where: { $0.written.contains(end) }) else {
            return Place(at: parser.count, isVariable: false)
        }
        if origin.isVariable { return Place(at: origin.at, isVariable: true) }
        let before = String(decoding: bytes[origin.written.lowerBound..<end], as: UTF8.self)
        return Place(at: origin.at + before.count, isVariable: false)
    }

    private static func isBlank(_ byte: UInt8) -> Bool { " \t\n\r".utf8.contains(byte) }

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
