import AdviceCore
import AdviceMessage

/// A series as readers see it: the newest point, a month's calendar, and past points.
struct SeriesPage {
    let series: Series
    /// In the series' zone.
    let today: CivilDate
    /// The month asked for; nil for the first page.
    let month: Month?
    /// Newest first, of all months.
    let all: [Publication]
    /// Those shown, newest first.
    let articles: [Article]

    /// Points of which the first page has the text.
    static let shown = 40

    var html: String {
        var values: [String: Any] = [
            "id": series.id, "title": series.title, "lang": series.lang, "calendar": calendar,
            "isEmpty": articles.isEmpty,
        ]
        var past = articles[...]
        if month == nil, let newest = past.popFirst() {
            values["newest"] = self.values(newest, heading: "h4")
            values["newestName"] = newest.publication.day == today ? "Today’s point" : "The latest point"
        }
        values["hasPast"] = !past.isEmpty
        values["pastName"] = month.map { "Points of \($0.name)" } ?? "Past points"
        values["past"] = past.map { self.values($0, heading: "h3") }
        let place = month.map { ", \($0.name)" } ?? ""
        return SeriesPage.template.page(series.title + place, head: head, values)
    }

    private var head: String { SeriesPage.feeds.render(["id": series.id]) }

    /// `heading` is that of the sources.
    private func values(_ article: Article, heading: String) -> [String: Any] {
        let publication = article.publication
        let content = article.content
        var values: [String: Any] = [
            "heading": heading, "anchor": publication.anchor, "title": content.point.title,
            "html": content.point.body.html,
            "number": "\(content.point.number)", "of": "\(content.point.of)",
            "day": "\(publication.day)", "words": publication.day.words, "isLate": publication.isLate,
            "sources": content.point.sources.map(SeriesPage.values),
            "hasSources": !content.point.sources.isEmpty,
        ]
        values["url"] = content.point.url
        values["notice"] = content.notice
        if let at = publication.correctedAt {
            let day = ZoneRules.utc.local(of: at).date
            values["corrected"] = [
                "verb": publication.isWithdrawn ? "Withdrawn" : "Corrected", "day": "\(day)",
                "words": day.words,
            ]
        }
        return values
    }

    private static func values(_ source: Point.Source) -> [String: Any] {
        var values: [String: Any] = ["title": source.title]
        values["publisher"] = source.publisher
        values["link"] = source.url
        return values
    }

    // MARK: The calendar

    private var calendar: [String: Any] {
        let shown = month ?? Month(today)
        let byDay = Dictionary(grouping: all.reversed(), by: \.day)
        let numbers = Dictionary(
            articles.map { ($0.publication.anchor, $0.content.point.number) }, uniquingKeysWith: { $1 })
        var values: [String: Any] = [
            "name": shown.name,
            "weeks": shown.weeks.map { week in
                ["days": week.map { cell($0, byDay, numbers) }]
            },
        ]
        if let earlier = all.first(where: { Month($0.day) < shown }) {
            values["earlier"] = ["month": "\(Month(earlier.day))", "name": Month(earlier.day).name]
        }
        let later = all.last { Month($0.day) > shown }.map { Month($0.day) }
        if let later { values["later"] = ["month": "\(later)", "name": later.name] }
        return values
    }

    private func cell(
        _ day: CivilDate?, _ byDay: [CivilDate: [Publication]], _ numbers: [String: Int]
    ) -> [String: Any] {
        guard let day else { return ["empty": true] }
        let marks = (byDay[day] ?? []).map { publication in
            let what =
                publication.isWithdrawn
                ? "taken back"
                : publication.correctedAt != nil ? "edited" : publication.isLate ? "late" : ""
            let number = numbers[publication.anchor].map { "\($0)" } ?? "✓"
            // What is not on this page is on that of its month.
            let page = numbers[publication.anchor] == nil ? "?month=\(Month(day))" : ""
            return ["link": "\(page)#\(publication.anchor)", "number": number, "what": what]
        }
        return ["number": "\(day.dayOfMonth)", "isToday": day == today, "marks": marks]
    }

    // MARK: Templates

    private static let feeds = Template(
        """
        <link rel="alternate" type="application/atom+xml" title="Atom" href="/series/{{id}}/feed.atom">
        <link rel="alternate" type="application/feed+json" title="JSON Feed" href="/series/{{id}}/feed.json">
        <link rel="alternate" type="text/calendar" title="Calendar" href="/series/{{id}}/calendar.ics">

        """)

    /// What is the same of the newest point and of past ones.
    private static let text = """
        {{#corrected}}<p class="warn">{{verb}} on <time datetime="{{day}}">{{words}}</time>.</p>
        {{/corrected}}<div lang="{{lang}}">
        {{{html}}}
        {{#url}}<p><a href="{{.}}">Read more</a></p>
        {{/url}}{{#hasSources}}<{{heading}}>Sources</{{heading}}>
        <ul>
        {{#sources}}<li>{{#link}}<a href="{{.}}">{{title}}</a>{{/link}}{{^link}}{{title}}{{/link}}\
        {{#publisher}}, {{.}}{{/publisher}}</li>
        {{/sources}}</ul>
        {{/hasSources}}{{#notice}}<p class="notice">{{.}}</p>
        {{/notice}}</div>
        """

    private static let template = Template(
        """
        <header>
        <nav aria-label="Pages"><ul><li><a href="/">All series</a></li>
        {{^newest}}<li><a href="/series/{{id}}">The latest point</a></li>{{/newest}}</ul></nav>
        <h1 lang="{{lang}}">{{title}}</h1>
        </header>
        <main>
        {{#newest}}<section aria-labelledby="newest">
        <h2 id="newest">{{newestName}}</h2>
        <article class="today" id="{{anchor}}">
        <h3 lang="{{lang}}">{{title}}</h3>
        <p class="soft">Point {{number}} of {{of}}, <time datetime="{{day}}">{{words}}</time></p>
        \(text)
        </article>
        </section>
        {{/newest}}
        {{#isEmpty}}<p>Nothing has been published yet.</p>{{/isEmpty}}
        <section aria-labelledby="month">
        <h2 id="month">{{calendar.name}}</h2>
        <table class="month">
        <caption>The day on which each point came out</caption>
        <thead><tr><th scope="col"><abbr title="Monday">Mo</abbr></th>
        <th scope="col"><abbr title="Tuesday">Tu</abbr></th>
        <th scope="col"><abbr title="Wednesday">We</abbr></th>
        <th scope="col"><abbr title="Thursday">Th</abbr></th>
        <th scope="col"><abbr title="Friday">Fr</abbr></th>
        <th scope="col"><abbr title="Saturday">Sa</abbr></th>
        <th scope="col"><abbr title="Sunday">Su</abbr></th>
        </tr></thead>
        <tbody>
        {{#calendar.weeks}}<tr>{{#days}}{{#empty}}<td></td>{{/empty}}{{^empty}}\
        <td{{#isToday}} class="now" aria-current="date"{{/isToday}}>{{number}}\
        {{#marks}}<span class="mark"><a href="{{link}}">point {{number}}</a> \
        {{what}}</span>{{/marks}}</td>{{/empty}}{{/days}}</tr>
        {{/calendar.weeks}}</tbody>
        </table>
        <nav aria-label="Months"><ul>
        {{#calendar.earlier}}<li><a href="?month={{month}}" rel="prev">{{name}}</a></li>{{/calendar.earlier}}
        {{#calendar.later}}<li><a href="?month={{month}}" rel="next">{{name}}</a></li>{{/calendar.later}}
        </ul></nav>
        </section>
        {{#hasPast}}<section aria-labelledby="past">
        <h2 id="past">{{pastName}}</h2>
        {{#past}}<details id="{{anchor}}">
        <summary><time datetime="{{day}}">{{words}}</time>, {{number}}: \
        <span lang="{{lang}}">{{title}}</span>\
        {{#corrected}} <span class="warn">({{verb}})</span>{{/corrected}}\
        {{#isLate}} <span class="soft">(late)</span>{{/isLate}}</summary>
        <article>
        \(text)
        </article>
        </details>
        {{/past}}</section>{{/hasPast}}
        </main>
        <footer>
        <nav aria-label="Feeds"><ul><li><a href="/series/{{id}}/feed.atom">Atom feed</a></li>
        <li><a href="/series/{{id}}/feed.json">JSON feed</a></li>
        <li><a href="/series/{{id}}/calendar.ics">Calendar</a></li></ul></nav>
        </footer>

        """)
}
