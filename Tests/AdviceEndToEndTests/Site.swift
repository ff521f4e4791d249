import Foundation
import Synchronization

/// A place where `advised` is installed for one test: a folder with a configuration and a state directory,
/// and all processes that were started for it. They end, and the folder goes, with the test.
final class Site: Sendable {
    let folder: String
    private let binary: String
    /// What stands before the binary: nothing, or the way to another network.
    private let entrance = Mutex<[String]>([])
    private let children = Mutex<[ChildProcess]>([])
    private let counter = Atomic<Int>(0)

    var configPath: String { folder + "/advised.yaml" }
    var state: String { folder + "/state" }

    private init() throws {
        binary = try Tools.advised()
        folder = FileManager.default.temporaryDirectory.path + "/advised-" + UUID().uuidString
        try FileManager.default.createDirectory(atPath: folder + "/points", withIntermediateDirectories: true)
    }

    /// A site for the length of `body`.
    static func with<Result>(_ body: (Site) async throws -> Result) async throws -> Result {
        let site = try Site()
        defer { site.close() }
        return try await body(site)
    }

    private func close() {
        for child in children.withLock({ $0 }) { child.kill() }
        try? FileManager.default.removeItem(atPath: folder)
    }

    // MARK: Files

    func write(_ settings: Settings) throws {
        try write(settings.yaml, to: "advised.yaml")
        try write(settings.rosterText, to: settings.rosterName)
        for (place, id) in settings.points.enumerated() {
            try write(settings.point(place + 1), to: "points/\(place + 1)-\(id).md")
        }
    }

    @discardableResult
    func write(_ text: String, to name: String) throws -> String {
        let path = folder + "/" + name
        try Data(text.utf8).write(to: URL(filePath: path))
        try FileManager.default.setAttributes([.posixPermissions: 0o600], ofItemAtPath: path)
        return path
    }

    /// As if the machine's disk had been lost.
    func loseState() throws { try FileManager.default.removeItem(atPath: state) }

    // MARK: Programs

    private var program: [String] { entrance.withLock { $0 } + [binary] }

    /// From now on the program is started by way of `words`.
    func enter(by words: [String]) { entrance.withLock { $0 = words } }

    /// What a command did.
    struct Finished {
        var ending: Ending
        var output: String
        var errors: String
        var json: JSON { get throws { try JSON(output) } }
    }

    /// Runs a command to its end.
    @discardableResult
    func advised(
        _ arguments: String..., environment: [String: String] = [:], within limit: Duration = .seconds(30)
    ) async throws -> Finished {
        try await advised(arguments, environment: environment, within: limit)
    }

    /// Runs a command to its end.
    func advised(
        _ arguments: [String], environment: [String: String] = [:], within limit: Duration = .seconds(30)
    ) async throws -> Finished {
        let child = try start(
            program + arguments + installation(arguments), named: arguments.first ?? "advised",
            environment: environment)
        return try await finished(child, within: limit)
    }

    /// Runs a command as its words stand, without this site's configuration.
    func plain(_ arguments: [String]) async throws -> Finished {
        try await finished(start(program + arguments, named: "plain"), within: .seconds(30))
    }

    /// Starts the daemon, and awaits that it has: it says so.
    /// Where several run, each has its own `state`, a folder of this site.
    func daemon(environment: [String: String] = [:], state name: String? = nil) async throws -> ChildProcess {
        let child = try quietDaemon(environment: environment, state: name)
        try await poll("the daemon has started: \(child.errors)") {
            child.endingNow() != nil || child.errors.contains("\"text\":\"started for ")
        }
        return child
    }

    /// Starts the daemon, which may be told to say nothing.
    func quietDaemon(
        environment: [String: String] = [:], state name: String? = nil
    ) throws -> ChildProcess {
        let words = ["run"] + (name.map { ["--state-dir", "\(folder)/\($0)"] } ?? [])
        return try start(program + words + installation(words), named: "daemon", environment: environment)
    }

    /// Starts `listen`.
    func listener(_ arguments: [String]) throws -> ChildProcess {
        try start(program + ["listen"] + arguments, named: "listen")
    }

    /// Starts `log --follow`.
    func follow(_ arguments: String...) throws -> ChildProcess {
        try start([binary, "log", "--follow"] + arguments + installation(["log"]), named: "follow")
    }

    /// Starts `status --watch`.
    func watcher() throws -> ChildProcess {
        try start(program + ["status", "--watch"] + installation(["status"]), named: "watch")
    }

    /// Starts `run --once` with an order to the receiver in place that names its process.
    func runOnce(orders: String, _ order: String, _ more: String = "") throws -> ChildProcess {
        let script = "echo \(order) $$ \(more) >\(orders) && exec \"$@\""
        return try start(
            ["/bin/sh", "-c", script, "sh"] + program + ["run", "--once"] + installation(["run"]),
            named: "run")
    }

    /// Runs a command with a shell's redirections behind it, such as `2>&-`.
    func redirected(_ redirection: String, _ arguments: String...) async throws -> Finished {
        let words = ["/bin/sh", "-c", "exec \"$@\" \(redirection)", "sh"] + program
        return try await finished(
            start(words + arguments + installation(arguments), named: "redirected"), within: .seconds(30))
    }

    /// The words of a command with this site's configuration.
    func words(_ arguments: String...) -> [String] { words(arguments) }

    func words(_ arguments: [String]) -> [String] { program + arguments + installation(arguments) }

    /// Starts any program; it ends with the test.
    func start(
        _ arguments: [String], named name: String, environment: [String: String] = [:]
    ) throws -> ChildProcess {
        let number = counter.wrappingAdd(1, ordering: .relaxed).newValue
        let variables = ["PATH": "/usr/bin:/bin", "LANG": "C.UTF-8"].merging(environment) { $1 }
        let child = try ChildProcess(arguments, environment: variables, log: "\(folder)/\(number)-\(name)")
        children.withLock { $0.append(child) }
        return child
    }

    func finished(_ child: ChildProcess, within limit: Duration) async throws -> Finished {
        let ending = try await child.end(within: limit)
        return Finished(ending: ending, output: child.output, errors: child.errors)
    }

    private func installation(_ arguments: [String]) -> [String] {
        if ["keys", "verify"].contains(arguments.first) { return [] }
        let state = arguments.contains("--state-dir") ? [] : ["--state-dir", state]
        return ["--config", configPath] + state
    }
}
