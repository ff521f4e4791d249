import AdviceCore

/// An Adaptive Card 1.4 for a flow of Teams' Workflows: https://adaptivecards.io/explorer/AdaptiveCard.html
///
/// Teams takes about 28 KB of a request in all. Each line is a block of its own, for a card reads line ends
/// within one as blanks.
enum TeamsBody {
    /// In bytes; a little below 28 * 1024, of which nobody says whether it is meant exactly.
    private static let whole = 28_000
    private static let title = 500

    static func write(_ announcement: Announcement) -> (bytes: [UInt8], misfits: [Misfit]) {
        let wording = Wording(announcement)
        let dialect = MarkdownDialect(service: .teams)
        var misfits: [Misfit] = []
        let title = wording.title(as: .teams, within: title, .bytes, &misfits) {
            dialect.write(plain: $0)
        }
        var blocks: [Block] = []
        if !title.allSatisfy(\.isWhitespace) { blocks.append(Block(text: title, kind: .title)) }
        let below = wording.footer(as: .teams, into: whole / 4, .bytes, &misfits) { line in
            Block(line, dialect, .footer).length
        }
        let footer = below.lines.map { Block($0, dialect, .footer) }
        let room = whole - request(blocks + footer).count
        let fitted = Wording.Fitted(wording, as: .teams, into: room, .bytes, besides: RichText()) { line in
            Block(line, dialect, .text).length
        }
        misfits += fitted.misfits
        blocks += (fitted.body + fitted.more).lines.map { Block($0, dialect, .text) }
        blocks += footer
        return (request(blocks), misfits)
    }

    private struct Block {
        enum Kind { case title, text, footer }
        var text: String
        var kind: Kind
        var isApart = true

        init(text: String, kind: Kind) {
            self.text = text
            self.kind = kind
        }

        /// A block must hold something.
        init(_ line: RichText.Line, _ dialect: MarkdownDialect, _ kind: Kind) {
            let written = dialect.write(line)
            text = written.isEmpty ? "\u{a0}" : written
            self.kind = kind
            isApart = line.beginsBlock
        }

        /// In bytes, with the comma.
        var length: Int { JSONWriter.object { write(to: &$0) }.count + 1 }

        func write(to block: inout JSONWriter) {
            block.field("type", "TextBlock")
            block.field("text", text)
            block.field("wrap", true)
            switch kind {
            case .title:
                block.field("size", "Large")
                block.field("weight", "Bolder")
            case .text: break
            case .footer:
                block.field("size", "Small")
                block.field("isSubtle", true)
            }
            if !isApart { block.field("spacing", "None") }
        }
    }

    private static func request(_ blocks: [Block]) -> [UInt8] {
        JSONWriter.object { body in
            body.field("type", "message")
            body.array("attachments", [blocks]) { attachment, blocks in
                attachment.field("contentType", "application/vnd.microsoft.card.adaptive")
                attachment.object("content") { card in
                    card.field("$schema", "http://adaptivecards.io/schemas/adaptive-card.json")
                    card.field("type", "AdaptiveCard")
                    card.field("version", "1.4")
                    card.array("body", blocks) { $1.write(to: &$0) }
                }
            }
        }
    }
}
