import AdviceCore
import AdviceMessage
import Testing

/// The same bits in the same order each time.
struct CountingGenerator: RandomNumberGenerator {
    private var state: UInt64 = 0

    mutating func next() -> UInt64 {
        state &+= 0x9e37_79b9_7f4a_7c15
        return state
    }
}

/// The golden vector of interface.md §3, which is also the one of the Standard Webhooks specification's
/// libraries, and the same content signed by other keys, with Python's hmac and OpenSSL.
enum Vector {
    static let id = "msg_p5jXN8AQM9LWM0D4loKWxJek"
    static let timestamp: Int64 = 1_614_265_330
    static let body = Array(#"{"test": 2432232314}"#.utf8)

    static let secret = "MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
    static let signature = "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="

    /// The bytes 0 to 31.
    static let otherSecret = "whsec_AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8="
    static let otherSignature = "v1,O4Gjv1HqPqsMrjmczoggs/sWA8gZD0VyHG+fLh4+ktI="

    /// RFC 8032 §7.1, test 1.
    static let edSecret = "whsk_nWGxne/9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2A="
    static let edSecretWithPublicHalf =
        "whsk_nWGxne/9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2DXWpgBgrEKt9VL/tPJZAc6DuFy89qmIyWvAhpo9wdRGg=="
    static let edPublic = "whpk_11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo="
    static let edSignature =
        "v1a,fldxM4gAKugP6nnt1hdz3sgGfZ6d99nzrMFnZOELIxbzEHoVmAb2ADpkJK7zgPePmPsle0zV9jSeGlHFG2NVAw=="

    static func headers(
        id: String = Vector.id, timestamp: String = String(Vector.timestamp),
        signature: String = Vector.signature
    ) -> [(name: String, value: String)] {
        [
            ("Content-Type", "application/json"), ("Webhook-Id", id), ("Webhook-Timestamp", timestamp),
            ("Webhook-Signature", signature),
        ]
    }
}

/// The second of the fifteen points, as interface.md §3 has it.
func buildTrust(
    body: String = "Ask *early*.\n\n- one\n- [two](https://example.org/two)", notice: String? = nil,
    releasedAt: Instant = Instant(seconds: 1_782_997_200)
) throws -> ReleasedPoint {
    let day = try #require(CivilDate("2026-07-02"))
    let start = try #require(CivilDate("2026-07-01"))
    let points = (1...15).map { number in
        guard number == 2 else { return Point(id: "p\(number)", number: number, title: "", body: "") }
        return Point(
            id: "build-trust", number: 2, title: "Build trust with your medical team", body: body,
            tags: ["trust"], url: "https://example.org/trust",
            sources: [
                .init(
                    title: "On \"trust\"", publisher: "Example Press", url: "https://example.org/a?b=1&c=2"),
                .init(title: "Zwei\\drei 🙂"),
            ])
    }
    var series = Series(
        id: "fifteen-points", title: "Fifteen points", start: start, zone: .named("America/New_York"),
        points: points)
    series.notice = notice
    return ReleasedPoint(
        points[1], in: series, edition: Edition(start: start),
        release: .init(
            day: day, zone: "America/New_York", sequence: 2, scheduledFor: Instant(seconds: 1_782_997_200),
            releasedAt: releasedAt))
}
