import Foundation
import Glibc
import Synchronization

/// How a process ended.
enum Ending: Equatable, CustomStringConvertible {
    case exited(Int32)
    case killed(by: Int32)

    var description: String {
        switch self {
        case .exited(let code): "exit \(code)"
        case .killed(let number): "killed by signal \(number)"
        }
    }
}

/// A process of ours, with clean signals and its output in files, so that no pipe can fill and stop it.
///
/// Not Foundation's: that gives its children the signal mask of whichever thread starts them, and a daemon
/// whose TERM is blocked never stops.
final class ChildProcess: Sendable {
    let pid: pid_t
    let outputPath: String
    let errorsPath: String
    private let ending = Mutex<Ending?>(nil)

    var output: String { read(outputPath) }
    var errors: String { read(errorsPath) }

    /// Starts `arguments[0]`, a path; its output goes to `log`.out and `log`.err.
    init(_ arguments: [String], environment: [String: String], log: String) throws {
        outputPath = log + ".out"
        errorsPath = log + ".err"
        pid = try spawn(arguments, environment: environment, output: outputPath, errors: errorsPath)
    }

    /// How it ended; nil while it runs.
    func endingNow() -> Ending? {
        ending.withLock { ending in
            if ending == nil { ending = reap(WNOHANG) }
            return ending
        }
    }

    /// How it ends, awaited; a process that takes longer is killed, and that is an error.
    @discardableResult
    func end(within limit: Duration = .seconds(30)) async throws -> Ending {
        do {
            return try await poll("process \(pid) ends", within: limit) { self.endingNow() }
        } catch {
            kill()
            throw error
        }
    }

    /// Sends a signal, unless it has ended: then its number may be another's.
    func send(_ signal: Int32) {
        ending.withLock { ending in
            if ending == nil { ending = reap(WNOHANG) }
            if ending == nil { Glibc.kill(pid, signal) }
        }
    }

    /// Ends it for certain, and waits until it has.
    func kill() {
        ending.withLock { ending in
            guard ending == nil else { return }
            Glibc.kill(pid, SIGKILL)
            ending = reap(0)
        }
    }

    private func reap(_ options: Int32) -> Ending? {
        var status: Int32 = 0
        guard waitpid(pid, &status, options) == pid else { return nil }
        let signal = status & 0x7f
        return signal == 0 ? .exited(status >> 8 & 0xff) : .killed(by: signal)
    }

    private func read(_ path: String) -> String {
        String(decoding: FileManager.default.contents(atPath: path) ?? Data(), as: UTF8.self)
    }
}

private func spawn(
    _ arguments: [String], environment: [String: String], output: String, errors: String
) throws -> pid_t {
    var files = posix_spawn_file_actions_t()
    posix_spawn_file_actions_init(&files)
    defer { posix_spawn_file_actions_destroy(&files) }
    posix_spawn_file_actions_addopen(&files, STDIN_FILENO, "/dev/null", O_RDONLY, 0)
    for (descriptor, path) in [(STDOUT_FILENO, output), (STDERR_FILENO, errors)] {
        posix_spawn_file_actions_addopen(
            &files, descriptor, path, O_WRONLY | O_CREAT | O_TRUNC | O_APPEND, 0o600)
    }
    var attributes = posix_spawnattr_t()
    posix_spawnattr_init(&attributes)
    defer { posix_spawnattr_destroy(&attributes) }
    var none = sigset_t()
    var all = sigset_t()
    sigemptyset(&none)
    sigfillset(&all)
    posix_spawnattr_setsigmask(&attributes, &none)
    posix_spawnattr_setsigdefault(&attributes, &all)
    posix_spawnattr_setflags(&attributes, Int16(POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF))

    let words = arguments.map { strdup($0) } + [nil]
    let variables = environment.map { strdup("\($0.key)=\($0.value)") } + [nil]
    defer { for text in words + variables { free(text) } }
    var pid: pid_t = 0
    let code = posix_spawn(&pid, arguments[0], &files, &attributes, words, variables)
    guard code == 0 else {
        throw Missing("\(arguments[0]) cannot be started: \(String(cString: strerror(code)))")
    }
    return pid
}
