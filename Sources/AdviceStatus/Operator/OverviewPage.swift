import AdviceConfig
import AdviceCore
import AdviceStore

/// The operator's first page: series, deliveries, endpoints and clock at a glance.
struct OverviewPage {
    let view: DaemonView
    let report: StatusReport
    /// The deliveries were counted so long ago, and not since; nil where that is how it is.
    let countedBefore: Span?
    let endpoints: [EndpointRow]
    let now: Instant
    let rules: (String) -> ZoneRules?

    var html: String {
        var values: [String: Any] = [
            "verdict": report.isDegraded ? "Degraded" : "All is well",
            "verdictClass": report.isDegraded ? "bad" : "good",
            "troubles": report.troubles, "series": series, "counts": counts,
            "hasEndpoints": !endpoints.isEmpty, "endpoints": endpoints.map(row),
            "clock": report.clock, "clockClass": report.clock == "trusted" ? "good" : "bad",
            "now": now.wholeSeconds, "nowWords": now.words, "store": report.store, "version": Version.text,
            "subscribers": "\(view.subscribers)",
        ]
        if let countedBefore, countedBefore >= .seconds(1) {
            values["counted"] = "; counted \(countedBefore.seconds) s ago"
        }
        let troubled = report.suspended.count + report.closed.count + report.unconfirmed.count
        if troubled > endpoints.count { values["more"] = ["count": "\(troubled - endpoints.count)"] }
        return OverviewPage.template.page(
            "advised: \(report.isDegraded ? "degraded" : "all is well")", values)
    }

    private var series: [[String: Any]] {
        report.series.map { line in
            let title = view.configuration.series.first { $0.id == line.id }?.title ?? line.id
            var row: [String: Any] = [
                "id": line.id, "title": title, "state": line.state,
                "stateClass": OverviewPage.classes[line.state] ?? "",
                "progress": "\(line.released) of \(line.of.map(String.init) ?? "?")",
            ]
            if let next = line.next {
                row["next"] = [
                    "what": "point \(next.number)", "when": next.when(rules),
                    "distance": now.distance(to: next.at), "instant": next.at.wholeSeconds,
                ]
            }
            return row
        }
    }

    private static let classes = [
        "running": "good", "unstarted": "bad", "paused": "warn", "waiting": "warn", "finished": "soft",
    ]

    private var counts: [[String: Any]] {
        let counts = report.deliveries
        return [
            ("delivered", counts.delivered, ""), ("waiting", counts.waiting, "warn"),
            ("held", counts.held, "warn"), ("exhausted", counts.exhausted, "bad"),
            ("cancelled", counts.cancelled, ""),
        ].map { ["name": $0.0, "count": "\($0.1)", "look": $0.1 > 0 ? $0.2 : ""] }
    }

    private func row(_ endpoint: EndpointRow) -> [String: Any] {
        [
            "subscriber": endpoint.subscriber, "state": endpoint.state.rawValue,
            "since": endpoint.since.wholeSeconds, "sinceWords": now.distance(to: endpoint.since),
            "look": endpoint.state == .unconfirmed ? "warn" : "bad", "why": endpoint.why,
        ]
    }

    private static let template = Template(
        """
        <header>
        <h1>advised: <span class="{{verdictClass}}">{{verdict}}</span></h1>
        {{#troubles}}<p class="notice bad">{{.}}</p>
        {{/troubles}}</header>
        <main>
        <section aria-labelledby="series">
        <h2 id="series">Series</h2>
        <table class="stack">
        <caption>Each series, how far it is, and what goes out next</caption>
        <thead><tr><th scope="col">Series</th><th scope="col">State</th><th scope="col">Released</th>
        <th scope="col">Next</th></tr></thead>
        <tbody>
        {{#series}}<tr><th scope="row"><a href="/series/{{id}}/deliveries">{{title}}</a></th>
        <td data-label="State" class="state {{stateClass}}">{{state}}</td>
        <td data-label="Released">{{progress}}</td>
        <td data-label="Next">{{#next}}{{what}}<br>\
        <time datetime="{{instant}}">{{when}}</time>, {{distance}}{{/next}}\
        {{^next}}nothing{{/next}}</td></tr>
        {{/series}}</tbody>
        </table>
        </section>
        <section aria-labelledby="deliveries">
        <h2 id="deliveries">Deliveries</h2>
        <table class="counts">
        <caption>Of all series, by state; {{subscribers}} subscribers{{counted}}</caption>
        <tbody>
        {{#counts}}<tr><th scope="row">{{name}}</th><td class="{{look}}">{{count}}</td></tr>
        {{/counts}}</tbody>
        </table>
        </section>
        <section aria-labelledby="endpoints">
        <h2 id="endpoints">Endpoints</h2>
        {{#hasEndpoints}}<table class="stack">
        <caption>Those that are not healthy</caption>
        <thead><tr><th scope="col">Subscriber</th><th scope="col">State</th><th scope="col">Since</th>
        <th scope="col">Why</th></tr></thead>
        <tbody>
        {{#endpoints}}<tr><th scope="row">{{subscriber}}</th>
        <td data-label="State" class="state {{look}}">{{state}}</td>
        <td data-label="Since"><time datetime="{{since}}">{{sinceWords}}</time></td>
        <td data-label="Why">{{why}}</td></tr>
        {{/endpoints}}</tbody>
        </table>{{/hasEndpoints}}{{^hasEndpoints}}<p class="good">All are healthy.</p>{{/hasEndpoints}}
        {{#more}}<p>And {{count}} more: <code>advised status --json</code> names them.</p>{{/more}}
        </section>
        <section aria-labelledby="clock">
        <h2 id="clock">Clock</h2>
        <p>The clock is <span class="state {{clockClass}}">{{clock}}</span>, and says
        <time datetime="{{now}}">{{nowWords}}</time>.</p>
        </section>
        </main>
        <footer>
        <nav aria-label="For monitors"><ul><li><a href="/metrics">Metrics</a></li>
        <li><a href="/status.json">JSON</a></li><li><a href="/healthz">Health</a></li>
        <li><a href="/readyz">Readiness</a></li></ul></nav>
        <p>advised {{version}}, store {{store}}. Nothing can be changed here: the commands do that.</p>
        </footer>

        """)
}

extension EndpointRow {
    /// Why it is as it is, in words.
    var why: String {
        switch state {
        case .open: ""
        case .suspended:
            "has taken nothing since \(failingSince?.words ?? "days"), \(failures) attempts failed; "
                + "the oldest point is tried once a day"
        case .unconfirmed: "has not answered its challenge"
        case .closed: "said that it is gone; a new URL or secret opens it"
        }
    }
}

extension Instant {
    /// `2026-07-05 12:00:00 UTC`
    var words: String {
        wholeSeconds.replacing("T", with: " ").replacing("Z", with: " UTC")
    }
}
