import Foundation
import Testing

@testable import AdviceMessage

struct JSONWriterTests {
    @Test("fields come in the order in which they are told, absent ones not at all")
    func order() {
        let bytes = JSONWriter.object { writer in
            writer.field("z", "1")
            writer.field("none", nil)
            writer.object("b") { $0.field("yes", true) }
            writer.object("empty") { _ in }
            writer.array("texts", ["a", "b"])
            writer.array("none", [String]())
            writer.array("objects", [1, 2]) { $0.field("n", Int64($1)) }
            writer.field("a", Int64.min)
        }
        let expected =
            #"{"z":"1","b":{"yes":true},"empty":{},"texts":["a","b"],"none":[],"objects":[{"n":1},{"n":2}],"#
            + #""a":-9223372036854775808}"#
        #expect(String(decoding: bytes, as: UTF8.self) == expected)
    }

    @Test("every text comes back from another's reader as it was")
    func escapes() throws {
        let ascii = String(String.UnicodeScalarView((0...0x7f).compactMap(Unicode.Scalar.init)))
        for text in [ascii, "grün 🙂 \u{2028}\u{2029}\u{feff}", "</script>", "\u{fffd}\u{10ffff}", "e\u{301}"]
        {
            let bytes = JSONWriter.object { $0.field(text, text) }
            let read = try #require(try JSONSerialization.jsonObject(with: Data(bytes)) as? [String: String])
            let value = try #require(read.values.first)
            #expect(Array(value.utf8) == Array(text.utf8))
            #expect(Array(try #require(read.keys.first).utf8) == Array(text.utf8))
        }
    }
}
