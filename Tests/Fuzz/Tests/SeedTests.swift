import Foundation
import FuzzedParsers
import Testing

/// What fuzzing began from, and all that it has found: replayed in every run of the tests.
@Suite("Seeds of the fuzzer", .timeLimit(.minutes(2)))
struct SeedTests {
    private static let folder = URL(filePath: #filePath).deletingLastPathComponent()
        .deletingLastPathComponent().appending(path: "seeds").path

    @Test("a parser lives through every seed that is kept for it", arguments: FuzzedParser.allCases)
    func replay(_ parser: FuzzedParser) throws {
        let folder = "\(Self.folder)/\(parser.rawValue)"
        let names = try FileManager.default.contentsOfDirectory(atPath: folder)
        #expect(names.count >= 3, "\(folder) holds the seeds")
        for name in names {
            let bytes = try #require(FileManager.default.contents(atPath: "\(folder)/\(name)"))
            parser.read(Array(bytes))
        }
    }
}
