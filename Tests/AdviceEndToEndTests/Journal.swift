import Foundation
import Glibc

/// A journal of a test's own: it reads journald's native protocol at the place where the daemon looks for
/// it, which only the daemon sees.
struct Journal {
    private let process: ChildProcess
    fileprivate let run: String

    /// Every entry so far, one after the other, as they came: the lengths of texts of several lines are in
    /// it as bytes.
    var text: String { process.output }

    fileprivate init(process: ChildProcess, run: String) {
        self.process = process
        self.run = run
    }
}

extension Site {
    /// Only root may mount: without it these tests can show nothing, and say so.
    func journal() async throws -> Journal {
        guard geteuid() == 0 else {
            throw Missing(
                "only root can give a daemon a journal of its own: run these tests as root, as CI does")
        }
        let run = folder + "/run"
        try FileManager.default.createDirectory(
            atPath: run + "/systemd/journal", withIntermediateDirectories: true)
        let program = """
            import socket, sys
            journal = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
            journal.bind(sys.argv[1])
            while True:
                sys.stdout.buffer.write(journal.recv(1 << 18) + b"\\n")
                sys.stdout.buffer.flush()
            """
        let socket = run + "/systemd/journal/socket"
        let child = try start([Tools.python(), "-c", program, socket], named: "journal")
        try await poll("there is a journal: \(child.errors)") {
            guard child.endingNow() == nil else { throw Missing("there is no journal: \(child.errors)") }
            return FileManager.default.fileExists(atPath: socket)
        }
        return Journal(process: child, run: run)
    }

    /// Starts the daemon as systemd does, its standard error read by the journal, and awaits that it has
    /// said so there.
    func daemon(with journal: Journal) async throws -> ChildProcess {
        let script = """
            mount --bind "$0" /run
            JOURNAL_STREAM=$(stat --dereference --format %d:%i /proc/self/fd/2) exec "$@"
            """
        let child = try start(
            ["/usr/bin/unshare", "--mount", "--", "/bin/sh", "-e", "-c", script, journal.run] + words("run"),
            named: "daemon")
        try await poll("the daemon has started: \(child.errors)") {
            child.endingNow() != nil || journal.text.contains("MESSAGE=started for ")
        }
        return child
    }
}
