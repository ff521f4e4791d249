/// A body of a subscriber's own, in Mustache (https://mustache.github.io/mustache.5.html): variables,
/// sections, inverted sections and comments. What is put in is escaped for the content type always; there is
/// no way to write it raw.
///
/// Parsed once, at start and at each reload.
public struct BodyTemplate: Sendable {
    public let method: WrittenRequest.Method
    /// As it goes into the header, such as `application/json`.
    public let contentType: String
    private let pieces: [TemplatePiece]
    private let escaping: TemplateWriter.Escaping

    /// `method` is POST or PUT. Throws every mistake: a tag that is not closed, a name that no announcement
    /// has, a body that is no JSON where the content type says so.
    public init(
        _ text: String, method: WrittenRequest.Method = .post, contentType: String = "application/json"
    ) throws(TemplateMistakes) {
        self.method = method
        self.contentType = contentType
        escaping = TemplateWriter.Escaping(contentType: contentType)
        let parser = TemplateParser(text)
        pieces = parser.pieces
        var mistakes = parser.mistakes
        if escaping == .json, parser.isStructureKnown {
            mistakes += TemplateTrial(parser).mistakes
            mistakes.sort { ($0.line, $0.column) < ($1.line, $1.column) }
        }
        guard mistakes.isEmpty else { throw TemplateMistakes(all: mistakes) }
    }

    /// What a template may name, in the order in which the documentation shows them.
    public static var names: [String] { TemplateValues.names }

    func render(_ values: TemplateValues) -> String {
        var writer = TemplateWriter(values, escaping)
        writer.write(pieces)
        return writer.text
    }
}

/// What is wrong with a template, and where.
public struct TemplateMistake: Hashable, Sendable, CustomStringConvertible {
    /// From 1.
    public let line: Int
    /// In characters, from 1.
    public let column: Int
    /// What is wrong and what was expected.
    public let message: String
    /// Where it is a name that there is not: that name, and those that could have stood there.
    public let unknownName: String?
    public let knownNames: [String]

    public var description: String { "\(line):\(column): \(message)" }
}

/// Everything that is wrong with a template, from its beginning to its end.
public struct TemplateMistakes: Error, Hashable, Sendable, CustomStringConvertible {
    public let all: [TemplateMistake]

    public var description: String { all.map(\.description).joined(separator: "\n") }
}
