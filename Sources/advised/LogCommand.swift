import AdviceConfig
import AdviceCore
import AdviceDaemon
import AdviceMessage
import AdviceStore
import ArgumentParser

struct LogCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "log", abstract: "Deliveries and their attempts, newest first.")

    @OptionGroup var options: InstallationOptions
    @Option(help: "Of one subscriber.") var subscriber: String?
    @Option(help: "Of one point: ID, or SERIES/ID.") var point: String?
    @Option(help: "waiting, held, delivered, exhausted or cancelled.") var state: String?
    @Option(help: "Not before this instant (RFC 3339) or day.") var since: String?
    @Option(help: "At most so many.") var limit = 100
    @Flag(help: "Then go on: what is recorded, as it is, the newest last. Ctrl-C ends it.") var follow = false
    @Flag(help: "One JSON array; with --follow one JSON object a line.") var json = false

    func validate() throws {
        if let state, DeliveryState(rawValue: state) == nil {
            let known = DeliveryState.allCases.map(\.rawValue).joined(separator: ", ")
            throw ValidationError("--state is one of \(known), not '\(state)'")
        }
        if let since, LogCommand.instant(since) == nil {
            throw ValidationError("--since takes 2026-07-02T13:00:00Z or 2026-07-02, not '\(since)'")
        }
        guard limit > 0 else { throw ValidationError("--limit is at least 1") }
    }

    func run() throws {
        let installation = options.installation
        let configuration = installation.configurationIfSound()
        var query = DeliveryQuery()
        query.subscriber = subscriber
        query.point = point.map(PointName.init).map { name in
            // A number is one that the files have; what is gone from them is named by its id.
            let known = configuration?.series.filter { name.series == nil || $0.id == name.series } ?? []
            let points = known.flatMap(\.points)
            let isID = points.contains { $0.id == name.id }
            let numbered = points.first { !isID && "\($0.number)" == name.id }
            return (series: name.series, id: numbered?.id ?? name.id)
        }
        query.state = state.flatMap(DeliveryState.init(rawValue:))
        query.since = since.flatMap(LogCommand.instant)
        query.limit = limit
        if follow { return try follow(query, installation, configuration) }
        let reader = try installation.reader(configuration)
        defer { reader?.close() }
        let entries = try installation.withStoreErrors { try reader?.deliveries(query) ?? [] }
        if json {
            try Output.json(entries.map(Entry.init))
        } else {
            entries.isEmpty
                ? Output.note("no deliveries" + hint(configuration)) : Output.table(entries.map(row))
        }
    }

    private func hint(_ configuration: Configuration?) -> String {
        let name = point.map(PointName.init)
        return configuration?.hint(series: name?.series, point: name?.id, subscriber: subscriber) ?? ""
    }

    func row(_ entry: DeliveryLogEntry) -> [String] {
        let when = entry.settledAt ?? entry.nextAttemptAt ?? entry.attemptLog.last?.at
        let status = entry.status == 0 ? "-" : "\(entry.status)"
        let latency = entry.latency.map { "\($0.milliseconds) ms" } ?? "-"
        return [
            when.map(\.wholeSeconds) ?? "-", entry.subscriber, what(entry),
            entry.state.rawValue, "\(entry.attempts)", status, latency,
            (entry.error ?? "").escapedForTerminal,
        ]
    }

    /// A point, and what is said of it where it is not its release; an alert.
    private func what(_ entry: DeliveryLogEntry) -> String {
        switch EventType(rawValue: entry.type) {
        case .pointRevised: "\(entry.series)/\(entry.point) (revised)"
        case .pointWithdrawn: "\(entry.series)/\(entry.point) (withdrawn)"
        case .alert: "alert: \(entry.point)"
        default: "\(entry.series)/\(entry.point)"
        }
    }

    private static func instant(_ text: String) -> Instant? {
        if let instant = Instant(rfc3339: text) { return instant }
        return CivilDate(text).flatMap { Instant(rfc3339: "\($0)T00:00:00Z") }
    }

    struct Entry: Encodable {
        let webhook_id: OrNull<String>
        let type: String
        let subscriber: String
        let series: String
        let number: Int
        let point: String
        let day: String
        let state: String
        let attempts: Int
        let next_attempt_at: OrNull<String>
        let settled_at: OrNull<String>
        let status: OrNull<Int>
        let latency_ms: OrNull<Int64>
        let error: OrNull<String>
        let attempt_log: [Line]

        struct Line: Encodable {
            let attempt: Int
            /// How often the delivery had been replayed by then: attempts are counted anew with each.
            let replay: Int
            let at: String
            let status: OrNull<Int>
            let error: OrNull<String>
            let latency_ms: Int64
            let address: OrNull<String>
        }

        init(_ entry: DeliveryLogEntry) {
            webhook_id = OrNull(
                EventType(rawValue: entry.type).map {
                    webhookID(
                        type: $0, series: entry.series, edition: Edition(entry.edition),
                        subject: entry.subject, subscriber: entry.subscriber)
                })
            type = entry.type
            subscriber = entry.subscriber
            series = entry.series
            number = entry.number
            point = entry.point
            day = "\(entry.day)"
            state = entry.state.rawValue
            attempts = entry.attempts
            next_attempt_at = OrNull(entry.nextAttemptAt.map { "\($0)" })
            settled_at = OrNull(entry.settledAt.map { "\($0)" })
            status = OrNull(entry.status == 0 ? nil : entry.status)
            latency_ms = OrNull(entry.latency?.milliseconds)
            error = OrNull(entry.error)
            attempt_log = entry.attempts(kept: entry.attemptLog).map {
                Line(
                    attempt: $0.number, replay: $0.replay, at: "\($0.at)",
                    status: OrNull($0.status == 0 ? nil : $0.status),
                    error: OrNull($0.error), latency_ms: $0.latency.milliseconds,
                    address: OrNull($0.address))
            }
        }
    }
}

extension DeliveryLogEntry {
    /// The attempts to show. The only attempt of a delivery that went through at once has no row of its own:
    /// all but the address it went to is in the delivery's.
    fileprivate func attempts(kept: [AttemptRecord]) -> [AttemptRecord] {
        guard kept.isEmpty, attempts == 1, state == .delivered, let settledAt, let latency else {
            return kept
        }
        return [
            AttemptRecord(
                number: 1, at: settledAt - latency, status: status, error: nil, latency: latency,
                address: nil,
                reply: [])
        ]
    }
}
