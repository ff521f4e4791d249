import AdviceCore
import Foundation
import TestTools
import Testing

@testable import AdviceConfig

@Suite("Reading JSON Lines")
struct JSONLinesReaderTests {
    private static func read(_ text: some Sequence<UInt8>, pieces: Int = 1 << 20) -> (
        rows: [String], mistakes: [String]
    ) {
        var reader = JSONLinesReader(RowWindow(Pieces(Array(text), of: pieces).next))
        var rows: [String] = []
        while let row = reader.next() {
            let members = row.members.map { "\($0.key)@\($0.position.column)=\(words($0.value))" }
            rows.append("\(row.position.line):\(row.position.column) " + members.joined(separator: " "))
        }
        return (rows, reader.mistakes.map { "\($0.position.line):\($0.position.column) \($0.message)" })
    }

    private static func words(_ value: JSONValue) -> String {
        switch value.content {
        case .text(let text): "'\(text)'"
        case .number(let text): text
        case .truth(let truth): "\(truth)"
        case .null: "null"
        case .list(let values): "[" + values.map(words).joined(separator: ",") + "]"
        case .object(let members):
            "{" + members.map { "\($0.key):\(words($0.value))" }.joined(separator: ",") + "}"
        }
    }

    @Test("objects are read a line, with the places of their keys")
    func rows() {
        let text = #"""
            {"a":"b","é":[1,-0.5e+10,true,false,null],"c":{"d":{}}}

             { "\u0061\ud83d\ude00\"\\\/" : "" }
            {}
            """#
        for size in [1, 3, 1 << 20] {
            let (rows, mistakes) = Self.read("\u{FEFF}\(text)\r\n".utf8, pieces: size)
            #expect(
                rows == [
                    "1:1 a@2='b' é@10=[1,-0.5e+10,true,false,null] c@43={d:{}}",
                    "3:2 a\u{1F600}\"\\/@4=''", "4:1 ",
                ])
            #expect(mistakes == [])
        }
    }

    @Test("32 levels are read, one more is not, and a deep line costs no stack")
    func depth() {
        let deep = { (count: Int) in
            "{\"a\":" + String(repeating: "[", count: count) + String(repeating: "]", count: count) + "}\n"
        }
        #expect(Self.read(deep(31).utf8).mistakes == [])
        #expect(Self.read(deep(32).utf8).mistakes == ["1:37 nested more than 32 deep"])
        #expect(Self.read(deep(30_000).utf8).mistakes == ["1:37 nested more than 32 deep"])
    }

    @Test("a line of 64 KiB is read, of a byte more not, and the next one is")
    func longLine() {
        for excess in [0, 1, 3_000_000] {
            let filling = String(repeating: "x", count: (64 << 10) + excess - 8)
            let (rows, mistakes) = Self.read("{\"a\":\"\(filling)\"}\r\n{\"b\":1}".utf8)
            #expect(rows.last == "2:1 b@2=1")
            #expect(mistakes == (excess == 0 ? [] : ["1:1 a row is at most 64 KiB"]))
        }
    }

    /// Whether Python's json module takes each text: as it stands in the standard, but for halves of pairs.
    private static let script = """
        import json, sys
        def is_taken(text):
            try:
                json.dumps(json.loads(text, object_pairs_hook=list), ensure_ascii=False).encode()
                return True
            except ValueError:
                return False
        json.dump([is_taken(text) for text in json.load(sys.stdin)], sys.stdout)
        """

    @Test("what Python's json module takes, and only that, is taken")
    func likePython() throws {
        var random = SplitMix64(seed: 8259)
        let pieces =
            [
                "{", "}", "[", "]", ",", ":", "\"a\"", "\"é\\n\"", "\"\\ud83d\\ude00\"", "\"\\uD800\"", "0",
                "1",
                "-", "10", "1.5", ".", "e3 ", "true", "false", "null", "nul", " ", "\t", "\"", "\\", "'",
                "{\"k\":", "\"b\":1", "[1,2]",
            ]
        let lines = (0..<12_000).map { _ in
            let count = Int.random(in: 1...6, using: &random)
            return "{\"k\":" + (0..<count).compactMap { _ in pieces.randomElement(using: &random) }.joined()
                + "}"
        }
        let said = try runPython(Self.script, input: JSONEncoder().encode(lines))
        let theirs = try JSONDecoder().decode([Bool].self, from: Data(said.utf8))
        try #require(theirs.count == lines.count)
        for (line, isKnown) in zip(lines, theirs) {
            let bytes = Array(line.utf8)
            var reader = JSONReader(bytes, 0..<bytes.count, at: .start)
            #expect(((try? reader.read()) != nil) == isKnown, "\(line)")
        }
        let takenCount = theirs.count { $0 }
        #expect((400..<11_600).contains(takenCount), "some are JSON, and some are not: \(takenCount)")
    }
}
