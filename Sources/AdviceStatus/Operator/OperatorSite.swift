import AdviceConfig
import AdviceCore
import AdviceStore
import FoundationEssentials

/// The operator's server: what is going on, for people and for monitors.
///
/// Not checked by the compiler: it is used on its server's one thread alone.
public final class OperatorSite: @unchecked Sendable {
    private let source: PageSource
    private let desk: ReadingDesk
    /// Endpoints that are listed on the first page; `advised status` names all.
    private static let endpointsShown = 100

    public init(_ source: PageSource) {
        self.source = source
        desk = ReadingDesk(source.openStore)
    }

    public func answer(_ path: WebPath) -> Response {
        switch path.parts.first {
        case "style.css" where path.parts.count == 1: return Styles.response
        case "healthz" where path.parts.count == 1: return Response(text: "ok")
        default: break
        }
        guard let view = source.view() else {
            return Response(text: "the scheduler does not answer", status: 503)
        }
        if path.parts == ["readyz"] { return readiness(view) }
        guard !view.isStoreLost else { return .unavailable }
        switch (path.parts.first, path.parts.count) {
        case (nil, _): return overview(view)
        case ("status.json", 1): return statusJSON(view)
        case ("metrics", 1): return metrics(view)
        case ("series", 3) where path.parts[2] == "deliveries": return deliveries(view, path)
        default: return .notFound
        }
    }

    // MARK: For monitors

    /// Ready is who can release and record: the scheduler has answered to get here.
    private func readiness(_ view: DaemonView) -> Response {
        var troubles: [String] = []
        if !view.isStarted { troubles.append("starting") }
        if view.isStoreLost {
            troubles.append("the store cannot be reached")
        } else if desk.read({ (reader) throws(StoreError) in try reader.writes() }) == nil {
            troubles.append("the store cannot be read")
        }
        if view.clock != "trusted" { troubles.append("the clock is \(view.clock)") }
        if troubles.isEmpty { return Response(text: "ready") }
        return Response(text: troubles.joined(separator: "\n"), status: 503)
    }

    /// The report, and what the store knows, read at one time.
    private func gather(_ view: DaemonView) -> (report: StatusReport, knowledge: StoreKnowledge)? {
        let now = source.wall()
        return desk.read { (reader) throws(StoreError) in
            let knowledge = try reader.load()
            var report = try seriesReport(view, knowledge, reader, at: now)
            report.deliveries = try desk.deliveryCounts(reader)
            report.clock = view.clock
            report.degraded = view.degraded
            return (report, knowledge)
        }
    }

    /// Of the series and the endpoints.
    private func seriesReport(
        _ view: DaemonView, _ knowledge: StoreKnowledge, _ reader: any StoreReader, at now: Instant
    ) throws(StoreError) -> StatusReport {
        var report = StatusReport(
            running: true, store: view.configuration.store.isFile ? "sqlite" : "postgres")
        report.series =
            PlanView(view.configuration, knowledge, rules: source.rules, hasRoster: false, now: now)
            .lines(at: now)
        try report.readEndpoints(reader)
        return report
    }

    private func statusJSON(_ view: DaemonView) -> Response {
        guard let (report, _) = gather(view) else { return .unavailable }
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        guard let data = try? encoder.encode(report) else {
            preconditionFailure("texts and whole numbers always have a JSON form")
        }
        return Response("application/json", Array(data) + [UInt8(ascii: "\n")])
    }

    private func metrics(_ view: DaemonView) -> Response {
        let now = source.wall()
        return desk.read { (reader) throws(StoreError) in
            let knowledge = try reader.load()
            let report = try seriesReport(view, knowledge, reader, at: now)
            return MetricsPage(
                view: view, status: report, pending: try reader.pending(),
                lastReleases: knowledge.lastReleases, now: now
            ).response
        } ?? .unavailable
    }

    // MARK: For people

    private func overview(_ view: DaemonView) -> Response {
        guard let (report, _) = gather(view) else { return .unavailable }
        let endpoints = desk.read { (reader) throws(StoreError) in
            try reader.unhealthyEndpoints(limit: OperatorSite.endpointsShown)
        }
        let page = OverviewPage(
            view: view, report: report, endpoints: endpoints ?? [], now: source.wall(), rules: source.rules)
        return Response(html: page.html)
    }

    private func deliveries(_ view: DaemonView, _ path: WebPath) -> Response {
        guard let series = view.configuration.series.first(where: { $0.id == path.parts[1] }) else {
            return .notFound
        }
        var place = PagePlace.first
        if let id = path.query["after"] { place = .after(id) }
        if let id = path.query["before"] { place = .before(id) }
        let grid = desk.read { (reader) throws(StoreError) in
            try reader.grid(
                series.id, points: DeliveriesPage.pointsShown, from: place,
                limit: DeliveriesPage.subscribersShown)
        }
        guard let grid else { return .unavailable }
        return Response(html: DeliveriesPage(series: series, grid: grid, now: source.wall()).html)
    }
}

extension StoreKnowledge {
    /// By series: when its last point went out.
    fileprivate var lastReleases: [String: Instant] {
        var last: [String: Instant] = [:]
        for ledger in ledgers where !ledger.edition.shadow {
            for row in ledger.rows where row.kind == .released {
                last[ledger.series] = max(last[ledger.series] ?? row.releasedAt, row.releasedAt)
            }
        }
        return last
    }
}
