/// Writes a template with the values of one announcement, and keeps where each part of it came from.
struct TemplateWriter {
    enum Escaping {
        case json, form, markup, none

        init(contentType: String) {
            let media = contentType.lowercased().prefix { $0 != ";" }
            if media.contains("json") {
                self = .json
            } else if media.contains("urlencoded") {
                self = .form
            } else {
                self = media.contains("html") || media.contains("xml") ? .markup : .none
            }
        }
    }

    /// A text or a variable as it was written.
    struct Origin {
        /// In the template, in characters.
        var at: Int
        var isVariable: Bool
        /// In `text`, in bytes.
        var written: Range<Int>
    }

    private(set) var text = ""
    private(set) var origins: [Origin] = []
    private let values: TemplateValues
    private let escaping: Escaping
    /// Variables, by where they stand in the template, in whose place a number is written.
    private let excused: Set<Int>

    init(_ values: TemplateValues, _ escaping: Escaping, excused: Set<Int> = []) {
        self.values = values
        self.escaping = escaping
        self.excused = excused
    }

    mutating func write(_ pieces: [TemplatePiece], in entries: [[String: TemplateValues.Value]] = []) {
        for piece in pieces {
            switch piece {
            case .text(let literal, let place): append(literal, from: place, isVariable: false)
            case .variable(let name, let place):
                let value = excused.contains(place) ? "0" : escaped(self.value(name, entries))
                append(value, from: place, isVariable: true)
            case .section(let name, let isInverted, let inner):
                let value = self.value(name, entries)
                guard isInverted != value.isThere else { continue }
                if case .list(let list)? = value, !isInverted {
                    for entry in list { write(inner, in: entries + [entry]) }
                } else {
                    write(inner, in: entries)
                }
            }
        }
    }

    private mutating func append(_ more: String, from place: Int, isVariable: Bool) {
        let start = text.utf8.count
        text += more
        origins.append(Origin(at: place, isVariable: isVariable, written: start..<text.utf8.count))
    }

    /// The innermost list's entry is asked first.
    private func value(_ name: String, _ entries: [[String: TemplateValues.Value]]) -> TemplateValues.Value? {
        for entry in entries.reversed() {
            if let value = entry[name] { return value }
        }
        return values[name]
    }

    private func escaped(_ value: TemplateValues.Value?) -> String {
        switch value {
        case .text(let text)?: escaped(text)
        case .number(let number)?: String(number)
        case .flag(let flag)?: flag ? "true" : "false"
        case .list?, nil: ""
        }
    }

    private func escaped(_ text: String) -> String {
        switch escaping {
        case .json: String(decoding: JSONWriter.text(text).dropFirst().dropLast(), as: UTF8.self)
        case .form: formEncoded(text)
        case .markup: escapedHTML(text)
        case .none: text
        }
    }
}

extension TemplateValues.Value? {
    /// Whether a section of it is written.
    fileprivate var isThere: Bool {
        switch self {
        case .text(let text)?: !text.isEmpty
        case .number?: true
        case .flag(let flag)?: flag
        case .list(let list)?: !list.isEmpty
        case nil: false
        }
    }
}
