import AdviceCore
import AdviceStore

/// Subscribers of a series by its last points: who got what.
struct DeliveriesPage {
    let series: Series
    let grid: DeliveryGrid
    let now: Instant

    static let pointsShown = 14
    static let subscribersShown = 100

    var html: String {
        var values: [String: Any] = [
            "id": series.id, "title": series.title, "columns": columns, "rows": grid.rows.map(row),
            "isEmpty": grid.rows.isEmpty,
        ]
        // Ids are letters, digits, hyphens and underscores: they stand in an address as they are.
        if grid.hasMore, let last = grid.rows.last { values["after"] = last.subscriber }
        if grid.hasEarlier, let first = grid.rows.first { values["before"] = first.subscriber }
        values["isFirst"] = !grid.hasEarlier
        return DeliveriesPage.template.page("\(series.title): deliveries", values)
    }

    private var columns: [[String: Any]] {
        grid.points.map {
            ["number": "\($0.number)", "title": "\($0.point), \($0.day)"]
        }
    }

    private func row(_ row: DeliveryGrid.Row) -> [String: Any] {
        let last = row.cells.last { $0 != nil } ?? nil
        var values: [String: Any] = [
            "subscriber": row.subscriber,
            "marks": zip(row.cells, grid.points).map { DeliveriesPage.mark($0, $1.number) }.joined(),
            "state": last.map { $0.state.rawValue } ?? "nothing yet",
            "stateClass": last.map { DeliveriesPage.looks($0.state).look } ?? "soft",
            "attempts": last.map { "\($0.attempts)" } ?? "", "answer": last.map(DeliveriesPage.answer) ?? "",
        ]
        if let next = last?.nextAttemptAt, last?.state == .waiting {
            values["next"] = ["at": next.wholeSeconds, "distance": now.distance(to: next)]
        }
        if let endpoint = row.endpoint, endpoint.state != .open {
            values["trouble"] =
                "\(endpoint.state.rawValue) since \(endpoint.since.words): \(endpoint.why)"
        } else if row.isPaused {
            values["trouble"] = "paused"
        }
        return values
    }

    /// The status and the words of the last attempt: neither has an address or a secret in it.
    private static func answer(_ cell: DeliveryGrid.Cell) -> String {
        var parts: [String] = []
        if cell.status > 0 { parts.append("\(cell.status)") }
        if let latency = cell.latency, cell.status > 0 { parts.append("in \(latency.milliseconds) ms") }
        if let error = cell.error { parts.append(error) }
        return parts.joined(separator: " ")
    }

    /// A table cell as HTML: made here, for a page has 1,400 of them.
    private static func mark(_ cell: DeliveryGrid.Cell?, _ number: Int) -> String {
        let (mark, look) = cell.map { looks($0.state) } ?? ("·", "soft")
        return "<td data-label=\"\(number)\" class=\"mark \(look)\">\(mark)</td>"
    }

    private static func looks(_ state: DeliveryState) -> (mark: String, look: String) {
        switch state {
        case .delivered: ("✓", "good")
        case .waiting: ("…", "warn")
        case .held: ("‖", "warn")
        case .exhausted: ("✕", "bad")
        case .cancelled: ("–", "soft")
        }
    }

    private static let template = Template(
        """
        <header>
        <nav aria-label="Pages"><ul><li><a href="/">Overview</a></li></ul></nav>
        <h1>{{title}}: deliveries</h1>
        </header>
        <main>
        <p id="legend"><span class="good">✓ delivered</span>, <span class="warn">… waiting</span>,
        <span class="warn">‖ held</span> behind an earlier point or a suspended endpoint,
        <span class="bad">✕ exhausted</span>, <span class="soft">– cancelled</span>,
        <span class="soft">· not owed</span>. State and answer are those of the last point.</p>
        <div class="scroll" role="region" aria-label="Deliveries" tabindex="0">
        <table class="grid stack">
        <caption>Subscribers in order of id, and the last points by their numbers, oldest first</caption>
        <thead><tr><th scope="col">Subscriber</th>
        {{#columns}}<th scope="col" class="mark" title="{{title}}">{{number}}</th>{{/columns}}
        <th scope="col">State</th><th scope="col">Attempts</th><th scope="col">Next try</th>
        <th scope="col">Last answer</th></tr></thead>
        <tbody>
        {{#rows}}<tr><th scope="row">{{subscriber}}\
        {{#trouble}}<br><span class="bad">{{.}}</span>{{/trouble}}</th>
        {{{marks}}}
        <td data-label="State" class="state {{stateClass}}">{{state}}</td>
        <td data-label="Attempts">{{attempts}}</td>
        <td data-label="Next try">{{#next}}<time datetime="{{at}}">{{distance}}</time>{{/next}}</td>
        <td data-label="Last answer">{{answer}}</td></tr>
        {{/rows}}</tbody>
        </table>
        </div>
        {{#isEmpty}}<p>There is no subscriber here.</p>{{/isEmpty}}
        <nav aria-label="Further subscribers"><ul>
        {{#before}}<li><a href="?before={{.}}" rel="prev">Earlier</a></li>{{/before}}
        {{#after}}<li><a href="?after={{.}}" rel="next">Later</a></li>{{/after}}
        {{^isFirst}}<li><a href="/series/{{id}}/deliveries">From the beginning</a></li>{{/isFirst}}
        </ul></nav>
        </main>
        <footer><p>The attempts of one subscriber, with their answers:
        <code>advised log --subscriber ID</code>.</p></footer>

        """)
}
