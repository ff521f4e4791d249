/// Text that is shown as it is: a title, a notification, a footer.
struct PlainDialect: Dialect {
    var hasCommands = false
    /// Whether the address of a link follows its text. One of mail does always.
    var showsAddresses = true

    func escape(_ text: String, atStart: Bool) -> String { text }
    func code(_ text: String) -> String { text }
    func styled(_ written: String, bold: Bool, italic: Bool) -> String { written }
    func link(_ written: String, to url: String, isAddress: Bool) -> String? {
        showsAddresses || url.hasPrefix("mailto:") ? nil : isAddress ? url : written
    }
    var hasDelimiters: Bool { false }
}

/// `*bold*`, `_italic_`, `<url|text>`: https://docs.slack.dev/messaging/formatting-message-text
struct SlackDialect: Dialect {
    func escape(_ text: String, atStart: Bool) -> String {
        escapedSlack(text, atStart: atStart)
    }
    func code(_ text: String) -> String { fenced(escapedHTML(text)) }
    func styled(_ written: String, bold: Bool, italic: Bool) -> String {
        let slanted = italic ? "_" + written + "_" : written
        return bold ? "*" + slanted + "*" : slanted
    }
    func link(_ written: String, to url: String, isAddress: Bool) -> String? {
        let target = replacing(url, "&", with: "&amp;")
        return isAddress ? "<" + target + ">" : "<" + target + "|" + replacing(written, "|", with: "¦") + ">"
    }
}

/// `*bold*`, `_italic_`, `<url|text>`: https://developers.google.com/workspace/chat/format-messages
struct GoogleChatDialect: Dialect {
    func escape(_ text: String, atStart: Bool) -> String {
        escapedGoogleChat(text, atStart: atStart)
    }
    func code(_ text: String) -> String {
        fenced(replacing(text, "<", with: "<" + String(invisible)))
    }
    func styled(_ written: String, bold: Bool, italic: Bool) -> String {
        SlackDialect().styled(written, bold: bold, italic: italic)
    }
    func link(_ written: String, to url: String, isAddress: Bool) -> String? {
        if url.hasPrefix("mailto:") { return nil }
        if isAddress { return url }
        return "<" + url + "|" + replacing(replacing(written, "|", with: "¦"), ">", with: "›") + ">"
    }
    /// It has none: the sign is no markup here.
    func quote(_ depth: Int) -> String { String(repeating: "│ ", count: depth) }
}

/// The four services that take a Markdown with `**bold**`, `*italic*` and `[text](url)`, each with its own
/// escapes.
struct MarkdownDialect: Dialect {
    enum Service: Sendable { case discord, teams, mattermost, ntfy }
    var service: Service

    func escape(_ text: String, atStart: Bool) -> String {
        switch service {
        case .discord: escapedDiscord(text, atStart: atStart)
        case .teams: escapedTeams(text, atStart: atStart)
        case .mattermost: escapedMattermost(text, atStart: atStart)
        case .ntfy: escapedCommonMark(text, atStart: atStart)
        }
    }
    /// Adaptive Cards have none.
    func code(_ text: String) -> String {
        service == .teams ? escape(text, atStart: true) : fenced(text)
    }
    func styled(_ written: String, bold: Bool, italic: Bool) -> String {
        let slanted = italic ? "*" + written + "*" : written
        return bold ? "**" + slanted + "**" : slanted
    }
    func link(_ written: String, to url: String, isAddress: Bool) -> String? {
        if service == .discord, url.hasPrefix("mailto:") { return nil }
        if isAddress, service != .teams { return "<" + url + ">" }
        return "[" + written + "](" + url + ")"
    }
    func quote(_ depth: Int) -> String {
        // A card has none.
        String(repeating: service == .teams ? "│ " : "> ", count: depth)
    }
    /// CommonMark reads a lone line end as a blank.
    var lineEnd: String { service == .ntfy ? "  \n" : "\n" }
}

/// `**bold**`, `*italic*`, `[text](url)`, and no backslashes:
/// https://zulip.com/help/format-your-message-using-markdown
struct ZulipDialect: Dialect {
    func escape(_ text: String, atStart: Bool) -> String {
        escapedZulip(text, atStart: atStart)
    }
    func code(_ text: String) -> String { fenced(text) }
    func styled(_ written: String, bold: Bool, italic: Bool) -> String {
        MarkdownDialect(service: .ntfy).styled(written, bold: bold, italic: italic)
    }
    func link(_ written: String, to url: String, isAddress: Bool) -> String? {
        isAddress && !url.hasPrefix("mailto:") ? url : "[" + written + "](" + url + ")"
    }
}

/// The HTML of Telegram (https://core.telegram.org/bots/api#html-style) and of Matrix.
struct HTMLDialect: Dialect {
    enum Service: Sendable { case telegram, matrix }
    var service: Service

    func escape(_ text: String, atStart: Bool) -> String {
        escapedHTML(text)
    }
    func code(_ text: String) -> String { "<code>" + escape(text, atStart: false) + "</code>" }
    func styled(_ written: String, bold: Bool, italic: Bool) -> String {
        let slanted = italic ? "<i>" + written + "</i>" : written
        return bold ? "<b>" + slanted + "</b>" : slanted
    }
    func link(_ written: String, to url: String, isAddress: Bool) -> String? {
        if service == .telegram, url.hasPrefix("mailto:") { return nil }
        let target = replacing(url, "&", with: "&amp;")
        return "<a href=\"" + target + "\">" + (isAddress ? target : written) + "</a>"
    }
    func quote(_ depth: Int) -> String { String(repeating: "│ ", count: depth) }
    var lineEnd: String { service == .matrix ? "<br>" : "\n" }
    var blockEnd: String { service == .matrix ? "<br><br>" : "\n\n" }
    var hasCommands: Bool { service == .telegram }
    var hasDelimiters: Bool { false }
}

/// Code between grave accents: one within would end it, and stands as a look-alike.
private func fenced(_ text: String) -> String {
    "`" + replacing(text, "`", with: "\u{2cb}") + "`"
}
