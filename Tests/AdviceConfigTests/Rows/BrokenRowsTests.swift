import AdviceConfig
import AdviceCore
import Foundation
import Testing

@Suite("Broken rows")
struct BrokenRowsTests {
    /// Bytes that mean something to CSV, to JSON or to a value.
    private static let pieces =
        [
            "\n", "\r", "\r\n", " ", "\t", ",", ",,", "\"", "\"\"", "\",\"", ";", "[]", "none", "{", "}", "[",
            "]", ":", "null", "true", "-1", "1e9", "\\", "\\u00", "\\ud83d", "\\u0000", "\"id\":", "\u{FEFF}",
            "\u{2028}", "\u{85}", "\u{0}", "é", "id", "token", "whsec_", "telegram", "{\"env\":\"HOME\"}",
        ].map { Array($0.utf8) } + [[0xFF], [0xC0, 0x80], [0xED, 0xA0, 0x80], [0xFF, 0xFE]]

    private static let examples = Case.good.filter { $0.name.contains("csv") || $0.name.contains("jsonl") }

    @Test(
        "changed bytes never trap, and give a configuration or mistakes with their places",
        arguments: UInt64(1)...8)
    func mutations(_ seed: UInt64) throws {
        #expect(Self.examples.count >= 6)
        var random = SplitMix64(seed: seed)
        let folder = try Folder()
        var loadedCount = 0
        for _ in 0..<60 {
            let example = try #require(Self.examples.randomElement(using: &random))
            try? FileManager.default.removeItem(atPath: folder.path)
            var lineCount = 0
            for (name, bytes) in try example.files() {
                let isRoster = name.hasPrefix("subscribers.")
                let changed = isRoster ? mutated(bytes, by: Self.pieces, &random) : bytes
                if isRoster { lineCount = changed.count { $0 == 0x0A || $0 == 0x0D } + 1 }
                try folder.write(name, changed)
            }
            let loaded = LoadTests.load(folder)
            let errors = loaded.diagnostics.filter { $0.severity == .error }
            #expect((loaded.configuration == nil) == !errors.isEmpty, "\(example.name)")
            for diagnostic in loaded.diagnostics where diagnostic.file.contains("/subscribers.") {
                #expect((1...lineCount).contains(diagnostic.line), "\(diagnostic)")
                #expect(diagnostic.column >= 1 && !diagnostic.message.isEmpty)
            }
            loadedCount += errors.isEmpty ? 1 : 0
        }
        #expect((1..<60).contains(loadedCount), "some changes break a file, and some do not")
    }
}
