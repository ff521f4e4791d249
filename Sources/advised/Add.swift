import AdviceConfig
import AdviceCore
import AdviceCourier
import AdviceDaemon
import AdviceMessage
import ArgumentParser

struct Add: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Adds a subscriber: asks for what its format needs, sends a test, and reloads.",
        discussion: """
            What is secret (a URL, a token) is read from standard input, without an echo on a terminal, and \
            kept in files of its own beside subscribers.yaml, mode 640. From a pipe what is not given by an \
            option is read line by line, in this order: url, token, to, topic, user, preset. Exit 1, and \
            nothing is added, where the test is not taken.
            """)

    @OptionGroup var options: InstallationOptions
    @Argument(help: "\(Format.allCases.map(\.rawValue).joined(separator: ", ")).") var format: String
    @Option(help: "The name by which it is shown, for ever. Default: the format's.") var id: String?
    @Option(help: "A series it gets; may be said several times. Needed where there are several.")
    var series: [String] = []
    @Option(help: "The chat (telegram), room (matrix) or stream (zulip).") var to: String?
    @Option(help: "The topic (ntfy, zulip).") var topic: String?
    @Option(help: "The bot's address (zulip).") var user: String?
    @Option(help: "A template that is known: \(BodyTemplate.presetNames.joined(separator: ", ")).")
    var preset: String?
    @Option(help: "A Mustache template of your own: a file, its path from the folder of subscribers.yaml.")
    var template: String?
    @Flag(help: "secret: none, for a receiver that checks no signature (standard, cloudevents).")
    var unsigned = false
    @Flag(name: .customLong("no-test"), help: "Send no test.") var noTest = false

    func run() throws {
        guard let chosen = Format(rawValue: format) else {
            let known = Format.allCases.map(\.rawValue)
            throw ValidationError(
                "there is no format '\(format)'\(suggestion(for: format, among: known)); there are "
                    + known.joined(separator: ", "))
        }
        let installation = options.installation
        let loaded = installation.load()
        let configuration = try installation.sound(loaded)
        let roster = try RosterFile(loaded.places.subscribers, settings: options.config)
        let entry = try questions(chosen, configuration).entry()
        var change = FileChange(besides: roster.path)
        do {
            try write(entry, to: roster, by: &change)
            try confirm(entry.id, installation)
        } catch {
            change.undo()
            Output.note("advised: nothing was added")
            throw error
        }
        Output.note("\(entry.id) is in \(roster.path)")
        if let secret = entry.receiverSecret {
            Output.note("Give the receiver this, by which it knows that a request is from you:")
            Output.line(secret)
        }
        try reload(installation)
    }

    private func questions(_ format: Format, _ configuration: Configuration) throws -> NewSubscriber {
        var subscriber = NewSubscriber(format, configuration)
        subscriber.given = ["id": id, "to": to, "topic": topic, "user": user].compactMapValues { $0 }
        subscriber.series = series
        (subscriber.preset, subscriber.template, subscriber.isUnsigned) = (preset, template, unsigned)
        return subscriber
    }

    private func write(
        _ entry: NewSubscriber.Entry, to roster: RosterFile, by change: inout FileChange
    ) throws {
        for file in entry.secrets { try change.add(file.name, file.text) }
        guard let text = try roster.text().adding(entry.lines) else {
            Output.note("advised: \(roster.path) is not a list of one entry below the other. Add to it:")
            Output.note(
                (["- " + entry.lines[0]] + entry.lines.dropFirst().map { "  " + $0 })
                    .joined(separator: "\n"))
            throw Exits.no
        }
        try change.replace(with: text)
    }

    /// Reads it back as the daemon will, and sends a test.
    private func confirm(_ id: String, _ installation: Installation) throws {
        let loaded = installation.load()
        guard let configuration = loaded.configuration,
            let subscriber = configuration.subscribers.first(where: { $0.id == id })
        else {
            for diagnostic in loaded.diagnostics where diagnostic.severity == .error {
                Output.note("\(diagnostic)")
            }
            throw Exits.configuration
        }
        guard !noTest else { return }
        Output.note("sending a test")
        try TestPost(configuration, installation).send(to: subscriber, isShown: false)
    }

    private func reload(_ installation: Installation) throws {
        guard let reply = try installation.ask(ControlRequest(.reload)) else {
            Output.note("no daemon runs: the next one takes it")
            return
        }
        Output.note(reply.text)
        if !reply.ok { throw Exits.configuration }
    }
}

/// The file in which subscribers stand, if it is one that a line can be added to.
private struct RosterFile {
    let path: String

    init(_ places: SubscriberPlaces, settings: String) throws {
        path = places.file
        guard path.hasSuffix(".yaml") || path.hasSuffix(".yml"), path != settings else {
            let what = path == settings ? "the settings themselves" : path
            Output.note(
                "advised: the subscribers stand in \(what); this adds to a file of their own in YAML: "
                    + "subscribers: { file: subscribers.yaml }")
            throw Exits.no
        }
    }

    func text() throws -> SubscribersText { SubscribersText(try FileChange.read(path)) }
}

/// What is known of a subscriber that is to be added, and how the rest is asked for.
struct NewSubscriber {
    private let format: Format
    private let configuration: Configuration
    private let prompt = Prompt()
    /// By key, from the options.
    var given: [String: String] = [:]
    var series: [String] = []
    var preset: String?
    var template: String?
    var isUnsigned = false

    /// The lines for subscribers.yaml, and the files with secrets that they name.
    struct Entry {
        var id: String
        var lines: [String]
        var secrets: [(name: String, text: String)] = []
        /// What the receiver is to be given.
        var receiverSecret: String?
    }

    init(_ format: Format, _ configuration: Configuration) {
        self.format = format
        self.configuration = configuration
    }

    func entry() throws -> Entry {
        let id = try freeID()
        var entry = Entry(id: id, lines: ["id: \(id)"])
        if format != .standard { entry.lines.append("format: \(format.rawValue)") }
        try askURL(&entry)
        try askToken(&entry)
        for key in ["to", "topic", "user"] {
            guard let expectation = format.required.first(where: { $0.key == key })?.expectation else {
                try refuse(key)
                continue
            }
            let text = try given[key] ?? prompt.ask("\(key): \(expectation)")
            entry.lines.append("\(key): \(SubscribersText.quoted(text))")
        }
        if format == .template { entry.lines.append("template: \(try chosenTemplate())") }
        try askSecret(&entry)
        try askSeries(&entry)
        return entry
    }

    private func refuse(_ key: String) throws {
        guard given[key] != nil else { return }
        throw ValidationError("--\(key) is not for format \(format.rawValue)")
    }

    /// The format's name, with a number where somebody has it.
    private func freeID() throws -> String {
        let taken = Set(configuration.subscribers.map(\.id))
        var proposal = format.rawValue
        var number = 2
        while taken.contains(proposal) {
            proposal = "\(format.rawValue)-\(number)"
            number += 1
        }
        let id =
            try given["id"] ?? prompt.askOnTerminal("id, shown in logs and kept for ever", else: proposal)
        guard SubscribersText.isID(id) else {
            throw ValidationError("an id is 1 to 64 of A-Z, a-z, 0-9, '_' and '-'")
        }
        guard !taken.contains(id) else { throw ValidationError("there is a subscriber '\(id)' already") }
        return id
    }

    private func askURL(_ entry: inout Entry) throws {
        guard format.standingURL == nil else { return }
        let isSecret = format.hasSecretURL
        let url = try prompt.ask(
            isSecret ? "URL of the webhook" : "URL, such as https://\(format.rawValue).example.org",
            isSecret: isSecret)
        if case .failure(let mistake) = parseEndpointURL(url) {
            throw ValidationError("the URL: \(mistake.message)")
        }
        guard isSecret else { return entry.lines.append("url: \(SubscribersText.quoted(url))") }
        keep(url, as: "url", in: &entry)
    }

    private func askToken(_ entry: inout Entry) throws {
        if let needed = format.required.first(where: { $0.key == "token" }) {
            keep(try prompt.ask(needed.expectation, isSecret: true), as: "token", in: &entry)
        } else if format == .ntfy {
            let token = try prompt.askOnTerminal("token (none)", else: "", isSecret: true)
            if !token.isEmpty { keep(token, as: "token", in: &entry) }
        }
    }

    private func keep(_ text: String, as key: String, in entry: inout Entry) {
        let name = key == "secret" ? "secrets/\(entry.id)" : "secrets/\(entry.id)-\(key)"
        entry.secrets.append((name, text + "\n"))
        entry.lines.append("\(key): { file: \(name) }")
    }

    private func chosenTemplate() throws -> String {
        if let template { return "{ file: \(SubscribersText.quoted(template)) }" }
        let names = BodyTemplate.presetNames
        let chosen = try preset ?? prompt.ask("preset: \(names.joined(separator: ", "))")
        guard names.contains(chosen) else {
            // From a pipe it may be a line that was meant for another question.
            throw ValidationError("there is no such preset; there are \(names.joined(separator: ", "))")
        }
        return "{ preset: \(chosen) }"
    }

    private func askSecret(_ entry: inout Entry) throws {
        guard format.isSigned else { return }
        guard !isUnsigned else { return entry.lines.append("secret: none") }
        var random = SystemRandomNumberGenerator()
        let text = SigningSecret.generate(.symmetric, using: &random)
        keep(text, as: "secret", in: &entry)
        entry.receiverSecret = try SigningSecret(text).receiverText
    }

    private func askSeries(_ entry: inout Entry) throws {
        let known = configuration.series.map(\.id)
        var chosen = series
        if chosen.isEmpty, known.count > 1 {
            let text = try prompt.askOnTerminal(
                "series: \(known.joined(separator: ", "))", else: "")
            chosen = text.split { $0 == " " || $0 == "," }.map(String.init)
            guard !chosen.isEmpty else {
                throw ValidationError("--series is needed: \(known.joined(separator: ", "))")
            }
        }
        for name in chosen where !known.contains(name) {
            throw ValidationError("there is no series '\(name)'\(suggestion(for: name, among: known))")
        }
        if !chosen.isEmpty { entry.lines.append("series: [\(chosen.joined(separator: ", "))]") }
    }
}
