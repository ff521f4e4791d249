import AdviceConfig
import AdviceCore
import AdviceStore
import Dispatch

/// The readers' server: pages and feeds of what has gone out, for anybody.
public final class ReaderSite: Sendable {
    private let source: PageSource
    private let pages = DispatchQueue(label: "readers' pages")
    /// Of the pages' queue alone.
    private let desk: ReadingDesk

    public init(_ source: PageSource) {
        self.source = source
        desk = ReadingDesk(source.openStore)
    }

    public func answer(_ path: WebPath, _ reply: @escaping @Sendable (Response) -> Void) {
        if path.parts == ["style.css"] { return reply(Styles.response) }
        pages.async { reply(self.page(path)) }
    }

    private func page(_ path: WebPath) -> Response {
        guard let view = source.view(), !view.isStoreLost else { return .unavailable }
        // A rehearsal is nobody's business.
        let all = view.configuration.series.filter { !$0.shadow }
        if path.parts.isEmpty { return front(all) }
        guard path.parts[0] == "series", path.parts.count > 1,
            let series = all.first(where: { $0.id == path.parts[1] })
        else { return .notFound }
        let response =
            switch path.parts.count {
            case 2: page(series, path)
            case 3: feed(series, path)
            default: Response.notFound
            }
        return response
    }

    private func front(_ all: [Series]) -> Response {
        let lines = desk.read { (reader) throws(StoreError) in
            var lines: [FrontPage.Line] = []
            for series in all {
                let newest = try Article.read(Publication.read(series.id, reader).prefix(1), reader).first
                lines.append(FrontPage.Line(series: series, newest: newest))
            }
            return lines
        }
        guard let lines else { return .unavailable }
        var response = Response(html: FrontPage(lines: lines).html)
        response.isKept = true
        return response
    }

    private func page(_ series: Series, _ path: WebPath) -> Response {
        let today = (source.rules(series.zone.name) ?? .utc).local(of: source.wall()).date
        let month = path.query["month"].flatMap { Month($0) }
        let page = desk.read { (reader) throws(StoreError) in
            let all = try Publication.read(series.id, reader)
            let shown: [Publication] =
                if let month {
                    all.filter { Month($0.day) == month }
                } else {
                    Array(all.prefix(SeriesPage.shown))
                }
            return SeriesPage(
                series: series, today: today, month: month, all: all,
                articles: try Article.read(shown, reader))
        }
        guard let page else { return .unavailable }
        // A month is shown in which something went out, or this one: there is no end of others.
        guard month == nil || !page.articles.isEmpty || month == Month(today) else { return .notFound }
        var response = Response(html: page.html)
        response.isKept = true
        return response
    }

    private func feed(_ series: Series, _ path: WebPath) -> Response {
        let articles = desk.read { (reader) throws(StoreError) in
            let all = try Publication.read(series.id, reader)
            // By what changed last, so that a correction of an old point is in it.
            let newest = all.sorted { ($0.updated, $0.point) > ($1.updated, $1.point) }
            return try Article.read(newest.prefix(Feed.length), reader)
        }
        guard let articles else { return .unavailable }
        let feed = Feed(series: series, articles: articles, origin: path.origin)
        return switch path.parts[2] {
        case "feed.atom": feed.atom
        case "feed.json": feed.json
        case "calendar.ics": feed.calendar
        default: .notFound
        }
    }
}

/// A month of the calendar, `2026-07`.
struct Month: Hashable, Comparable, CustomStringConvertible {
    var year: Int
    /// 1 to 12.
    var month: Int

    init(_ day: CivilDate) { (year, month) = (day.year, day.month) }

    init?(_ text: String) {
        guard text.utf8.count == 7, let first = CivilDate(text + "-01") else { return nil }
        self.init(first)
    }

    static func < (left: Month, right: Month) -> Bool { (left.year, left.month) < (right.year, right.month) }
    var description: String { "\(year)-\(twoDigits(month))" }
    var name: String { "\(monthNames[month - 1]) \(year)" }

    /// Its days in weeks from Monday, nil for what belongs to the months around it.
    var weeks: [[CivilDate?]] {
        guard let first = CivilDate(year: year, month: month, day: 1) else { return [] }
        var cells = [CivilDate?](repeating: nil, count: first.weekday.rawValue)
        var day = first
        while Month(day) == self {
            cells.append(day)
            day = day.next
        }
        while cells.count % 7 != 0 { cells.append(nil) }
        return stride(from: 0, to: cells.count, by: 7).map { Array(cells[$0..<$0 + 7]) }
    }
}

extension CivilDate {
    /// `2 July 2026`
    var words: String { "\(dayOfMonth) \(monthNames[month - 1]) \(year)" }
}
