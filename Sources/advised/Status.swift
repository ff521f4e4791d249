import AdviceConfig
import AdviceCore
import AdviceDaemon
import AdviceStore
import ArgumentParser

struct Status: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "The daemon's state at a glance.",
        discussion: "Exit 0 healthy, 1 degraded, 3 not running.")

    @OptionGroup var options: InstallationOptions
    @Flag(help: "One JSON object.") var json = false

    func run() throws {
        let installation = options.installation
        let configuration = try installation.configuration()
        let now = installation.clock.now.wall
        let isRunning = StateLock.isHeld(directory: installation.state)
        let reader = try installation.reader(configuration)
        defer { reader?.close() }
        let report = try installation.withStoreErrors {
            let knowledge = try reader?.load() ?? StoreKnowledge()
            let view = PlanView(configuration, knowledge, installation, now: now)
            return Report(
                running: isRunning, view: view, counts: try reader?.counts() ?? DeliveryCounts(),
                closed: try reader?.closedEndpoints() ?? [], now: now)
        }
        json ? try Output.json(report) : report.show(now)
        guard isRunning else { throw Exits.notRunning }
        if report.isDegraded { throw Exits.no }
    }
}

/// What `status` says, in the shape of `status --json`.
private struct Report: Encodable {
    let running: Bool
    let version = Version.text
    let series: [SeriesLine]
    let deliveries: Deliveries
    let suspended: [String] = []
    let closed: [String]
    let clock = Clock()
    let store = StoreLine()

    struct SeriesLine: Encodable {
        let id: String
        let state: String
        let released: Int
        let of: Int
        let next: OrNull<Next>

        struct Next: Encodable {
            let number: Int
            let id: String
            let scheduled_for: String
        }
    }

    struct Deliveries: Encodable {
        let waiting: Int
        let held: Int
        let delivered: Int
        let exhausted: Int
        let cancelled: Int
    }

    struct Clock: Encodable { let state = "trusted" }
    struct StoreLine: Encodable { let engine = "sqlite" }

    private enum CodingKeys: String, CodingKey {
        case running, version, series, deliveries, suspended, closed, clock, store
    }

    init(running: Bool, view: PlanView, counts: DeliveryCounts, closed: [String], now: Instant) {
        self.running = running
        self.closed = closed
        var lines: [SeriesLine] = []
        var seen: Set<String> = []
        for cohort in view.cohorts where seen.insert(cohort.series.id).inserted {
            let all = view.cohorts.filter { $0.series.id == cohort.series.id }
            lines.append(Report.line(all, now))
        }
        series = lines
        deliveries = Deliveries(
            waiting: counts.waiting, held: counts.held, delivered: counts.delivered,
            exhausted: counts.exhausted, cancelled: counts.cancelled)
    }

    /// A series over all its cohorts: as far as the most advanced one, next as the earliest one.
    private static func line(_ cohorts: [PlanView.CohortView], _ now: Instant) -> SeriesLine {
        let first = cohorts[0]
        let upcoming = cohorts.compactMap { $0.plan.next(at: now) }
            .min { $0.slot.instant < $1.slot.instant }
        let isRunning = first.record.state == .running
        return SeriesLine(
            id: first.series.id,
            state: isRunning && upcoming == nil ? "finished" : first.record.state.rawValue,
            released: cohorts.map { $0.plan.rows.filter { $0.kind != .missed }.count }.max() ?? 0,
            of: first.series.points.count,
            next: OrNull(
                isRunning
                    ? upcoming.map {
                        SeriesLine.Next(
                            number: $0.point.number, id: $0.point.id,
                            scheduled_for: $0.slot.instant.wholeSeconds)
                    } : nil))
    }

    var isDegraded: Bool { !closed.isEmpty || series.contains { $0.state == "unstarted" } }

    func show(_ now: Instant) {
        Output.line(running ? "running, version \(version)" : "not running")
        for line in series {
            var text = "\(line.id): \(line.state), \(line.released) of \(line.of) released"
            if let next = line.next.value {
                text += "; next \(next.id) (\(next.number)) at \(next.scheduled_for)"
                if let at = Instant(rfc3339: next.scheduled_for) { text += ", \(now.distance(to: at))" }
            }
            if line.state == "unstarted" { text += "; `advised start \(line.id)` begins it" }
            Output.line(text)
        }
        Output.line(
            "deliveries: \(deliveries.delivered) delivered, \(deliveries.waiting) waiting, "
                + "\(deliveries.held) held, "
                + "\(deliveries.exhausted) exhausted, \(deliveries.cancelled) cancelled")
        if !closed.isEmpty { Output.line("closed endpoints: \(closed.joined(separator: ", "))") }
    }
}
