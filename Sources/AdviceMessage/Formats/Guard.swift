/// Nothing that is seen, between two characters that would mean something together: ZERO WIDTH SPACE.
let invisible: Unicode.Scalar = "\u{200b}"

/// `text` in which no service finds anything to act on that is not written with a dialect's own markup: no
/// mention (`@all`), no hashtag or channel (`#general`), no name of an emoji (`:smile:`), no address of a
/// scheme (`tg://`), nothing between angle brackets (`<!channel>`), no target of a link, and no bot's command
/// (`/start`) where the service has them. What would have been one has an invisible character in it.
///
/// An address of mail stays whole: every service asks for something else than a letter or a digit before a
/// mention.
func withoutSignals(_ text: String, commands: Bool = false) -> String {
    withoutSignals(in: [text], commands: commands).joined()
}

/// The same for texts that stand one after the other in a line: a change of style between `@` and `all` hides
/// nothing. Those that are `kept` stay as they are.
func withoutSignals(
    in texts: [String], commands: Bool, kept: (_ place: Int) -> Bool = { _ in false }
) -> [String] {
    guard texts.contains(where: { $0.utf8.contains { "@#:/<]".utf8.contains($0) } }) else { return texts }
    let scalars = texts.flatMap(\.unicodeScalars)
    var results: [String] = []
    var place = 0
    for (number, text) in texts.enumerated() {
        var result = String.UnicodeScalarView()
        for scalar in text.unicodeScalars {
            result.append(scalar)
            if isSignal(at: place, of: scalars, commands: commands), !kept(number) {
                result.append(invisible)
            }
            place += 1
        }
        results.append(String(result))
    }
    return results
}

private func isSignal(at place: Int, of scalars: [Unicode.Scalar], commands: Bool) -> Bool {
    let before = place > 0 ? scalars[place - 1] : nil
    let after = place + 1 < scalars.count ? scalars[place + 1] : nil
    return switch scalars[place] {
    case "@": after != nil && !(isWord(before) && isWord(after))
    case "#": !isWord(before) && after.map { $0.properties.isAlphabetic || isWord($0) } == true
    case ":": after == "/" || isEmojiName(scalars[(place + 1)...])
    case "<": isWord(after) || after.map("!@#:/".unicodeScalars.contains) == true
    case "]": after == "("
    case "/": commands && isWord(after) && (before.map(\.properties.isWhitespace) ?? true)
    default: false
    }
}

private func isWord(_ scalar: Unicode.Scalar?) -> Bool {
    switch scalar {
    case .some("a"..."z"), .some("A"..."Z"), .some("0"..."9"): true
    default: false
    }
}

/// Whether what follows a colon is a name and the closing colon. A time of the day is none.
private func isEmojiName(_ rest: ArraySlice<Unicode.Scalar>) -> Bool {
    // The longest names that services have are below this.
    let name = rest.prefix(100).prefix { isWord($0) || "_+-'".unicodeScalars.contains($0) }
    guard name.contains(where: { !("0"..."9").contains($0) }) else { return false }
    return name.endIndex < rest.endIndex && rest[name.endIndex] == ":"
}
