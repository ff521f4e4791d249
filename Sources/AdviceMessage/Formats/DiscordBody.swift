import AdviceCore

/// An embed of Discord: https://discord.com/developers/docs/resources/message#embed-object
///
/// Takes 256 characters of a title, 4,096 of a description, 2,048 of a footer, and 6,000 of all.
enum DiscordBody {
    private static let title = 256
    private static let description = 4_096
    /// So that all of them together stay below 6,000.
    private static let footer = 1_600

    static func write(_ announcement: Announcement) -> (bytes: [UInt8], misfits: [Misfit]) {
        let wording = Wording(announcement)
        let dialect = MarkdownDialect(service: .discord)
        var misfits: [Misfit] = []
        let title = wording.title(as: .discord, within: title, .utf16, &misfits) {
            dialect.write(plain: $0)
        }
        let fitted = Wording.Fitted(wording, as: .discord, into: description, .utf16, besides: RichText()) {
            dialect.write($0).utf16.count + dialect.blockEnd.utf16.count
        }
        misfits += fitted.misfits
        let plain = PlainDialect()
        let below = wording.footer(as: .discord, into: footer, .utf16, &misfits) {
            plain.write($0).utf16.count + 1
        }
        let bytes = JSONWriter.object { body in
            body.array("embeds", [fitted.body + fitted.more]) { embed, text in
                if !title.allSatisfy(\.isWhitespace) { embed.field("title", title) }
                embed.field("url", wording.url)
                if !text.lines.isEmpty { embed.field("description", dialect.write(text)) }
                embed.object("footer") { $0.field("text", plain.write(below)) }
            }
            // Nobody is called, whatever the text says.
            body.object("allowed_mentions") { $0.array("parse", [String]()) }
        }
        return (bytes, misfits)
    }
}
