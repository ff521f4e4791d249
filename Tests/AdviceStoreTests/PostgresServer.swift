import Foundation
import Synchronization

/// Debian's PostgreSQL, begun once for the process of the tests, with a schema for each who asks. It ends
/// with the process, however that ends: Tests/Support/postgres lives as long as its standard input is open.
final class PostgresServer: Sendable {
    static let shared = PostgresServer("shared")

    private let string: String
    private let made = Atomic<Int>(0)
    private let input: FileHandle
    private let output: FileHandle

    init(_ name: String) {
        let script = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .appending(path: "Support/postgres")
        let process = Process()
        let (input, output) = (Pipe(), Pipe())
        process.executableURL = URL(filePath: "/bin/bash")
        process.arguments = [script.path, "/tmp/advice-postgres-\(getpid())-\(name)"]
        process.standardInput = input
        process.standardOutput = output
        do { try process.run() } catch { preconditionFailure("bash can be run: \(error)") }
        self.input = input.fileHandleForWriting
        self.output = output.fileHandleForReading
        string = PostgresServer.ready(self.output)
    }

    /// Waits for the server to be there, and gives its connection string.
    @discardableResult
    private static func ready(_ output: FileHandle) -> String {
        var said = Data()
        while !said.contains(0x0a) {
            let more = output.availableData
            precondition(!more.isEmpty, "PostgreSQL 15 is installed: apt-get install postgresql-15")
            said.append(more)
        }
        return String(decoding: said, as: UTF8.self).split(separator: "\n")[0].dropFirst(6).description
    }

    /// Ends the server as a crash does, and begins it again.
    func crash() {
        input.write(Data("crash\n".utf8))
        PostgresServer.ready(output)
    }

    /// Ends it for good.
    func end() { try? input.close() }

    /// The connection string of an empty schema.
    func schema() -> String {
        let name = "t\(made.add(1, ordering: .relaxed).newValue)"
        psql("CREATE SCHEMA \(name)")
        return "\(string) options='-c search_path=\(name)'"
    }

    private func psql(_ sql: String) {
        let process = Process()
        process.executableURL = URL(filePath: "/usr/bin/psql")
        process.arguments = ["-q", "-v", "ON_ERROR_STOP=1", "-d", string, "-c", sql]
        do { try process.run() } catch { preconditionFailure("psql can be run: \(error)") }
        process.waitUntilExit()
        precondition(process.terminationStatus == 0, "psql did what it was told: \(sql)")
    }
}
