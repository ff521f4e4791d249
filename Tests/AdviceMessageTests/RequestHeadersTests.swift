import AdviceMessage
import Testing

struct RequestHeadersTests {
    @Test("the header lines are the contract's")
    func contract() throws {
        let lines = standardHeaders(
            id: Vector.id, timestamp: Vector.timestamp, attempt: 3,
            secrets: [try SigningSecret(Vector.secret)],
            body: Vector.body, userAgent: userAgent(contact: "https://example.org/about", version: "0.1.0"),
            custom: [try CustomHeader(name: "X-Team", value: "a")])
        #expect(
            lines == [
                "content-type: application/json",
                "user-agent: advised/0.1.0 (+https://example.org/about)",
                "webhook-id: \(Vector.id)",
                "webhook-timestamp: 1614265330",
                "webhook-signature: \(Vector.signature)",
                "webhook-attempt: 3",
                "X-Team: a",
            ])
    }

    @Test("without a secret there is no signature")
    func unsigned() {
        let lines = standardHeaders(
            id: "msg_a", timestamp: 1, attempt: 1, secrets: [], body: [], userAgent: "advised/1")
        #expect(!lines.contains { $0.hasPrefix("webhook-signature") })
        #expect(lines.count == 5)
    }

    @Test("a subscriber's own user agent stands in place of ours")
    func ownUserAgent() throws {
        let lines = standardHeaders(
            id: "msg_a", timestamp: 1, attempt: 1, secrets: [], body: [], userAgent: "advised/1",
            custom: [try CustomHeader(name: "User-Agent", value: "mine")])
        #expect(lines.filter { $0.lowercased().hasPrefix("user-agent:") } == ["User-Agent: mine"])
    }

    @Test("without a contact the user agent is name and version")
    func noContact() {
        #expect(userAgent(contact: nil, version: "1.2.3") == "advised/1.2.3")
    }
}
