import AdviceCore

/// A message of Slack's Block Kit: https://docs.slack.dev/reference/block-kit
///
/// Slack takes 50 blocks, 150 characters in a header and 3,000 in a section. What it says nowhere: it refuses
/// messages of about 13,000 characters in all (`msg_blocks_too_long`; slackapi/bolt-js issues 2509 and 2867).
/// Counted here in UTF-16 units, of which there are never fewer than characters.
enum SlackBody {
    private static let header = 150
    private static let section = 2_900
    /// Of the sections and the context together, markup counted.
    private static let whole = 11_000

    static func write(_ announcement: Announcement) -> (bytes: [UInt8], misfits: [Misfit]) {
        let wording = Wording(announcement)
        let dialect = SlackDialect()
        func size(_ line: RichText.Line) -> Int {
            dialect.write(line).utf16.count + dialect.blockEnd.utf16.count
        }
        var misfits: [Misfit] = []
        let title = wording.title(as: .slack, within: header, .utf16, &misfits) { withoutSignals($0) }
        let fitted = Wording.Fitted(wording, as: .slack, into: whole, .utf16, size)
        misfits += fitted.misfits
        // Slack shows this one in notifications.
        let summary = title.allSatisfy(\.isWhitespace) ? wording.place : wording.title
        let bytes = JSONWriter.object { body in
            body.field("text", dialect.write(plain: LengthUnit.utf16.cut(summary, to: header)))
            var blocks: [Block] = []
            if !title.allSatisfy(\.isWhitespace) { blocks.append(.header(title)) }
            blocks += sections(fitted.body + fitted.more, dialect).map(Block.section)
            blocks += sections(fitted.footer, dialect).map(Block.context)
            body.array("blocks", blocks) { $1.write(to: &$0) }
        }
        return (bytes, misfits)
    }

    private enum Block {
        case header(String), section(String), context(String)

        func write(to block: inout JSONWriter) {
            switch self {
            case .header(let text):
                block.field("type", "header")
                block.object("text") { object in
                    object.field("type", "plain_text")
                    object.field("text", text)
                    object.field("emoji", false)
                }
            case .section(let text):
                block.field("type", "section")
                block.object("text") { Block.mrkdwn(text, to: &$0) }
            case .context(let text):
                block.field("type", "context")
                block.array("elements", [text]) { Block.mrkdwn($1, to: &$0) }
            }
        }

        private static func mrkdwn(_ text: String, to object: inout JSONWriter) {
            object.field("type", "mrkdwn")
            object.field("text", text)
            // Slack looks for no names and addresses of its own accord.
            object.field("verbatim", true)
        }
    }

    /// The text in pieces that a section takes. A line that is longer than one goes on in the next.
    private static func sections(_ text: RichText, _ dialect: SlackDialect) -> [String] {
        var sections: [String] = []
        var current = RichText()
        var length = 0
        func size(_ line: RichText.Line) -> Int { dialect.write(line).utf16.count + 2 }
        func flush() {
            let written = dialect.write(current)
            if written.contains(where: { !$0.isWhitespace }) { sections.append(written) }
            current = RichText()
            length = 0
        }
        for whole in text.lines {
            var line = whole
            while size(line) > section {
                flush()
                let fits = line.largestPrefix(within: section, size)
                // A character as a person sees it that is longer than a section cannot be shown whole.
                guard fits > 0 else { break }
                current.lines = [line.prefix(fits)]
                flush()
                line = line.dropFirst(fits)
            }
            let added = size(line)
            if length + added > section { flush() }
            if added <= section { current.lines.append(line) }
            length += added
        }
        flush()
        return sections
    }
}
