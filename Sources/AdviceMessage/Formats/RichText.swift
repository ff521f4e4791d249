/// A text as every chat service can show it in some way: lines of runs, each run with its style and perhaps a
/// link. The middle between CommonMark, whose trees no chat service shares, and their dialects.
struct RichText: Hashable, Sendable {
    var lines: [Line] = []

    /// What stands between two line ends.
    struct Line: Hashable, Sendable {
        /// An empty line stands before it, unless it is the first.
        var beginsBlock = true
        /// How many quotes it stands in.
        var quotes = 0
        /// Indentation and the marker of a list, as it is shown: `• `, `2. `. Nothing of the author's.
        var lead = ""
        var runs: [Run] = []

        /// In characters as a person sees them.
        var count: Int { runs.reduce(0) { $0 + $1.text.count } }
        var isEmpty: Bool { runs.allSatisfy { $0.text.isEmpty } }
    }

    struct Run: Hashable, Sendable {
        /// Without line ends of any kind.
        var text: String
        var isBold = false
        var isItalic = false
        var isCode = false
        /// http, https or mailto, of characters that need no escape in any dialect.
        var link: String?

        init(_ text: String, isBold: Bool = false, isItalic: Bool = false, link: String? = nil) {
            self.text = RichText.oneLine(text)
            self.isBold = isBold
            self.isItalic = isItalic
            self.link = link
        }
    }

    /// One line, as a block of its own.
    init(_ runs: [Run]) {
        lines = runs.isEmpty ? [] : [Line(runs: runs)]
    }

    init() {}

    /// The parts of a text that holds no markup: addresses of the web in it are links.
    init(plain text: String) {
        self.init(RichText.withLinks(Run(text)))
    }

    static func + (left: RichText, right: RichText) -> RichText {
        var sum = left
        sum.lines += right.lines
        return sum
    }

    /// `text` with every kind of line end made a blank: a title has one line, and what begins a line means
    /// something in most dialects.
    static func oneLine(_ text: String) -> String {
        guard text.contains(where: \.isNewline) || text.unicodeScalars.contains(where: isControl) else {
            return text
        }
        var result = String.UnicodeScalarView()
        for scalar in text.unicodeScalars {
            result.append(isControl(scalar) || scalar.properties.isLineEnd ? " " : scalar)
        }
        return String(result)
    }

    private static func isControl(_ scalar: Unicode.Scalar) -> Bool {
        scalar.value < 0x20 || (0x7f..<0xa0).contains(scalar.value)
    }
}

extension Unicode.Scalar.Properties {
    fileprivate var isLineEnd: Bool { [.lineSeparator, .paragraphSeparator].contains(generalCategory) }
}

// MARK: Links

extension RichText {
    /// `run` cut where an address of the web stands in its text, each of which becomes a link: services make
    /// links of them anyway, and would read their own markup into what is around.
    static func withLinks(_ run: Run) -> [Run] {
        guard !run.isCode, run.link == nil, run.text.contains("://") else { return [run] }
        var runs: [Run] = []
        var plain = ""
        func flush() {
            guard !plain.isEmpty else { return }
            var before = run
            before.text = plain
            runs.append(before)
            plain = ""
        }
        var rest = run.text[...]
        while let next = nextAddress(rest) {
            plain += rest[..<next.lowerBound]
            let address = String(rest[next])
            if let link = chatLink(address) {
                flush()
                var found = run
                found.text = address
                found.link = link
                runs.append(found)
            } else {
                plain += address
            }
            rest = rest[next.upperBound...]
        }
        plain += rest
        flush()
        return runs
    }

    private static func nextAddress(_ text: Substring) -> Range<Substring.Index>? {
        var search = text
        while let colon = search.firstRange(of: "://") {
            let scheme = text[..<colon.lowerBound].reversed().prefix { $0.isASCII && $0.isLetter }
            let name = String(scheme.reversed()).lowercased()
            if name == "http" || name == "https" {
                let start = text.index(colon.lowerBound, offsetBy: -name.count)
                var end = text[colon.upperBound...].firstIndex { !isAddressCharacter($0) } ?? text.endIndex
                while end > colon.upperBound, ".,:;!?'*_~()&".contains(text[text.index(before: end)]) {
                    end = text.index(before: end)
                }
                if end > colon.upperBound { return start..<end }
            }
            search = text[colon.upperBound...]
        }
        return nil
    }

    private static func isAddressCharacter(_ character: Character) -> Bool {
        guard character.isASCII else { return character.isLetter || character.isNumber }
        return character.isLetter || character.isNumber || "-._~:/?#@!$&'()*+,;=%".contains(character)
    }
}

/// `url` as it may stand in any dialect: every byte that some dialect reads as markup, and all that is not
/// ASCII, is percent-encoded. nil where it leads to anywhere but the web and mail, or pretends to lead to
/// another host than it does (a user name before the host).
func chatLink(_ url: String) -> String? {
    guard isSafeLink(url) else { return nil }
    let isMail = url.lowercased().hasPrefix("mailto:")
    let scheme = url.lowercased().hasPrefix("https") ? "https://" : isMail ? "mailto:" : "http://"
    let rest = url.utf8.dropFirst(scheme.utf8.count)
    let authority = rest.prefix { !"/?#".utf8.contains($0) }
    if !isMail, authority.contains(UInt8(ascii: "@")) { return nil }
    var result = scheme
    for (place, byte) in rest.enumerated() {
        let isPlain =
            switch byte {
            case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
                UInt8(ascii: "0")...UInt8(ascii: "9"):
                true
            case UInt8(ascii: "@"): isMail
            case UInt8(ascii: "["), UInt8(ascii: "]"): false
            // A port's colon; another could make an emoji or a scheme.
            case UInt8(ascii: ":"): place < authority.count && !isMail
            default: "-._/?#!&=%+,".utf8.contains(byte)
            }
        if isPlain {
            result.unicodeScalars.append(Unicode.Scalar(byte))
        } else {
            result += "%" + (byte < 16 ? "0" : "") + String(byte, radix: 16, uppercase: true)
        }
    }
    return result
}
