import AdviceConfig
import AdviceCore
import AdviceDaemon
import AdviceStore
import ArgumentParser
import Glibc

struct StoreCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "store", abstract: "Backs up, restores, moves and empties what is kept.",
        subcommands: [StoreBackup.self, StoreRestore.self, StoreCopyCommand.self, StoreReset.self])
}

struct StoreBackup: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "backup",
        abstract: "Writes a consistent copy of the database, also while the daemon runs.",
        discussion: """
            The copy is readable to its owner alone, for it holds URLs and secrets as the database does. No \
            file is ever replaced.
            """)

    @OptionGroup var options: InstallationOptions
    @Argument(help: "The file to make.", completion: .file()) var file: String

    func run() throws {
        let installation = options.installation
        let path = try installation.databaseFile(installation.configurationIfSound(), otherwise: "pg_dump")
        try installation.refuseStrangers(of: path)
        guard access(file, F_OK) != 0 else {
            Output.note(
                "advised: \(file): is there already, and a backup replaces no file: give another name")
            throw Exits.no
        }
        try installation.withStoreErrors { try SQLiteBackup.write(path, to: file) }
        Output.note("\(file): a copy of \(path), with its secrets")
    }
}

struct StoreRestore: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "restore", abstract: "Puts a backup in the place of the database.",
        discussion: """
            No daemon may run. The backup is looked through first; the database that it replaces is kept \
            beside it. All that was due since the backup was made counts as sent, unless --resend says \
            otherwise: then it goes out again, under the webhook-ids that it had.
            """)

    @OptionGroup var options: InstallationOptions
    @Argument(help: "The backup.", completion: .file()) var file: String
    @Flag(help: "Send again what was due since the backup was made.") var resend = false

    func run() throws {
        let installation = options.installation
        // Before root becomes the owner of the state, who may not be allowed to read it.
        let descriptor = open(file, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else {
            Output.note("advised: \(file): cannot be opened: \(String(cString: strerror(errno)))")
            throw Exits.unavailable
        }
        defer { close(descriptor) }
        var log = stat()
        guard stat(file + "-wal", &log) != 0 || log.st_size == 0 else {
            Output.note(
                "advised: \(file): is a database in use, or one that was not closed: make the backup with "
                    + "`advised store backup`")
            throw Exits.configuration
        }
        let configuration = try installation.configuration()
        let path = try installation.databaseFile(configuration, otherwise: "pg_restore")
        let locks = try installation.takeLocks(configuration)
        defer { for lock in locks { lock.release() } }
        let copy = try installation.withStoreErrors {
            try SQLiteReplacement.stage(descriptor, named: file, for: path)
        }
        var isDone = false
        defer { if !isDone { SQLiteReplacement.discard(copy) } }
        try installation.withStoreErrors {
            let store = try SQLiteStore.restoring(copy, named: file)
            defer { store.close() }
            if !resend { try installation.countAsSent(configuration, in: store) }
        }
        let kept = try installation.withStoreErrors {
            try SQLiteReplacement.replace(path, by: copy, stamp: installation.stamp)
        }
        isDone = true
        Output.note("\(path): is as \(file) has it" + (kept.map { "; what was there is \($0)" } ?? ""))
    }
}

struct StoreReset: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "reset", abstract: "Begins with an empty database.",
        discussion: """
            No daemon may run. Series whose start is past wait for `advised start` then, as if seen for the \
            first time. The database that was there is kept beside.
            """)

    @OptionGroup var options: InstallationOptions
    @Flag(help: "Do not ask.") var yes = false

    func validate() throws {
        guard yes || Terminal.isThere else {
            throw ValidationError("there is no terminal to ask at: say --yes")
        }
    }

    func run() throws {
        let installation = options.installation
        let configuration = try installation.configuration()
        let path = try installation.databaseFile(configuration, otherwise: "dropdb and createdb")
        let locks = try installation.takeLocks(configuration)
        defer { for lock in locks { lock.release() } }
        guard access(path, F_OK) == 0 else {
            Output.note("\(path): there is no database yet")
            return
        }
        guard yes || Terminal.agrees("Begin anew, with nothing of what was sent to whom?") else {
            Output.note("nothing was changed")
            throw Exits.no
        }
        let kept = try installation.withStoreErrors {
            try SQLiteReplacement.replace(path, by: nil, stamp: installation.stamp)
        }
        Output.note("\(path): the next start begins anew" + (kept.map { "; what was there is \($0)" } ?? ""))
    }
}

struct StoreCopyCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "copy", abstract: "Copies the store into another, of either engine.",
        discussion: """
            No daemon may run. The new store must be empty, and is none to a daemon before all of it is \
            there; a copy that was broken off goes on where it was. Then write it into the settings as \
            `store`. A password belongs into ~/.pgpass: an argument can be read by everybody on the machine.
            """)

    @OptionGroup var options: InstallationOptions
    @Option(
        help: ArgumentHelp(
            "sqlite:FILE, which belongs to the state directory where it is relative, or postgres:CONNECTION.",
            valueName: "store"))
    var to: String

    func validate() throws {
        guard StoreCopyCommand.place(to) != nil else {
            throw ValidationError("--to is sqlite:FILE or postgres:CONNECTION, not '\(to)'")
        }
    }

    private static func place(_ text: String) -> Installation.StorePlace? {
        let parts = text.split(separator: ":", maxSplits: 1).map(String.init)
        guard parts.count == 2 else { return nil }
        switch parts[0] {
        case "sqlite": return .sqlite(parts[1])
        case "postgres": return .postgres(parts[1])
        case "postgresql": return .postgres(text)
        default: return nil
        }
    }

    func run() throws {
        guard let place = StoreCopyCommand.place(to) else { preconditionFailure("validated") }
        let installation = options.installation
        let configuration = try installation.configuration()
        let locks = try installation.takeLocks(configuration)
        defer { for lock in locks { lock.release() } }
        let source = try installation.openStore(configuration, forCommand: true)
        defer { source.close() }
        try installation.withStoreErrors {
            let target: SQLStore =
                switch place {
                case .sqlite(let path):
                    try SQLiteStore(
                        path: path.hasPrefix("/") ? path : "\(installation.state)/\(path)", forCopy: true)
                case .postgres(let string):
                    try PostgresStore(
                        string, instance: try InstanceName.read(in: installation.state) + ".command",
                        forCopy: true)
                }
            defer { target.close() }
            guard let from = source as? SQLStore else { preconditionFailure("every store is on SQL") }
            var bar = Progress("copy")
            let rows = try AdviceStore.StoreCopy(from: from, to: target).run { share in
                bar.show(share)
                return true
            }
            bar.end()
            Output.note("\(rows ?? 0) rows copied; write the new store into the settings as `store`")
        }
    }
}

extension Installation {
    /// The path of the database, where it is a file; otherwise exit 1 with what does the same for a server's.
    fileprivate func databaseFile(_ configuration: Configuration?, otherwise: String) throws -> String {
        switch try storePlace(configuration) {
        case .sqlite(let path): return path
        case .postgres:
            Output.note("advised: the store is on PostgreSQL: use \(otherwise), or `advised store copy`")
            throw Exits.no
        }
    }

    /// For the names of what is kept aside: no two are alike.
    fileprivate var stamp: String { "\(clock.now.wall)".filter { $0.isNumber || $0 == "T" || $0 == "Z" } }

    /// All that is due by now counts as sent.
    fileprivate func countAsSent(_ configuration: Configuration, in store: SQLiteStore) throws {
        let now = clock.now.wall
        let pinned = configuration.keepingLocalZones(try store.load().series)
        // Who came after the backup was made has had what was due too.
        if try takeRoster(of: pinned, files: nil, into: store, now)?.refusedRemovals != nil {
            Output.note(
                "advised: warning: the files have lost so many subscribers that they are not taken: who came "
                    + "after the backup was made begins anew with `advised reload --force`")
        }
        let knowledge = try store.load()
        let settings = SchedulerSettings(
            pinned, cohorts: knowledge.cohorts, zones: zones, descriptors: 1)
        let ledgers = Scheduler.countedAsSent(knowing: knowledge, settings: settings, at: now)
        let points = ledgers.reduce(0) { count, ledger in
            count + ledger.rows.count { $0.kind == .inherited && $0.why == Scheduler.restoredWords }
        }
        let deliveries = try store.countAsSent(ledgers, decision: "store restore", now: now)
        Output.note(
            "counted as sent: \(points) points that went out since the backup was made, and \(deliveries) "
                + "deliveries that it has as not settled")
    }
}
