import AdviceCore

/// An announcement in the words that chat services show. English, but for what the series itself says.
struct Wording {
    /// One line. Begins with what a reader must know first: `[test] `, `Correction: `.
    var title: String
    var body: RichText
    /// Where to read more: http or https.
    var url: String?
    var sources: RichText
    /// Which series and which point.
    var place: String
    var notice: String?
    /// An operator must see it.
    var isUrgent = false
    var tags: [String] = []

    init(_ announcement: Announcement) {
        switch announcement {
        case .released(let point): self.init(point)
        case .revised(let point, _):
            self.init(point)
            title = "Correction: " + title
            body =
                RichText([RichText.Run("This corrects what was sent before.", isItalic: true)]) + body
        case .withdrawn(let point, _):
            self.init(point)
            title = "Withdrawn: " + title
        case .completed(let completed):
            self.init(
                title: "The series is complete",
                body: RichText(plain: "\(completed.series.name) has come to its end: no more will follow."),
                place: completed.series.name)
            notice = completed.notice
        case .alert(let alert): self.init(alert)
        case .test(let point?, _):
            self.init(point)
            title = "[test] " + title
        case .test(nil, _):
            self.init(
                title: "[test] Advice can reach you here",
                body: RichText(plain: "It holds no advice itself."),
                place: "advised")
        case .verify(let challenge, _):
            self.init(
                title: "Please confirm",
                body: RichText(
                    plain: "Advice will be sent here once this has been answered with \(challenge)"),
                place: "advised")
        }
    }

    private init(title: String, body: RichText, place: String) {
        self.title = RichText.oneLine(title)
        self.body = body
        self.sources = RichText()
        self.place = RichText.oneLine(place)
    }

    private init(_ released: ReleasedPoint) {
        let point = released.point
        self.init(
            title: point.title, body: RichText(markdown: point.body.markdown),
            place: "\(released.series.name) · \(point.number) of \(point.of)")
        url = point.url.flatMap(chatLink)
        sources = Wording.list(point.sources)
        notice = released.notice
        tags = point.tags
    }

    private init(_ alert: Alert) {
        self.init(title: "Alert: " + alert.title, body: RichText(plain: alert.text), place: "advised")
        var facts = ["Severity: \(alert.severity)"]
        if let series = alert.series { facts.append("Series: \(series)") }
        if let point = alert.point { facts.append("Point: \(point)") }
        if !alert.subscribers.isEmpty {
            facts.append("Subscribers: " + alert.subscribers.joined(separator: ", "))
        }
        facts.append("Count: \(alert.count) since \(Instant(seconds: alert.since.seconds))")
        for (place, fact) in facts.enumerated() {
            body.lines.append(RichText.Line(beginsBlock: place == 0, runs: [RichText.Run(fact)]))
        }
        isUrgent = alert.kind.severity != .info
    }

    private static func list(_ sources: [Point.Source]) -> RichText {
        var text = RichText()
        guard !sources.isEmpty else { return text }
        text.lines.append(RichText.Line(runs: [RichText.Run("Sources:")]))
        for source in sources {
            var line = RichText.Line(beginsBlock: false, lead: "• ")
            line.runs = [RichText.Run(source.title, link: source.url.flatMap(chatLink))]
            if let publisher = source.publisher { line.runs.append(RichText.Run(", " + publisher)) }
            text.lines.append(line)
        }
        return text
    }

    /// `Read more`, for services that have no place of their own for it.
    var more: RichText {
        url.map { RichText([RichText.Run("Read more", link: $0)]) } ?? RichText()
    }

    /// The last lines: place and notice.
    var footer: RichText {
        var text = RichText([RichText.Run(place, isItalic: true)])
        if let notice {
            text.lines.append(RichText.Line(beginsBlock: false, runs: [RichText.Run(notice, isItalic: true)]))
        }
        return text
    }
}

extension Alert {
    fileprivate var severity: String { kind.severity.rawValue }
}

extension ReleasedPoint.InSeries {
    /// Never empty.
    fileprivate var name: String { title.allSatisfy(\.isWhitespace) ? id : title }
}

extension Wording {
    /// The parts that stand around the body, each cut to its share, and what is left for the body in `limit`.
    ///
    /// The notice comes before the sources, for it is promised with every delivery; and both before the end
    /// of a long body.
    struct Fitted {
        var body: RichText
        /// `Read more` and the sources.
        var more: RichText
        var footer: RichText
        var misfits: [Misfit]

        /// `size` is of a line with the line end before it; `limit` and it are in `unit`.
        init(
            _ wording: Wording, as format: Format, into limit: Int, _ unit: LengthUnit,
            besides footer: RichText? = nil, _ size: (RichText.Line) -> Int
        ) {
            var room = limit
            var found: [Misfit] = []
            func place(_ part: Misfit.Part, _ text: RichText, atMost share: Int) -> RichText {
                let share = min(share, room)
                let fitted = text.fitted(into: share, size)
                room -= fitted.text.size(size)
                if fitted.isCut {
                    found.append(
                        Misfit(
                            format: format, part: part, length: text.size(size), limit: share, unit: unit,
                            isCut: true))
                }
                return fitted.text
            }
            self.footer = place(.notice, footer ?? wording.footer, atMost: limit / 4)
            more = place(.sources, wording.more + wording.sources, atMost: limit / 4)
            body = place(.body, wording.body, atMost: room)
            misfits = found.reversed()
        }

        var text: RichText { body + more + footer }
    }

    /// Place and notice in `limit`, for services that have a place of their own for them.
    func footer(
        as format: Format, into limit: Int, _ unit: LengthUnit, _ misfits: inout [Misfit],
        _ size: (RichText.Line) -> Int
    ) -> RichText {
        let fitted = footer.fitted(into: limit, size)
        if fitted.isCut {
            misfits.append(
                Misfit(
                    format: format, part: .notice, length: footer.size(size), limit: limit, unit: unit,
                    isCut: true))
        }
        return fitted.text
    }

    /// The title in `limit`, plain.
    func title(
        as format: Format, within limit: Int, _ unit: LengthUnit, _ misfits: inout [Misfit],
        write: (String) -> String
    ) -> String {
        let whole = write(title)
        guard unit.count(whole) > limit else { return whole }
        misfits.append(
            Misfit(
                format: format, part: .title, length: unit.count(whole), limit: limit, unit: unit, isCut: true
            ))
        let line = RichText.Line(runs: [RichText.Run(title)])
        let fits = line.largestPrefix(within: limit) { line in
            unit.count(write(line.runs.map(\.text).joined() + ellipsis))
        }
        return write(line.prefix(fits).runs.map(\.text).joined() + ellipsis)
    }
}
