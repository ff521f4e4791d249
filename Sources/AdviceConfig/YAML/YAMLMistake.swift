internal import Yams

/// A syntax error of libyaml's in the words of someone who edits a file, with what was expected.
struct YAMLMistake {
    var position: Position
    var message: String

    init(_ error: YamlError, in text: inout TextIndex) {
        switch error {
        case .scanner(let context, let problem, let mark, _), .parser(let context, let problem, let mark, _),
            .composer(let context, let problem, let mark, _):
            position = Position(mark)
            message = Self.words(for: problem, at: text.scalar(at: position))
            if problem.contains("end of stream"), let context {
                position = Position(context.mark)
                message = "this quote is never closed"
            } else if problem.hasPrefix("did not find expected ',' or"), let context {
                message += "; the list or mapping begins in line \(context.mark.line)"
            } else if problem == "could not find expected ':'", let context {
                position = Position(context.mark)
            }
        case .memory:
            position = .start
            message = YAMLReader.nestingMessage
        case .reader(let problem, _, _, _), .writer(let problem), .emitter(let problem),
            .representer(let problem):
            position = .start
            message = "cannot be read as YAML: \(problem)"
        case .no, .dataCouldNotBeDecoded, .duplicatedKeysInMapping:
            position = .start
            message = "cannot be read as YAML"
        }
    }

    private static func words(for problem: String, at scalar: Unicode.Scalar?) -> String {
        if problem.contains("nesting level") { return YAMLReader.nestingMessage }
        switch problem {
        case "found character that cannot start any token":
            if scalar == "\t" { return "a tab cannot indent; use spaces" }
            return scalar.map { "a value that begins with '\($0)' needs quotes" } ?? problem
        case "found a tab character that violates indentation",
            "found a tab character where an indentation space is expected":
            return "a tab cannot indent; use spaces"
        case "mapping values are not allowed in this context":
            return "unexpected ':'; put a value that holds ': ' in quotes, or mend the indentation"
        case "did not find expected key":
            return "expected 'key: value'; look at the indentation of this line and of those above"
        case "could not find expected ':'":
            return "expected 'key: value'; there is no ':' with a space after it"
        case "did not find expected '-' indicator":
            return "expected '- ' as in the entries above; look at the indentation"
        case "block sequence entries are not allowed in this context":
            return "unexpected '- '; put the list on lines of its own, each with '- '"
        case "did not find expected ',' or ']'": return "expected ',' or ']'"
        case "did not find expected ',' or '}'": return "expected ',' or '}'"
        case "found undefined alias":
            return "aliases (*name) are not taken; a text that begins with '*' needs quotes"
        case "did not find expected alphabetic or numeric character":
            return "anchors and aliases are not taken; a text that begins with '&' or '*' needs quotes"
        case "found unknown escape character":
            return "unknown escape after '\\' in double quotes; use single quotes for a text with backslashes"
        default:
            return "cannot be read as YAML: \(problem)"
        }
    }
}

extension TextIndex {
    mutating func scalar(at position: Position) -> Unicode.Scalar? {
        guard let offset = offset(of: position), offset < bytes.count else { return nil }
        return String(decoding: bytes[offset..<self.offset(after: offset)], as: UTF8.self).unicodeScalars
            .first
    }
}
