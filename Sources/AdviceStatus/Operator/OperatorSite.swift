import AdviceConfig
import AdviceCore
import AdviceStore
import Dispatch
import FoundationEssentials

/// The operator's server: what is going on, for people and for monitors.
///
/// Health waits for nothing, readiness for the scheduler, and neither for a page.
public final class OperatorSite: Sendable {
    private let source: PageSource
    private let pages = DispatchQueue(label: "operator's pages")
    private let readiness = DispatchQueue(label: "readiness")
    /// Of the pages' queue alone.
    private let desk: ReadingDesk
    private let deliveryCounts: KeptCount<DeliveryCounts>
    private let pendingCounts: KeptCount<PendingCounts>
    /// Endpoints that are listed on the first page; `advised status` names all.
    private static let endpointsShown = 100

    public init(_ source: PageSource) {
        self.source = source
        desk = ReadingDesk(source.openStore)
        let counting = CountingDesk(source.openStore)
        deliveryCounts = KeptCount(on: counting, boot: source.boot) { (reader) throws(StoreError) in
            try reader.counts()
        }
        pendingCounts = KeptCount(on: counting, boot: source.boot) { (reader) throws(StoreError) in
            try reader.pending()
        }
    }

    public func answer(_ path: WebPath, _ reply: @escaping @Sendable (Response) -> Void) {
        switch path.parts {
        case ["style.css"]: reply(Styles.response)
        case ["healthz"]: reply(Response(text: "ok"))
        case ["readyz"]: readiness.async { reply(self.ready()) }
        default: pages.async { reply(self.page(path)) }
        }
    }

    private static let silence = Response(text: "the scheduler does not answer", status: 503)

    private func page(_ path: WebPath) -> Response {
        guard let view = source.view() else { return OperatorSite.silence }
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

    /// Ready is who can release and record. Whether the store can be written the daemon knows: it writes.
    private func ready() -> Response {
        guard let view = source.view() else { return OperatorSite.silence }
        var troubles: [String] = []
        if !view.isStarted { troubles.append("starting") }
        if view.isStoreLost { troubles.append("the store cannot be reached") }
        if view.clock != "trusted" { troubles.append("the clock is \(view.clock)") }
        if troubles.isEmpty { return Response(text: "ready") }
        return Response(text: troubles.joined(separator: "\n"), status: 503)
    }

    /// The report, and how long ago its deliveries were counted, where that was before the last change.
    private func gather(_ view: DaemonView) -> (report: StatusReport, age: Span?)? {
        let now = source.wall()
        guard let counted = deliveryCounts.latest() else { return nil }
        let report = desk.read { (reader) throws(StoreError) in
            var report = try seriesReport(view, reader.load(), reader, at: now)
            report.deliveries = counted.value
            report.clock = view.clock
            report.degraded = view.degraded
            return report
        }
        return report.map { ($0, counted.age) }
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
        guard let pending = pendingCounts.latest()?.value else { return .unavailable }
        return desk.read { (reader) throws(StoreError) in
            let knowledge = try reader.load()
            let report = try seriesReport(view, knowledge, reader, at: now)
            return MetricsPage(
                view: view, status: report, pending: pending,
                lastReleases: knowledge.lastReleases, now: now
            ).response
        } ?? .unavailable
    }

    // MARK: For people

    private func overview(_ view: DaemonView) -> Response {
        guard let (report, age) = gather(view) else { return .unavailable }
        let endpoints = desk.read { (reader) throws(StoreError) in
            try reader.unhealthyEndpoints(limit: OperatorSite.endpointsShown)
        }
        let page = OverviewPage(
            view: view, report: report, countedBefore: age, endpoints: endpoints ?? [], now: source.wall(),
            rules: source.rules)
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
