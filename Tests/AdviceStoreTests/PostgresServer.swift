import Foundation
import Synchronization

/// Debian's PostgreSQL, begun once for the process of the tests, with a schema for each who asks. It ends
/// with the process, however that ends: Tests/Support/postgres lives as long as its standard input is open.
final class PostgresServer: Sendable {
    static let shared = PostgresServer()

    private let string: String
    private let made = Atomic<Int>(0)
    private let input: FileHandle

    init(settings: [String] = []) {
        let script = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .appending(path: "Support/postgres")
        let process = Process()
        let (input, output) = (Pipe(), Pipe())
        process.executableURL = URL(filePath: "/bin/bash")
        let folder =
            "/tmp/advice-postgres-\(getpid())-\(UInt32(bitPattern: Int32(script.hashValue & 0xffff)))"
        process.arguments = [script.path, folder + "-\(settings.count)"] + settings
        process.standardInput = input
        process.standardOutput = output
        do { try process.run() } catch { preconditionFailure("bash can be run: \(error)") }
        self.input = input.fileHandleForWriting
        var said = Data()
        while !said.contains(0x0a) {
            let more = output.fileHandleForReading.availableData
            precondition(!more.isEmpty, "PostgreSQL 15 is installed: apt-get install postgresql-15")
            said.append(more)
        }
        string = String(decoding: said, as: UTF8.self).split(separator: "\n")[0].dropFirst(6).description
    }

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
