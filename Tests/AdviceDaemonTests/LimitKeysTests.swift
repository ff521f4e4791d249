import AdviceCore
import Testing

@testable import AdviceDaemon

/// What is counted together (delivery.md §1).
@Suite("Limit keys")
struct LimitKeysTests {
    private func key(_ format: Format, _ url: String, token: String? = nil) -> String {
        var subscriber = Subscriber(id: "a", url: .inline(url), secrets: [], format: format, series: [])
        subscriber.options.token = token.map { .inline($0) }
        var keys = LimitKeys(SecretReader(environment: [:]))
        let key = keys.key(of: subscriber)
        #expect(key.text == key.host || key.text.hasPrefix(key.host + "|"))
        return key.text
    }

    @Test("most formats count by host and port")
    func hosts() {
        #expect(key(.standard, "https://one.example/a") == "one.example:443")
        for format in [Format.mattermost, .matrix, .zulip, .ntfy, .teams, .template, .cloudevents] {
            #expect(key(format, "https://one.example/a", token: "t") == "one.example:443")
        }
    }

    @Test("a webhook of slack and discord is a channel of its own", arguments: [Format.slack, .discord])
    func channels(_ format: Format) {
        let one = key(format, "https://hooks.example/T0/B0/SECRET")
        #expect(one.hasPrefix("hooks.example:443|"))
        #expect(one == key(format, "https://hooks.example/T0/B0/SECRET"))
        #expect(one != key(format, "https://hooks.example/T0/B1/SECRET"))
        #expect(!one.contains("SECRET") && !one.contains("T0"))
    }

    @Test("a bot of telegram is one, whatever its chats; nothing of its token is told")
    func bots() {
        let one = key(.telegram, "https://api.telegram.org", token: "12:SECRET")
        #expect(one == key(.telegram, "https://api.telegram.org", token: "12:SECRET"))
        #expect(one != key(.telegram, "https://api.telegram.org", token: "13:SECRET"))
        #expect(!one.contains("SECRET"))
    }

    @Test("webhooks of one space of Google Chat share it")
    func spaces() {
        let base = "https://chat.googleapis.com/v1/spaces/"
        let one = key(.googlechat, base + "AAA/messages?key=k&token=SECRET")
        #expect(one == key(.googlechat, base + "AAA/messages?key=k&token=other"))
        #expect(one != key(.googlechat, base + "BBB/messages?key=k&token=SECRET"))
        #expect(!one.contains("SECRET"))
    }

    @Test("what cannot be read is counted together")
    func unreadable() {
        var keys = LimitKeys(SecretReader(environment: [:]))
        let lost = Subscriber(
            id: "a", url: .file("/nonexistent/url"), secrets: [], format: .slack, series: [])
        #expect(keys.key(of: lost).text == "unreadable")
    }
}
