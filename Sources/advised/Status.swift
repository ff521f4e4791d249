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
        let configuration = installation.configurationIfSound()
        let now = installation.clock.now.wall
        let answer = try installation.statusReply()
        let isRunning = answer != nil
        let isLost = answer?.isStoreLost ?? false
        // Of a daemon whose store is lost there is this much to say.
        let reader = isLost ? nil : try installation.reader(configuration)
        defer { reader?.close() }
        func ids(_ state: EndpointHealth.State) throws(StoreError) -> [String] {
            try reader?.endpoints(state) ?? []
        }
        let report: Report = try installation.withStoreErrors {
            let knowledge = try reader?.load() ?? StoreKnowledge()
            let lines =
                isLost
                ? []
                : configuration.map { PlanView($0, knowledge, installation, now: now).lines(at: now) }
                    ?? knowledge.lines()
            return Report(
                engine: configuration?.store.isFile ?? true ? "sqlite" : "postgres", running: isRunning,
                isSound: configuration != nil, series: lines,
                counts: try reader?.counts() ?? DeliveryCounts(),
                suspended: try ids(.suspended), closed: try ids(.closed),
                unconfirmed: try ids(.unconfirmed),
                clock: answer?.clock ?? (knowledge.hold == nil ? "trusted" : "suspect"),
                degraded: answer?.degraded ?? [])
        }
        json ? try Output.json(report) : report.show(now)
        guard isRunning else { throw configuration == nil ? Exits.configuration : Exits.notRunning }
        if report.isDegraded { throw Exits.no }
    }
}

/// What `status` says, in the shape of `status --json`.
private struct Report: Encodable {
    let running: Bool
    /// The files on the disk load: a daemon may be running with what they were before.
    let isSound: Bool
    let version = Version.text
    let series: [SeriesLine]
    let deliveries: Deliveries
    let suspended: [String]
    let closed: [String]
    /// Nothing but a challenge is sent to these.
    let unconfirmed: [String]
    let clock: Clock
    /// What is not as it should be, in words.
    let degraded: [String]
    let store: StoreLine

    struct SeriesLine: Encodable {
        let id: String
        let state: String
        let released: Int
        let of: OrNull<Int>
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

    struct Clock: Encodable {
        /// trusted, awaited (just booted, not set yet) or suspect.
        let state: String
    }
    struct StoreLine: Encodable { let engine: String }

    private enum CodingKeys: String, CodingKey {
        case running, version, series, deliveries, suspended, closed, unconfirmed, clock, store
        case degraded
    }

    init(
        engine: String, running: Bool, isSound: Bool, series: [SeriesLine], counts: DeliveryCounts,
        suspended: [String], closed: [String], unconfirmed: [String], clock: String, degraded: [String]
    ) {
        store = StoreLine(engine: engine)
        self.clock = Clock(state: clock)
        self.degraded = degraded
        self.running = running
        self.isSound = isSound
        self.series = series
        self.suspended = suspended
        self.closed = closed
        self.unconfirmed = unconfirmed
        deliveries = Deliveries(
            waiting: counts.waiting, held: counts.held, delivered: counts.delivered,
            exhausted: counts.exhausted, cancelled: counts.cancelled)
    }

    var isDegraded: Bool {
        !isSound || !suspended.isEmpty || !closed.isEmpty || !degraded.isEmpty || clock.state == "suspect"
            || series.contains { $0.state == "unstarted" }
    }

    func show(_ now: Instant) {
        Output.line(running ? "running, version \(version)" : "not running")
        for line in series {
            let of = line.of.value.map(String.init) ?? "?"
            var text = "\(line.id): \(line.state), \(line.released) of \(of) released"
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
        if !isSound { Output.line("the configuration has mistakes: a reload or a restart would refuse it") }
        for words in degraded { Output.line(words) }
        if clock.state == "suspect" {
            Output.line("the clock is suspect: nothing is released or sent until `advised clock accept`")
        }
        if !suspended.isEmpty {
            Output.line("suspended endpoints, tried once a day: \(suspended.joined(separator: ", "))")
        }
        if !unconfirmed.isEmpty {
            Output.line(
                "endpoints that have not answered their challenge: \(unconfirmed.joined(separator: ", "))")
        }
        if !closed.isEmpty { Output.line("closed endpoints: \(closed.joined(separator: ", "))") }
    }
}

extension PlanView {
    /// Each series over all its cohorts: as far as the most advanced one, next as the earliest one.
    fileprivate func lines(at now: Instant) -> [Report.SeriesLine] {
        var seen: Set<String> = []
        return cohorts.filter { seen.insert($0.series.id).inserted }.map { first in
            let all = cohorts.filter { $0.series.id == first.series.id }
            let upcoming = all.compactMap { $0.plan.next(at: now) }.min { $0.goes < $1.goes }?.assignment
            let isRunning = first.record.state == .running
            let isPaused = isRunning && all.contains { $0.plan.pause(at: now) != nil }
            let isFinished = isRunning && upcoming == nil && !isPaused
            return Report.SeriesLine(
                id: first.series.id,
                state: isPaused ? "paused" : isFinished ? "finished" : first.record.state.rawValue,
                released: all.map { $0.plan.rows.filter { $0.kind != .missed }.count }.max() ?? 0,
                of: OrNull(first.series.points.count),
                next: OrNull(
                    isRunning
                        ? upcoming.map {
                            Report.SeriesLine.Next(
                                number: $0.point.number, id: $0.point.id,
                                scheduled_for: $0.slot.instant.wholeSeconds)
                        } : nil))
        }
    }
}

extension StoreKnowledge {
    /// What can be said of the series where the configuration cannot be read.
    fileprivate func lines() -> [Report.SeriesLine] {
        series.map { record in
            let mine = ledgers.filter { $0.series == record.id }
            return Report.SeriesLine(
                id: record.id, state: record.state.rawValue,
                released: mine.map { $0.rows.filter { $0.kind != .missed }.count }.max() ?? 0,
                of: OrNull(nil), next: OrNull(nil))
        }
    }
}
