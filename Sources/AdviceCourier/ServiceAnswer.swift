import AdviceCore

/// What a service says in words of its own, beside HTTP's status: one table for all formats (delivery.md §1
/// and §4). What stands here goes before the table of statuses; what does not is judged by that.
enum ServiceAnswer {
    struct Verdict: Equatable {
        var outcome: Outcome
        /// Of ours, for the log: a service's own text may repeat what nobody is to see.
        var words: String
    }

    /// A place that is closed for ever: by this status, and where a phrase is named, with it in the body.
    private struct Closing {
        var status: Int?
        var phrase: String?
        var words: String
    }

    /// nil where the status says it all.
    static func verdict(on exchange: Exchange) -> Verdict? {
        guard exchange.format != .standard, let status = exchange.finalStatus else { return nil }
        let meant = self.status(exchange)
        guard !(200...399).contains(meant) else { return nil }
        for rule in closings(of: exchange.format) where matches(rule, meant, exchange.body) {
            return Verdict(outcome: .goneForGood, words: "\(CurlOutcome.line(meant)): \(rule.words)")
        }
        let isRefusal = meant != status
        let words = CurlOutcome.line(meant) + (isRefusal ? ", said in the body of a \(status)" : "")
        if meant != 410, let wait = wait(exchange, status: meant) {
            return Verdict(outcome: .retryAfter(max(wait, exchange.retryAfter ?? .zero)), words: words)
        }
        guard isRefusal else { return nil }
        return Verdict(outcome: outcome(ofStatus: meant), words: words)
    }

    /// How long all who share the limit key should rest after this answer, though it be a good one: the
    /// service has said that nothing is left until then.
    static func rest(_ exchange: Exchange) -> Span? {
        guard exchange.format == .discord, exchange.isLimitSpent else { return nil }
        return exchange.limitReset
    }

    // MARK: What is meant

    /// A 2xx that says no in its body was not taken: what its own code says counts. A body that is cut off,
    /// or is none, leaves it at the status.
    private static func status(_ exchange: Exchange) -> Int {
        guard (200...299).contains(exchange.status) else { return exchange.status }
        switch exchange.format {
        case .telegram where value(of: "ok", in: exchange.body).map(starts("false")) == true:
            let code = number(of: "error_code", in: exchange.body) ?? 400
            return (400...599).contains(code) ? Int(code) : 400
        case .zulip where value(of: "result", in: exchange.body).map(starts("\"error\"")) == true:
            let isLimit = value(of: "code", in: exchange.body).map(starts("\"RATE_LIMIT_HIT\"")) == true
            return isLimit ? 429 : 400
        default: return exchange.status
        }
    }

    private static func closings(of format: Format) -> [Closing] {
        switch format {
        case .slack:
            [
                Closing(status: 404, words: "Slack has no such webhook any more"),
                Closing(phrase: "channel_not_found", words: "the channel is gone (channel_not_found)"),
                Closing(phrase: "no_service", words: "the webhook was removed (no_service)"),
                Closing(phrase: "invalid_token", words: "the webhook was revoked (invalid_token)"),
            ]
        case .discord: [Closing(status: 404, words: "the webhook was deleted")]
        case .matrix: [Closing(status: 401, words: "the access token is not valid any more")]
        case .telegram: telegram
        default: []
        }
    }

    /// The Bot API tells these by their descriptions alone.
    private static let telegram = [
        Closing(phrase: "migrate_to_chat_id", words: "the group has become a supergroup: it has a new id"),
        Closing(phrase: "bot was blocked", words: "the bot was blocked"),
        Closing(phrase: "bot was kicked", words: "the bot was removed from the chat"),
        Closing(phrase: "bot is not a member", words: "the bot is not in the chat"),
        Closing(phrase: "chat not found", words: "there is no such chat, or the bot is not in it"),
        Closing(phrase: "chat was deleted", words: "the chat was deleted"),
        Closing(phrase: "chat was deactivated", words: "the chat was deleted"),
        Closing(phrase: "user is deactivated", words: "the account was deleted"),
        Closing(phrase: "PEER_ID_INVALID", words: "there is no such chat"),
    ]

    private static func matches(_ rule: Closing, _ status: Int, _ body: [UInt8]) -> Bool {
        // What a server that is ill says is no last word.
        guard status < 500, rule.status ?? status == status else { return false }
        return rule.phrase.map { body.firstRange(of: Array($0.utf8)) != nil } ?? true
    }

    // MARK: Waits

    /// What the body asks for, and where a limit was hit its header; capped as Retry-After is.
    private static func wait(_ exchange: Exchange, status: Int) -> Span? {
        let member: String
        switch exchange.format {
        case .discord, .telegram: member = "retry_after"
        case .matrix: member = "retry_after_ms"
        case .zulip: member = "retry-after"
        default: return nil
        }
        let unit = exchange.format == .matrix ? 0.001 : 1
        let asked = number(of: member, in: exchange.body).map { span($0 * unit) }
        let reset = exchange.format == .discord && status == 429 ? exchange.limitReset : nil
        return [asked, reset].compactMap { $0 }.max()
    }

    /// Seconds as a service writes them, with their fraction; nil for what is no number.
    static func seconds(_ value: some Sequence<UInt8>) -> Span? {
        Double(String(decoding: Array(value), as: UTF8.self)).flatMap { $0 >= 0 ? span($0) : nil }
    }

    private static func span(_ seconds: Double) -> Span {
        guard seconds < Double(RetryAfter.longest.seconds) else { return RetryAfter.longest }
        // Upwards: not a moment before what was asked.
        return .milliseconds(Int64((seconds * 1000).rounded(.up)))
    }

    // MARK: JSON that may be cut off

    /// What follows a member's name and colon, at whatever depth. Within a text the name's quotes would have
    /// a backslash before them, so that nothing that somebody wrote passes for a member.
    private static func value(of member: String, in body: [UInt8]) -> ArraySlice<UInt8>? {
        guard let name = body.firstRange(of: Array("\"\(member)\"".utf8)) else { return nil }
        var rest = body[name.upperBound...].drop(while: isSpace)
        guard rest.popFirst() == UInt8(ascii: ":") else { return nil }
        return rest.drop(while: isSpace)
    }

    /// Not negative, and within what the body has of it.
    private static func number(of member: String, in body: [UInt8]) -> Double? {
        guard let value = value(of: member, in: body) else { return nil }
        let digits = value.prefix { (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) || $0 == 0x2E }
        return Double(String(decoding: digits, as: UTF8.self))
    }

    private static func starts(_ text: String) -> (ArraySlice<UInt8>) -> Bool {
        { $0.starts(with: text.utf8) }
    }

    private static func isSpace(_ byte: UInt8) -> Bool {
        byte == 0x20 || byte == 0x09 || byte == 0x0A || byte == 0x0D
    }
}
