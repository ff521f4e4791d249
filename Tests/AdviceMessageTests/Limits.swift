import AdviceCore
import Foundation
import Testing

/// What the services take, written down a second time, from their own documentation.
enum Limits {
    static func check(_ body: [UInt8], _ format: Format) throws {
        let json = try decoded(body, format)
        for (path, text, limit) in try parts(json, format) {
            let length = length(text, format)
            #expect(length <= limit, "\(format) \(path): \(length) of \(limit)")
            #expect(!text.isEmpty, "\(format) \(path) is empty")
        }
        switch format {
        case .slack:
            let blocks = try #require(json["blocks"] as? [Any])
            #expect((1...50).contains(blocks.count))
            #expect(texts(blocks).joined().utf16.count <= 12_000)
        case .discord:
            let embed = try #require((json["embeds"] as? [[String: Any]])?.first)
            #expect(texts(embed).joined().utf16.count <= 6_000)
        case .teams: #expect(body.count <= 28 * 1024)
        case .googlechat: #expect(body.count <= 32_000)
        case .matrix: #expect(body.count <= 64_000)
        case .ntfy: #expect((json["message"] as? String)?.utf8.count ?? .max <= 4_096)
        default: break
        }
    }

    /// How much of the room for the body is used, and how much there is.
    static func used(_ body: [UInt8], _ format: Format) throws -> (used: Int, limit: Int) {
        let json = try decoded(body, format)
        return switch format {
        case .slack: (texts(try #require(json["blocks"])).joined().utf16.count, 11_500)
        case .teams: (body.count, 28_000)
        case .googlechat: (body.count, 32_000)
        case .matrix: (body.count, 61_000)
        case .ntfy: (try #require(json["message"] as? String).utf8.count, 4_096)
        default:
            try parts(json, format).map { (length($0.text, format), $0.limit) }.max { $0.0 < $1.0 } ?? (0, 1)
        }
    }

    /// Mattermost (Go) and Zulip (Python) count Unicode scalars.
    private static func length(_ text: String, _ format: Format) -> Int {
        [.mattermost, .zulip].contains(format) ? text.unicodeScalars.count : text.utf16.count
    }

    private static func parts(
        _ json: [String: Any], _ format: Format
    ) throws -> [(path: String, text: String, limit: Int)] {
        func text(_ key: String, _ limit: Int) -> [(path: String, text: String, limit: Int)] {
            [(key, json[key] as? String ?? "", limit)]
        }
        switch format {
        case .slack:
            let blocks = try #require(json["blocks"] as? [[String: Any]])
            return text("text", 4_000)
                + blocks.flatMap { block -> [(path: String, text: String, limit: Int)] in
                    let object = block["text"] ?? (block["elements"] as? [Any])?.first
                    let text = (object as? [String: Any])?["text"] as? String ?? ""
                    return [("block", text, block["type"] as? String == "header" ? 150 : 3_000)]
                }
        case .discord:
            let embed = try #require((json["embeds"] as? [[String: Any]])?.first)
            let footer = (embed["footer"] as? [String: Any])?["text"] as? String ?? ""
            return [("footer", footer, 2_048)]
                + ["title": 256, "description": 4_096].compactMap { key, limit in
                    embed[key].map { (key, $0 as? String ?? "", limit) }
                }
        case .googlechat: return text("text", 32_000)
        case .mattermost: return text("text", 16_383)
        case .telegram: return [("text", visible(json["text"] as? String ?? ""), 4_096)]
        case .matrix: return text("body", 64_000) + text("formatted_body", 64_000)
        case .zulip: return text("content", 10_000) + text("topic", 60)
        case .ntfy: return text("message", 4_096)
        default: return []
        }
    }

    /// What is left of Telegram's HTML once it is parsed.
    static func visible(_ html: String) -> String {
        html.replacing(/<[^>]*>/, with: "").replacing("&lt;", with: "<").replacing("&gt;", with: ">")
            .replacing("&quot;", with: "\"").replacing("&amp;", with: "&")
    }
}
