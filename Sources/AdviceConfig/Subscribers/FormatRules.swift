internal import AdviceCore

extension Format {
    /// Whoever knows the URL can post there: it is as good as a password.
    var hasSecretURL: Bool {
        switch self {
        case .slack, .discord, .teams, .googlechat, .mattermost, .template: true
        case .standard, .cloudevents, .telegram, .matrix, .zulip, .ntfy: false
        }
    }

    /// Where the format's one service is, for entries that name no URL.
    var standingURL: String? {
        self == .telegram ? "https://api.telegram.org" : nil
    }

    /// Keys without which the format cannot be sent.
    fileprivate var required: [(key: String, expectation: String)] {
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
        ("template", [.template]), ("also_sign", [.standard, .cloudevents]),
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
        if subscriber.options.alsoSign?.isEmpty == false, fields.value("secret")?.text == "none" {
            fields.file.error(
                at: fields.keyPosition(of: "also_sign"), "'also_sign' needs a 'secret' to sign with")
        }
    }

    private func refuse(_ key: String, _ formats: [Format]) {
        let names = alternatives(formats.map(\.rawValue))
        fields.file.error(
            at: fields.keyPosition(of: key),
            "'\(key)' is for format \(names), not \(subscriber.format.rawValue)")
    }
}
