/// One piece of a parsed template.
enum TemplatePiece: Sendable {
    case text(String)
    case variable(String)
    /// `isInverted`: written where there is nothing of that name.
    indirect case section(String, isInverted: Bool, [TemplatePiece])
}

/// Reads Mustache: `{{name}}`, `{{#name}}...{{/name}}`, `{{^name}}...{{/name}}` and `{{! comment }}`. A
/// section's tag or a comment that stands alone on its line takes the line with it.
struct TemplateParser {
    private let text: [Character]
    private var place = 0
    private var pieces: [TemplatePiece] = []
    private var open: [Open] = []

    private struct Open {
        var name: String
        var isInverted: Bool
        var start: Int
        var before: [TemplatePiece]
    }

    static func parse(_ text: String) throws(TemplateMistake) -> [TemplatePiece] {
        var parser = TemplateParser(text)
        return try parser.parse()
    }

    private init(_ text: String) {
        self.text = Array(text)
    }

    private mutating func parse() throws(TemplateMistake) -> [TemplatePiece] {
        var literal = ""
        while place < text.count {
            guard isTag(at: place) else {
                literal.append(text[place])
                place += 1
                continue
            }
            let start = place
            guard let end = (start + 2..<text.count).first(where: { begins("}}", at: $0) }) else {
                throw mistake(at: start, "this '{{' has no '}}'")
            }
            place = end + 2
            let content = text[(start + 2)..<end]
            if let sign = content.first, "#^/!".contains(sign), let line = standalone(start) {
                while let last = literal.last, !last.isNewline { literal.removeLast() }
                place = line
            }
            if !literal.isEmpty { pieces.append(.text(literal)) }
            literal = ""
            try take(content, at: start)
        }
        if !literal.isEmpty { pieces.append(.text(literal)) }
        if let unclosed = open.last {
            throw mistake(at: unclosed.start, "the section '\(unclosed.name)' is not closed")
        }
        return pieces
    }

    private mutating func take(_ content: ArraySlice<Character>, at start: Int) throws(TemplateMistake) {
        let sign = content.first
        switch sign {
        case "!": return
        case "{", "&":
            throw mistake(
                at: start, "a value cannot be written raw: {{name}} is escaped for the content type")
        case ">", "=", "<", "$", "%":
            throw mistake(
                at: start,
                "'{{\(sign.map { String($0) } ?? "")' is not known here: use {{name}}, {{#name}}, "
                    + "{{^name}}, {{/name}} and {{! comment }}")
        case "#", "^", "/":
            let name = try read(content.dropFirst(), at: start)
            if sign == "/" { return try close(name, at: start) }
            try check(name, at: start)
            open.append(Open(name: name, isInverted: sign == "^", start: start, before: pieces))
            pieces = []
        default:
            let name = try read(content, at: start)
            try check(name, at: start)
            if TemplateValues.namesWithin[name] != nil {
                throw mistake(at: start, "'\(name)' is a list: write {{#\(name)}}...{{/\(name)}}")
            }
            pieces.append(.variable(name))
        }
    }

    private mutating func close(_ name: String, at start: Int) throws(TemplateMistake) {
        guard let section = open.popLast() else {
            throw mistake(at: start, "there is no section '\(name)' to close")
        }
        guard section.name == name else {
            throw mistake(at: start, "the section to close is '\(section.name)', not '\(name)'")
        }
        pieces = section.before + [.section(name, isInverted: section.isInverted, pieces)]
    }

    private func read(_ content: ArraySlice<Character>, at start: Int) throws(TemplateMistake) -> String {
        let name = String(content.drop(while: \.isWhitespace)).trimmedAtEnd
        guard !name.isEmpty else { throw mistake(at: start, "a name is missing") }
        return name
    }

    /// Names of a list's entries are known within it only.
    private func check(_ name: String, at start: Int) throws(TemplateMistake) {
        let within = open.filter { !$0.isInverted }.flatMap { TemplateValues.namesWithin[$0.name] ?? [] }
        guard !TemplateValues.names.contains(name), !within.contains(name) else { return }
        let known = (within + TemplateValues.names).joined(separator: ", ")
        throw mistake(at: start, "there is no '\(name)'; there are \(known)")
    }

    /// Where to go on after the line, if nothing but blanks stands beside the tag that begins at `start` and
    /// ends before `place`.
    private func standalone(_ start: Int) -> Int? {
        let before = text[..<start].reversed().prefix { !$0.isNewline }
        let after = text[place...].prefix { !$0.isNewline }
        guard before.allSatisfy({ $0 == " " || $0 == "\t" }), after.allSatisfy({ $0 == " " || $0 == "\t" })
        else { return nil }
        return min(text.count, place + after.count + 1)
    }

    private func isTag(at place: Int) -> Bool { begins("{{", at: place) }

    private func begins(_ sign: String, at place: Int) -> Bool { text[place...].starts(with: sign) }

    private func mistake(at place: Int, _ message: String) -> TemplateMistake {
        let before = text[..<place]
        let line = 1 + before.count { $0.isNewline }
        let column = 1 + before.reversed().prefix { !$0.isNewline }.count
        return TemplateMistake(line: line, column: column, message: message)
    }
}

extension String {
    fileprivate var trimmedAtEnd: String {
        var text = self
        while text.last?.isWhitespace == true { text.removeLast() }
        return text
    }
}
