import AdviceCore
import AdviceMessage

/// The readers' first page: which series there are.
struct FrontPage {
    struct Line {
        var series: Series
        var newest: Article?
    }

    let lines: [Line]

    var html: String {
        FrontPage.template.page(
            "Advice", ["lines": lines.map(values), "isEmpty": lines.isEmpty])
    }

    private func values(_ line: Line) -> [String: Any] {
        var values: [String: Any] = [
            "id": line.series.id, "title": line.series.title, "lang": line.series.lang,
        ]
        if let newest = line.newest {
            values["newest"] = [
                "title": newest.content.point.title, "words": newest.publication.day.words,
                "day": "\(newest.publication.day)", "number": "\(newest.content.point.number)",
                "of": "\(newest.content.point.of)",
            ]
        }
        return values
    }

    private static let template = Template(
        """
        <header><h1>Advice</h1></header>
        <main>
        {{#lines}}<section aria-labelledby="{{id}}">
        <h2 id="{{id}}" lang="{{lang}}"><a href="/series/{{id}}">{{title}}</a></h2>
        {{#newest}}<p><time datetime="{{day}}">{{words}}</time>, point {{number}} of {{of}}: \
        <span lang="{{lang}}">{{title}}</span></p>{{/newest}}
        {{^newest}}<p class="soft">Nothing has been published yet.</p>{{/newest}}
        </section>
        {{/lines}}
        {{#isEmpty}}<p>There is nothing here yet.</p>{{/isEmpty}}
        </main>

        """)
}
