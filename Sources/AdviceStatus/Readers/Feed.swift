import AdviceCore
import AdviceMessage
import FoundationEssentials

/// The feeds of a series: of the same articles, in three forms.
struct Feed {
    let series: Series
    /// Newest change first.
    let articles: [Article]
    let origin: String

    static let length = 100

    private var home: String { "\(origin)/series/\(series.id)" }
    private var updated: Instant? { articles.map(\.publication.updated).max() }

    /// Known by it in every feed reader: stable over titles, corrections and addresses.
    private func id(_ publication: Publication) -> String {
        "tag:advised,2026:\(series.id)/\(publication.edition)/\(publication.point)"
    }

    private func link(_ publication: Publication) -> String { "\(home)#\(publication.anchor)" }

    private func response(_ type: String, _ bytes: [UInt8]) -> Response {
        var response = Response(type, bytes)
        response.isKept = true
        response.lastModified = updated.map { Instant(seconds: $0.seconds) }
        return response
    }

    /// As a feed reader shows it: with what a reader must know of it.
    private func html(_ article: Article) -> String {
        var values: [String: Any] = ["html": article.content.point.body.html]
        values["notice"] = article.content.notice
        if let at = article.publication.correctedAt, !article.publication.isWithdrawn {
            values["corrected"] = "Corrected on \(at.utcDay)."
        }
        return Feed.body.render(values)
    }

    private static let body = Template(
        """
        {{#corrected}}<p><em>{{.}}</em></p>
        {{/corrected}}{{{html}}}{{#notice}}<p><small>{{.}}</small></p>
        {{/notice}}
        """)

    // MARK: Atom, RFC 4287

    var atom: Response {
        var xml = XMLText()
        xml.open("feed", [("xmlns", "http://www.w3.org/2005/Atom"), ("xml:lang", series.lang)])
        xml.add("id", "tag:advised,2026:\(series.id)")
        xml.add("title", series.title)
        // Of one in which nothing is yet: when it begins to be read makes no difference.
        xml.add("updated", (updated ?? Instant(seconds: 0)).wholeSeconds)
        xml.add(
            "link", nil, [("rel", "self"), ("href", "\(home)/feed.atom"), ("type", "application/atom+xml")])
        xml.add("link", nil, [("rel", "alternate"), ("href", home), ("type", "text/html")])
        xml.open("author")
        xml.add("name", series.title)
        xml.close("author")
        if let notice = series.notice { xml.add("rights", notice) }
        xml.add("generator", "advised", [("version", Version.text)])
        for article in articles { add(article, to: &xml) }
        xml.close("feed")
        return response("application/atom+xml; charset=utf-8", xml.bytes)
    }

    private func add(_ article: Article, to xml: inout XMLText) {
        let point = article.content.point
        xml.open("entry")
        xml.add("id", id(article.publication))
        xml.add("title", point.title)
        xml.add("published", article.publication.releasedAt.wholeSeconds)
        xml.add("updated", article.publication.updated.wholeSeconds)
        xml.add(
            "link", nil, [("rel", "alternate"), ("href", link(article.publication)), ("type", "text/html")])
        if let url = point.url { xml.add("link", nil, [("rel", "related"), ("href", url)]) }
        for source in point.sources {
            guard let url = source.url else { continue }
            xml.add("link", nil, [("rel", "via"), ("href", url), ("title", source.title)])
        }
        for tag in point.tags { xml.add("category", nil, [("term", tag)]) }
        xml.add("content", html(article), [("type", "html")])
        xml.close("entry")
    }

    // MARK: JSON Feed 1.1

    private struct JSONFeed: Encodable {
        var version = "https://jsonfeed.org/version/1.1"
        var title: String
        var home_page_url: String
        var feed_url: String
        var language: String
        var authors: [Author]
        var items: [Item]

        struct Author: Encodable { var name: String }

        struct Item: Encodable {
            var id: String
            var url: String
            var external_url: String?
            var title: String
            var content_html: String
            var date_published: String
            var date_modified: String
            var tags: [String]?
        }
    }

    var json: Response {
        let feed = JSONFeed(
            title: series.title, home_page_url: home, feed_url: "\(home)/feed.json", language: series.lang,
            authors: [JSONFeed.Author(name: series.title)],
            items: articles.map { article in
                let point = article.content.point
                return JSONFeed.Item(
                    id: id(article.publication), url: link(article.publication), external_url: point.url,
                    title: point.title, content_html: html(article),
                    date_published: article.publication.releasedAt.wholeSeconds,
                    date_modified: article.publication.updated.wholeSeconds,
                    tags: point.tags.isEmpty ? nil : point.tags)
            })
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        guard let data = try? encoder.encode(feed) else {
            preconditionFailure("texts always have a JSON form")
        }
        return response("application/feed+json; charset=utf-8", Array(data))
    }

    // MARK: iCalendar

    /// One event for each point that went out, under the identity that `plan --ics` gives it.
    var calendar: Response {
        let events = articles.map { article in
            let point = article.content.point
            let publication = article.publication
            let notice = article.content.notice.map { "\n\n\($0)" } ?? ""
            return CalendarEvent(
                uid: calendarUID(
                    series: series.id, edition: publication.edition, cohort: nil, point: publication.point),
                start: publication.scheduledFor, summary: point.title,
                description: point.body.text + notice, url: link(publication),
                // The minutes since 1970 grow with each correction, and fit until the year 6053.
                sequence: max(0, Int(publication.updated.seconds / 60)), stamp: publication.updated,
                isCancelled: publication.isWithdrawn, categories: point.tags)
        }
        return response(
            "text/calendar; charset=utf-8",
            calendarText(name: series.title, description: series.notice, events: events))
    }
}

extension Instant {
    fileprivate var utcDay: String { "\(ZoneRules.utc.local(of: self).date)" }
}

/// XML, element by element.
private struct XMLText {
    private var text = "<?xml version=\"1.0\" encoding=\"utf-8\"?>\n"

    var bytes: [UInt8] { Array(text.utf8) }

    mutating func open(_ name: String, _ attributes: [(String, String)] = []) {
        text += "<\(name)\(XMLText.written(attributes))>\n"
    }

    mutating func close(_ name: String) { text += "</\(name)>\n" }

    mutating func add(_ name: String, _ content: String?, _ attributes: [(String, String)] = []) {
        let start = "<\(name)\(XMLText.written(attributes))"
        text += content.map { "\(start)>\(XMLText.escaped($0))</\(name)>\n" } ?? "\(start)/>\n"
    }

    private static func written(_ attributes: [(String, String)]) -> String {
        attributes.map { " \($0.0)=\"\(escaped($0.1))\"" }.joined()
    }

    /// XML 1.0 has no form at all for most control characters: they are left out.
    private static func escaped(_ text: String) -> String {
        var escaped = ""
        for scalar in text.unicodeScalars {
            switch scalar {
            case "&": escaped += "&amp;"
            case "<": escaped += "&lt;"
            case ">": escaped += "&gt;"
            case "\"": escaped += "&quot;"
            case "\r": escaped += "&#13;"
            case "\n", "\t": escaped.unicodeScalars.append(scalar)
            case "\u{0}"..."\u{1F}", "\u{FFFE}", "\u{FFFF}": continue
            default: escaped.unicodeScalars.append(scalar)
            }
        }
        return escaped
    }
}
