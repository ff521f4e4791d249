import AdviceConfig
import AdviceCore
import Foundation
import Testing

@Suite("Broken files")
struct FuzzTests {
    /// Bytes that mean something to YAML, to front matter or to a value.
    private static let pieces =
        [
            "\n", " ", "  ", "\t", ":", ": ", "- ", "-", "#", "'", "\"", "{", "}", "[", "]", ",", "&a", "*a",
            "!",
            "|", ">", "? ", "---\n", "...\n", "%", "@", "`", "~", "\\", "\u{FEFF}", "\u{2028}", "\u{85}",
            "\u{0}",
            "é", "9", "-1", "..", "99999999999999999999", "file: ", "series", "none", "<<: *a", "2026-07-01",
            "0000-00-00", "24:00", "whsec_",
        ].map { Array($0.utf8) } + [[0xFF], [0xC0, 0x80], [0xED, 0xA0, 0x80]]

    @Test("changed bytes never trap, and give a configuration or an error", arguments: UInt64(1)...8)
    func mutations(_ seed: UInt64) throws {
        var random = SplitMix64(seed: seed)
        let folder = try Folder()
        var loadedCount = 0
        for _ in 0..<40 {
            let example = try #require(Case.good.randomElement(using: &random))
            let files = try example.files()
            let texts = files.keys.filter { !$0.hasPrefix("tls/") }.sorted()
            let victim = try #require(texts.randomElement(using: &random))
            try? FileManager.default.removeItem(atPath: folder.path)
            for (name, bytes) in files {
                try folder.write(name, name == victim ? mutated(bytes, by: Self.pieces, &random) : bytes)
            }
            let loaded = LoadTests.load(folder)
            let hasErrors = loaded.diagnostics.contains { $0.severity == .error }
            #expect((loaded.configuration == nil) == hasErrors, "\(example.name) \(victim)")
            for diagnostic in loaded.diagnostics {
                #expect(diagnostic.line >= 1 && diagnostic.column >= 1 && !diagnostic.message.isEmpty)
            }
            loadedCount += hasErrors ? 0 : 1
        }
        #expect((1..<40).contains(loadedCount), "some changes break a file, and some do not")
    }
}
