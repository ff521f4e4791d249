/// The header lines of one attempt in the standard format, without their line ends (interface.md §3), in the
/// order in which a person reads them.
///
/// `timestamp` is the attempt's, in seconds since 1970; `attempt` counts from 1. Without secrets
/// (`secret: none`) there is no signature. A custom `User-Agent` stands in place of ours.
public func standardHeaders(
    id: String, timestamp: Int64, attempt: Int, secrets: [SigningSecret], body: [UInt8], userAgent: String,
    custom: [CustomHeader] = []
) -> [String] {
    HeaderLines(
        contentType: "application/json",
        identity: AttemptIdentity(id: id, timestamp: timestamp, attempt: attempt),
        signing: Signing(secrets: secrets), userAgent: userAgent, custom: custom
    ).lines(body)
}

/// The header lines of one attempt in any format.
struct HeaderLines {
    var contentType: String
    /// nil for chat services: they neither check a signature nor know a webhook-id.
    var identity: AttemptIdentity?
    var signing = Signing()
    /// Lines of the format's own. A custom header of the same name stands in place of one.
    var own: [String] = []
    var userAgent: String
    var custom: [CustomHeader]

    func lines(_ body: [UInt8]) -> [String] {
        var lines: [String] = []
        lines.reserveCapacity(6 + own.count + custom.count)
        let given = Set(custom.map { $0.name.lowercased() })
        lines.append("content-type: " + contentType)
        if !given.contains("user-agent") { lines.append("user-agent: " + userAgent) }
        if let identity { append(identity, body, to: &lines) }
        for line in own where !given.contains(String(line.prefix { $0 != ":" })) { lines.append(line) }
        for header in custom { lines.append(header.line) }
        return lines
    }

    private func append(_ identity: AttemptIdentity, _ body: [UInt8], to lines: inout [String]) {
        precondition(identity.attempt >= 1, "attempts are numbered from 1")
        lines.append("webhook-id: " + identity.id)
        lines.append("webhook-timestamp: " + String(identity.timestamp))
        if !signing.secrets.isEmpty {
            let signature = signatureHeader(
                id: identity.id, timestamp: identity.timestamp, body: body, secrets: signing.secrets)
            lines.append("webhook-signature: " + signature)
        }
        if let github = signing.github { lines.append(github.line(body)) }
        lines.append("webhook-attempt: " + String(identity.attempt))
    }
}
