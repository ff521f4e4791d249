import AdviceCore
import AdviceMessage
import Testing

struct WebhookIDTests {
    /// Worked out with Python's hashlib and base64.
    @Test(
        "the id is the contract's hash of what is told to whom",
        arguments: [
            (
                EventType.pointReleased, "fifteen-points", "2026-07-01", "build-trust.1", "ann",
                "zbltcn53epr3vnsgbd6mgaqkcm"
            ),
            (
                .pointRevised, "fifteen-points", "2026-07-01.2", "build-trust.2", "ann",
                "y2xjxaniprnjmxc6k555i3srgq"
            ),
            (.pointReleased, "s", "2026-07-01", "päckchen.1", "b", "vgqfusjk3wysqnl63xxfjihfh4"),
        ])
    func golden(
        type: EventType, series: String, edition: String, subject: String, subscriber: String,
        expected: String
    ) throws {
        let edition = try #require(Edition(edition))
        #expect(
            webhookID(type: type, series: series, edition: edition, subject: subject, subscriber: subscriber)
                == "msg_" + expected)
    }

    @Test("where there is no series and no edition their texts are empty")
    func noSeries() {
        #expect(
            webhookID(
                type: .alert, series: nil, edition: nil, subject: "exhausted.2026-07-02T13:00:00Z",
                subscriber: "ops") == "msg_jmm6sxh6vqct2gpds45ngooh2i")
    }

    @Test("every part makes a difference")
    func everyPart() throws {
        let first = Edition(start: try #require(CivilDate("2026-07-01")))
        let second = Edition(start: first.start, cycle: 2)
        let ids = [
            webhookID(type: .pointReleased, series: "a", edition: first, subject: "b", subscriber: "c"),
            webhookID(type: .pointRevised, series: "a", edition: first, subject: "b", subscriber: "c"),
            webhookID(type: .pointReleased, series: "z", edition: first, subject: "b", subscriber: "c"),
            webhookID(type: .pointReleased, series: "a", edition: second, subject: "b", subscriber: "c"),
            webhookID(type: .pointReleased, series: "a", edition: first, subject: "z", subscriber: "c"),
            webhookID(type: .pointReleased, series: "a", edition: first, subject: "b", subscriber: "z"),
            webhookID(type: .pointReleased, series: "a", edition: first, subject: "bc", subscriber: ""),
        ]
        #expect(Set(ids).count == ids.count)
    }

    @Test("a revision of a point is a subject of its own")
    func subject() {
        #expect(pointSubject("build-trust", revision: 2) == "build-trust.2")
    }

    @Test("a test's id is random, 26 characters of base32, and tells that it is one")
    func test() {
        var random = CountingGenerator()
        let first = testWebhookID(using: &random)
        let second = testWebhookID(using: &random)
        let random26 = first.dropFirst("msg_test_".count)
        #expect(first.hasPrefix("msg_test_"))
        #expect(random26.count == 26)
        #expect(random26.allSatisfy { "abcdefghijklmnopqrstuvwxyz234567".contains($0) })
        #expect(first != second)
    }
}
