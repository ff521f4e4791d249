/// What each dialect takes for markup, character by character, and how it is kept from it. One function for
/// each dialect, each with its own table in the tests.

/// HTML, in which the signs of markup are few and can be named.
func escapedHTML(_ text: String) -> String {
    replacing(text) { scalar, _, _ in
        switch scalar {
        case "&": "&amp;"
        case "<": "&lt;"
        case ">": "&gt;"
        case "\"": "&quot;"
        default: nil
        }
    }
}

/// Slack's mrkdwn. It has names for three signs and no escape for the others: those stand as look-alikes
/// wherever they could act, which is anywhere but between letters.
func escapedSlack(_ text: String, atStart: Bool) -> String {
    let escaped = replacing(text) { scalar, before, after in
        switch scalar {
        case "&": "&amp;"
        case "<": "&lt;"
        case ">": "&gt;"
        default: lookAlike(scalar, before, after)
        }
    }
    // A quote: the name means what the sign does.
    return atStart && text.unicodeScalars.first == ">" ? String(invisible) + escaped : escaped
}

/// Google Chat's markup, which has no escape at all.
func escapedGoogleChat(_ text: String, atStart: Bool) -> String {
    let escaped = replacing(text) { scalar, before, after in
        switch scalar {
        case "<": "<" + String(invisible)
        default: lookAlike(scalar, before, after)
        }
    }
    let begins = atStart && text.unicodeScalars.first.map("-*>#".unicodeScalars.contains) == true
    return begins ? String(invisible) + escaped : escaped
}

/// Discord's Markdown: a backslash before any sign makes it a sign.
func escapedDiscord(_ text: String, atStart: Bool) -> String {
    withBackslashes(text, before: #"\`*_~|<>[]()"#, atStart: atStart)
}

/// The CommonMark of Adaptive Cards. Some of Teams' apps know no names of characters (`&lt;`) and would show
/// them, so what could begin a name or a link has an invisible character after it.
func escapedTeams(_ text: String, atStart: Bool) -> String {
    let begun = atStart && text.unicodeScalars.first == ">" ? "\\" : ""
    return begun
        + replacing(withBackslashes(text, before: #"\`*_~|[](){}"#, atStart: atStart)) { scalar, _, after in
            switch scalar {
            case "<": "<" + String(invisible)
            case "&" where after.map { $0 == "#" || $0.properties.isAlphabetic } == true:
                "&" + String(invisible)
            default: nil
            }
        }
}

/// CommonMark, as it is defined.
func escapedCommonMark(_ text: String, atStart: Bool) -> String {
    named(withBackslashes(text, before: #"\`*_~|[]()"#, atStart: atStart))
}

/// Mattermost's Markdown: CommonMark, with formulas between dollars.
func escapedMattermost(_ text: String, atStart: Bool) -> String {
    replacing(escapedCommonMark(text, atStart: atStart)) { scalar, _, _ in scalar == "$" ? "&#36;" : nil }
}

/// Zulip's Markdown has no backslashes, but it does know the numbers of characters.
func escapedZulip(_ text: String, atStart: Bool) -> String {
    let digits = atStart ? text.unicodeScalars.prefix { ("0"..."9").contains($0) }.count : 0
    var place = 0
    return replacing(text) { scalar, _, _ in
        defer { place += 1 }
        let isMarkup =
            "&<>*`~$[]|".unicodeScalars.contains(scalar)
            || atStart && place == 0 && "#-+/=".unicodeScalars.contains(scalar)
            || digits > 0 && place == digits && ".)".unicodeScalars.contains(scalar)
        return isMarkup ? "&#\(scalar.value);" : nil
    }
}

/// A sign that cannot be escaped, as one that looks like it; nil where it does nothing.
private func lookAlike(
    _ scalar: Unicode.Scalar, _ before: Unicode.Scalar?, _ after: Unicode.Scalar?
) -> String? {
    if scalar == "`" { return "\u{2cb}" }
    func isLetter(_ scalar: Unicode.Scalar?) -> Bool {
        scalar.map { $0.properties.isAlphabetic || $0.properties.numericType != nil } ?? false
    }
    guard !(isLetter(before) && isLetter(after)) else { return nil }
    return switch scalar {
    case "*": "\u{2217}"
    case "_": "\u{ff3f}"
    case "~": "\u{223c}"
    default: nil
    }
}

private func named(_ text: String) -> String {
    replacing(text) { scalar, _, _ in
        switch scalar {
        case "&": "&amp;"
        case "<": "&lt;"
        case ">": "&gt;"
        default: nil
        }
    }
}

/// A backslash before each of `signs`, and at the start of a line before what makes a heading, a list, a
/// quote or a rule of it.
private func withBackslashes(_ text: String, before signs: String, atStart: Bool) -> String {
    let digits = atStart ? text.unicodeScalars.prefix { ("0"..."9").contains($0) }.count : 0
    var place = 0
    return replacing(text) { scalar, _, _ in
        defer { place += 1 }
        let isMarkup =
            signs.unicodeScalars.contains(scalar)
            || atStart && place == 0 && "#-+=".unicodeScalars.contains(scalar)
            || digits > 0 && place == digits && scalar == "."
        return isMarkup ? "\\" + String(scalar) : nil
    }
}

/// Each scalar of `text`, or what `replacement` gives for it between its neighbours. By scalars, for a sign
/// with an accent over it is the sign still to a service.
func replacing(
    _ text: String,
    _ replacement: (Unicode.Scalar, _ before: Unicode.Scalar?, _ after: Unicode.Scalar?) -> String?
) -> String {
    var result = String.UnicodeScalarView()
    var before: Unicode.Scalar?
    var current: Unicode.Scalar?
    func write(_ scalar: Unicode.Scalar, _ after: Unicode.Scalar?) {
        if let replaced = replacement(scalar, before, after) {
            result.append(contentsOf: replaced.unicodeScalars)
        } else {
            result.append(scalar)
        }
    }
    for scalar in text.unicodeScalars {
        if let here = current {
            write(here, scalar)
            before = here
        }
        current = scalar
    }
    if let current { write(current, nil) }
    return String(result)
}

func replacing(_ text: String, _ scalar: Unicode.Scalar, with replacement: String) -> String {
    replacing(text) { here, _, _ in here == scalar ? replacement : nil }
}
