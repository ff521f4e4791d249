import AdviceCore
import AdviceMessage
import Foundation
import Testing

/// The longest, the emptiest and the most hostile point in each format.
struct FormatLimitsTests {
    /// 64 KiB of one thing: plain words, signs that escapes make longer, and characters of many scalars.
    private static let fillers = [
        "word ", "&<>*_` ", "👩‍👩‍👧‍👦", "שלום ", "[a](https://example.org/b) ", "- a\n", "**a *b* c** ", "\"",
        "a\n\n",
        "e\u{301}\u{301}",
    ]

    private static func longest(_ filler: String) throws -> ReleasedPoint {
        func text(_ size: Int) -> String {
            String(repeating: filler, count: max(1, size / filler.utf8.count))
        }
        return try point(
            title: text(5_000), body: text(65_536), notice: text(20_000), url: "https://example.org/a",
            tags: ["trust"],
            sources: (1...40).map {
                .init(title: text(500), publisher: text(100), url: "https://example.org/\($0)")
            }, series: text(3_000))
    }

    @Test("the longest point fits every service", .timeLimit(.minutes(5)), arguments: chatFormats, fillers)
    func longest(_ format: Format, _ filler: String) throws {
        let rendering = Rendering(.released(try Self.longest(filler)), as: format)
        let body = try write(.released(try Self.longest(filler)), as: format).body
        try Limits.check(body, format)
        #expect(rendering.misfits.contains { $0.part == .body && $0.isCut })
        #expect(texts(try decoded(body, format)).joined().contains("…"))
    }

    @Test("a long text uses the room that there is", arguments: chatFormats)
    func roomIsUsed(_ format: Format) throws {
        // Lines as an author writes them, so that no escape takes the room.
        let body = String(repeating: "Ask as many questions as you like, and ask early.\n\n", count: 1_300)
        #expect(body.utf8.count > 65_000)
        let written = try write(.released(try point(title: "T", body: body)), as: format).body
        try Limits.check(written, format)
        let (used, limit) = try Limits.used(written, format)
        #expect(Double(used) > 0.93 * Double(limit), "\(format): \(used) of \(limit)")
        #expect(used <= limit)
    }

    @Test("Teams is given nearly its 28 KB, in one long paragraph as in many short ones")
    func teams() throws {
        for text in ["A long paragraph that goes on. ", "Line.\n\n", "👩‍👩‍👧‍👦 "] {
            let body = String(repeating: text, count: 65_000 / text.utf8.count)
            let written = try write(.released(try point(title: "T", body: body)), as: .teams).body
            #expect((27_500...28_000).contains(written.count), "\(text): \(written.count)")
        }
    }

    @Test("a short point is whole, and nothing is said to be missing", arguments: chatFormats)
    func short(_ format: Format) throws {
        let released = try buildTrust(notice: "General information, not medical advice.")
        let rendering = Rendering(.released(released), as: format)
        #expect(rendering.misfits.isEmpty)
        let all = texts(try decoded(try write(.released(released), as: format).body, format)).joined(
            separator: "\n")
        #expect(!all.contains("…"))
        for part in ["Build trust with your medical team", "early", "two", "2 of 15", "General information"] {
            #expect(all.contains(part), "\(format) lacks \(part)")
        }
        #expect(all.contains("https://example.org/trust"))
        #expect(all.contains("Example Press"))
    }

    @Test("the emptiest point is something that each service takes", arguments: chatFormats)
    func emptiest(_ format: Format) throws {
        for text in ["", " ", "\u{200b}", "<b>", "\n\n"] {
            let released = try point(title: text, body: text, series: "")
            let body = try write(.released(released), as: format).body
            try Limits.check(body, format)
            let seen = texts(try decoded(body, format)).joined()
            #expect(seen.contains("1 of 1"), "\(format)")
        }
    }

    @Test("every type is said in words, and a test begins with [test]", arguments: chatFormats)
    func words(_ format: Format) throws {
        let wanted = [
            "revised": "Correction: Build trust", "withdrawn": "Withdrawn: Build trust",
            "completed": "The series is complete", "alert": "Alert: 2 endpoints are suspended",
            "verify": "nonce-1",
        ]
        for (name, announcement) in try oneOfEach() {
            let body = try write(announcement, as: format).body
            try Limits.check(body, format)
            let shown = try firstShown(body, format)
            if let words = wanted[name] {
                let all = texts(try decoded(body, format)).joined(separator: "\n")
                #expect(plain(all).contains(words), "\(format) \(name)")
            }
            if name.hasPrefix("test") { #expect(plain(shown).hasPrefix("[test] "), "\(format): \(shown)") }
        }
    }

    /// What stands where a reader looks first.
    private func firstShown(_ body: [UInt8], _ format: Format) throws -> String {
        let json = try decoded(body, format)
        func text(_ path: [Any]) throws -> String {
            var value: Any = json
            for step in path {
                if let key = step as? String { value = try #require((value as? [String: Any])?[key]) }
                if let place = step as? Int { value = try #require(value as? [Any])[place] }
            }
            return try #require(value as? String)
        }
        return switch format {
        case .discord: try text(["embeds", 0, "title"])
        case .teams: try text(["attachments", 0, "content", "body", 0, "text"])
        case .matrix: try text(["body"])
        case .zulip: try text(["content"])
        case .ntfy: try text(["title"])
        default: try text(["text"])
        }
    }

    /// Without the signs of style and escape.
    private func plain(_ text: String) -> String {
        text.replacing("&#91;", with: "[").replacing("&#93;", with: "]").replacing("<b>", with: "")
            .filter { !"*\\".contains($0) }
    }

    @Test("the same content makes the same bytes", arguments: Format.allCases)
    func deterministic(_ format: Format) throws {
        for (_, announcement) in try oneOfEach() {
            let (first, second) = (try write(announcement, as: format), try write(announcement, as: format))
            #expect(first.body == second.body)
            #expect(first.request.url == second.request.url)
            let kept = Rendering(kept: Rendering(announcement, as: format).bytes, as: format)
            #expect(kept.bytes == Rendering(announcement, as: format).bytes)
        }
    }

    @Test("check is told what would be cut, in words")
    func misfits() throws {
        let start = try #require(CivilDate("2026-07-01"))
        let long = Point(id: "a", number: 1, title: "T", body: String(repeating: "word ", count: 2_000))
        let series = Series(id: "a", title: "S", start: start, zone: .named("UTC"), points: [long])
        let found = AdviceMessage.misfits(of: long, in: series, as: .discord)
        #expect(found.count == 1)
        let sentence = try #require(found.first).description
        #expect(sentence.contains("format discord the body has 10"))
        #expect(sentence.contains("the rest is cut off"))
        #expect(AdviceMessage.misfits(of: long, in: series, as: .mattermost).isEmpty)
        let whole = AdviceMessage.misfits(of: long, in: series, as: .standard)
        #expect(whole.first?.isCut == false)
        #expect(whole.first?.description.contains("no more than about 20000") == true)
    }
}
