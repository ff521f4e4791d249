import AdviceConfig
import AdviceCore
import AdviceDaemon
import AdviceStore
import ArgumentParser

struct Start: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Begins a series whose start had passed when it was first seen.",
        discussion: """
            A series that is first seen after its start, by a new installation or by one that lost its \
            state, sends nothing by itself: it would send point 1 to everyone again. This begins it, today \
            or on a day, from its first point or after one that people have had.
            """)

    @OptionGroup var options: InstallationOptions
    @Argument(help: "The series' id.") var series: String
    @Option(help: "The first release day, YYYY-MM-DD. Default: today.") var on: String?
    @Option(help: "Begin with the point after this one (an id).") var after: String?

    func validate() throws {
        if let on, CivilDate(on) == nil {
            throw ValidationError("--on takes a day as YYYY-MM-DD, not '\(on)'")
        }
    }

    func run() throws {
        let installation = options.installation
        let request = ControlRequest(.start, series: series, on: on, after: after)
        if let reply = try installation.ask(request) {
            Output.note("\(series): \(reply.text)")
            if !reply.ok { throw Exits.no }
            return
        }
        let configuration = try installation.configuration()
        try begin(installation, configuration)
    }

    /// No daemon runs: the same decision, by the same scheduler, straight into the store.
    private func begin(_ installation: Installation, _ configuration: Configuration) throws {
        let locks = try installation.takeLocks(configuration)
        defer { for lock in locks { lock.release() } }
        let store = try installation.openStore(configuration)
        defer { store.close() }
        let now = installation.clock.now
        try installation.withStoreErrors {
            let roster = Roster(configuration, secrets: installation.secrets)
            let change = try store.importRoster(roster.entries, cohorts: roster.cohorts, now: now.wall)
            let settings = SchedulerSettings(
                configuration, cohorts: change.cohorts, zones: installation.zones, descriptors: 1)
            let decision = Scheduler.decide(
                .start(series: series, on: on.flatMap { CivilDate($0) }, after: after),
                knowing: try store.load(), settings: settings, now: now)
            switch decision {
            case .refused(let reason):
                Output.note("\(series): \(reason)")
                throw Exits.no
            case .save(let record, let words):
                try store.save(record, decision: words, now: now.wall)
                Output.note(
                    "\(series): begins on \(record.begin.map(String.init(describing:)) ?? "its first day")")
            }
        }
    }
}

extension Installation {
    /// Whether a daemon runs with this state and answers. Lock held and no answer: exit 69.
    func isRunning() throws -> Bool {
        guard StateLock.isHeld(directory: state) else { return false }
        do {
            if try ControlClient.ask(ControlRequest(.status), at: controlSocket, within: 5) != nil {
                return true
            }
        } catch {
            Output.note("advised: \(error)")
            throw Exits.unavailable
        }
        Output.note("advised: a process holds \(state) and does not listen at \(controlSocket)")
        throw Exits.unavailable
    }

    /// Asks the daemon of this state; nil where none runs. Lock held and no answer: exit 69.
    func ask(_ request: ControlRequest) throws -> ControlReply? {
        do {
            if let reply = try ControlClient.ask(request, at: controlSocket) { return reply }
        } catch {
            Output.note("advised: \(error)")
            throw Exits.unavailable
        }
        guard !StateLock.isHeld(directory: state) else {
            Output.note("advised: a daemon holds \(state) and does not answer at \(controlSocket)")
            throw Exits.unavailable
        }
        return nil
    }
}
