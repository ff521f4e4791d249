public import AdviceConfig
public import AdviceCore
public import AdviceCourier
public import AdviceMessage
import Glibc
import Synchronization

/// Turns an attempt that was decided on into the exact bytes for the wire. The same for the daemon, for
/// `advised test` and for `advised preview`.
public struct Dispatcher: Sendable {
    private let secrets: SecretReader
    private let settings: Configuration.Delivery
    private let userAgentText: String
    private let templates = Templates()

    public init(settings: Configuration.Delivery, secrets: SecretReader) {
        self.settings = settings
        self.secrets = secrets
        userAgentText = userAgent(contact: settings.contact)
    }

    /// Why an attempt cannot be made now, without anybody's fault but ours.
    public struct Obstacle: Error, CustomStringConvertible {
        public var reason: String
        public var description: String { reason }
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
        var identity = AttemptIdentity(
            id: release.ids.id(for: delivery.subscriberID), timestamp: now.seconds, attempt: attempt.number)
        if let replaced = delivery.replaces {
            let ids = try Dispatcher.ids(of: delivery.release, type: replaced.type, subject: replaced.subject)
            identity.replaces = ids.id(for: delivery.subscriberID)
        }
        return try request(release.letter, identity, to: delivery.endpoint, token: attempt.token)
    }

    /// The request of `letter`, in the endpoint's format, to `endpoint`.
    public func request(
        _ letter: Letter, _ identity: AttemptIdentity, to endpoint: Endpoint, token: UInt64
    ) throws(Obstacle) -> CourierRequest {
        let written: WrittenRequest
        do {
            written = try letter.rendering.request(
                to: try destination(endpoint), identity, signing: try signing(endpoint),
                userAgent: userAgentText, custom: try custom(endpoint))
        } catch {
            throw Obstacle(reason: "\(error)")
        }
        return try courierRequest(written, letter.body, to: endpoint, token: token)
    }

    /// The endpoint's own headers, their values read.
    private func custom(_ endpoint: Endpoint) throws -> [CustomHeader] {
        try (endpoint.options.headers ?? []).map {
            try CustomHeader(name: $0.name, value: try secrets.read($0.value))
        }
    }

    /// For the wire; `shared` is the body where the request has none of its own.
    private func courierRequest(
        _ written: WrittenRequest, _ shared: SharedBody?, to endpoint: Endpoint, token: UInt64
    ) throws(Obstacle) -> CourierRequest {
        let options = endpoint.options
        var tls: CourierRequest.TLS?
        do { tls = try options.tls.map { try read($0) } } catch { throw Obstacle(reason: "\(error)") }
        var request = CourierRequest(
            token: token, url: written.url, headers: written.headers,
            body: written.ownBody.map { SharedBody($0) } ?? shared ?? SharedBody([]),
            connectTimeout: settings.connectTimeout, timeout: options.timeout ?? settings.timeout)
        try allow(&request, options)
        request.format = endpoint.format
        request.method =
            switch written.method {
            case .post: .post
            case .put: .put
            case .options: .options
            }
        request.keepsConnection = endpoint.sharesHost
        request.tls = tls
        request.version = options.http2 == true ? .http2 : .http11
        return request
    }

    /// The endpoint's own part of a request, its secrets read.
    private func destination(_ endpoint: Endpoint) throws -> Destination {
        let options = endpoint.options
        return Destination(
            url: try secrets.read(endpoint.url), to: options.to, topic: options.topic, user: options.user,
            token: try options.token.map(secrets.read), mode: options.mode ?? .structured,
            template: try options.template.flatMap(templates.template))
    }

    private func signing(_ endpoint: Endpoint) throws -> Signing {
        let texts = try endpoint.secrets.map(secrets.read)
        var signing = Signing(secrets: try texts.map { text in try SigningSecret(text) })
        guard endpoint.options.alsoSign?.contains("github") == true, let first = texts.first else {
            return signing
        }
        // A private key is not for the receiver to have.
        guard signing.secrets.first?.kind == .symmetric else {
            throw Obstacle(reason: "also_sign needs a first secret that both sides have, not whsk_")
        }
        signing.github = GitHubSecret(first)
        return signing
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

    /// The challenge that stands before the first of an endpoint's deliveries, and what its answer must hold.
    func challenge(
        _ attempt: Attempt, at now: Instant
    ) throws(Obstacle) -> (request: CourierRequest, wanted: Challenge.Wanted) {
        let delivery = attempt.delivery
        if delivery.endpoint.format == .cloudevents { return try handshake(attempt) }
        let nonce = Challenge.nonce()
        let ids = WebhookIDs(type: .endpointVerify, series: "", edition: "", subject: nonce)
        let question = Announcement.verify(challenge: nonce, at: now)
        let asked = try request(
            Letter(Rendering(question, as: delivery.endpoint.format)),
            AttemptIdentity(id: ids.id(for: delivery.subscriberID), timestamp: now.seconds, attempt: 1),
            to: delivery.endpoint, token: attempt.token)
        return (asked, .nonce(nonce))
    }

    /// That of CloudEvents: it is asked whether it takes events from us, by our name.
    private func handshake(
        _ attempt: Attempt
    ) throws(Obstacle) -> (request: CourierRequest, wanted: Challenge.Wanted) {
        let endpoint = attempt.delivery.endpoint
        let written: WrittenRequest
        do {
            written = cloudEventsHandshake(
                to: try destination(endpoint), origin: origin, userAgent: userAgentText,
                custom: try custom(endpoint))
        } catch {
            throw Obstacle(reason: "\(error)")
        }
        return (try courierRequest(written, nil, to: endpoint, token: attempt.token), .origin(origin))
    }

    /// By what name receivers may know us: the host of `delivery.contact`, else this machine's.
    private var origin: String {
        if let contact = settings.contact, case .success(let url) = parseEndpointURL(contact) {
            return url.host
        }
        var name = [CChar](repeating: 0, count: 256)
        guard gethostname(&name, name.count - 1) == 0 else { return "localhost" }
        return String(decoding: name.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
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

/// The templates in use, each read once: a reload makes another dispatcher.
private final class Templates: Sendable {
    private let known = Mutex<[Subscriber.Template: BodyTemplate]>([:])

    func template(_ entry: Subscriber.Template) throws -> BodyTemplate? {
        if let template = known.withLock({ $0[entry] }) { return template }
        let template = try Templates.read(entry)
        known.withLock { $0[entry] = template }
        return template
    }

    private static func read(_ entry: Subscriber.Template) throws -> BodyTemplate? {
        let method: WrittenRequest.Method? = entry.method.map { $0 == "PUT" ? .put : .post }
        if let preset = entry.preset {
            return BodyTemplate.preset(preset, method: method, contentType: entry.contentType)
        }
        return try entry.text.map {
            try BodyTemplate(
                $0, method: method ?? .post, contentType: entry.contentType ?? "application/json")
        }
    }
}
