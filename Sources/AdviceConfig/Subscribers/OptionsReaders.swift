internal import AdviceCore

/// Reads a subscriber's `headers`.
struct HeadersReader {
    private let fields: Fields
    private var file: SourceFile { fields.file }

    init(_ fields: Fields) {
        self.fields = fields
    }

    func read() -> [Subscriber.Header]? {
        guard let value = fields.value("headers") else { return nil }
        guard case .map(let entries) = value.content else {
            fields.mistake("headers", value, mustBe: "a mapping of names to values, such as { X-Team: a }")
            return nil
        }
        var seen: Set<String> = []
        return entries.compactMap { entry in
            if let mistake = Self.mistake(inName: entry.key) {
                file.error(at: entry.position, "header \(quoted(entry.key)) \(mistake)")
                return nil
            }
            if !seen.insert(entry.key.lowercased()).inserted {
                file.error(at: entry.position, "header \(quoted(entry.key)) is given twice")
            }
            guard !entry.value.isNothing else {
                file.error(at: entry.position, "header \(quoted(entry.key)) has no value")
                return nil
            }
            guard let given = file.protected(entry.value, entry.key) else { return nil }
            if given.isInline { file.noteSecret(at: given.position) }
            if let text = given.text, text.utf8.contains(where: { $0 < 0x20 || $0 == 0x7F }) {
                file.error(
                    at: given.position, "header \(quoted(entry.key)): a value holds no control characters")
            }
            return Subscriber.Header(name: entry.key, value: given.protected)
        }
    }

    /// What a request says of itself is for this program to say.
    private static let ours = ["host", "transfer-encoding", "connection"]

    private static func mistake(inName name: String) -> String? {
        let lower = name.lowercased()
        if ours.contains(lower) || lower.hasPrefix("content-") || lower.hasPrefix("webhook-") {
            return "is set by advised itself"
        }
        // RFC 9110 §5.6.2, token.
        let isToken = name.utf8.allSatisfy { isLetterOrDigit($0) || "!#$%&'*+-.^_`|~".utf8.contains($0) }
        guard isToken, (1...256).contains(name.utf8.count) else {
            return "is no header's name: letters, digits and '-'"
        }
        return nil
    }
}

/// Reads a subscriber's `template`.
struct TemplateReader {
    private let fields: Fields

    /// Services for which the body is known.
    static let presets = ["gotify", "rocketchat", "homeassistant", "ifttt", "n8n", "zapier"]

    init(_ fields: Fields) {
        self.fields = fields
    }

    func read() -> Subscriber.Template? {
        let file = fields.file
        guard let value = fields.value("template"),
            let entry = Fields(value, of: "'template'", keys: Keys.template, in: file)
        else { return nil }
        var template = Subscriber.Template()
        if let method = entry.value("method") {
            let methods = ["POST", "PUT"]
            if let text = method.text, methods.contains(text) {
                template.method = text
            } else {
                entry.mistake("method", method, methods)
            }
        }
        template.contentType = entry.parsed("content_type", mustBe: "a media type such as application/json") {
            text in
            let isPlain = text.utf8.allSatisfy { (0x20...0x7E).contains($0) }
            let isType = text.split(separator: "/", omittingEmptySubsequences: false).count >= 2
            return isPlain && isType && !text.hasPrefix("/") && !text.hasPrefix(" ") ? text : nil
        }
        if let preset = entry.value("preset") {
            if let text = preset.text, Self.presets.contains(text) {
                template.preset = text
            } else {
                entry.mistake("preset", preset, Self.presets)
            }
        }
        if entry.isGiven("file") == entry.isGiven("preset") {
            let also = entry.isGiven("file") ? ", not both" : ""
            file.error(at: entry.position, "'template' must name a file or a preset\(also)")
        }
        readFile(of: entry, into: &template)
        return template
    }

    /// Its text is kept: the file is not looked at again before the next reload.
    private func readFile(of entry: Fields, into template: inout Subscriber.Template) {
        let file = fields.file
        guard let value = entry.value("file") else { return }
        guard let name = value.text, !name.isEmpty else {
            return entry.mistake("file", value, mustBe: "a file's name")
        }
        let path = file.join(name)
        template.file = absolutePath(path)
        let key = path + "\0" + (template.contentType ?? "")
        if let known = file.reading.templates[key] {
            template.text = known
            return
        }
        // Behind the rosters, which are named in another file than this.
        let source = file.reading.open(path, namedAt: Position(line: .max, column: 1))
        var text = source.readText(limit: Limits.template) { message in
            file.error(at: value.position, "\(quoted(name)) \(message)")
        }.map { String(decoding: $0, as: UTF8.self) }
        let faults =
            text.flatMap { file.reading.environment.templateMistakes?($0, template.contentType) } ?? []
        for fault in faults {
            source.error(
                at: Position(line: Int32(clamping: fault.line), column: Int32(clamping: fault.column)),
                fault.words)
            text = nil
        }
        file.reading.templates[key] = .some(text)
        template.text = text
    }
}

/// Reads a subscriber's `tls`.
struct TLSReader {
    private let fields: Fields

    init(_ fields: Fields) {
        self.fields = fields
    }

    func read() -> Subscriber.TLS? {
        guard let value = fields.value("tls"),
            let entry = Fields(value, of: "'tls'", keys: Keys.tls, in: fields.file)
        else { return nil }
        var tls = Subscriber.TLS()
        tls.ca = entry.readableFile("ca", holding: "CERTIFICATE")
        tls.cert = entry.readableFile("cert", holding: "CERTIFICATE")
        tls.key = readKey(entry)
        if entry.isGiven("cert") != entry.isGiven("key") {
            let (given, missing) = entry.isGiven("cert") ? ("cert", "key") : ("key", "cert")
            fields.file.error(at: entry.keyPosition(of: given), "'\(given)' needs '\(missing)' beside it")
        }
        return tls
    }

    /// A plain text is a file's name here, unless it is the key itself.
    private func readKey(_ entry: Fields) -> Protected? {
        guard let value = entry.value("key") else { return nil }
        let file = entry.file
        let isName = value.text.map { !$0.contains("-----BEGIN") && !$0.isEmpty } ?? false
        let given =
            isName
            ? value.text.flatMap { file.protectedFile($0, at: value.position) } : file.protected(value, "key")
        guard let given else { return nil }
        if given.isInline { file.noteSecret(at: given.position) }
        if let text = given.text, !(text.contains("-----BEGIN") && text.contains("PRIVATE KEY-----")) {
            file.error(at: given.position, "'key' must be a private key in PEM")
        }
        return given.protected
    }
}

extension Fields {
    /// The absolute path of a file that can be read; `holding` names the PEM that must be in it.
    func readableFile(_ key: String, holding pem: String? = nil) -> String? {
        guard let value = value(key) else { return nil }
        guard let name = value.text, !name.isEmpty else {
            mistake(key, value, mustBe: "a file's name")
            return nil
        }
        let path = file.join(name)
        switch readFile(path, limit: Limits.protected) {
        case .failure(let mistake):
            file.error(at: value.position, "\(quoted(name)) \(mistake.message)")
            return nil
        case .success(let contents):
            file.reading.noteRead(path)
            if let pem, !String(decoding: contents.bytes, as: UTF8.self).contains("-----BEGIN \(pem)-----") {
                file.error(at: value.position, "\(quoted(name)) holds no \(pem.lowercased()) in PEM")
            }
            return absolutePath(path)
        }
    }
}
