import AdviceCore
import AdviceMessage
import Foundation
import Testing

/// Nothing of a point's texts becomes a mention, a link that leads elsewhere than to the web or to mail, or
/// markup. What the services' own parsers make of it is asked in `MarkupLibraryTests`.
struct HostileFormatTests {
    /// Every hostile text as title, body, notice, publisher, tag and name of the series, as it is and so that
    /// CommonMark leaves it whole.
    private static func hostile(_ text: String) throws -> ReleasedPoint {
        try point(
            title: text, body: Hostile.literally(text) + "\n\n" + text, notice: text,
            url: "https://example.org/?q=<!channel>&x=*a*", tags: ["a"],
            sources: [.init(title: text, publisher: text, url: "https://example.org/|@everyone>")],
            series: text)
    }

    @Test("no text calls anybody", arguments: chatFormats, Hostile.mentions + Hostile.links)
    func mentions(_ format: Format, _ text: String) throws {
        let body = try write(.released(try Self.hostile(text)), as: format).body
        for text in texts(try decoded(body, format)) {
            for name in ["@everyone", "@here", "@all", "@channel", "@room", "@ann", "@**", "@_**", "@*"] {
                #expect(!text.contains(name), "\(format): \(text)")
            }
            for sign in ["<!", "<@", "<#", "<users/", "<at>", "<:", "<t:", ":smile:"] {
                #expect(!text.contains(sign), "\(format): \(text)")
            }
        }
        let json = try decoded(body, format)
        if format == .zulip { #expect(!texts(json).contains { $0.contains("#**") }) }
        if format == .teams { #expect(!texts(json).contains { $0.contains("{{") }) }
        if format == .discord {
            #expect((json["allowed_mentions"] as? [String: [String]]) == ["parse": []])
        }
        if format == .matrix { #expect((json["m.mentions"] as? [String: String]) == [:]) }
    }

    @Test("no text becomes a link to anywhere but the web and mail", arguments: chatFormats, Hostile.links)
    func links(_ format: Format, _ text: String) throws {
        let body = try write(.released(try Self.hostile(text)), as: format).body
        for text in texts(try decoded(body, format)) {
            for scheme in ["javascript", "tg", "steam", "ftp", "data", "tel"] {
                for opening in ["](", "<"] {
                    #expect(!text.lowercased().contains(opening + scheme + ":"), "\(format): \(text)")
                }
                #expect(!text.lowercased().contains(scheme + "://"), "\(format): \(text)")
            }
        }
    }

    @Test("HTML holds no sign that is not written for it", arguments: Hostile.all)
    func html(_ text: String) throws {
        for (format, key) in [(Format.telegram, "text"), (.matrix, "formatted_body")] {
            let body = try write(.released(try Self.hostile(text)), as: format).body
            let html = try #require(try decoded(body, format)[key] as? String)
            let tags = html.matches(of: /<[^>]*>/.matchingSemantics(.unicodeScalar)).map { String($0.output) }
            let known = ["<b>", "</b>", "<i>", "</i>", "<code>", "</code>", "</a>", "<br>"]
            for tag in tags where !known.contains(tag) {
                #expect(tag.contains(/^<a href="(https?:\/\/|mailto:)[^"<>]*">$/), "\(format): \(tag)")
            }
            let rest = html.replacing(/<[^>]*>/.matchingSemantics(.unicodeScalar), with: "")
                .replacing(/&(amp|lt|gt|quot);/.matchingSemantics(.unicodeScalar), with: "")
            #expect(
                !rest.unicodeScalars.contains { "<>&\"".unicodeScalars.contains($0) }, "\(format): \(html)")
        }
    }

    @Test("Slack's three signs are named wherever they are not its own markup", arguments: Hostile.all)
    func slack(_ text: String) throws {
        let body = try write(.released(try Self.hostile(text)), as: .slack).body
        let json = try decoded(body, .slack)
        for block in try #require(json["blocks"] as? [[String: Any]])
        where block["type"] as? String != "header" {
            for written in texts(block) {
                let link = /<(https?:\/\/|mailto:)[^<>|\s]*(\|[^<>|]*)?>/.matchingSemantics(.unicodeScalar)
                let rest = written.replacing(link, with: "")
                    // A quote's sign, at the start of a line.
                    .replacing(/^(> )+/.anchorsMatchLineEndings(), with: "")
                    .replacing(/&(amp|lt|gt);/.matchingSemantics(.unicodeScalar), with: "")
                #expect(!rest.unicodeScalars.contains { "<>&".unicodeScalars.contains($0) }, "\(written)")
            }
        }
    }

    @Test("a body is JSON, whatever is in it", arguments: Format.allCases, Hostile.all)
    func json(_ format: Format, _ text: String) throws {
        for preset in format == .template ? BodyTemplate.presetNames : [""] {
            let destination = destination(format, template: .preset(preset))
            let body = try write(.released(try Self.hostile(text)), as: format, to: destination).body
            #expect(try !decoded(body, format).isEmpty)
            if chatFormats.contains(format) { try Limits.check(body, format) }
        }
    }

    @Test("what a subscriber is called by stays what it is, in paths, forms and JSON")
    func fields() throws {
        let released = Announcement.released(try buildTrust())
        let odd = Destination(
            url: "https://h.example.org/base/?k=v#f", to: "a/b?c&d\"e", topic: "x&type=direct\"",
            user: "u", token: "t")
        let matrix = try write(released, as: .matrix, to: odd).request
        #expect(
            matrix.url == "https://h.example.org/base/_matrix/client/v3/rooms/a%2Fb%3Fc%26d%22e/send/"
                + "m.room.message/msg_p5jxn8aqm9lwm0d4lokwxjek2a?k=v")
        let zulip = try decoded(try write(released, as: .zulip, to: odd).body, .zulip)
        #expect(zulip["to"] as? String == "a/b?c&d\"e")
        #expect(zulip["topic"] as? String == "x&type=direct\"")
        #expect(zulip["type"] as? String == "stream")
        let ntfy = try decoded(try write(released, as: .ntfy, to: odd).body, .ntfy)
        #expect(ntfy["topic"] as? String == "x&type=direct\"")
    }
}
