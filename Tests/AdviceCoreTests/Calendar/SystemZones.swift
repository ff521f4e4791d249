import AdviceCore
import Foundation

/// The zone files of the machine, as the daemon will read them.
enum SystemZones {
    static let folder = "/usr/share/zoneinfo"

    /// Every zone name, sorted; without `posix/` and `right/`, which repeat them all, and `posixrules`.
    static let names: [String] = names(in: folder)

    static func names(in folder: String) -> [String] {
        let paths = FileManager.default.enumerator(atPath: folder)?.compactMap { $0 as? String } ?? []
        return paths.filter { name in
            guard !name.hasPrefix("posix/"), !name.hasPrefix("right/"), name != "posixrules" else {
                return false
            }
            guard let file = FileHandle(forReadingAtPath: "\(folder)/\(name)") else { return false }
            defer { try? file.close() }
            return (try? file.read(upToCount: 4)) == Data("TZif".utf8)
        }.sorted()
    }

    static func bytes(_ name: String, in folder: String = folder) throws -> [UInt8] {
        Array(try Data(contentsOf: URL(fileURLWithPath: "\(folder)/\(name)")))
    }

    static func rules(_ name: String) throws -> ZoneRules {
        try ZoneRules(tzif: bytes(name))
    }
}

/// A program of the system that a test compares with.
enum SystemProgram {
    /// Runs it to its end and gives what it wrote to standard output; a status other than 0 is an error.
    static func output(of program: String, _ arguments: [String]) throws -> Data {
        let process = Process()
        process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
        process.arguments = [program] + arguments
        let pipe = Pipe()
        process.standardOutput = pipe
        try process.run()
        let data = try pipe.fileHandleForReading.readToEnd() ?? Data()
        process.waitUntilExit()
        guard process.terminationStatus == 0 else {
            throw Ended(program: program, status: process.terminationStatus)
        }
        return data
    }

    struct Ended: Error, CustomStringConvertible {
        let program: String
        let status: Int32

        var description: String {
            "'\(program)' ended with status \(status); these tests need python3, and zic from libc-bin"
        }
    }
}
