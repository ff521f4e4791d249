import AdviceConfig
import AdviceCore
import AdviceCourier
import AdviceDaemon
import AdviceMessage
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
        var reading = ReadingEnvironment(
            zone: { zones.rules($0) }, zoneNames: { zones.names() }, localZone: { zones.local() },
            parseURL: parseEndpointURL, variable: { environment[$0] },
            credentialsDirectory: environment["CREDENTIALS_DIRECTORY"], now: clock.now.wall)
        reading.templateMistakes = { text, contentType in
            do throws(TemplateMistakes) {
                _ = try BodyTemplate(text, contentType: contentType ?? "application/json")
                return []
            } catch {
                return error.all.map {
                    TemplateFault(
                        line: $0.line, column: $0.column, message: $0.message, unknownName: $0.unknownName,
                        knownNames: $0.knownNames)
                }
            }
        }
        return reading
    }

    /// `passingOverRows`: of a roster in rows no more than what its file is.
    func load(passingOverRows: Bool = false) -> Loaded {
        let files = FilesDigest()
        var environment = reading
        environment.passesOverRows = passingOverRows
        environment.noteFile = { files.add($0, $1) }
        environment.fileIdentity = { [now = environment.now] path in
            RosterOrigin.identity(of: path, unlessAfter: now)
        }
        var loaded = loadConfiguration(at: configPath, environment: environment)
        loaded.digest = files.text
        loaded.settingsDigest = files.settingsText
        loaded.rowsDigest = loaded.configuration?.rows.flatMap { files.text(of: $0.path) }
        return loaded
    }

    /// The configuration, or every mistake on standard error and exit 78.
    func configuration() throws -> Configuration { try sound(load()) }

    func sound(_ loaded: Loaded) throws -> Configuration {
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

    /// Where the store is.
    enum StorePlace {
        /// The database's path.
        case sqlite(String)
        /// A connection string, which may hold a password: for libpq alone.
        case postgres(String)
    }

    /// Exit 69 where the connection string cannot be read here.
    func storePlace(_ configuration: Configuration?) throws -> StorePlace {
        switch configuration?.store ?? .sqlite("advised.db") {
        case .sqlite(let path):
            return .sqlite(path.hasPrefix("/") ? path : "\(state)/\(path)")
        case .postgres(let string):
            do throws(SecretUnreadable) {
                return .postgres(try secrets.read(string))
            } catch {
                Output.note("advised: store.postgres: \(error)")
                throw Exits.unavailable
            }
        }
    }

    /// What the store knows, read beside a running daemon; nothing where there is no store yet.
    func reader(_ configuration: Configuration?, quietly: Bool = false) throws -> (any StoreReader)? {
        let place = try storePlace(configuration)
        if case .sqlite(let path) = place { try refuseStrangers(of: path, quietly: quietly) }
        do throws(StoreError) {
            return try reader(at: place)
        } catch {
            if !quietly { Output.note("advised: \(error)") }
            throw Exits.code(for: error)
        }
    }

    /// Exit 69 for who may not read and write the database or its folder: even to be read a database is
    /// written to, in the log beside it. Where there is none, `missing` asks for the right to make it.
    func refuseStrangers(of place: String, missing: Bool = false, quietly: Bool = false) throws {
        var isRefused = access(place, R_OK | W_OK) != 0 && errno == EACCES
        if missing, !isRefused, access(place, F_OK) != 0 {
            isRefused = access((place as NSString).deletingLastPathComponent, W_OK) != 0 && errno == EACCES
        }
        guard isRefused else { return }
        if !quietly {
            Output.note("advised: \(place) is not open to this user: run this as its owner or as root")
        }
        throw Exits.unavailable
    }

    /// nil where there is no store yet.
    func reader(at place: StorePlace) throws(StoreError) -> (any StoreReader)? {
        switch place {
        case .sqlite(let path): try SQLiteReader.open(path: path)
        case .postgres(let string): try PostgresReader.open(string)
        }
    }

    /// The locks that a daemon, or a command that writes, holds as long as it lives: on the state directory,
    /// and on the database's folder where that is another. What is claimed is known to one daemon only, so
    /// two on one file would send everything twice.
    func takeLocks(_ configuration: Configuration) throws -> [StateLock] {
        guard StateDirectory.becomeOwner(of: state) else {
            Output.note(
                "advised: \(state) belongs to another user, whom root may not become here; run as that user")
            throw Exits.unavailable
        }
        try refuseStrangers(of: state, missing: true)
        let place = try storePlace(configuration)
        return try withStoreErrors {
            var locks = [try StateLock(directory: state)]
            guard case .sqlite(let path) = place else { return locks }
            let database = (path as NSString).deletingLastPathComponent
            if StateDirectory.isOther(database, than: state) {
                try refuseStrangers(of: database, missing: true)
                locks.append(try StateLock(directory: database))
            }
            return locks
        }
    }

    /// The store itself; the lock must be held. A command is another daemon to those that share the store.
    func openStore(_ configuration: Configuration, forCommand: Bool = false) throws -> sending any Store {
        let place = try storePlace(configuration)
        do throws(StoreError) {
            switch place {
            case .sqlite(let path): return try SQLiteStore(path: path)
            case .postgres(let string):
                let name = try InstanceName.read(in: state)
                return try PostgresStore(string, instance: forCommand ? name + ".command" : name)
            }
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
