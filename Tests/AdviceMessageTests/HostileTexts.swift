import AdviceCore
import AdviceMessage
import Foundation
import Testing

/// What somebody could write to make a chat service do something: call people, make links that lead
/// elsewhere than they say, take over the look of a post, or break what reads it.
enum Hostile {
    static let mentions = [
        "@everyone", "@here", "@all", "@channel", "@room", "<!channel>", "<!here|here>", "<@U123>",
        "<@&42>", "<#C42>", "<users/all>", "@**all**", "@_**Ann|9**", "@*group*", "#**general**",
        "<at>Ann</at>", "@ann", "/start", "#general", "~town-square", ":smile:", "<:smile:42>", "<t:1:R>",
        "{{DATE(2026-07-01T00:00:00Z)}}", "!avatar(a@example.org)", "ü@all", ".@all", "(@all)", "_@all_",
    ]
    static let links = [
        "[a](javascript:alert(1))", "](javascript:alert(1))", "<javascript:alert(1)>", "<tg://user?id=1>",
        "tg://resolve?domain=a", "steam://run/1", "<a href=\"javascript:x\">b</a>", "<ftp://x|y>",
        "![x](data:text/html,y)", "[x]: javascript:y", "<https://a.example|b>", "[b](tel:1)",
        "javascript://x/%0aalert(1)",
    ]
    static let markup = [
        "*bold*", "**bold**", "***both***", "_it_", "__under__", "~strike~", "~~strike~~", "`code`",
        "```\ncode\n```", "||spoiler||", "> quote", ">>> quote", "# heading", "-# small", "- list", "+ list",
        "1. list", "1) list", "---", "===", "| a | b |\n|---|---|", "$x$", "$$x$$", "\\(x\\)", "&amp;",
        "&lt;b&gt;", "&#64;all", "a & b < c > d", "a\\*b", "<b>x</b>", "<!-- x -->", "{{title}}", "${x}",
        "\\", "\"", "'", "a_b_c", "2*3*4", "`", "*", "_", "\u{0}", "\u{1b}[31m", "a\u{2028}# b",
        "<\u{301}b>", "*\u{301}b*", "\u{85}- x",
    ]
    static let people = [
        "שלום עולם", "\u{202e}desrever\u{202c}", "العربية", "👩‍👩‍👧‍👦", "🇩🇪", "👍🏽",
        "e\u{301}\u{301}\u{301}", "한국어", "日本語のテキスト", "नमस्ते", "Zalgo\u{35c}\u{33f}\u{348}",
    ]
    static let all = mentions + links + markup + people

    /// `text` as a Markdown that means nothing but that text: with it every text reaches the formats whole.
    static func literally(_ text: String) -> String {
        String(
            String.UnicodeScalarView(
                text.unicodeScalars.flatMap { scalar -> [Unicode.Scalar] in
                    let isSign =
                        scalar.isASCII && scalar.value > 0x20 && scalar.value < 0x7f
                        && !scalar.properties.isAlphabetic && scalar.properties.numericType == nil
                    return isSign ? ["\\", scalar] : [scalar]
                }))
    }
}

/// A point with the given texts, in the fifteen points.
func point(
    title: String, body: String, notice: String? = nil, url: String? = nil, tags: [String] = [],
    sources: [Point.Source] = [], series: String = "Fifteen points"
) throws -> ReleasedPoint {
    let start = try #require(CivilDate("2026-07-01"))
    let point = Point(
        id: "a-point", number: 1, title: title, body: body, tags: tags, url: url, sources: sources)
    var whole = Series(
        id: "fifteen-points", title: series, start: start, zone: .named("UTC"), points: [point])
    whole.notice = notice
    return ReleasedPoint(
        point, in: whole, edition: Edition(start: start),
        release: .init(
            day: start, zone: "UTC", sequence: 1, scheduledFor: Instant(seconds: 1_782_900_000),
            releasedAt: Instant(seconds: 1_782_900_000)))
}

/// One announcement of each type, with the second of the fifteen points.
func oneOfEach() throws -> [(name: String, announcement: Announcement)] {
    let released = try buildTrust(notice: "General information, not medical advice.")
    var revised = released
    revised.release.revision = 2
    let later = Instant(seconds: 1_783_083_600)
    let alert = Alert(
        kind: .suspended, title: "2 endpoints are suspended", text: "ann has failed for 72 h: 503.",
        series: "fifteen-points", point: nil, subscribers: ["ann", "bob"], count: 2, since: later, at: later)
    return [
        ("released", .released(released)), ("revised", .revised(revised, at: later)),
        ("withdrawn", .withdrawn(revised.withdrawn(title: released.point.title), at: later)),
        (
            "completed",
            .completed(CompletedSeries(series: released.series, at: later, notice: released.notice))
        ),
        ("alert", .alert(alert)), ("test", .test(nil, at: later)),
        ("test of a point", .test(released, at: later)),
        ("verify", .verify(challenge: "nonce-1", at: later)),
    ]
}

/// Where each format's requests go in these tests.
func destination(_ format: Format, template: BodyTemplate? = .preset("n8n")) -> Destination {
    let url =
        switch format {
        case .telegram: "https://api.telegram.org"
        case .matrix: "https://matrix.example.org/"
        case .zulip: "https://zulip.example.org"
        case .ntfy: "https://ntfy.example.org/"
        case .discord: "https://discord.com/api/webhooks/1/secret-path?thread_id=7"
        default: "https://hooks.example.org/secret-path"
        }
    return Destination(
        url: url, to: format == .telegram ? "-100123" : format == .matrix ? "!room:example.org" : "advice",
        topic: "daily", user: "bot@example.org", token: "123:secret-token", template: template)
}

func write(
    _ announcement: Announcement, as format: Format, to destination: Destination? = nil
) throws -> (request: WrittenRequest, body: [UInt8]) {
    let rendering = Rendering(announcement, as: format)
    let identity = AttemptIdentity(
        id: "msg_p5jxn8aqm9lwm0d4lokwxjek2a",
        replaces: announcement.replacesSomething ? "msg_vrjo2shrxo5uydxlv3bgt6klr4" : nil,
        timestamp: 1_782_997_200, attempt: 1)
    let request = try rendering.request(
        to: destination ?? AdviceMessageTests.destination(format), identity, userAgent: "advised/1.0")
    return (request, request.ownBody ?? rendering.bytes)
}

/// A body's JSON, or its form's members.
func decoded(_ body: [UInt8], _ format: Format) throws -> [String: Any] {
    if format == .zulip {
        let members = String(decoding: body, as: UTF8.self).split(separator: "&").map { member in
            member.split(separator: "=", maxSplits: 1).map { String($0).removingPercentEncoding ?? "" }
        }
        return Dictionary(uniqueKeysWithValues: members.map { ($0[0], $0[1]) })
    }
    return try #require(JSONSerialization.jsonObject(with: Data(body)) as? [String: Any])
}

/// Every text that a body's JSON holds.
func texts(_ value: Any) -> [String] {
    switch value {
    case let text as String: [text]
    case let list as [Any]: list.flatMap(texts)
    case let object as [String: Any]: object.keys.sorted().flatMap { texts(object[$0] ?? "") }
    default: []
    }
}

let chatFormats: [Format] = [
    .slack, .discord, .teams, .googlechat, .mattermost, .telegram, .matrix, .zulip, .ntfy,
]
