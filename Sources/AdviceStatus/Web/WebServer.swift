public import AdviceConfig
public import AdviceListener

/// Where on the web a request goes: its path, its query, and the address that the client knows this by.
public struct WebPath: Sendable {
    /// Without the first slash.
    public var parts: [String]
    public var query: [String: String]
    /// `https://advice.example.org`, for links that must be whole.
    public var origin: String

    /// nil where the target is none of a path. Nothing here has a name that needs percent-encoding.
    init?(_ request: ReceivedRequest) {
        let halves = request.path.split(separator: "?", maxSplits: 1, omittingEmptySubsequences: false)
        guard let path = halves.first, path.hasPrefix("/"), !path.contains("%") else { return nil }
        parts = path.dropFirst().split(separator: "/", omittingEmptySubsequences: false).map(String.init)
        if parts.last == "" { parts.removeLast() }
        query = [:]
        for pair in (halves.count == 2 ? halves[1] : "").split(separator: "&") {
            let sides = pair.split(separator: "=", maxSplits: 1)
            if sides.count == 2 { query[String(sides[0])] = String(sides[1]) }
        }
        // A proxy in front that speaks TLS says so; who makes it up gets links that lead nowhere.
        let isSecure = request.header("x-forwarded-proto")?.lowercased() == "https"
        origin = (isSecure ? "https://" : "http://") + (request.header("host") ?? "localhost")
    }
}

/// What is at a path: answered by calling the closure once, at once or later, on any thread.
public typealias Answering = @Sendable (WebPath, @escaping @Sendable (Response) -> Void) -> Void

/// One of the two read-only servers: it says who may ask, and how; `answer` says what.
///
/// It runs on libmicrohttpd's one thread, which nothing else waits for. `answer` must be quick there, and
/// calls back from elsewhere with what takes long.
public final class WebServer: Sendable {
    private let listener: Listener

    /// The port it listens on.
    public var port: Int { listener.port }

    /// What the servers bear. People look, and monitors ask every few seconds: this is plenty.
    private static var limits: ListenerLimits {
        var limits = ListenerLimits()
        limits.connections = 256
        limits.silenceSeconds = 15
        limits.headerBytes = 16 * 1024
        limits.bodyBytes = 0
        limits.givesUpOldest = true
        return limits
    }

    public init(
        at place: ListeningPlace, names: HostNames, answer: @escaping Answering
    ) throws(ListenerError) {
        listener = try Listener(
            at: place, limits: WebServer.limits,
            asking: { request, reply in
                if let refusal = WebServer.refusal(request, names) {
                    return reply(refusal.reply(to: request))
                }
                guard let path = WebPath(request) else {
                    return reply(Response.notFound.reply(to: request))
                }
                answer(path) { reply($0.reply(to: request)) }
            })
    }

    /// Closes the port, and the connections: what is not answered yet stays without an answer.
    public func stop() { listener.stop() }

    private static func refusal(_ request: ReceivedRequest, _ names: HostNames) -> Response? {
        guard let host = request.header("host") else {
            return Response(text: "a request names its host", status: 400)
        }
        guard names.contains(header: host) else {
            return Response(
                text: "this server does not answer to that name; `hosts` in the settings adds names",
                status: 421)
        }
        // A daemon that delivers to itself, or to another one's pages, would take that for a success.
        if request.header("user-agent")?.hasPrefix("advised/") ?? false {
            return Response(text: "a loop: this is advised, and takes no deliveries", status: 508)
        }
        guard ["GET", "HEAD"].contains(request.method) else {
            return Response(text: "GET and HEAD only: nothing can be changed here", status: 405)
        }
        return nil
    }
}

extension Configuration.Listen {
    /// Where that is; nil for off.
    public var place: ListeningPlace? {
        switch address {
        case .off: nil
        case .unix(let path): .unix(path: path)
        case .tcp(let host, let port):
            .tcp(
                address: host == "localhost" ? "127.0.0.1" : host.trimmingBrackets, port: port)
        }
    }
}

extension String {
    fileprivate var trimmingBrackets: String {
        hasPrefix("[") && hasSuffix("]") ? String(dropFirst().dropLast()) : self
    }
}
