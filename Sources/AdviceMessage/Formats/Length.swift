/// What a receiver counts.
public enum LengthUnit: String, Hashable, Sendable {
    /// Unicode scalars, as Python and most databases count.
    case characters
    case utf16 = "UTF-16 units"
    case bytes

    func count(_ text: String) -> Int {
        switch self {
        case .characters: text.unicodeScalars.count
        case .utf16: text.utf16.count
        case .bytes: text.utf8.count
        }
    }

    /// `text`, cut to at most `limit` on a boundary between characters as a person sees them, with an
    /// ellipsis where something is missing.
    func cut(_ text: String, to limit: Int) -> String {
        guard count(text) > limit else { return text }
        let room = limit - count(ellipsis)
        var length = 0
        var kept = ""
        for character in text {
            length += count(String(character))
            if length > room { break }
            kept.append(character)
        }
        return withoutTrailingBlanks(kept) + ellipsis
    }
}

/// Says that something was cut off.
let ellipsis = "…"

/// How many bytes `text` has within a JSON string.
func lengthInJSON(_ text: String) -> Int {
    text.utf8.reduce(0) { length, byte in
        switch byte {
        case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "\n"), UInt8(ascii: "\r"),
            UInt8(ascii: "\t"):
            length + 2
        case 0..<0x20: length + 6
        default: length + 1
        }
    }
}

private func withoutTrailingBlanks(_ text: String) -> String {
    guard let last = text.lastIndex(where: { !$0.isWhitespace }) else { return "" }
    return String(text[...last])
}

extension RichText.Line {
    /// The first `count` characters, as a person sees them.
    func prefix(_ count: Int) -> RichText.Line {
        var line = self
        line.runs = []
        var left = count
        for run in runs where left > 0 {
            var run = run
            let length = run.text.count
            if length > left { run.text = String(run.text.prefix(left)) }
            left -= length
            line.runs.append(run)
        }
        return line
    }

    /// What `prefix(count)` leaves.
    func dropFirst(_ count: Int) -> RichText.Line {
        var line = self
        line.runs = []
        line.beginsBlock = false
        line.lead = ""
        var left = count
        for run in runs {
            let length = run.text.count
            if length > left {
                var run = run
                run.text = String(run.text.dropFirst(max(0, left)))
                line.runs.append(run)
            }
            left -= length
        }
        return line
    }

    /// The most characters with which it is not longer than `limit`.
    func largestPrefix(within limit: Int, _ size: (RichText.Line) -> Int) -> Int {
        var (fits, all) = (0, count + 1)
        while all - fits > 1 {
            let middle = (fits + all) / 2
            if size(prefix(middle)) <= limit { fits = middle } else { all = middle }
        }
        return fits
    }
}

extension RichText {
    /// As many lines as fit into `limit`, the last one cut between two characters as a person sees them, with
    /// an ellipsis. `size` is a line's, with the line end before it. Nothing at all where not even the
    /// ellipsis fits.
    func fitted(into limit: Int, _ size: (Line) -> Int) -> (text: RichText, isCut: Bool) {
        var sizes: [Int] = []
        sizes.reserveCapacity(lines.count)
        for line in lines { sizes.append(size(line)) }
        if sizes.reduce(0, +) <= limit { return (self, false) }
        var kept = RichText()
        var room = limit
        let reserve = size(Line.ellipsis)
        for (line, length) in zip(lines, sizes) {
            // The ellipsis may have to stand on a line of its own.
            if length <= room - reserve {
                kept.lines.append(line)
                room -= length
                continue
            }
            let fits = line.largestPrefix(within: room) { size($0.withEllipsis) }
            let cut = line.prefix(fits).withEllipsis
            if size(cut) <= room { kept.lines.append(cut) }
            break
        }
        return (kept, true)
    }

    func size(_ size: (Line) -> Int) -> Int { lines.reduce(0) { $0 + size($1) } }
}

extension RichText.Line {
    fileprivate static let ellipsis = RichText.Line(runs: [RichText.Run(AdviceMessage.ellipsis)])

    fileprivate var withEllipsis: RichText.Line {
        var line = self
        if line.runs.last?.link == nil, let last = line.runs.indices.last {
            line.runs[last].text = withoutTrailingBlanks(line.runs[last].text)
        }
        line.runs.append(RichText.Run(AdviceMessage.ellipsis))
        return line
    }
}
