public import AdviceConfig
public import AdviceCore
public import AdviceCourier
import AdviceMessage

/// Turns an attempt that was decided on into the exact bytes for the wire. The same for the daemon, for
/// `advised test` and for `advised preview`.
public struct Dispatcher: Sendable {
    private let secrets: SecretReader
    private let settings: Configuration.Delivery
    private let userAgentText: String

    public init(settings: Configuration.Delivery, secrets: SecretReader) {
        self.settings = settings
        self.secrets = secrets
        userAgentText = userAgent(contact: settings.contact)
    }

    /// Why an attempt cannot be made now, without anybody's fault but ours.
    public struct Obstacle: Error {
        public var reason: String
    }

    /// The webhook-ids of a release's deliveries.
    static func ids(of release: ReleaseInfo) throws(Obstacle) -> WebhookIDs {
        try ids(of: release, type: release.type, subject: release.subject)
    }

    private static func ids(
        of release: ReleaseInfo, type: String, subject: String
    ) throws(Obstacle) -> WebhookIDs {
        let isKnown = release.edition.isEmpty || Edition(release.edition) != nil
        guard isKnown, let type = EventType(rawValue: type) else {
            throw Obstacle(reason: "the store names a type or an edition that this version does not know")
        }
        return WebhookIDs(type: type, series: release.series, edition: release.edition, subject: subject)
    }

    /// The request of one attempt at `now`, of what was frozen for its format.
    func request(
        _ attempt: Attempt, of release: Outgoing.Release, at now: Instant
    ) throws(Obstacle) -> CourierRequest {
        let delivery = attempt.delivery
        var body = release.body
        if let replaced = delivery.replaces {
            let ids = try Dispatcher.ids(of: delivery.release, type: replaced.type, subject: replaced.subject)
            body = SharedBody(standardBody(body.bytes, replacing: ids.id(for: delivery.subscriberID)))
        }
        return try request(
            id: release.ids.id(for: delivery.subscriberID), to: delivery.endpoint, body: body,
            attempt: attempt.number, token: attempt.token, at: now)
    }

    /// The request with webhook-id `id` to `endpoint`, signed at `now`.
    public func request(
        id: String, to endpoint: Endpoint, body: SharedBody, attempt: Int, token: UInt64, at now: Instant
    ) throws(Obstacle) -> CourierRequest {
        let options = endpoint.options
        var keys: [SigningSecret] = []
        var custom: [CustomHeader] = []
        let url: String
        var tls: CourierRequest.TLS?
        do {
            url = try secrets.read(endpoint.url)
            for secret in endpoint.secrets { keys.append(try SigningSecret(try secrets.read(secret))) }
            for header in options.headers ?? [] {
                custom.append(try CustomHeader(name: header.name, value: try secrets.read(header.value)))
            }
            if let own = options.tls { tls = try read(own) }
        } catch let error {
            throw Obstacle(reason: "\(error)")
        }
        let headers = standardHeaders(
            id: id, timestamp: now.seconds, attempt: attempt, secrets: keys, body: body.bytes,
            userAgent: userAgentText, custom: custom)
        var request = CourierRequest(
            token: token, url: url, headers: headers, body: body,
            connectTimeout: settings.connectTimeout, timeout: options.timeout ?? settings.timeout)
        try allow(&request, options)
        request.keepsConnection = endpoint.sharesHost
        request.tls = tls
        request.version = options.http2 == true ? .http2 : .http11
        return request
    }

    /// What connects to `endpoint` as an attempt would, and sends nothing.
    public func connection(to endpoint: Endpoint, token: UInt64) throws(Obstacle) -> CourierRequest {
        let url: String
        do { url = try secrets.read(endpoint.url) } catch { throw Obstacle(reason: "\(error)") }
        var request = CourierRequest(
            token: token, url: url, headers: [], body: SharedBody([]),
            connectTimeout: settings.connectTimeout, timeout: endpoint.options.timeout ?? settings.timeout)
        try allow(&request, endpoint.options)
        request.connectsOnly = true
        return request
    }

    /// Comes back with a heartbeat's reply; deliveries' tokens count from 1.
    static let heartbeatToken = UInt64.max

    /// The ping to whoever watches over the daemon: a GET, which every service of the kind takes.
    func heartbeat(to place: Protected) throws(Obstacle) -> CourierRequest {
        let url: String
        do { url = try secrets.read(place) } catch { throw Obstacle(reason: "\(error)") }
        var request = CourierRequest(
            token: Dispatcher.heartbeatToken, url: url, headers: ["user-agent: \(userAgentText)"],
            body: SharedBody([]), connectTimeout: settings.connectTimeout, timeout: settings.timeout)
        request.method = .get
        try allow(&request, Subscriber.Options())
        return request
    }

    private func allow(
        _ request: inout CourierRequest, _ options: Subscriber.Options
    ) throws(Obstacle) {
        if let proxy = settings.proxy {
            do { request.proxy = try secrets.read(proxy) } catch { throw Obstacle(reason: "\(error)") }
        }
        request.allowHTTP = options.allowHTTP ?? settings.allowHTTP
        request.allowNetworks = settings.allowNetworks
        for text in options.allowNetworks ?? [] {
            if case .success(let block) = AddressBlock.parse(text) { request.allowNetworks.append(block) }
        }
    }

    private func read(_ own: Subscriber.TLS) throws(SecretUnreadable) -> CourierRequest.TLS {
        var key: [UInt8]?
        // A secret's line end is not part of it, but of a PEM.
        if let place = own.key { key = Array((try secrets.read(place) + "\n").utf8) }
        return CourierRequest.TLS(authorities: own.ca, certificate: own.cert, key: key)
    }
}
