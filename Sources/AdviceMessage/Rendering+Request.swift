import AdviceCore
import FoundationEssentials

extension Rendering {
    /// The request of one attempt. The method, the URL and the body are the same for all attempts of a
    /// delivery as long as the subscriber's entry is unchanged.
    ///
    /// `custom` are the entry's own headers; a `User-Agent` among them stands in place of `userAgent`.
    public func request(
        to destination: Destination, _ identity: AttemptIdentity, signing: Signing = Signing(),
        userAgent: String, custom: [CustomHeader] = []
    ) throws(DestinationMistake) -> WrittenRequest {
        var draft = try draft(to: destination, identity)
        draft.headers.userAgent = userAgent
        draft.headers.custom = custom
        if format.isSigned || format == .template {
            draft.headers.identity = identity
            draft.headers.signing = signing
        }
        return WrittenRequest(
            method: draft.method, url: draft.url, headers: draft.headers.lines(draft.body ?? bytes),
            ownBody: draft.body)
    }

    private struct Draft {
        var method = WrittenRequest.Method.post
        var url: String
        var headers = HeaderLines(contentType: "application/json", userAgent: "", custom: [])
        var body: [UInt8]?
    }

    private func draft(
        to destination: Destination, _ identity: AttemptIdentity
    ) throws(DestinationMistake) -> Draft {
        var draft = Draft(url: destination.url)
        switch format {
        case .standard: draft.body = identity.replaces.map { standardBody(bytes, replacing: $0) }
        case .cloudevents: try write(event: &draft, destination.mode, identity)
        case .slack, .teams, .googlechat, .mattermost: break
        case .discord: draft.url = destination.url.withQuery("wait=true")
        case .telegram:
            let token = try require(destination.token, "token")
            draft.url = destination.url.withPath("bot\(pathToken(token))/sendMessage")
            draft.body = withMember("chat_id", try require(destination.to, "to"), in: bytes)
        case .matrix:
            let room = formEncoded(try require(destination.to, "to"))
            draft.method = .put
            draft.url = destination.url.withPath(
                "_matrix/client/v3/rooms/\(room)/send/m.room.message/\(formEncoded(identity.id))")
            let token = try require(destination.token, "token")
            draft.headers.own = ["authorization: Bearer " + token]
        case .zulip: try write(zulip: &draft, destination)
        case .ntfy:
            draft.body = withMember("topic", try require(destination.topic, "topic"), in: bytes)
            if let token = destination.token { draft.headers.own = ["authorization: Bearer " + token] }
        case .template: try write(template: &draft, destination, identity)
        }
        return draft
    }

    private func write(
        event draft: inout Draft, _ mode: Subscriber.CloudEventsMode, _ identity: AttemptIdentity
    ) throws(DestinationMistake) {
        let event = identity.replaces.map { standardBody(bytes, replacing: $0) } ?? bytes
        switch mode {
        case .structured:
            draft.headers.contentType = "application/cloudevents+json"
            draft.body = CloudEvent.structured(event, id: identity.id)
        case .binary:
            let (headers, body) = try CloudEvent.binary(event, id: identity.id)
            draft.headers.own = headers
            draft.body = body
        }
    }

    private func write(zulip draft: inout Draft, _ destination: Destination) throws(DestinationMistake) {
        let stream = formEncoded(try require(destination.to, "to"))
        let topic = formEncoded(try require(destination.topic, "topic"))
        let user = try require(destination.user, "user")
        let token = try require(destination.token, "token")
        draft.url = destination.url.withPath("api/v1/messages")
        draft.headers.contentType = "application/x-www-form-urlencoded"
        draft.headers.own = ["authorization: Basic " + Data("\(user):\(token)".utf8).base64EncodedString()]
        draft.body = Array("type=stream&to=\(stream)&topic=\(topic)&".utf8) + bytes
    }

    private func write(
        template draft: inout Draft, _ destination: Destination, _ identity: AttemptIdentity
    ) throws(DestinationMistake) {
        guard let template = destination.template else {
            throw DestinationMistake("format template needs a 'template'")
        }
        guard var values = TemplateValues(json: bytes) else {
            throw DestinationMistake("what was kept holds no values for a template: the store is broken")
        }
        values["id"] = .text(identity.id)
        values["replaces"] = .text(identity.replaces ?? "")
        draft.method = template.method
        draft.headers.contentType = template.contentType
        draft.body = Array(template.render(values).utf8)
    }

    private func require(_ value: String?, _ key: String) throws(DestinationMistake) -> String {
        guard let value, !value.isEmpty else {
            throw DestinationMistake("format \(format.rawValue) needs '\(key)'")
        }
        return value
    }

    /// Telegram's tokens have a colon, which may stand in a path as it is.
    private func pathToken(_ token: String) -> String {
        token.split(separator: ":", omittingEmptySubsequences: false).map { formEncoded(String($0)) }
            .joined(separator: ":")
    }
}

extension String {
    /// A URL with more to its path; its query stays, and a fragment is never sent.
    fileprivate func withPath(_ path: String) -> String {
        let parts = withoutFragment.split(separator: "?", maxSplits: 1, omittingEmptySubsequences: false)
        var base = parts[0]
        while base.last == "/" { base.removeLast() }
        return base + "/" + path + (parts.count > 1 ? "?" + parts[1] : "")
    }

    /// A URL with one more member in its query, unless it is there.
    fileprivate func withQuery(_ member: String) -> String {
        let url = withoutFragment
        guard let mark = url.firstIndex(of: "?") else { return url + "?" + member }
        let members = url[url.index(after: mark)...].split(separator: "&")
        if members.contains(where: { $0 == member }) { return String(url) }
        return url + (members.isEmpty ? "" : "&") + member
    }

    private var withoutFragment: Substring { prefix { $0 != "#" } }
}

/// CloudEvents' handshake, which stands for a challenge in that format: the endpoint is asked whether it
/// takes events from `origin`, a host's name, and says so by `WebHook-Allowed-Origin`
/// (https://github.com/cloudevents/spec/blob/main/cloudevents/http-webhook.md §4).
public func cloudEventsHandshake(
    to destination: Destination, origin: String, userAgent: String, custom: [CustomHeader] = []
) -> WrittenRequest {
    var lines = ["user-agent: " + userAgent, "webhook-request-origin: " + origin]
    if custom.contains(where: { $0.name.lowercased() == "user-agent" }) { lines.removeFirst() }
    return WrittenRequest(
        method: .options, url: destination.url, headers: lines + custom.map(\.line), ownBody: [])
}
