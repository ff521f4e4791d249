internal import AdviceCore

/// Reads the settings' `delivery`.
struct DeliveryReader {
    private let fields: Fields
    private var file: SourceFile { fields.file }

    /// More would move to the second pool of that size at once.
    private static let concurrency = 1...4096

    init(_ fields: Fields) {
        self.fields = fields
    }

    func read() -> Configuration.Delivery {
        var delivery = Configuration.Delivery()
        if let count = fields.count("concurrency", in: Self.concurrency) { delivery.concurrency = count }
        if let count = fields.count("per_host", in: Self.concurrency) { delivery.perHost = count }
        delivery.hosts = readHosts()
        if let span = fields.timeout("connect_timeout") { delivery.connectTimeout = span }
        if let span = fields.timeout("timeout") { delivery.timeout = span }
        if let waits = fields.waits("retries") { delivery.retries = waits }
        delivery.allowNetworks = NetworksReader(fields, mayOpenLinkLocal: true).read().compactMap(\.block)
        if let flag = fields.flag("allow_http") { delivery.allowHTTP = flag }
        delivery.proxy = readProxy()
        delivery.contact = fields.parsed(
            "contact", mustBe: "a URL or an address in printable ASCII without spaces and brackets"
        ) { text in
            let isPlain = text.utf8.allSatisfy { $0 > 0x20 && $0 < 0x7F && !"()<>\"\\".utf8.contains($0) }
            return isPlain && (1...200).contains(text.utf8.count) ? text : nil
        }
        return delivery
    }

    private func readHosts() -> [Configuration.HostLimit] {
        guard let value = fields.value("hosts") else { return [] }
        guard case .map(let entries) = value.content else {
            fields.mistake("hosts", value, mustBe: "a mapping such as { hooks.slack.com: { per_host: 64 } }")
            return []
        }
        var seen: Set<String> = []
        return entries.compactMap { entry in
            guard let host = HostText(entry.key.lowercased()) else {
                file.error(
                    at: entry.position, "\(quoted(entry.key)) must be a host, or host:port, without a scheme")
                return nil
            }
            guard seen.insert(host.description).inserted else {
                file.error(at: entry.position, "host \(quoted(entry.key)) is given twice")
                return nil
            }
            let name = "host \(quoted(entry.key))"
            guard let limit = Fields(entry.value, of: name, keys: Keys.host, in: file),
                limit.required("per_host", "expected { per_host: COUNT }") != nil,
                let count = limit.count("per_host", in: Self.concurrency)
            else { return nil }
            return Configuration.HostLimit(host: host.description, perHost: count)
        }
    }

    private func readProxy() -> Protected? {
        guard let value = fields.value("proxy"), value.text != "none" else { return nil }
        guard let given = file.protected(value, "proxy") else { return nil }
        if let text = given.text {
            let schemes = ["http://", "https://", "socks5h://"]
            let rest = schemes.first(where: text.hasPrefix).map { text.dropFirst($0.count) }
            let isPlain = text.utf8.allSatisfy { $0 > 0x20 && $0 < 0x7F && $0 != UInt8(ascii: "\\") }
            guard let rest, !rest.isEmpty, isPlain else {
                file.error(
                    at: given.position,
                    "'proxy' must be none or a URL that begins http://, https:// or socks5h://")
                return nil
            }
            if given.isInline, rest.contains("@") { file.noteSecret(at: given.position) }
        }
        return given.protected
    }
}

/// Reads `allow_networks`, of the settings or of a subscriber.
struct NetworksReader {
    private let fields: Fields
    /// Only the settings file may, and only for single addresses: there the machine's own credentials are
    /// served.
    private let mayOpenLinkLocal: Bool

    /// Also as they look mapped into IPv6 (RFC 4291) and through a NAT64 gateway (RFC 6052).
    private static let linkLocal = [
        "169.254.0.0/16", "::ffff:169.254.0.0/112", "64:ff9b::a9fe:0/112", "fe80::/10", "fd00:ec2::254",
    ].compactMap { try? AddressBlock.parse($0).get() }

    init(_ fields: Fields, mayOpenLinkLocal: Bool) {
        self.fields = fields
        self.mayOpenLinkLocal = mayOpenLinkLocal
    }

    func read() -> [(text: String, block: AddressBlock?)] {
        fields.list("allow_networks", of: "address blocks", such: "[10.0.0.0/8]") { value in
            guard let text = value.text else {
                fields.mistake("allow_networks", value, mustBe: "a list of address blocks")
                return nil
            }
            switch AddressBlock.parse(text) {
            case .failure(let mistake):
                fields.file.error(at: value.position, "\(quoted(text)): \(mistake.message)")
                return nil
            case .success(let block):
                check(block, at: value.position)
                return (text, block)
            }
        } ?? []
    }

    /// The address guard lets through all that a block holds, so a wide one must not hold these either.
    private func check(_ block: AddressBlock, at position: Position) {
        guard let taken = Self.linkLocal.first(where: block.overlaps) else { return }
        guard !(mayOpenLinkLocal && block.isSingle) else { return }
        let advice = mayOpenLinkLocal ? "open single addresses of these" : "only the settings may open these"
        fields.file.error(
            at: position, "\(block) takes in link-local or metadata addresses (\(taken)): \(advice)")
    }
}
