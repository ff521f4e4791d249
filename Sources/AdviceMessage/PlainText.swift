/// Writes a document for places that show text as it is: one line for each paragraph however long, lists with
/// their markers, a link as `text (url)`.
struct PlainText {
    private var output = ""
    private var line = ""
    private var containers: [Container] = []
    private var gap = Gap.none
    /// How much of `line` stood when each open link or picture began.
    private var linkStarts: [Int] = []

    /// What must stand between the last block and the next.
    private enum Gap { case none, line, blankLine }

    private enum Container {
        case quote
        case list(next: Int?)
        /// `marker` is nil once it is written; its width indents what follows.
        case entry(marker: String?, width: Int)
    }

    /// Deeper containers are not indented further: a hostile text could otherwise grow by the square.
    private static let deepestIndent = 16

    var finished: String { output }

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
        case .codeBlock: write(block: node.literal)
        case .rule: write(block: "---")
        case .text, .code: line += node.literal
        case .softBreak: line += " "
        case .lineBreak: line += "\n"
        case .link, .image: linkStarts.append(line.utf8.count)
        default: break
        }
    }

    private mutating func exit(_ node: MarkdownNode) {
        switch node.kind {
        case .paragraph, .heading:
            write(block: line)
            line = ""
        case .link, .image: endLink(node)
        case .listEntry: endEntry()
        case .quote, .list: containers.removeLast()
        default: break
        }
    }

    private mutating func beginEntry(_ node: MarkdownNode) {
        var marker = "- "
        if case .list(let next?) = containers.last {
            marker = "\(next). "
            containers[containers.count - 1] = .list(next: next + 1)
        }
        let list = node.parent
        let isNested = list?.parent?.kind == .listEntry
        if list?.isTight == true, !node.isFirst || isNested, gap == .blankLine { gap = .line }
        containers.append(.entry(marker: marker, width: marker.count))
    }

    private mutating func endEntry() {
        if case .entry(.some, _) = containers.last { write(block: "") }
        containers.removeLast()
    }

    /// The address follows the text, unless it is the text.
    private mutating func endLink(_ node: MarkdownNode) {
        let start = linkStarts.removeLast()
        let text = line.utf8.dropFirst(start)
        let address = node.url.lowercased().hasPrefix("mailto:") ? String(node.url.dropFirst(7)) : node.url
        if text.isEmpty {
            line += address
        } else if !text.elementsEqual(address.utf8), !text.elementsEqual(node.url.utf8) {
            line += " (\(address))"
        }
    }

    private mutating func write(block: String) {
        switch gap {
        case .none: break
        case .line: output += "\n"
        case .blankLine: output += "\n\n"
        }
        var lines = block.split(separator: "\n", omittingEmptySubsequences: false)
        while lines.count > 1, lines.last?.allSatisfy(\.isWhitespace) == true { lines.removeLast() }
        for (index, text) in lines.enumerated() {
            if index > 0 { output += "\n" }
            output += withoutTrailingSpace(nextIndent() + text)
        }
        gap = .blankLine
    }

    /// What stands before the next line: the markers that are due, else their width, and the signs of quotes.
    private mutating func nextIndent() -> String {
        var indent = ""
        for index in containers.indices.prefix(PlainText.deepestIndent) {
            switch containers[index] {
            case .quote: indent += "> "
            case .list: break
            case .entry(let marker, let width):
                indent += marker ?? String(repeating: " ", count: width)
                containers[index] = .entry(marker: nil, width: width)
            }
        }
        for index in containers.indices.dropFirst(PlainText.deepestIndent) {
            if case .entry(.some, let width) = containers[index] {
                containers[index] = .entry(marker: nil, width: width)
            }
        }
        return indent
    }
}

private func withoutTrailingSpace(_ text: String) -> String {
    guard let last = text.lastIndex(where: { !$0.isWhitespace }) else { return "" }
    return String(text[...last])
}
