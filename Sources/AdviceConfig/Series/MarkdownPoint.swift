internal import AdviceCore

/// Reads a point from a Markdown file: front matter between two lines of `---`, then the text.
struct MarkdownPoint {
    private let file: SourceFile
    private let name: String

    /// `name` is the file's own, which gives the default of id and order.
    init(_ file: SourceFile, name: String) {
        self.file = file
        self.name = name
    }

    func read() -> ListedPoint? {
        let report = { (message: String) in file.error(at: .start, "the point \(message)") }
        guard let bytes = file.readText(limit: Limits.point, onFailure: report) else { return nil }
        guard let parts = FrontMatter(bytes) else {
            file.error(
                at: .start, "a point begins with a line '---', its title and the like, and another '---'")
            return nil
        }
        guard let root = file.readYAML(parts.yaml), !root.isNothing else {
            if !file.hasErrors {
                file.error(at: .start, "the front matter is empty: expected at least 'title'")
            }
            return nil
        }
        guard let fields = Fields(root, of: "the front matter", keys: Keys.point, in: file) else {
            return nil
        }
        if trimmed(parts.body).isEmpty {
            file.error(
                at: Position(line: Int32(clamping: parts.bodyLine), column: 1), "the point has no text")
        }
        var listed = PointFields(fields).read(defaultID: defaultID, body: parts.body)
        listed.nameNumber = nameNumber
        return listed
    }

    /// `02-build-trust.md` is `build-trust`.
    private var defaultID: String {
        let stem = name.dropLast(".md".count)
        let digits = stem.prefix { $0.isASCII && $0.isNumber }
        let rest = stem.dropFirst(digits.count)
        let isNumbered = !digits.isEmpty && (rest.hasPrefix("-") || rest.hasPrefix("_")) && rest.count > 1
        return String(isNumbered ? rest.dropFirst() : stem)
    }

    private var nameNumber: Int? {
        Int(name.prefix { $0.isASCII && $0.isNumber })
    }
}

/// A Markdown file parted into its front matter and its text.
struct FrontMatter {
    /// The YAML, with an empty line in the place of the first `---` so that lines count as in the file.
    var yaml: [UInt8]
    /// With LF at the line ends, and no blank lines around it.
    var body: String
    /// The line in which the text begins, from 1.
    var bodyLine: Int

    /// nil where the file does not begin with a line `---`, or has no second one.
    init?(_ bytes: [UInt8]) {
        let lines = bytes.split(separator: 0x0A, omittingEmptySubsequences: false)
        guard let first = lines.first, Self.isFence(first),
            let end = lines.dropFirst().firstIndex(where: Self.isFence)
        else { return nil }
        yaml = [0x0A] + Array(lines[1..<end].joined(separator: [0x0A]))
        let text = lines[(end + 1)...].map { $0.last == 0x0D ? $0.dropLast() : $0 }
        let isBlank = { (line: ArraySlice<UInt8>) in line.allSatisfy { $0 == 0x20 || $0 == 0x09 } }
        let begin = text.firstIndex { !isBlank($0) } ?? text.endIndex
        let last = text.lastIndex { !isBlank($0) }.map { $0 + 1 } ?? begin
        body = String(decoding: Array(text[begin..<last].joined(separator: [0x0A])), as: UTF8.self)
        if !body.isEmpty { body += "\n" }
        bodyLine = end + 2
    }

    private static func isFence(_ line: ArraySlice<UInt8>) -> Bool {
        var line = line
        while let last = line.last, last == 0x20 || last == 0x09 || last == 0x0D { line.removeLast() }
        return Array(line) == Array("---".utf8)
    }
}
