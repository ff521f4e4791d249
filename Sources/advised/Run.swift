import AdviceConfig
import AdviceCore
import AdviceDaemon
import AdviceStore
import ArgumentParser
import Glibc
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
        ProcessHardening.outliveWrites()
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
        // Rows may be a million, and are most often those that the store has already.
        var loaded = installation.load(passingOverRows: true)
        if loaded.hasUnreadRows, !installation.mayKnow(loaded) { loaded = installation.load() }
        let configuration = try installation.sound(loaded)
        let logger = installation.logger(configuration.log)
        if let wrong = installation.zones.selfCheck() {
            logger.critical("\(wrong)")
            throw Exits.configuration
        }
        let locks = try installation.takeLocks(configuration)
        let store = try installation.openStore(configuration)
        let known = loaded.hasUnreadRows ? try known(loaded, store, installation.clock.now.wall) : nil
        if loaded.hasUnreadRows, known == nil {
            loaded = installation.load()
            guard try installation.sound(loaded).store == configuration.store else {
                Output.note("advised: `store` was changed while the files were read: start again")
                throw Exits.unavailable
            }
        }
        for diagnostic in loaded.diagnostics { logger.warning("\(diagnostic)") }
        let place = try installation.storePlace(configuration)
        let daemon = Daemon(
            Daemon.Parts(
                clock: installation.clock, zones: installation.zones, secrets: installation.secrets,
                notify: SystemdNotify(environment: installation.environment), logger: logger,
                load: { installation.load() }, controlSocket: installation.controlSocket, once: once,
                openStore: { try? installation.reader(at: place) }, seed: UInt64.random(in: .min ... .max)),
            loaded, known: known, store: store)
        return (daemon, locks, logger)
    }

    /// What the store has, where the rows that were passed over are that.
    private func known(_ loaded: Loaded, _ store: any Store, _ now: Instant) throws -> RosterSource? {
        do throws(StoreError) {
            guard let before = try store.rosterSource(), let source = before.ifStill(loaded) else {
                return nil
            }
            // The next start need not read the bytes.
            if source != before { try store.note(source, now: now) }
            return source
        } catch {
            Output.note("advised: \(error)")
            throw Exits.code(for: error)
        }
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
    /// There is a store of this machine's, which may have the rows that were passed over.
    fileprivate func mayKnow(_ loaded: Loaded) -> Bool {
        guard let configuration = loaded.configuration,
            case .sqlite(let path)? = try? storePlace(configuration)
        else { return false }
        return access(path, F_OK) == 0
    }

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
