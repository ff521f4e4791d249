import AdviceCore
import Foundation
import TestTools
import Testing

@testable import AdviceConfig

@Suite("CSV as Python's csv module reads it")
struct PythonCSVTests {
    /// The rows of each text, or null for one that the module refuses when told to be strict.
    private static let script = """
        import csv, io, json, sys
        def rows(text):
            try:
                return [row for row in csv.reader(io.StringIO(text, newline=""), strict=True) if row]
            except csv.Error:
                return None
        json.dump([rows(text) for text in json.load(sys.stdin)], sys.stdout)
        """

    private static let plain = [
        "", "a", "é", " ", "whsec_x", "\u{1F600}", "\t", "'", ";", "x y", "\u{E9}\u{301}",
    ]
    private static let special = [",", "\n", "\r\n", "\r", "\""]

    /// Fields in quotes where they must be, and in some that need not.
    private static func wellFormed(_ random: inout SplitMix64) -> (text: String, rows: [[String]]) {
        var text = ""
        var rows: [[String]] = []
        for _ in 0..<Int.random(in: 0...6, using: &random) {
            let row = (0..<Int.random(in: 1...5, using: &random)).map { _ in
                (0..<Int.random(in: 0...4, using: &random)).compactMap { _ in
                    (plain + special).randomElement(using: &random)
                }.joined()
            }
            let isBlank = row == [""]
            let fields = row.map { field in
                let needsQuotes = field.utf8.contains { ",\n\r\"".utf8.contains($0) } || isBlank
                return needsQuotes || Int.random(in: 0..<3, using: &random) == 0
                    ? "\"" + field.replacing("\"", with: "\"\"") + "\"" : field
            }
            text += fields.joined(separator: ",") + (["\n", "\r\n"].randomElement(using: &random) ?? "")
            rows.append(row)
        }
        return (text, rows)
    }

    /// Whatever comes.
    private static func anything(_ random: inout SplitMix64) -> String {
        (0..<Int.random(in: 0...16, using: &random)).compactMap { _ in
            (plain + special + special).randomElement(using: &random)
        }.joined()
    }

    private func python(_ texts: [String]) throws -> [[[String]]?] {
        let said = try runPython(Self.script, input: JSONEncoder().encode(texts))
        return try JSONDecoder().decode([[[String]]?].self, from: Data(said.utf8))
    }

    @Test("250 files that are as they should be come to the same fields")
    func agreement() throws {
        var random = SplitMix64(seed: 4180)
        let files = (0..<250).map { _ in Self.wellFormed(&random) }
        for (file, theirs) in zip(files, try python(files.map(\.text))) {
            let ours = CSVReaderTests.read(file.text.utf8, pieces: 3)
            #expect(ours.mistakes == [], "\(file.text.debugDescription)")
            #expect(ours.rows == file.rows, "\(file.text.debugDescription)")
            #expect(ours.rows == theirs, "\(file.text.debugDescription)")
        }
    }

    @Test("of 1000 files of anything, those without a mistake come to the same fields, and no others do")
    func disorder() throws {
        var random = SplitMix64(seed: 2005)
        let texts = (0..<1000).map { _ in Self.anything(&random) }
        var soundCount = 0
        for (text, theirs) in zip(texts, try python(texts)) {
            let ours = CSVReaderTests.read(text.utf8)
            if ours.mistakes.isEmpty {
                soundCount += 1
                #expect(ours.rows == theirs, "\(text.debugDescription)")
            } else if theirs != nil {
                // The module takes a quote within a field as it stands.
                #expect(
                    ours.mistakes.contains { $0.contains("a quote within a field") },
                    "\(text.debugDescription)")
            }
        }
        #expect((100..<900).contains(soundCount), "some are sound, and some are not: \(soundCount)")
    }
}
