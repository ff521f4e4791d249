import Testing

@testable import AdviceCore
@testable import AdviceStatus

@Suite("The metrics' text")
struct MetricsTextTests {
    @Test("writes labels as the format wants them")
    func labels() {
        var text = MetricsText()
        text.add("a_total", .counter, "Help.", [MetricsText.Sample([("x", "a\"b\\c\nd"), ("y", "z")], 2)])
        #expect(
            text.text
                == "# HELP a_total Help.\n# TYPE a_total counter\na_total{x=\"a\\\"b\\\\c\\nd\",y=\"z\"} 2\n")
    }

    @Test("a histogram's buckets add up to its count")
    func histogram() {
        var lateness = Counters.Lateness()
        for milliseconds: Int64 in [0, 50, 51, 700, 90_000, 1_000_000_000] {
            lateness.add(.milliseconds(milliseconds))
        }
        var text = MetricsText()
        text.add("l", "Help.", lateness)
        #expect(text.text.contains("l_bucket{le=\"0.05\"} 2\n"))
        #expect(text.text.contains("l_bucket{le=\"1\"} 4\n"))
        #expect(text.text.contains("l_bucket{le=\"+Inf\"} 6\n"))
        #expect(text.text.contains("l_count 6\n"))
    }

    @Test("counters count what was recorded, and an alert is of no series")
    func counters() {
        func settlement(_ series: String, _ state: DeliveryState, status: Int?) -> Settlement {
            let due = Instant(seconds: 1000)
            let attempt = status.map {
                AttemptRecord(
                    number: 1, at: due, status: $0, error: nil, latency: .milliseconds(40), address: nil,
                    reply: [])
            }
            return Settlement(
                subscriber: "ann",
                release: ReleaseInfo(
                    number: 1, type: "t", series: series, edition: "e", subject: "s", pointNumber: 1,
                    releasedAt: due, scheduledFor: due),
                due: due,
                record: DeliveryRecord(
                    key: DeliveryKey(subject: 1, subscriber: 1), release: 1, batch: nil, state: state,
                    attempts: 1, attempt: attempt))
        }
        var counters = Counters()
        counters.note(.delivered(settlement("daily", .delivered, status: 204)))
        counters.note(.waiting(settlement("daily", .waiting, status: 0)))
        counters.note(.exhausted(settlement("daily", .exhausted, status: 503)))
        counters.note(.cancelled(settlement("daily", .cancelled, status: nil)))
        counters.note(.delivered(settlement("", .delivered, status: 200)))
        #expect(counters.deliveries == ["daily": ["delivered": 1, "exhausted": 1, "cancelled": 1]])
        #expect(counters.attempts == ["2xx": 2, "none": 1, "5xx": 1])
        #expect(counters.lateness.count == 2)
    }
}
