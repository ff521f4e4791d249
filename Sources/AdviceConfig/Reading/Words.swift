/// A value for a message: in quotes, cut, without control characters, and never a secret or a URL that was
/// put into the wrong place.
func quoted(_ text: String) -> String {
    let secretSigns = ["whsec_", "whsk_", "whpk_", "://", "PRIVATE KEY"]
    if secretSigns.contains(where: text.contains) { return "'***'" }
    var shown = ""
    for scalar in text.unicodeScalars.prefix(60) {
        let isPrintable =
            scalar.value >= 0x20 && !(0x7F...0x9F).contains(scalar.value) && !scalar.isFormatting
        if isPrintable {
            shown.unicodeScalars.append(scalar)
        } else {
            shown += "\\u{\(String(scalar.value, radix: 16, uppercase: true))}"
        }
    }
    return "'\(shown)\(text.unicodeScalars.count > 60 ? "..." : "")'"
}

extension Unicode.Scalar {
    /// Line separators and the marks that turn or hide text on a terminal.
    fileprivate var isFormatting: Bool {
        switch properties.generalCategory {
        case .format, .lineSeparator, .paragraphSeparator, .surrogate, .privateUse, .unassigned: true
        default: false
        }
    }
}

/// The words of a list for a sentence: `a, b or c`.
func alternatives(_ words: [String]) -> String {
    guard let last = words.last, words.count > 1 else { return words.first ?? "" }
    return words.dropLast().joined(separator: ", ") + " or " + last
}

/// The nearest of `candidates` to a mistyped word; nil where none is near.
///
/// Near is a third of the word's length in slips (a letter too many, too few, wrong, or two exchanged), and
/// at least one.
func nearest(to word: String, among candidates: some Sequence<String>) -> String? {
    let bytes = Array(word.lowercased().utf8)
    guard !bytes.isEmpty, bytes.count <= 80 else { return nil }
    var best: (distance: Int, word: String)?
    for candidate in candidates {
        let limit = best.map { $0.distance - 1 } ?? max(1, bytes.count / 3)
        let distance = slips(bytes, Array(candidate.lowercased().utf8), atMost: limit)
        if let distance { best = (distance, candidate) }
    }
    if let best { return best.word }
    // `Wednesday` for `wed`, `min` for `minutes`.
    let lower = word.lowercased()
    return lower.utf8.count < 3
        ? nil
        : candidates.first { candidate in
            candidate.utf8.count >= 3
                && (lower.hasPrefix(candidate.lowercased()) || candidate.lowercased().hasPrefix(lower))
        }
}

/// The optimal string alignment distance; nil above `limit`.
private func slips(_ left: [UInt8], _ right: [UInt8], atMost limit: Int) -> Int? {
    guard limit >= 0, abs(left.count - right.count) <= limit else { return nil }
    var beforeLast: [Int] = []
    var last = Array(0...right.count)
    for row in left.indices {
        var current = [row + 1]
        for column in right.indices {
            let isSame = left[row] == right[column]
            var cost = min(last[column + 1] + 1, current[column] + 1, last[column] + (isSame ? 0 : 1))
            if row > 0, column > 0, left[row] == right[column - 1], left[row - 1] == right[column] {
                cost = min(cost, beforeLast[column - 1] + 1)
            }
            current.append(cost)
        }
        (beforeLast, last) = (last, current)
    }
    return last[right.count] <= limit ? last[right.count] : nil
}

/// `; did you mean 'title'?`, or nothing.
public func suggestion(for word: String, among candidates: some Sequence<String>) -> String {
    nearest(to: word, among: candidates).map { "; did you mean '\($0)'?" } ?? ""
}
