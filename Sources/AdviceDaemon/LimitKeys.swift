import AdviceCore
import AdviceCourier
import Crypto

/// By what the attempts to an endpoint are counted together (delivery.md §1): its host and port, and behind a
/// bar what its service counts by, where that is less. Nothing of it tells a secret.
struct LimitKeys {
    struct Key {
        /// `host:port`
        var host: String
        var text: String
    }

    private let secrets: SecretReader
    /// A bot's token is one file for all its chats.
    private var tokens: [Protected: String] = [:]

    init(_ secrets: SecretReader) {
        self.secrets = secrets
    }

    /// What cannot be read now shares the key of the unreadable: it is looked at again when it is sent, and
    /// says then what is wrong.
    mutating func key(of subscriber: Subscriber) -> Key {
        guard let text = try? secrets.read(subscriber.url), case .success(let url) = parseEndpointURL(text)
        else { return Key(host: "unreadable", text: "unreadable") }
        let host = url.limitKey
        let shared: String?
        switch subscriber.format.limit {
        case .host: shared = nil
        case .url: shared = LimitKeys.mark(text)
        case .space: shared = LimitKeys.mark(LimitKeys.space(of: text))
        case .bot: shared = subscriber.options.token.map { token($0) }
        }
        return Key(host: host, text: shared.map { "\(host)|\($0)" } ?? host)
    }

    private mutating func token(_ place: Protected) -> String {
        if let known = tokens[place] { return known }
        let mark = (try? secrets.read(place)).map(LimitKeys.mark) ?? "unreadable"
        tokens[place] = mark
        return mark
    }

    /// `.../v1/spaces/SPACE/messages?key=...`: several webhooks may lead to one space. The whole where it is
    /// written in another way.
    private static func space(of url: String) -> Substring {
        guard let end = url.firstRange(of: "/messages") else { return url[...] }
        return url[..<end.lowerBound]
    }

    /// 64 bits of a hash: no way leads back, and two that meet would share their pace, no more.
    private static func mark(_ text: some StringProtocol) -> String {
        let hash = SHA256.hash(data: Array(text.utf8))
        return hash.prefix(8).map { byte in (byte < 16 ? "0" : "") + String(byte, radix: 16) }.joined()
    }
}
