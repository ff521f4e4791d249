import AdviceConfig
import AdviceCore
import AdviceDaemon
import AdviceStatus
import AdviceStore
import ArgumentParser
import Foundation
import Glibc

struct Status: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "The daemon's state at a glance.",
        discussion: "Exit 0 healthy, 1 degraded, 3 not running.")

    @OptionGroup var options: InstallationOptions
    @Flag(help: "One JSON object.") var json = false
    @Flag(help: "Shows it anew as things change, until TERM or INT.") var watch = false

    func validate() throws {
        if json, watch { throw ValidationError("--watch is for people and --json for programs: give one") }
    }

    func run() throws {
        let installation = options.installation
        if watch { return try watch(installation) }
        let configuration = installation.configurationIfSound()
        let report = try gather(installation, configuration)
        json ? try Output.json(report) : report.show(installation)
        guard report.running else { throw configuration == nil ? Exits.configuration : Exits.notRunning }
        if report.isDegraded { throw Exits.no }
    }

    private func gather(
        _ installation: Installation, _ configuration: Configuration?
    ) throws -> StatusReport {
        let now = installation.clock.now.wall
        let answer = try installation.statusReply()
        let isLost = answer?.isStoreLost ?? false
        // Of a daemon whose store is lost there is this much to say.
        let reader = isLost ? nil : try installation.reader(configuration)
        defer { reader?.close() }
        return try installation.withStoreErrors {
            let knowledge = try reader?.load() ?? StoreKnowledge()
            var report = StatusReport(
                running: answer != nil, store: configuration?.store.isFile ?? true ? "sqlite" : "postgres")
            report.isSound = configuration != nil
            if !isLost {
                report.series =
                    configuration.map { PlanView($0, knowledge, installation, now: now).lines(at: now) }
                    ?? knowledge.statusLines()
            }
            report.deliveries = try reader?.counts() ?? DeliveryCounts()
            if let reader { try report.readEndpoints(reader) }
            report.clock = answer?.clock ?? (knowledge.hold == nil ? "trusted" : "suspect")
            report.degraded = answer?.degraded ?? []
            return report
        }
    }

    /// Every two seconds, over the one before on a terminal and below it elsewhere.
    private func watch(_ installation: Installation) throws {
        let configuration = installation.configurationIfSound()
        let changes = FileChanges(folder: nil)
        let isTerminal = isatty(STDOUT_FILENO) == 1
        repeat {
            let report = try gather(installation, configuration)
            if isTerminal { Output.file(Array("\u{1B}[H\u{1B}[2J".utf8)) }
            Output.line(installation.clock.now.wall.wholeSeconds)
            report.show(installation)
        } while changes?.rest(milliseconds: 2000) ?? false
    }
}

extension StatusReport {
    /// What is wrong first, then the series in columns, then what was delivered.
    fileprivate func show(_ installation: Installation) {
        let now = installation.clock.now.wall
        let verdict = isDegraded ? "degraded" : "all is well"
        Output.line(running ? "running, version \(Version.text): \(verdict)" : "not running")
        for words in troubles { Output.line("! \(words)") }
        Output.line()
        Output.table(
            [["series", "state", "released", "next"]]
                + series.map { line in
                    let next = line.next.map {
                        "\($0.id) (\($0.number)) at \($0.when { installation.zones.rules($0) }), "
                            + now.distance(to: $0.at)
                    }
                    let of = line.of.map(String.init) ?? "?"
                    return [line.id, line.state, "\(line.released) of \(of)", next ?? "nothing"]
                })
        Output.line()
        Output.line(
            "deliveries: \(deliveries.delivered) delivered, \(deliveries.waiting) waiting, "
                + "\(deliveries.held) held, "
                + "\(deliveries.exhausted) exhausted, \(deliveries.cancelled) cancelled")
        Output.line("clock: \(clock); store: \(store)")
        if !unconfirmed.isEmpty {
            Output.line(
                "endpoints that have not answered their challenge: \(StatusReport.list(unconfirmed))")
        }
    }
}
