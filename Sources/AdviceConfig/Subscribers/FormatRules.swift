public import AdviceCore

extension Format {
    /// Whoever knows the URL can post there: it is as good as a password.
    public var hasSecretURL: Bool {
        switch self {
        case .slack, .discord, .teams, .googlechat, .mattermost, .template: true
        case .standard, .cloudevents, .telegram, .matrix, .zulip, .ntfy: false
        }
    }

    /// Where the format's one service is, for entries that name no URL.
    public var standingURL: String? {
        self == .telegram ? "https://api.telegram.org" : nil
    }

    /// For a message.
    fileprivate var exampleServer: String {
        switch self {
        case .telegram: "api.telegram.org"
        case .ntfy: "ntfy.sh"
        default: "\(rawValue).example.org"
        }
    }

    /// Keys without which the format cannot be sent.
    public var required: [(key: String, expectation: String)] {
        switch self {
        case .standard, .cloudevents, .slack, .discord, .teams, .googlechat, .mattermost: []
        case .telegram: [("to", "the chat's id"), ("token", "the bot's token")]
        case .matrix: [("to", "the room's id"), ("token", "the access token")]
        case .zulip:
            [
                ("to", "the stream"), ("topic", "the topic"), ("user", "the bot's address"),
                ("token", "the bot's key"),
            ]
        case .ntfy: [("topic", "the topic")]
        case .template: [("template", "{ file: F } or { preset: NAME }")]
        }
    }
}

/// Which keys a format calls for, and which keys call for a format.
struct FormatRules {
    private let fields: Fields
    private let subscriber: Subscriber

    /// Keys that only some formats use.
    private static let uses: [(key: String, formats: [Format])] = [
        ("to", [.telegram, .matrix, .zulip]), ("topic", [.ntfy, .zulip]),
        ("token", [.telegram, .matrix, .zulip, .ntfy]), ("user", [.zulip]), ("mode", [.cloudevents]),
        ("template", [.template]), ("also_sign", [.standard, .cloudevents, .template]),
    ]

    init(_ fields: Fields, _ subscriber: Subscriber) {
        self.fields = fields
        self.subscriber = subscriber
    }

    func check() {
        let format = subscriber.format
        if fields.isRow, let (key, _) = format.required.first(where: { !Keys.row.contains($0.key) }) {
            fields.file.error(
                at: fields.position(of: "format"),
                "format \(format.rawValue) needs '\(key)', which may not stand in a row: name this "
                    + "subscriber in a .yaml file")
            return
        }
        for (key, expectation) in format.required {
            _ = fields.required(key, "\(expectation), for format \(format.rawValue)")
        }
        for (key, formats) in Self.uses where fields.isGiven(key) && !formats.contains(format) {
            refuse(key, formats)
        }
        if !subscriber.secrets.isEmpty, !format.isSigned, format != .template {
            refuse("secret", [.standard, .cloudevents, .template])
        }
        if subscriber.options.confirm == true, !format.isSigned {
            refuse("confirm", [.standard, .cloudevents])
        }
        if subscriber.options.alsoSign?.isEmpty == false { checkAlsoSign() }
        checkValues()
        checkServer()
    }

    /// It signs with the text of the first secret, which the receiver has too.
    private func checkAlsoSign() {
        let position = fields.keyPosition(of: "also_sign")
        let isNone = fields.value("secret")?.text == "none"
        if isNone || subscriber.format == .template && fields.isMissing("secret") {
            fields.file.error(at: position, "'also_sign' needs a 'secret' to sign with")
        } else if case .inline(let text) = subscriber.secrets.first, text.hasPrefix("whsk_") {
            fields.file.error(
                at: position, "'also_sign' needs a secret that both sides have, first in 'secret': not whsk_")
        }
    }

    // MARK: Values

    /// The forms that a service's own documentation gives.
    private func checkValues() {
        switch subscriber.format {
        case .telegram:
            check("to", subscriber.options.to, "a chat's id such as \"-100123\", or @name of a public one") {
                $0.hasPrefix("@")
                    ? $0.utf8.count > 1 && $0.dropFirst().utf8.allSatisfy(isNameByte) : Int64($0) != nil
            }
        case .matrix:
            check(
                "to", subscriber.options.to,
                "a room's id, which begins with '!' (in the room's settings; an alias may come to mean "
                    + "another room)"
            ) { $0.hasPrefix("!") && $0.utf8.count > 1 }
        case .zulip:
            check("topic", subscriber.options.topic, "a topic of 1 to \(Limits.zulipTopic) characters") {
                (1...Limits.zulipTopic).contains($0.unicodeScalars.count)
            }
        case .ntfy:
            check("topic", subscriber.options.topic, "1 to 64 of A-Z, a-z, 0-9, '_' and '-'") {
                let isTopic = $0.utf8.allSatisfy { isNameByte($0) && $0 != UInt8(ascii: ".") }
                return isTopic && (1...64).contains($0.utf8.count)
            }
        case .standard, .cloudevents, .slack, .discord, .teams, .googlechat, .mattermost, .template: break
        }
    }

    private func check(_ key: String, _ text: String?, _ expectation: String, _ isGood: (String) -> Bool) {
        guard let text, !isGood(text), let value = fields.value(key) else { return }
        fields.mistake(key, value, mustBe: expectation)
    }

    /// Services of which the entry names the server alone; the path is the format's to say.
    private func checkServer() {
        let path: String? =
            switch subscriber.format {
            case .telegram: "/bot"
            case .matrix: "/_matrix/"
            case .zulip: "/api/"
            case .ntfy: subscriber.options.topic.map { "/\($0)" }
            case .standard, .cloudevents, .slack, .discord, .teams, .googlechat, .mattermost, .template: nil
            }
        guard let path, case .inline(let url) = subscriber.url, let value = fields.value("url") else {
            return
        }
        let isWhole = subscriber.format == .ntfy ? url.hasSuffix(path) : url.contains(path)
        guard isWhole || url.contains("?") || url.contains("#") else { return }
        fields.file.error(
            at: value.position,
            "'url' is the server's alone in format \(subscriber.format.rawValue), such as "
                + "https://\(subscriber.format.exampleServer)")
    }

    private func refuse(_ key: String, _ formats: [Format]) {
        let names = alternatives(formats.map(\.rawValue))
        fields.file.error(
            at: fields.keyPosition(of: key),
            "'\(key)' is for format \(names), not \(subscriber.format.rawValue)")
    }
}
