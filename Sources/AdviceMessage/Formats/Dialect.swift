/// How one service writes text: what it takes for markup, and how a text is kept from being taken for it.
protocol Dialect: Sendable {
    /// `text` as it is to be seen, and nothing in it markup. `atStart`: it begins a line, where more
    /// characters mean something.
    func escape(_ text: String, atStart: Bool) -> String
    /// `text` as code.
    func code(_ text: String) -> String
    /// `written` set bold or italic or both.
    func styled(_ written: String, bold: Bool, italic: Bool) -> String
    /// A link to `url`, which needs no escape. nil where the dialect has none to there: its address is then
    /// written after the text.
    func link(_ written: String, to url: String, isAddress: Bool) -> String?
    /// What begins a line within so many quotes.
    func quote(_ depth: Int) -> String
    /// Between two lines of one block.
    var lineEnd: String { get }
    /// Between two blocks.
    var blockEnd: String { get }
    /// The dialect's signs of style mean nothing beside a letter: see `write(_:)`.
    var hasDelimiters: Bool { get }
}

extension Dialect {
    func quote(_ depth: Int) -> String { String(repeating: "> ", count: depth) }
    var lineEnd: String { "\n" }
    var blockEnd: String { "\n\n" }
    var hasDelimiters: Bool { true }

    func write(_ text: RichText) -> String {
        var result = ""
        for (place, line) in text.lines.enumerated() {
            if place > 0 { result += line.beginsBlock ? blockEnd : lineEnd }
            result += write(line)
        }
        return result
    }

    func write(_ line: RichText.Line) -> String {
        var result = quote(line.quotes)
        if !line.lead.isEmpty { result += escape(line.lead, atStart: true) }
        for (place, run) in line.runs.enumerated() {
            var run = run
            let atStart = place == 0 && line.lead.isEmpty
            if atStart, !run.isCode { run.text = String(run.text.drop { $0 == " " }) }
            let before = place > 0 ? line.runs[place - 1].text.last : nil
            let after = place + 1 < line.runs.count ? line.runs[place + 1].text.first : nil
            result += write(run, between: before, and: after, atStart: atStart)
        }
        return result
    }

    private func write(
        _ run: RichText.Run, between before: Character?, and after: Character?, atStart: Bool
    ) -> String {
        guard !run.text.isEmpty else { return "" }
        guard run.isBold || run.isItalic, !run.isCode else { return bare(run, run.text[...], atStart) }
        guard hasDelimiters else {
            return styled(bare(run, run.text[...], atStart), bold: run.isBold, italic: run.isItalic)
        }
        // Signs of style hold where they touch the text, and nothing else.
        let leading = run.text.prefix { $0.isWhitespace }
        let trailing = String(run.text.dropFirst(leading.count).reversed().prefix { $0.isWhitespace })
        let inner = run.text.dropFirst(leading.count).dropLast(trailing.count)
        guard let first = inner.first, let last = inner.last else { return run.text }
        let isApartBefore = !leading.isEmpty || (before.map { $0.isWhitespace } ?? true)
        let isApartAfter = !trailing.isEmpty || (after.map { $0.isWhitespace } ?? true)
        if !isApartBefore && !first.isWord || !isApartAfter && !last.isWord {
            return bare(run, run.text[...], atStart)
        }
        let written = styled(
            bare(run, inner, atStart && leading.isEmpty), bold: run.isBold, italic: run.isItalic)
        let (left, right) = (isApartBefore ? "" : String(invisible), isApartAfter ? "" : String(invisible))
        return String(leading) + left + written + right + trailing
    }

    /// The run without its style.
    private func bare(_ run: RichText.Run, _ text: Substring, _ atStart: Bool) -> String {
        let isAddress = run.link.map { $0 == run.text || $0 == "mailto:" + run.text } ?? false
        let written = run.isCode ? code(String(text)) : escape(String(text), atStart: atStart)
        guard let url = run.link else { return written }
        if let link = link(written, to: url, isAddress: isAddress) { return link }
        let address = url.hasPrefix("mailto:") ? String(url.dropFirst(7)) : url
        return isAddress ? address : written + " (" + address + ")"
    }
}

extension Character {
    fileprivate var isWord: Bool { isLetter || isNumber }
}
