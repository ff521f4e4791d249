import Foundation
import Testing

@Suite("The page of receivers")
struct ReceiversPageTests {
    @Test("docs/receivers.md shows what the golden files have")
    func current() throws {
        let script = Process()
        script.executableURL = Repository.root.appending(path: "scripts/receivers-doc")
        script.arguments = ["--check"]
        let errors = Pipe()
        script.standardError = errors
        try script.run()
        let words = try errors.fileHandleForReading.readToEnd() ?? Data()
        script.waitUntilExit()
        #expect(script.terminationStatus == 0, "\(String(decoding: words, as: UTF8.self))")
    }
}
