import AdviceConfig
import AdviceCore
import AdviceCourier
import AdviceDaemon
import AdviceStore
import ArgumentParser
import Foundation
import Glibc

/// The options that every command takes.
struct InstallationOptions: ParsableArguments {
    @Option(name: .long, help: ArgumentHelp("The settings file.", valueName: "file"))
    var config = "/etc/advised/advised.yaml"

    @Option(name: .long, help: ArgumentHelp("Where the state is kept.", valueName: "folder"))
    var stateDir: String?

    var installation: Installation { Installation(self) }
}

/// Where things are on this machine, and how to read them.
struct Installation {
    let configPath: String
    let state: String
    let environment: [String: String]
    let zones = SystemZones()
    let clock = SystemClock()

    init(_ options: InstallationOptions) {
        environment = ProcessInfo.processInfo.environment
        configPath = options.config
        state = StateDirectory.resolve(
            given: options.stateDir, configuration: options.config, environment: environment)
    }

    var secrets: SecretReader { SecretReader(environment: environment) }
    var controlSocket: String { StateDirectory.controlSocket(state: state, environment: environment) }

    var reading: ReadingEnvironment {
        let zones = zones
        let environment = environment
        return ReadingEnvironment(
            zone: { zones.rules($0) }, zoneNames: { zones.names() }, localZone: { zones.local() },
            parseURL: parseEndpointURL, variable: { environment[$0] },
            credentialsDirectory: environment["CREDENTIALS_DIRECTORY"], now: clock.now.wall)
    }

    func load() -> Loaded { loadConfiguration(at: configPath, environment: reading) }

    /// The configuration, or every mistake on standard error and exit 78.
    func configuration() throws -> Configuration {
        let loaded = load()
        guard let configuration = loaded.configuration else {
            for diagnostic in loaded.diagnostics { Output.note("\(diagnostic)") }
            throw Exits.configuration
        }
        return configuration
    }

    /// The configuration, for a command that only looks: where a file has a mistake that is told, and nil. A
    /// daemon goes on with what it took before, and its state must be seen just then.
    func configurationIfSound() -> Configuration? {
        let loaded = load()
        if loaded.configuration == nil {
            for diagnostic in loaded.diagnostics { Output.note("\(diagnostic)") }
        }
        return loaded.configuration
    }

    /// The database's path; exit 78 where the configuration names a store that this version cannot use.
    func databasePath(_ configuration: Configuration?) throws -> String {
        switch configuration?.store ?? .sqlite("advised.db") {
        case .sqlite(let path):
            return path.hasPrefix("/") ? path : "\(state)/\(path)"
        case .postgres:
            Output.note(
                "advised: this version keeps its state in SQLite only; take `store: { postgres: }` out")
            throw Exits.configuration
        }
    }

    /// What the store knows, read beside a running daemon; nothing where there is no store yet.
    func reader(_ configuration: Configuration?, quietly: Bool = false) throws -> (any StoreReader)? {
        let path = try databasePath(configuration)
        if access(path, R_OK) != 0, errno == EACCES {
            if !quietly {
                Output.note("advised: \(path) may be read by its owner and root only: run this as one")
            }
            throw Exits.unavailable
        }
        do throws(StoreError) {
            return try SQLiteReader.open(path: path)
        } catch {
            if !quietly { Output.note("advised: \(error)") }
            throw Exits.code(for: error)
        }
    }

    /// The locks that a daemon, or a command that writes, holds as long as it lives: on the state directory,
    /// and on the database's folder where that is another. What is claimed is known to one daemon only, so
    /// two on one database would send everything twice.
    func takeLocks(_ configuration: Configuration) throws -> [StateLock] {
        guard StateDirectory.becomeOwner(of: state) else {
            Output.note(
                "advised: \(state) belongs to another user, whom root may not become here; run as that user")
            throw Exits.unavailable
        }
        let database = (try databasePath(configuration) as NSString).deletingLastPathComponent
        return try withStoreErrors {
            var locks = [try StateLock(directory: state)]
            if StateDirectory.isOther(database, than: state) {
                locks.append(try StateLock(directory: database))
            }
            return locks
        }
    }

    /// The store itself; the lock must be held.
    func openStore(_ configuration: Configuration) throws -> sending SQLiteStore {
        let path = try databasePath(configuration)
        do throws(StoreError) {
            return try SQLiteStore(path: path)
        } catch {
            Output.note("advised: \(error)")
            throw Exits.code(for: error)
        }
    }

    /// Runs `body`, turning the store's errors into words and exit codes.
    func withStoreErrors<Result>(_ body: () throws -> Result) throws -> Result {
        do {
            return try body()
        } catch {
            guard let refused = error as? StoreError else { throw error }
            Output.note("advised: \(refused)")
            throw Exits.code(for: refused)
        }
    }
}

/// `ID`, or `SERIES/ID` where there are several series; a number where one is meant.
struct PointName {
    let series: String?
    let id: String

    init(_ text: String) {
        let parts = text.split(separator: "/", maxSplits: 1)
        series = parts.count == 2 ? String(parts[0]) : nil
        id = String(parts.last ?? "")
    }

    /// The series and point it names; exit 1 with what there is.
    func find(in configuration: Configuration) throws -> (series: Series, point: Point) {
        let all = configuration.series.filter { series == nil || $0.id == series }
            .flatMap { series in series.points.map { (series, $0) } }
        // An id is what a point is; its number is what it happens to have.
        let named = all.filter { $0.1.id == id }
        let found = named.isEmpty ? all.filter { "\($0.1.number)" == id } : named
        if found.count == 1 { return found[0] }
        if found.count > 1 {
            let names = found.map { "\($0.0.id)/\($0.1.id)" }.joined(separator: " or ")
            Output.note("advised: '\(id)' may be \(names): say which")
        } else {
            let known = configuration.series.flatMap { series in series.points.map { "\(series.id)/\($0.id)" }
            }
            let near = configuration.hint(series: series, point: id)
            Output.note(
                "advised: there is no point '\(id)'"
                    + (near.isEmpty ? "; there are \(known.joined(separator: ", "))" : near))
        }
        throw Exits.no
    }

    func matches(_ point: Point) -> Bool { point.id == id || "\(point.number)" == id }
}
