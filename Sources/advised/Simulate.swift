import AdviceConfig
import AdviceCore
import AdviceDaemon
import ArgumentParser

struct Simulate: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Runs the scheduler and the delivery logic on a virtual clock; sends nothing.",
        discussion: """
            It begins with an empty state on the day before the first series starts, or at --from, and goes \
            on until --to, or for a year: what the files would do, with all endpoints well but those of \
            --outage.
            """)

    @OptionGroup var options: InstallationOptions
    @Option(help: "From this day on.") var from: String?
    @Option(help: "Until the end of this day.") var to: String?
    @Option(help: ArgumentHelp("An endpoint is away so long from its first attempt on.", valueName: "sub:3h"))
    var outage: [String] = []
    @Option(help: "What an endpoint answers that is away. Default: the connection is refused.")
    var status: Int?
    @Flag(help: "Also each delivery that succeeds.") var all = false
    @Flag(help: "One JSON array.") var json = false

    func validate() throws {
        try day(from, "--from")
        try day(to, "--to")
        if let status, !(100...599).contains(status) { throw ValidationError("--status is 100 to 599") }
        for text in outage where Simulate.outage(text) == nil {
            throw ValidationError("--outage takes SUBSCRIBER:TIME such as ann:3h, not '\(text)'")
        }
    }

    func run() throws {
        let installation = options.installation
        let configuration = try installation.configuration()
        let ids = Set(configuration.subscribers.map(\.id))
        let outages = outage.compactMap(Simulate.outage)
        for outage in outages where !ids.contains(outage.subscriber) {
            Output.note(
                "advised: there is no subscriber '\(outage.subscriber)'"
                    + configuration.hint(subscriber: outage.subscriber))
            throw Exits.no
        }
        let home = configuration.series.first.flatMap { installation.zones.rules($0.zone.name) } ?? .utc
        let today = home.local(of: installation.clock.now.wall).date
        let first =
            from.flatMap { CivilDate($0) }
            ?? configuration.series.map(\.start).min()?.previous ?? today
        let last = to.flatMap { CivilDate($0) } ?? first + 365
        guard first <= last else { throw ValidationError("--to lies before \(first)") }
        let begin = home.resolve(first, .midnight).instant
        let end = home.endOfDay(last)
        var report = SimulationReport(isAll: all)
        var progress = Progress("simulating")
        try installation.withStoreErrors {
            var rehearsal = try Rehearsal(
                configuration, zones: installation.zones, secrets: installation.secrets,
                from: begin, outages: outages, status: status ?? 0)
            try rehearsal.importRoster()
            try rehearsal.run(until: end) { line in
                progress.show(Double((line.at - begin).seconds) / Double(max(1, (end - begin).seconds)))
                report.take(line)
                if !json, let text = report.text(of: line, in: home) {
                    progress.end()
                    Output.line(text)
                }
            }
        }
        progress.end()
        if json {
            try Output.json(report.lines)
        } else {
            Output.line(report.summary)
        }
    }

    private static func outage(_ text: String) -> Rehearsal.Outage? {
        guard let colon = text.lastIndex(of: ":"), colon != text.startIndex,
            let length = Span(settings: String(text[text.index(after: colon)...]))
        else { return nil }
        return Rehearsal.Outage(subscriber: String(text[..<colon]), length: length)
    }
}

/// What a simulation is told by, line by line and in the end.
private struct SimulationReport {
    let isAll: Bool
    var lines: [Line] = []
    private var releases = 0
    private var settled: [DeliveryState: Int] = [:]

    struct Line: Encodable {
        let at: String
        let event: String
        let series: OrNull<String>
        let point: OrNull<String>
        let subscriber: OrNull<String>
        let day: OrNull<String>
        let words: String
    }

    init(isAll: Bool) { self.isAll = isAll }

    mutating func take(_ line: Rehearsal.Line) {
        let words = line.telling.said?.text ?? ""
        var event = "note"
        var series: String?
        var point: String?
        var subscriber: String?
        var day: String?
        switch line.telling {
        case .released(let draft, _):
            releases += 1
            (event, series, point) = ("released", draft.series, draft.point.id)
            day = "\(draft.row.slotDate)"
        case .delivered(let settlement), .waiting(let settlement), .exhausted(let settlement),
            .cancelled(let settlement):
            let state = settlement.record.state
            if state.isSettled { settled[state, default: 0] += 1 }
            (event, series, point) = (state.rawValue, settlement.release.series, settlement.release.subject)
            subscriber = settlement.subscriber
        default: break
        }
        if event == "delivered", !isAll { return }
        lines.append(
            Line(
                at: line.at.wholeSeconds, event: event, series: OrNull(series), point: OrNull(point),
                subscriber: OrNull(subscriber), day: OrNull(day), words: words))
    }

    func text(of line: Rehearsal.Line, in zone: ZoneRules) -> String? {
        if case .delivered = line.telling, !isAll { return nil }
        guard let said = line.telling.said else { return nil }
        let local = zone.local(of: line.at)
        return "\(local.date) \(local.time) \(offsetText(local.offsetSeconds))  \(said.text)"
    }

    var summary: String {
        func count(_ state: DeliveryState) -> Int { settled[state] ?? 0 }
        return "\(releases) releases; deliveries: \(count(.delivered)) delivered, "
            + "\(count(.exhausted)) exhausted, \(count(.cancelled)) cancelled"
    }
}
