/// The text of a subscribers.yaml, to which an entry is added as a person would: at its end, with every
/// comment and every other line left as it is.
public struct SubscribersText {
    private var lines: [Substring]
    /// As the file has it. Swift takes CR and LF together for one character.
    private let lineEnd: Character

    public init(_ text: String) {
        lineEnd = text.contains("\r\n" as Character) ? "\r\n" : "\n"
        lines = text.split(separator: lineEnd, omittingEmptySubsequences: false)
        // What ends in a line end has no line after it.
        if lines.last == "" { lines.removeLast() }
    }

    /// The text with one entry more; `entry` are its lines, the keys behind each other, without the dash. nil
    /// where the list is not written one entry below the other: that is for a person to change.
    public func adding(_ entry: [String]) -> String? {
        precondition(!entry.isEmpty, "an entry has an id")
        var lines = lines
        let content = lines.indices.filter { !SubscribersText.isRemark(lines[$0]) }
        guard !lines.contains(where: { $0.hasPrefix("...") }) else { return nil }
        var indentation = 0
        if let first = content.first {
            let line = lines[first]
            if SubscribersText.bare(line) == "[]", content.count == 1 {
                lines.remove(at: first)
            } else {
                indentation = line.prefix { $0 == " " }.count
                let rest = line.dropFirst(indentation)
                guard rest == "-" || rest.hasPrefix("- ") else { return nil }
            }
        }
        let space = String(repeating: " ", count: indentation)
        let added = entry.enumerated().map { space + ($0.offset == 0 ? "- " : "  ") + $0.element }
        return (lines.map(String.init) + added).map { $0 + String(lineEnd) }.joined()
    }

    /// Blank, a comment, or the mark of a document's beginning.
    private static func isRemark(_ line: Substring) -> Bool {
        let bare = bare(line)
        return bare.isEmpty || bare == "---"
    }

    /// Without blanks around it and without a comment behind it.
    private static func bare(_ line: Substring) -> Substring {
        var line = line.drop { $0 == " " || $0 == "\u{FEFF}" }
        if line.hasPrefix("#") { return "" }
        if let comment = line.firstRange(of: " #") { line = line[..<comment.lowerBound] }
        while line.last == " " || line.last == "\r" { line.removeLast() }
        return line
    }

    /// Whether `text` may be an id.
    public static func isID(_ text: String) -> Bool {
        let isName = text.utf8.allSatisfy { isNameByte($0) && $0 != UInt8(ascii: ".") }
        return isName && (1...64).contains(text.utf8.count)
    }

    /// A text as a YAML scalar that is read as it is, whatever is in it.
    public static func quoted(_ text: String) -> String {
        var quoted = "\""
        for scalar in text.unicodeScalars {
            switch scalar {
            case "\"", "\\": quoted += "\\" + String(scalar)
            default: quoted.unicodeScalars.append(scalar)
            }
        }
        return quoted + "\""
    }
}
