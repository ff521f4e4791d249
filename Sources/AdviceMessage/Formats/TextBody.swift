import AdviceCore

/// The services that take one text with title, body, sources and notice in it.
enum TextBody {
    /// At most 32,000 bytes of a request: https://developers.google.com/workspace/chat/limits
    static func googleChat(_ announcement: Announcement) -> (bytes: [UInt8], misfits: [Misfit]) {
        let dialect = GoogleChatDialect()
        let (text, misfits) = whole(Wording(announcement), as: .googlechat, into: 31_900, .bytes) {
            lengthInJSON(dialect.write($0)) + lengthInJSON(dialect.blockEnd)
        }
        return (JSONWriter.object { $0.field("text", dialect.write(text)) }, misfits)
    }

    /// At most 16,383 characters: https://developers.mattermost.com/integrate/webhooks/incoming/
    static func mattermost(_ announcement: Announcement) -> (bytes: [UInt8], misfits: [Misfit]) {
        let dialect = MarkdownDialect(service: .mattermost)
        let (text, misfits) = whole(Wording(announcement), as: .mattermost, into: 16_383, .characters) {
            dialect.write($0).unicodeScalars.count + dialect.blockEnd.unicodeScalars.count
        }
        let bytes = JSONWriter.object { body in
            body.field("username", "advised")
            body.field("text", dialect.write(text))
        }
        return (bytes, misfits)
    }

    /// The chat's id is put before it. At most 4,096 characters as they are seen:
    /// https://core.telegram.org/bots/api#sendmessage
    static func telegram(_ announcement: Announcement) -> (bytes: [UInt8], misfits: [Misfit]) {
        let dialect = HTMLDialect(service: .telegram)
        let seen = PlainDialect(hasCommands: true, showsAddresses: false)
        let (text, misfits) = whole(Wording(announcement), as: .telegram, into: 4_096, .utf16) {
            seen.write($0).utf16.count + seen.blockEnd.utf16.count
        }
        let bytes = JSONWriter.object { body in
            body.field("text", dialect.write(text))
            body.field("parse_mode", "HTML")
            body.object("link_preview_options") { $0.field("is_disabled", true) }
        }
        return (bytes, misfits)
    }

    /// At most 65,536 bytes of an event, of which the server adds some:
    /// https://spec.matrix.org/latest/client-server-api/#size-limits
    static func matrix(_ announcement: Announcement) -> (bytes: [UInt8], misfits: [Misfit]) {
        let (dialect, plain) = (HTMLDialect(service: .matrix), PlainDialect())
        let (text, misfits) = whole(Wording(announcement), as: .matrix, into: 60_000, .bytes) { line in
            [plain.write(line), dialect.write(line), plain.blockEnd, dialect.blockEnd]
                .reduce(0) { $0 + lengthInJSON($1) }
        }
        let bytes = JSONWriter.object { body in
            body.field("msgtype", "m.text")
            body.field("body", plain.write(text))
            body.field("format", "org.matrix.custom.html")
            body.field("formatted_body", dialect.write(text))
            // Nobody is called, whatever the text says.
            body.object("m.mentions") { _ in }
        }
        return (bytes, misfits)
    }

    /// The last member of a form; stream and topic are put before it. At most 10,000 characters:
    /// https://zulip.com/api/send-message
    static func zulip(_ announcement: Announcement) -> (bytes: [UInt8], misfits: [Misfit]) {
        let dialect = ZulipDialect()
        let (text, misfits) = whole(Wording(announcement), as: .zulip, into: 10_000, .characters) {
            dialect.write($0).unicodeScalars.count + dialect.blockEnd.unicodeScalars.count
        }
        return (Array("content=\(formEncoded(dialect.write(text)))".utf8), misfits)
    }

    /// The topic is put before it. At most 4,096 bytes of a message; a longer one becomes a file:
    /// https://docs.ntfy.sh/publish/#publish-as-json
    static func ntfy(_ announcement: Announcement) -> (bytes: [UInt8], misfits: [Misfit]) {
        let wording = Wording(announcement)
        let dialect = MarkdownDialect(service: .ntfy)
        var misfits: [Misfit] = []
        let title = wording.title(as: .ntfy, within: 250, .bytes, &misfits) { withoutSignals($0) }
        let fitted = Wording.Fitted(wording, as: .ntfy, into: 4_096, .bytes) {
            dialect.write($0).utf8.count + dialect.lineEnd.utf8.count
        }
        let bytes = JSONWriter.object { body in
            if !title.allSatisfy(\.isWhitespace) { body.field("title", title) }
            body.field("message", dialect.write(fitted.text))
            body.field("markdown", true)
            if wording.isUrgent { body.field("priority", 4) }
            body.array("tags", wording.tags)
            body.field("click", wording.url)
        }
        return (bytes, misfits + fitted.misfits)
    }

    /// The title in bold and what `Wording.Fitted` makes of the rest.
    private static func whole(
        _ wording: Wording, as format: Format, into limit: Int, _ unit: LengthUnit,
        _ size: (RichText.Line) -> Int
    ) -> (RichText, [Misfit]) {
        var title = RichText()
        if !wording.title.allSatisfy(\.isWhitespace) {
            title = RichText([RichText.Run(wording.title, isBold: true)])
        }
        let share = limit / 4
        let cut = title.fitted(into: share, size)
        let misfit = Misfit(
            format: format, part: .title, length: title.size(size), limit: share, unit: unit, isCut: true)
        let fitted = Wording.Fitted(
            wording, as: format, into: limit - cut.text.size(size), unit, size)
        return (cut.text + fitted.text, (cut.isCut ? [misfit] : []) + fitted.misfits)
    }
}

/// `text` for a form or a part of a path: everything but letters, digits and `-._~` percent-encoded.
func formEncoded(_ text: String) -> String {
    var result = ""
    for byte in text.utf8 {
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
            UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"), UInt8(ascii: "."),
            UInt8(ascii: "_"), UInt8(ascii: "~"):
            result.unicodeScalars.append(Unicode.Scalar(byte))
        default: result += "%" + (byte < 16 ? "0" : "") + String(byte, radix: 16, uppercase: true)
        }
    }
    return result
}
