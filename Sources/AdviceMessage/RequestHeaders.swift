/// The header lines of one attempt in the standard format, without their line ends (interface.md §3), in the
/// order in which a person reads them.
///
/// `timestamp` is the attempt's, in seconds since 1970; `attempt` counts from 1. Without secrets
/// (`secret: none`) there is no signature. A custom `User-Agent` stands in place of ours.
public func standardHeaders(
    id: String, timestamp: Int64, attempt: Int, secrets: [SigningSecret], body: [UInt8], userAgent: String,
    custom: [CustomHeader] = []
) -> [String] {
    precondition(attempt >= 1, "attempts are numbered from 1")
    var lines: [String] = []
    lines.reserveCapacity(6 + custom.count)
    lines.append("content-type: application/json")
    if !custom.contains(where: { $0.name.lowercased() == "user-agent" }) {
        lines.append("user-agent: " + userAgent)
    }
    lines.append("webhook-id: " + id)
    lines.append("webhook-timestamp: " + String(timestamp))
    if !secrets.isEmpty {
        lines.append(
            "webhook-signature: "
                + signatureHeader(id: id, timestamp: timestamp, body: body, secrets: secrets))
    }
    lines.append("webhook-attempt: " + String(attempt))
    for header in custom { lines.append(header.line) }
    return lines
}
