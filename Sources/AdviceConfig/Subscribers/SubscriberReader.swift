internal import AdviceCore

/// Reads one subscriber's entry.
struct SubscriberReader {
    private let fields: Fields
    private let context: SubscriberContext
    private var file: SourceFile { fields.file }

    init(_ fields: Fields, _ context: SubscriberContext) {
        self.fields = fields
        self.context = context
    }

    /// The subscriber; nil where it has no id or no URL to speak of.
    func read(id: String?) -> RosterMember? {
        let format = fields.word("format", Format.self)
        let isFormatKnown = format != nil || !fields.isGiven("format")
        let allowsHTTP = fields.flag("allow_http")
        let url = readURL(format ?? .standard, allowsHTTP: allowsHTTP ?? context.delivery.allowHTTP)
        let secrets = SecretsReader(fields).read(isRequired: isFormatKnown && (format ?? .standard).isSigned)
        var subscriber = Subscriber(
            id: id ?? "", url: url.protected ?? .inline(""), secrets: secrets, format: format ?? .standard,
            series: readSeries())
        subscriber.paused = fields.flag("paused") ?? false
        readCalendar(&subscriber)
        readOptions(&subscriber.options)
        subscriber.options.allowHTTP = allowsHTTP
        if isFormatKnown { FormatRules(fields, subscriber).check() }
        guard id != nil, url.protected != nil else { return nil }
        return RosterMember(
            subscriber: subscriber, urlPosition: fields.position(of: "url"),
            atPosition: fields.position(of: fields.isGiven("at") ? "at" : "zone"), url: url.parts)
    }

    private func readURL(
        _ format: Format, allowsHTTP: Bool
    ) -> (protected: Protected?, parts: EndpointURL?) {
        if !fields.isGiven("url"), let standing = format.standingURL {
            let parts = try? file.reading.environment.parseURL(standing).get()
            return (.inline(standing), parts)
        }
        guard let value = fields.required("url", "where to send to"), let given = file.protected(value, "url")
        else {
            return (nil, nil)
        }
        if given.isInline, format.hasSecretURL { file.noteSecret(at: given.position) }
        let permission = "'allow_http: true'" + (fields.isRow ? " in 'delivery'" : "")
        let parts = EndpointCheck(file, allowsHTTP: allowsHTTP, permission: permission).url(given, "url")
        return (given.protected, parts)
    }

    private func readSeries() -> [String] {
        guard fields.isGiven("series") else {
            if context.seriesIDs.count > 1, fields.isMissing("series") {
                let expectation =
                    "name some of \(context.seriesIDs.joined(separator: ", ")), or [] for alerts only"
                file.error(at: fields.position, "'series' is missing: \(expectation)")
            }
            return context.seriesIDs.count == 1 ? context.seriesIDs : []
        }
        var named: [String] = []
        let first = context.seriesIDs.first ?? "advice"
        let example = fields.isRow ? "[\"\(first)\"]" : "[\(first)]"
        let list: [String]? = fields.list("series", of: "series ids", such: example) { value in
            guard let id = value.text else {
                fields.mistake("series", value, mustBe: "a list of series ids")
                return nil
            }
            if !context.seriesIDs.contains(id) {
                let hint = suggestion(for: id, among: context.seriesIDs)
                file.error(at: value.position, "there is no series \(quoted(id))\(hint)")
            } else if named.contains(id) {
                file.error(at: value.position, "series \(quoted(id)) is named twice")
            }
            named.append(id)
            return id
        }
        return file.reading.shared(list ?? [])
    }

    private func readCalendar(_ subscriber: inout Subscriber) {
        if let value = fields.value("zone") {
            subscriber.zone = file.zoneName(value, "zone", fields).map(file.reading.shared)
        }
        subscriber.at = fields.time("at")
        subscriber.joined = fields.date("joined")
        // Whose series are not known may be of any.
        let isKnown =
            fields.isGiven("series") ? fields.value("series")?.list != nil : !subscriber.series.isEmpty
        let series = isKnown ? subscriber.series : context.seriesIDs
        for key in ["zone", "at"] where fields.isGiven(key) && !context.mayNameZone(series) {
            file.reading.warn(
                .noEffect, in: file, at: fields.keyPosition(of: key),
                "'\(key)' has no effect: none of this subscriber's series says 'zone: subscriber'")
        }
        if fields.isGiven("joined"), !context.mayNameJoin(series) {
            file.reading.warn(
                .noEffect, in: file, at: fields.keyPosition(of: "joined"),
                "'joined' has no effect: none of this subscriber's series says 'join: from-start'")
        }
    }

    // MARK: Options

    private func readOptions(_ options: inout Subscriber.Options) {
        options.to = fields.line("to")
        options.topic = fields.line("topic")
        if fields.isRow { return }
        options.user = fields.line("user")
        options.token = readToken()
        options.mode = fields.word("mode", Subscriber.CloudEventsMode.self)
        options.template = TemplateReader(fields).read()
        options.alsoSign = fields.list("also_sign", of: "signatures", such: "[github]") { value in
            if value.text == "github" { return value.text }
            fields.mistake("also_sign", value, ["github"])
            return nil
        }
        options.headers = HeadersReader(fields).read()
        if fields.isGiven("allow_networks") {
            options.allowNetworks = NetworksReader(fields, mayOpenLinkLocal: context.isInSettings).read().map(
                \.text)
        }
        options.timeout = fields.timeout("timeout")
        options.rate = fields.parsed(
            "rate", mustBe: "a count over a time, such as 1/s, 30/m or 100/h", Self.rate)
        options.retries = fields.waits("retries")
        options.http2 = fields.parsed("http", mustBe: "\"1.1\" or \"2\"") { ["1.1": false, "2": true][$0] }
        options.tls = TLSReader(fields).read()
        options.confirm = fields.parsed("confirm", mustBe: "none or challenge") {
            ["none": false, "challenge": true][$0]
        }
    }

    private func readToken() -> Protected? {
        guard let value = fields.value("token"), let given = file.protected(value, "token") else {
            return nil
        }
        if given.isInline { file.noteSecret(at: given.position) }
        if let text = given.text, !text.utf8.allSatisfy({ $0 > 0x20 && $0 < 0x7F }) {
            file.error(at: given.position, "'token' must be printable ASCII without blanks")
        }
        return given.protected
    }

    /// Attempts per second.
    private static func rate(_ text: String) -> Double? {
        let parts = text.split(separator: "/", omittingEmptySubsequences: false)
        guard parts.count == 2, let seconds = ["s": 1.0, "m": 60, "h": 3600][String(parts[1])] else {
            return nil
        }
        let isPlain = parts[0].utf8.allSatisfy { isDigit($0) || $0 == UInt8(ascii: ".") }
        guard isPlain, let count = Double(parts[0]), count > 0, count <= 1_000_000 else { return nil }
        return count / seconds
    }
}

/// Checks URLs that requests are sent to, by the parser that will be used for sending.
struct EndpointCheck {
    private let file: SourceFile
    private let allowsHTTP: Bool
    private let permission: String

    /// `permission` is what to write to allow plain http.
    init(_ file: SourceFile, allowsHTTP: Bool, permission: String) {
        self.file = file
        self.allowsHTTP = allowsHTTP
        self.permission = permission
    }

    /// The URL's parts where its text is known and right; what is wrong is reported without the URL.
    func url(_ given: ProtectedValue, _ key: String) -> EndpointURL? {
        guard let text = given.text else { return nil }
        switch file.reading.environment.parseURL(text) {
        case .failure(let mistake):
            file.error(at: given.position, "'\(key)': \(mistake.message)")
            return nil
        case .success(let parts):
            if parts.scheme == "http", !allowsHTTP {
                file.error(
                    at: given.position,
                    "'\(key)' is plain http, which anyone on the way can read: use https, "
                        + "or write \(permission)"
                )
            }
            return parts
        }
    }
}
