internal import AdviceCore

/// Reads what the front matter of a point, or its entry in a list, says.
struct PointFields {
    private let fields: Fields
    private var file: SourceFile { fields.file }

    init(_ fields: Fields) {
        self.fields = fields
    }

    /// `defaultID` is the id where the file gives none; nil where it must.
    func read(defaultID: String?, body: String) -> ListedPoint {
        _ = fields.required("title", "what readers see first")
        let id = readID(defaultID)
        let number = fields.count("number", in: 1...1_000_000)
        let date = fields.date("date")
        let point = Point(
            id: id ?? "", number: 0, title: fields.line("title") ?? "", body: body, date: date,
            tags: readTags(),
            url: readLink(fields), sources: readSources())
        return ListedPoint(
            point: point, number: number, nameNumber: nil, file: file,
            position: fields.isGiven("id") ? fields.position(of: "id") : fields.position,
            numberPosition: number.map { _ in fields.position(of: "number") },
            datePosition: date.map { _ in fields.position(of: "date") })
    }

    private func readID(_ defaultID: String?) -> String? {
        if fields.isGiven("id") {
            return fields.parsed("id", mustBe: "1 to 64 of a-z, 0-9 and '-'") { isSlug($0) ? $0 : nil }
        }
        guard let defaultID else { return nil }
        if !isSlug(defaultID) {
            file.error(
                at: fields.position,
                "the file's name gives the id \(quoted(defaultID)): name an 'id' of a-z, 0-9 and '-'"
            )
            return nil
        }
        return defaultID
    }

    private func readTags() -> [String] {
        fields.list("tags", of: "words", such: "[trust]") { value in
            if let tag = value.text, (1...64).contains(tag.utf8.count),
                !tag.unicodeScalars.contains(where: \.isBreak)
            {
                return tag
            }
            fields.mistake("tags", value, mustBe: "a list of words of at most 64 bytes")
            return nil
        } ?? []
    }

    private func readSources() -> [Point.Source] {
        fields.list("sources", of: "mappings", such: "[{ title: ..., publisher: ..., url: ... }]") { value in
            guard let source = Fields(value, of: "a source", keys: Keys.source, in: file) else { return nil }
            guard source.required("title", "the name of what is cited") != nil,
                let title = source.line("title")
            else { return nil }
            return Point.Source(title: title, publisher: source.line("publisher"), url: readLink(source))
        } ?? []
    }

    /// A link for readers, which this program never follows.
    private func readLink(_ fields: Fields) -> String? {
        guard let value = fields.value("url") else { return nil }
        let text = value.text ?? ""
        let isLink = text.hasPrefix("https://") || text.hasPrefix("http://")
        let isPlain = text.utf8.allSatisfy { $0 > 0x20 && $0 != 0x7F && !"<>\"\\".utf8.contains($0) }
        guard isLink, isPlain, text.utf8.count <= 2048 else {
            file.error(at: value.position, "'url' must begin with https:// or http:// and hold no blanks")
            return nil
        }
        return text
    }
}

extension Unicode.Scalar {
    fileprivate var isBreak: Bool { value <= 0x20 || properties.generalCategory == .lineSeparator }
}
