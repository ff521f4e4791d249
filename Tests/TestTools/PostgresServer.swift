import Foundation
import Synchronization

/// Debian's PostgreSQL, begun once for the process of the tests, with a schema for each who asks. It ends
/// with the process, however that ends: Tests/Support/postgres lives as long as its standard input is open.
public final class PostgresServer: Sendable {
    public static let shared = PostgresServer("shared")

    private let string: String
    private let made = Atomic<Int>(0)
    private let input: FileHandle
    private let output: FileHandle

    public init(_ name: String) {
        let script = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .appending(path: "Support/postgres")
        let process = Process()
        let (input, output) = (Pipe(), Pipe())
        process.executableURL = URL(filePath: "/bin/bash")
        process.arguments = [script.path, "/tmp/advised-postgres-\(getpid())-\(name)"]
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
            precondition(!more.isEmpty, "PostgreSQL 15 is installed: apt-get install postgresql")
            said.append(more)
        }
        return String(decoding: said, as: UTF8.self).split(separator: "\n")[0].dropFirst(6).description
    }

    /// Ends the server as a crash does, and begins it again.
    public func crash() {
        input.write(Data("crash\n".utf8))
        PostgresServer.ready(output)
    }

    /// Ends it for good.
    public func end() { try? input.close() }

    /// An empty schema, as a database of its own.
    public func database() throws -> PostgresDatabase {
        let name = "t\(made.add(1, ordering: .relaxed).newValue)"
        let database = PostgresDatabase(string: "\(string) options='-c search_path=\(name)'")
        try database.query("CREATE SCHEMA \(name)")
        return database
    }

    /// The connection string of an empty schema.
    public func schema() -> String {
        do { return try database().string } catch { preconditionFailure("a schema is made: \(error)") }
    }
}

public struct PostgresDatabase: Sendable {
    /// As libpq takes it.
    public let string: String

    /// What psql prints of a statement's rows, without any frame.
    @discardableResult
    public func query(_ sql: String) throws -> String {
        let process = Process()
        let output = Pipe()
        process.executableURL = URL(filePath: "/usr/bin/psql")
        process.arguments = ["-qAt", "-v", "ON_ERROR_STOP=1", "-d", string, "-c", sql]
        process.standardOutput = output
        try process.run()
        let said = output.fileHandleForReading.readDataToEndOfFile()
        process.waitUntilExit()
        guard process.terminationStatus == 0 else { throw ToolMissing("psql refuses: \(sql)") }
        return String(decoding: said, as: UTF8.self).trimmingCharacters(in: .whitespacesAndNewlines)
    }
}
