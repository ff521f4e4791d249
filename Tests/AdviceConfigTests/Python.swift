import Foundation
import Testing

/// Runs `script` in the Python of the tests' virtual environment (`$ADVISED_VENV`, else `.venv` at the
/// package's root) and gives what it printed. A script that died is a mistake of the test.
func runPython(_ script: String, input: Data) throws -> String {
    let root = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        .deletingLastPathComponent()
    let environment =
        ProcessInfo.processInfo.environment["ADVISED_VENV"] ?? root.appending(path: ".venv").path
    let python = URL(filePath: environment).appending(path: "bin/python")
    try #require(
        FileManager.default.isExecutableFile(atPath: python.path),
        "no Python at \(python.path): make it with scripts/python-venv")
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
    #expect(process.terminationStatus == 0)
    return String(decoding: said, as: UTF8.self)
}
