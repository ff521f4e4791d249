/// Writes a document's tree as lines of runs. Lists keep their markers and quotes their depth; headings
/// become bold lines, pictures links, and a block of code one line of code for each of its lines.
struct RichTextWriter {
    private var lines: [RichText.Line] = []
    private var line = RichText.Line()
    private var containers: [Container] = []
    private var nextBeginsBlock = true
    private var bold = 0
    private var italic = 0
    /// The links that are open, with how many runs stood before each. nil leads nowhere.
    private var links: [(url: String?, runs: Int)] = []

    private enum Container {
        case quote
        case list(next: Int?)
        case entry(marker: String?, width: Int)
    }

    /// Deeper containers are not indented further: a hostile text could otherwise grow by the square.
    private static let deepestIndent = 8

    var finished: RichText {
        var text = RichText()
        text.lines = lines
        return text
    }

    mutating func take(_ event: MarkdownEvent, _ node: MarkdownNode) {
        switch event {
        case .enter: enter(node)
        case .exit: exit(node)
        }
    }

    private mutating func enter(_ node: MarkdownNode) {
        switch node.kind {
        case .quote: containers.append(.quote)
        case .list: containers.append(.list(next: node.isOrdered ? node.listStart : nil))
        case .listEntry: beginEntry(node)
        case .codeBlock: write(code: node.literal)
        case .rule: write([RichText.Run("———")])
        case .heading, .strong: bold += 1
        case .emphasis: italic += 1
        case .text: append(node.literal)
        case .code: append(node.literal, isCode: true)
        case .softBreak: append(" ")
        case .lineBreak: endLine(beginsBlock: false)
        case .link, .image: links.append((chatLink(node.url), line.runs.count))
        default: break
        }
    }

    private mutating func exit(_ node: MarkdownNode) {
        switch node.kind {
        case .paragraph: endBlock()
        case .heading:
            bold -= 1
            endBlock()
        case .strong: bold -= 1
        case .emphasis: italic -= 1
        case .link, .image: endLink()
        case .listEntry:
            if case .entry(.some, _) = containers.last { endBlock() }
            containers.removeLast()
        case .quote, .list: containers.removeLast()
        default: break
        }
    }

    private mutating func append(_ text: String, isCode: Bool = false) {
        guard !text.isEmpty else { return }
        var run = RichText.Run(text, isBold: bold > 0, isItalic: italic > 0)
        run.isCode = isCode
        // A picture within a link is the link's text.
        run.link = links.first { $0.url != nil }?.url
        // libcmark gives "a", "&" and "b" apart: one run keeps an address and an entity whole.
        let last = line.runs.count - 1
        if last >= (links.last?.runs ?? 0), line.runs[last].sharesStyle(with: run) {
            line.runs[last].text += run.text
        } else {
            line.runs.append(run)
        }
    }

    /// A link without a text shows its address.
    private mutating func endLink() {
        let link = links.removeLast()
        guard let url = link.url, line.runs.count == link.runs else { return }
        var run = RichText.Run(url, isBold: bold > 0, isItalic: italic > 0)
        run.link = url
        line.runs.append(run)
    }

    private mutating func write(code: String) {
        var rows = code.split(separator: "\n", omittingEmptySubsequences: false)
        while rows.last?.allSatisfy(\.isWhitespace) == true { rows.removeLast() }
        for (place, row) in rows.enumerated() {
            let indent = row.prefix { $0 == " " }.count
            // A service takes blanks away at the edge of code.
            var run = RichText.Run(String(repeating: "\u{a0}", count: indent) + row.dropFirst(indent))
            run.isCode = true
            line.runs = run.text.isEmpty ? [] : [run]
            endLine(beginsBlock: place == rows.count - 1)
        }
    }

    private mutating func write(_ runs: [RichText.Run]) {
        line.runs = runs
        endBlock()
    }

    private mutating func beginEntry(_ node: MarkdownNode) {
        var marker = "• "
        if case .list(let next?) = containers.last {
            marker = "\(next). "
            containers[containers.count - 1] = .list(next: next + 1)
        }
        let list = node.parent
        let isNested = list?.parent?.kind == .listEntry
        if list?.isTight == true, !node.isFirst || isNested { nextBeginsBlock = false }
        containers.append(.entry(marker: marker, width: marker.count))
    }

    private mutating func endBlock() {
        endLine(beginsBlock: true)
    }

    /// `beginsBlock` is said of the line that comes next.
    private mutating func endLine(beginsBlock: Bool) {
        line.runs = line.runs.flatMap(RichText.withLinks)
        line.beginsBlock = nextBeginsBlock
        lead()
        lines.append(line)
        line = RichText.Line()
        nextBeginsBlock = beginsBlock
        for place in links.indices { links[place].runs = 0 }
    }

    private mutating func lead() {
        for (depth, container) in containers.enumerated() {
            switch container {
            case .quote: line.quotes = min(line.quotes + 1, RichTextWriter.deepestIndent)
            case .list: break
            case .entry(let marker, let width):
                containers[depth] = .entry(marker: nil, width: width)
                guard depth < 2 * RichTextWriter.deepestIndent else { continue }
                line.lead += marker ?? String(repeating: "\u{a0}", count: width)
            }
        }
    }
}

extension RichText.Run {
    fileprivate func sharesStyle(with other: RichText.Run) -> Bool {
        isBold == other.isBold && isItalic == other.isItalic && isCode == other.isCode && link == other.link
    }
}

extension RichText {
    /// CommonMark; what is unsafe in it is gone.
    init(markdown: String) {
        self = MarkdownDocument(markdown).richText
    }
}
