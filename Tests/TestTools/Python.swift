public import Foundation

/// Something that these tests need is not there, or does not do what it is told.
public struct ToolMissing: Error, CustomStringConvertible {
    public let description: String
    init(_ description: String) { self.description = description }
}

/// Runs `script` in the Python of the tests' virtual environment (`$ADVISED_VENV`, else `.venv` at the
/// package's root) and gives what it printed. Throws for a script that died: a mistake of the test.
public func runPython(_ script: String, input: Data) throws -> String {
    let root = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        .deletingLastPathComponent()
    let environment =
        ProcessInfo.processInfo.environment["ADVISED_VENV"] ?? root.appending(path: ".venv").path
    let python = URL(filePath: environment).appending(path: "bin/python")
    guard FileManager.default.isExecutableFile(atPath: python.path) else {
        throw ToolMissing("no Python at \(python.path): make it with scripts/python-venv")
    }
    let process = Process()
    let (output, standardInput) = (Pipe(), Pipe())
    process.executableURL = python
    process.arguments = ["-c", script]
    process.standardOutput = output
    process.standardInput = standardInput
    try process.run()
    try standardInput.fileHandleForWriting.write(contentsOf: input)
    try standardInput.fileHandleForWriting.close()
    let said = try output.fileHandleForReading.readToEnd() ?? Data()
    process.waitUntilExit()
    guard process.terminationStatus == 0 else {
        throw ToolMissing("the script ended with \(process.terminationStatus)")
    }
    return String(decoding: said, as: UTF8.self)
}
