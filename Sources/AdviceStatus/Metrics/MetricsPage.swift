import AdviceConfig
import AdviceCore
import AdviceStore

/// All metrics of interface.md §4.
struct MetricsPage {
    let view: DaemonView
    let status: StatusReport
    let pending: PendingCounts
    /// By series: when its last point went out.
    let lastReleases: [String: Instant]
    let now: Instant

    var response: Response {
        var text = MetricsText()
        addCounters(to: &text)
        addTimes(to: &text)
        addGauges(to: &text)
        return Response(MetricsText.contentType, Array(text.text.utf8))
    }

    private typealias Sample = MetricsText.Sample

    private var series: [String] { view.configuration.series.map(\.id) }

    private func addCounters(to text: inout MetricsText) {
        let counters = view.counters
        text.add(
            "advised_releases_total", .counter, "Points released since the process began.",
            series.map { Sample([("series", $0)], counters.releases[$0] ?? 0) })
        text.add(
            "advised_deliveries_total", .counter, "Deliveries settled since the process began, by outcome.",
            series.flatMap { id in
                Counters.outcomes.map { outcome in
                    Sample(
                        [("series", id), ("outcome", outcome)], counters.deliveries[id]?[outcome] ?? 0)
                }
            })
        text.add(
            "advised_attempts_total", .counter,
            "Attempts recorded since the process began, by the class of the answer.",
            Counters.classes.map { Sample([("class", $0)], counters.attempts[$0] ?? 0) })
        text.add(
            "advised_delivery_lateness_seconds",
            "From when a delivery became due to when it was accepted.", counters.lateness)
    }

    private func addTimes(to text: inout MetricsText) {
        func samples(_ time: (String) -> Instant?) -> [Sample] {
            series.compactMap { id in time(id).map { Sample([("series", id)], Int($0.seconds)) } }
        }
        text.add(
            "advised_next_release_timestamp_seconds", .gauge,
            "When the next point is due; none where nothing is.",
            samples { id in status.series.first { $0.id == id }?.next?.at })
        text.add(
            "advised_last_release_timestamp_seconds", .gauge, "When the last point went out.",
            samples { lastReleases[$0] })
    }

    private func addGauges(to text: inout MetricsText) {
        func gauge(_ name: String, _ help: String, _ value: Double) { text.add(name, .gauge, help, value) }
        gauge(
            "advised_deliveries_pending", "Deliveries that are waiting or held.",
            Double(pending.waiting + pending.held))
        gauge(
            "advised_oldest_pending_seconds", "Since the oldest point was released that is still pending.",
            pending.oldest.map { max(0, Double((now - $0).seconds)) } ?? 0)
        gauge(
            "advised_endpoints_suspended", "Endpoints that have taken nothing for days.",
            Double(status.suspended.count))
        gauge(
            "advised_endpoints_closed", "Endpoints that said that they are gone.", Double(status.closed.count)
        )
        gauge("advised_subscribers", "Subscribers in the roster in force.", Double(view.subscribers))
        gauge(
            "advised_clock_held", "1 while the clock is not believed and everything waits.",
            view.clock == "trusted" ? 0 : 1)
        gauge(
            "advised_config_reload_success", "1 unless the last reload was refused.",
            view.isLastReloadTaken ? 1 : 0)
        text.add(
            "advised_build_info", .gauge, "Always 1.",
            [Sample([("version", Version.text), ("store", status.store)], 1)])
    }
}
