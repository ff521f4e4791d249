/// How one service writes text: what it takes for markup, and how a text is kept from being taken for it.
protocol Dialect: Sendable {
    /// `text`, in which there are no signals, as it is to be seen, and nothing in it markup. `atStart`: it
    /// begins a line, where more characters mean something.
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
    /// Its signs of style mean nothing beside a letter.
    var hasDelimiters: Bool { get }
    /// It finds bots' commands in a text.
    var hasCommands: Bool { get }
}

extension Dialect {
    func quote(_ depth: Int) -> String { String(repeating: "> ", count: depth) }
    var lineEnd: String { "\n" }
    var blockEnd: String { "\n\n" }
    var hasDelimiters: Bool { true }
    var hasCommands: Bool { false }

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
        let texts = withoutSignals(in: line.runs.map(\.text), commands: hasCommands) { place in
            line.runs[place].isAddress
        }
        for (place, run) in line.runs.enumerated() {
            var run = run
            run.text = texts[place]
            let atStart = place == 0 && line.lead.isEmpty
            if atStart, !run.isCode { run.text = String(run.text.drop { $0 == " " }) }
            let joinsBefore = place > 0 && line.runs[place - 1].joins(texts[place - 1].unicodeScalars.last)
            let joinsAfter =
                place + 1 < line.runs.count
                && line.runs[place + 1].joins(texts[place + 1].unicodeScalars.first)
            result += write(run, joinsBefore: joinsBefore, joinsAfter: joinsAfter, atStart: atStart)
        }
        return result
    }

    /// A line without any style.
    func write(plain text: String) -> String { write(RichText.Line(runs: [RichText.Run(text)])) }

    /// Signs of style hold where they touch the text that they are for and no other: what joins them there
    /// has an invisible character between. Where not even that would help, there is no style.
    private func write(
        _ run: RichText.Run, joinsBefore: Bool, joinsAfter: Bool, atStart: Bool
    ) -> String {
        guard !run.text.isEmpty else { return "" }
        guard run.isBold || run.isItalic, !run.isCode else { return bare(run, run.text[...], atStart) }
        guard hasDelimiters else {
            return styled(bare(run, run.text[...], atStart), bold: run.isBold, italic: run.isItalic)
        }
        let leading = String(run.text.prefix { $0.isWhitespace })
        let trailing = String(run.text.dropFirst(leading.count).reversed().prefix { $0.isWhitespace })
        let inner = run.text.dropFirst(leading.count).dropLast(trailing.count)
        guard let first = inner.first, let last = inner.last else { return run.text }
        let joinsBefore = joinsBefore && leading.isEmpty
        let joinsAfter = joinsAfter && trailing.isEmpty
        if joinsBefore && !first.isWord || joinsAfter && !last.isWord {
            return bare(run, run.text[...], atStart)
        }
        let written = styled(
            bare(run, inner, atStart && leading.isEmpty), bold: run.isBold, italic: run.isItalic)
        let (left, right) = (joinsBefore ? String(invisible) : "", joinsAfter ? String(invisible) : "")
        return leading + left + written + right + trailing
    }

    /// The run without its style.
    private func bare(_ run: RichText.Run, _ text: Substring, _ atStart: Bool) -> String {
        let written = run.isCode ? code(String(text)) : escape(String(text), atStart: atStart)
        guard let url = run.link else { return written }
        if let link = link(written, to: url, isAddress: run.isAddress) { return link }
        let address = url.hasPrefix("mailto:") ? String(url.dropFirst(7)) : url
        return run.isAddress ? address : written + " (" + address + ")"
    }
}

extension RichText.Run {
    /// A link that shows where it leads.
    fileprivate var isAddress: Bool { link.map { $0 == text || $0 == "mailto:" + text } ?? false }

    /// Whether a sign of style that stands at its edge could be taken for its own, or not for one at all.
    fileprivate func joins(_ edge: Unicode.Scalar?) -> Bool {
        guard let edge, !edge.properties.isWhitespace else { return false }
        return !edge.isPunctuation || isBold || isItalic || isCode
    }
}

extension Unicode.Scalar {
    /// In the sense of CommonMark; but for two signs that a dialect may put an invisible character after.
    fileprivate var isPunctuation: Bool {
        if self == "<" || self == "&" { return false }
        if isASCII { return !properties.isAlphabetic && properties.numericType == nil }
        return switch properties.generalCategory {
        case .connectorPunctuation, .dashPunctuation, .openPunctuation, .closePunctuation,
            .initialPunctuation, .finalPunctuation, .otherPunctuation:
            true
        default: false
        }
    }
}

extension Character {
    fileprivate var isWord: Bool { isLetter || isNumber }
}
