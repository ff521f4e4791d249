public import AdviceCore
public import AdviceStore

/// What `status` says, on a terminal, as `status --json` and at `/status.json`.
public struct StatusReport: Encodable {
    public var running: Bool
    /// The files on the disk load: a daemon may be running with what they were before.
    public var isSound = true
    public var series: [SeriesLine] = []
    public var deliveries = DeliveryCounts()
    public var suspended: [String] = []
    public var closed: [String] = []
    /// Nothing but a challenge is sent to these.
    public var unconfirmed: [String] = []
    /// trusted, awaited (just booted, not set yet) or suspect.
    public var clock = "trusted"
    /// What is not as it should be, in words.
    public var degraded: [String] = []
    /// The engine's name.
    public var store: String

    public struct SeriesLine: Encodable {
        public var id: String
        /// unstarted, waiting (for subscribers), running, paused or finished.
        public var state: String
        public var released: Int
        /// nil where the configuration cannot be read.
        public var of: Int?
        public var next: Next?

        public struct Next: Encodable {
            public var number: Int
            public var id: String
            public var at: Instant
            /// Of its cohort.
            public var zone: String

            /// `2026-07-05 12:00 Europe/Berlin`, by the rules of zones.
            public func when(_ rules: (String) -> ZoneRules?) -> String {
                let local = (rules(zone) ?? .utc).local(of: at)
                return "\(local.date) \(local.time) \(zone)"
            }

            private enum CodingKeys: String, CodingKey {
                case number, id
                case at = "scheduled_for"
            }

            public func encode(to encoder: any Encoder) throws {
                var container = encoder.container(keyedBy: CodingKeys.self)
                try container.encode(number, forKey: .number)
                try container.encode(id, forKey: .id)
                try container.encode(at.wholeSeconds, forKey: .at)
            }
        }

        private enum CodingKeys: String, CodingKey { case id, state, released, of, next }

        /// A member is there as null where it has no value: a script need not tell a key that is missing from
        /// one that it misspelt.
        public func encode(to encoder: any Encoder) throws {
            var container = encoder.container(keyedBy: CodingKeys.self)
            try container.encode(id, forKey: .id)
            try container.encode(state, forKey: .state)
            try container.encode(released, forKey: .released)
            try container.encode(of, forKey: .of)
            try container.encode(next, forKey: .next)
        }
    }

    public init(running: Bool, store: String) {
        self.running = running
        self.store = store
    }

    public var isDegraded: Bool {
        !isSound || !suspended.isEmpty || !closed.isEmpty || !degraded.isEmpty || clock == "suspect"
            || series.contains { $0.state == "unstarted" }
    }

    private enum CodingKeys: String, CodingKey {
        case running, version, series, deliveries, suspended, closed, unconfirmed, clock, store, degraded
    }

    private struct Counts: Encodable {
        var waiting, held, delivered, exhausted, cancelled: Int
    }

    public func encode(to encoder: any Encoder) throws {
        var container = encoder.container(keyedBy: CodingKeys.self)
        try container.encode(running, forKey: .running)
        try container.encode(Version.text, forKey: .version)
        try container.encode(series, forKey: .series)
        try container.encode(
            Counts(
                waiting: deliveries.waiting, held: deliveries.held, delivered: deliveries.delivered,
                exhausted: deliveries.exhausted, cancelled: deliveries.cancelled), forKey: .deliveries)
        try container.encode(suspended, forKey: .suspended)
        try container.encode(closed, forKey: .closed)
        try container.encode(unconfirmed, forKey: .unconfirmed)
        try container.encode(["state": clock], forKey: .clock)
        try container.encode(["engine": store], forKey: .store)
        try container.encode(degraded, forKey: .degraded)
    }
}

extension StatusReport {
    /// Names in a list for people; the JSON has all.
    private static let namesShown = 20

    /// Why it is degraded, in words.
    public var troubles: [String] {
        var troubles = degraded
        if !isSound {
            troubles.append("the configuration has mistakes: a reload or a restart would refuse it")
        }
        for line in series where line.state == "unstarted" {
            troubles.append("series \(line.id) has not begun: advised start \(line.id) begins it")
        }
        if clock == "suspect" {
            troubles.append("the clock is suspect: nothing is released or sent until advised clock accept")
        }
        let endpoints = [(suspended, "suspended, tried once a day"), (closed, "closed")]
        for (ids, what) in endpoints where !ids.isEmpty {
            troubles.append(
                "\(ids.count == 1 ? "1 endpoint is" : "\(ids.count) endpoints are") \(what): "
                    + StatusReport.list(ids))
        }
        return troubles
    }

    public static func list(_ ids: [String]) -> String {
        let more = ids.count - namesShown
        return ids.prefix(namesShown).joined(separator: ", ") + (more > 0 ? ", and \(more) more" : "")
    }

    /// Takes what the store knows of endpoints, once.
    public mutating func readEndpoints(_ reader: any StoreReader) throws(StoreError) {
        suspended = try reader.endpoints(.suspended)
        closed = try reader.endpoints(.closed)
        unconfirmed = try reader.endpoints(.unconfirmed)
    }
}

extension PlanView {
    /// Each series over all its cohorts: as far as the most advanced one, next as the earliest one.
    public func lines(at now: Instant) -> [StatusReport.SeriesLine] {
        var seen: Set<String> = []
        return cohorts.filter { seen.insert($0.series.id).inserted }.map { first in
            let all = cohorts.filter { $0.series.id == first.series.id }
            let upcoming = all.compactMap { view in view.plan.next(at: now).map { (view, $0) } }
                .min { $0.1.goes < $1.1.goes }
            let isRunning = first.record.state == .running
            let isPaused = isRunning && all.contains { $0.plan.pause(at: now) != nil }
            let isFinished = isRunning && upcoming == nil && !isPaused
            return StatusReport.SeriesLine(
                id: first.series.id,
                state: isPaused ? "paused" : isFinished ? "finished" : first.record.state.rawValue,
                released: all.map { $0.plan.rows.filter { $0.kind != .missed }.count }.max() ?? 0,
                of: first.series.points.count,
                next: isRunning
                    ? upcoming.map { view, next in
                        StatusReport.SeriesLine.Next(
                            number: next.assignment.point.number, id: next.assignment.point.id,
                            at: next.assignment.slot.instant, zone: view.cohort.zone)
                    } : nil)
        }
    }
}

extension StoreKnowledge {
    /// What can be said of the series where the configuration cannot be read.
    public func statusLines() -> [StatusReport.SeriesLine] {
        series.map { record in
            let mine = ledgers.filter { $0.series == record.id }
            return StatusReport.SeriesLine(
                id: record.id, state: record.state.rawValue,
                released: mine.map { $0.rows.filter { $0.kind != .missed }.count }.max() ?? 0)
        }
    }
}
