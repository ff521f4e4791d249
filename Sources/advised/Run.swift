import AdviceConfig
import AdviceCore
import AdviceDaemon
import AdviceStore
import ArgumentParser
import Logging

struct Run: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "The daemon, in the foreground.",
        discussion: """
            Releases each point at its time and delivers it. TERM and INT stop it: what is in flight is \
            recorded first. HUP takes the configuration anew, USR1 logs the status.
            """)

    @OptionGroup var options: InstallationOptions

    @Flag(
        help: "Release what is due, deliver all that can be delivered now, and exit: 1 if something is left.")
    var once = false

    func run() throws {
        ProcessHardening.forbidDumps()
        ProcessMemory.shareArena()
        let (daemon, locks, logger) = try prepare()
        defer { for lock in locks { lock.release() } }
        let ended = OneAnswer<DaemonExit>()
        daemon.run { ended.give($0) }
        try finish(ended.wait(), logger)
    }

    /// Apart from `run`, so that what was read is not kept for as long as the daemon runs.
    private func prepare() throws -> (Daemon, [StateLock], Logger) {
        let installation = options.installation
        let loaded = installation.load()
        guard let configuration = loaded.configuration else {
            for diagnostic in loaded.diagnostics { Output.note("\(diagnostic)") }
            throw Exits.configuration
        }
        let logger = installation.logger(configuration.log)
        for diagnostic in loaded.diagnostics { logger.warning("\(diagnostic)") }
        for notice in configuration.notYetBuilt { logger.warning("\(notice)") }
        if let wrong = installation.zones.selfCheck() {
            logger.critical("\(wrong)")
            throw Exits.configuration
        }
        let locks = try installation.takeLocks(configuration)
        let store = try installation.openStore(configuration)
        let place = try installation.storePlace(configuration)
        let daemon = Daemon(
            Daemon.Parts(
                clock: installation.clock, zones: installation.zones, secrets: installation.secrets,
                notify: SystemdNotify(environment: installation.environment), logger: logger,
                load: { installation.load() }, controlSocket: installation.controlSocket, once: once,
                openStore: { try? installation.reader(at: place) }, seed: UInt64.random(in: .min ... .max)),
            configuration: configuration, files: loaded.digest, store: store)
        return (daemon, locks, logger)
    }

    private func finish(_ exit: DaemonExit, _ logger: Logger) throws {
        switch exit {
        case .scheduler(.stopped):
            logger.info("stopped")
        case .scheduler(.quiet(let somethingWaits)):
            if somethingWaits { throw Exits.no }
        case .scheduler(.storeRefused):
            throw Exits.storeInputOutput
        case .store(let error):
            logger.critical("\(error)")
            throw Exits.code(for: error)
        }
    }
}

extension Installation {
    func logger(_ settings: Configuration.Log) -> Logger {
        let shape: LogOutput.Shape =
            switch settings.format {
            case .auto: LogOutput.automaticShape(environment: environment)
            case .journal: .journal
            case .text: .text
            case .json: .json
            }
        let level = Logger.Level(rawValue: settings.level.rawValue) ?? .info
        return Logger(label: "advised") { _ in LogOutput(shape: shape, level: level) }
    }
}
