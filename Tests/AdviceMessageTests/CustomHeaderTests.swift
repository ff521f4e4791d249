import AdviceMessage
import Testing

struct CustomHeaderTests {
    @Test(
        "a header that would split a request or stand in for ours is refused",
        arguments: [
            ("", "a"), ("X Team", "a"), ("X:Y", "a"), ("X\r\nY", "a"), ("Ü", "a"), ("X", "a\r\nY: b"),
            ("X", "\n"),
            ("X", "a\u{0}"), ("X", "a\u{7f}"), ("X", "a\tb"), ("X", ""), ("X", "  "), ("Host", "a"),
            ("host", "a"), ("Content-Type", "a"), ("CONTENT-LENGTH", "1"), ("Transfer-Encoding", "chunked"),
            ("Connection", "close"), ("webhook-id", "a"), ("Webhook-Anything", "a"),
        ])
    func refused(name: String, value: String) {
        let error = #expect(throws: HeaderMistake.self) { try CustomHeader(name: name, value: value) }
        #expect(error?.description.contains("Y: b") == false)
    }

    @Test(
        "others are taken as they are",
        arguments: [("X-Team", "a"), ("Authorization", "Bearer a b"), ("x_1", "grün"), ("Contents", "1")])
    func taken(name: String, value: String) throws {
        let header = try CustomHeader(name: name, value: value)
        let lines = standardHeaders(
            id: "a", timestamp: 1, attempt: 1, secrets: [], body: [], userAgent: "u", custom: [header])
        #expect(lines.last == "\(name): \(value)")
        #expect(header.description == "\(name): ***")
    }
}
