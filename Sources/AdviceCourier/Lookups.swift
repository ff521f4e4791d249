import AdviceCore
import CCurl

/// The attempts of one engine that wait for their host's address.
struct Lookups {
    private var waiting: [String: [Waiting]] = [:]
    /// When the first gives up, CLOCK_MONOTONIC nanoseconds, or earlier; `.max` where none waits.
    private(set) var deadline = UInt64.max

    struct Waiting {
        var request: CourierRequest
        var host: Host
        /// CLOCK_MONOTONIC nanoseconds, and so is `until`.
        var startedAt: UInt64
        var until: UInt64

        /// What an attempt comes to whose host was not found; `answer` is nil where time has run out.
        func reply(_ answer: Resolver.Answer?, now: UInt64) -> CourierReply {
            var exchange = Exchange()
            exchange.code = Int(
                (answer == nil ? CURLE_OPERATION_TIMEDOUT : CURLE_COULDNT_RESOLVE_HOST).rawValue)
            exchange.isLookupDark = answer == .unreachable
            if request.proxy != nil {
                exchange.proxy = .init()
                exchange.proxy?.isUnknown = answer != nil
            }
            return request.reply(exchange, latency: Span(nanoseconds: Int64(now - startedAt)))
        }
    }

    /// Whether the name is being asked for already.
    mutating func add(_ attempt: Waiting) -> Bool {
        deadline = min(deadline, attempt.until)
        let isAsked = waiting[attempt.host.name] != nil
        waiting[attempt.host.name, default: []].append(attempt)
        return isAsked
    }

    mutating func take(_ name: String) -> [Waiting] { waiting.removeValue(forKey: name) ?? [] }

    /// Those whose time has run out, in the order of their tokens. Who asks for the name after that waits for
    /// the answer that is on its way.
    mutating func takeExpired(at now: UInt64) -> [Waiting] {
        var expired: [Waiting] = []
        deadline = .max
        for (name, attempts) in waiting {
            let left = attempts.filter { $0.until > now }
            expired += attempts.filter { $0.until <= now }
            waiting[name] = left.isEmpty ? nil : left
            for attempt in left { deadline = min(deadline, attempt.until) }
        }
        return expired.sorted { $0.request.token < $1.request.token }
    }
}

extension CourierRequest {
    /// What it comes to where nothing was dialled.
    func reply(_ exchange: Exchange, latency: Span) -> CourierReply {
        var reply = CourierReply(
            token: token, outcome: CurlOutcome.outcome(of: exchange), status: 0,
            error: CurlOutcome.words(for: exchange, timeout: timeout, connectTimeout: connectTimeout),
            latency: latency, address: nil, replyPrefix: [], date: nil)
        reply.isDark = CurlOutcome.isDark(exchange)
        return reply
    }
}

/// A host that is a name, as libcurl's own parser finds it in a URL.
struct Host {
    /// With the dot at its end, where it was written with one: libcurl keeps it.
    var name: String
    var port: Int

    /// Nil where the host is an address, and where libcurl is to refuse the URL.
    init?(of url: String) {
        if Host.isNumeric(url.utf8) { return nil }
        guard case .success(let parsed) = parseEndpointURL(url), !parsed.isLiteral else { return nil }
        let dotted = parsed.host + "."
        name = url.lowercased().contains("//" + dotted) ? dotted : parsed.host
        port = parsed.port
    }

    init(name: String, port: Int) {
        self.name = name
        self.port = port
    }

    /// Whether the host is surely an address, without a look by libcurl: most of those that are.
    private static func isNumeric(_ url: String.UTF8View) -> Bool {
        guard let slash = url.firstIndex(of: UInt8(ascii: "/")),
            let begin = url.index(slash, offsetBy: 2, limitedBy: url.endIndex)
        else { return false }
        let ends: [UInt8] = [UInt8(ascii: ":"), UInt8(ascii: "/"), UInt8(ascii: "?")]
        let host = url[begin...].prefix { !ends.contains($0) }
        guard let first = host.first, (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(first),
            case .v4 = IPAddress(String(Substring(host)))
        else { return false }
        return true
    }
}
