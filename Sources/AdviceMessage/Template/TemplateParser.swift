/// One piece of a parsed template. `at` is where it begins, in characters of the template.
enum TemplatePiece: Sendable {
    case text(String, at: Int)
    case variable(String, at: Int)
    /// `isInverted`: written where there is nothing of that name.
    indirect case section(String, isInverted: Bool, [TemplatePiece])
}

/// Reads Mustache: `{{name}}`, `{{#name}}...{{/name}}`, `{{^name}}...{{/name}}` and `{{! comment }}`. A
/// section's tag or a comment that stands alone on its line takes the line with it.
///
/// Every mistake is found: behind one it goes on as if what was meant stood there.
struct TemplateParser {
    /// Sections within one another.
    private static let deepest = 32

    private let text: [Character]
    /// Where each line begins, in characters.
    private let lines: [Int]
    private var place = 0
    private(set) var pieces: [TemplatePiece] = []
    private var open: [Open] = []
    private(set) var mistakes: [TemplateMistake] = []
    /// Whether it is still known what is written where: no section is mistaken.
    private(set) var isStructureKnown = true
    /// Where variables stand that are a mistake already, in characters.
    private(set) var mistakenVariables: Set<Int> = []

    /// In characters.
    var count: Int { text.count }

    private struct Open {
        var name: String
        var isInverted: Bool
        var start: Int
        var before: [TemplatePiece]
    }

    init(_ text: String) {
        let characters = Array(text)
        self.text = characters
        lines = [0] + characters.indices.filter { characters[$0].isNewline }.map { $0 + 1 }
        parse()
    }

    private mutating func parse() {
        var literal = (start: place, text: "")
        while place < text.count {
            guard begins("{{", at: place) else {
                literal.text.append(text[place])
                place += 1
                continue
            }
            guard let end = self.end(ofTagAt: place) else { continue }
            let start = place
            place = end + 2
            let content = text[(start + 2)..<end]
            if let sign = content.first, "#^/!".contains(sign), let line = standalone(start) {
                while let last = literal.text.last, !last.isNewline { literal.text.removeLast() }
                place = line
            }
            if !literal.text.isEmpty { pieces.append(.text(literal.text, at: literal.start)) }
            take(content, at: start)
            literal = (place, "")
        }
        if !literal.text.isEmpty { pieces.append(.text(literal.text, at: literal.start)) }
        for unclosed in open { note(unclosed.start, "the section '\(unclosed.name)' is not closed") }
        if !open.isEmpty { isStructureKnown = false }
        mistakes.sort { ($0.line, $0.column) < ($1.line, $1.column) }
    }

    /// Where the `}}` of a tag is. nil where there is none before the next tag begins, a mistake: then it
    /// goes on there.
    private mutating func end(ofTagAt start: Int) -> Int? {
        let isComment = begins("{{!", at: start)
        let content = start + text[start...].prefix { $0 == "{" }.count
        let end = (start + 2..<text.count).first {
            begins("}}", at: $0) || (!isComment && $0 >= content && begins("{{", at: $0))
        }
        if let end, begins("}}", at: end) { return end }
        note(start, "this '{{' has no '}}'")
        isStructureKnown = false
        place = end ?? text.count
        return nil
    }

    private mutating func take(_ content: ArraySlice<Character>, at start: Int) {
        let sign = content.first
        switch sign {
        case "!": return
        case "{", "&":
            if sign == "{", place < text.count, text[place] == "}" { place += 1 }
            note(start, "a value cannot be written raw: {{name}} is escaped for the content type")
            mistakenVariables.insert(start)
            pieces.append(.variable("", at: start))
        case ">", "=", "<", "$", "%":
            isStructureKnown = false
            note(
                start,
                "'{{\(sign.map { String($0) } ?? "")' is not known here: use {{name}}, {{#name}}, "
                    + "{{^name}}, {{/name}} and {{! comment }}")
        case "#", "^", "/":
            let name = self.name(content.dropFirst())
            if sign == "/" { return close(name, at: start) }
            if !check(name, at: start) { isStructureKnown = false }
            guard open.count < TemplateParser.deepest else { return giveUp(at: start) }
            open.append(Open(name: name, isInverted: sign == "^", start: start, before: pieces))
            pieces = []
        default:
            let name = self.name(content)
            if !check(name, at: start) {
                mistakenVariables.insert(start)
            } else if TemplateValues.namesWithin[name] != nil {
                note(start, "'\(name)' is a list: write {{#\(name)}}...{{/\(name)}}")
                mistakenVariables.insert(start)
            }
            pieces.append(.variable(name, at: start))
        }
    }

    /// What is deeper than any template of a person's is not read further: it would take the stack.
    private mutating func giveUp(at start: Int) {
        note(start, "sections stand within one another more than \(TemplateParser.deepest) deep")
        isStructureKnown = false
        place = text.count
        open = []
    }

    /// A name that is open further out ends what is in between; any other is the innermost's, mistyped.
    private mutating func close(_ name: String, at start: Int) {
        guard let innermost = open.last else {
            isStructureKnown = false
            let section = name.isEmpty ? "section" : "section '\(name)'"
            return note(start, "there is no \(section) to close")
        }
        if innermost.name != name {
            isStructureKnown = false
            note(start, "the section to close is '\(innermost.name)', not '\(name)'")
        }
        repeat {
            let section = open.removeLast()
            pieces = section.before + [.section(section.name, isInverted: section.isInverted, pieces)]
            if section.name == name { return }
        } while open.contains(where: { $0.name == name })
    }

    private func name(_ content: ArraySlice<Character>) -> String {
        String(content.drop(while: \.isWhitespace)).trimmedAtEnd
    }

    /// Names of a list's entries are known within it only; within a section whose name is mistaken it cannot
    /// be told which those are.
    private mutating func check(_ name: String, at start: Int) -> Bool {
        guard !name.isEmpty else {
            note(start, "a name is missing")
            return false
        }
        let sections = open.filter { !$0.isInverted }
        let within = sections.flatMap { TemplateValues.namesWithin[$0.name] ?? [] }
        if TemplateValues.names.contains(name) || within.contains(name) { return true }
        let isWithinUnknown = sections.contains {
            !TemplateValues.names.contains($0.name) && !within.contains($0.name)
        }
        let anywhere = TemplateValues.namesWithin.values.contains { $0.contains(name) }
        if isWithinUnknown, anywhere { return true }
        note(start, "there is no '\(name)'", unknown: name, known: within + TemplateValues.names)
        return false
    }

    /// Where to go on after the line, if nothing but blanks stands beside the tag that begins at `start` and
    /// ends before `place`.
    private func standalone(_ start: Int) -> Int? {
        func isBlank(_ sign: Character) -> Bool { sign == " " || sign == "\t" }
        var (before, after) = (start, place)
        while before > 0, isBlank(text[before - 1]) { before -= 1 }
        while after < text.count, isBlank(text[after]) { after += 1 }
        guard before == 0 || text[before - 1].isNewline, after == text.count || text[after].isNewline else {
            return nil
        }
        return min(text.count, after + 1)
    }

    private func begins(_ sign: String, at place: Int) -> Bool { text[place...].starts(with: sign) }

    private mutating func note(
        _ place: Int, _ message: String, unknown: String? = nil, known: [String] = []
    ) {
        mistakes.append(mistake(at: place, message, unknown: unknown, known: known))
    }

    /// `place`: in characters of the template.
    func mistake(
        at place: Int, _ message: String, unknown: String? = nil, known: [String] = []
    ) -> TemplateMistake {
        var (line, after) = (0, lines.count)
        while line + 1 < after {
            let middle = (line + after) / 2
            if lines[middle] <= place { line = middle } else { after = middle }
        }
        return TemplateMistake(
            line: line + 1, column: place - lines[line] + 1, message: message, unknownName: unknown,
            knownNames: known)
    }
}

extension String {
    fileprivate var trimmedAtEnd: String {
        var text = self
        while text.last?.isWhitespace == true { text.removeLast() }
        return text
    }
}
