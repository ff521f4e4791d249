import AdviceCore
import AdviceTesting
import Testing

@Suite("Retry policy")
struct RetryPolicyTests {
    @Test("the default schedule bears 75 hours of outage")
    func defaultSchedule() {
        let total = RetryPolicy.defaultWaits.reduce(Span.zero) { $0 + $1 }
        #expect(RetryPolicy.defaultWaits.count == 9)
        #expect(total == .minutes(75 * 60 + 35) + .seconds(5))
        #expect(RetryPolicy().waits == RetryPolicy.defaultWaits)
    }

    @Test("jitter is upward, at most a fifth, and takes all of that room")
    func jitter() {
        let policy = RetryPolicy(waits: [.seconds(100)])
        var random = SplitMix64(seed: 5)
        let waits = (0..<1000).compactMap { _ in policy.wait(after: 1, using: &random)?.seconds }
        #expect(waits.count == 1000)
        #expect(waits.allSatisfy { (100...120).contains($0) })
        #expect(waits.contains { $0 <= 101 } && waits.contains { $0 >= 118 })
    }

    @Test("after the last wait there is none left, and without waits none at all")
    func end() {
        var random = SplitMix64(seed: 5)
        #expect(RetryPolicy(waits: [.seconds(1)]).wait(after: 2, using: &random) == nil)
        #expect(RetryPolicy(waits: []).wait(after: 1, using: &random) == nil)
        #expect(RetryPolicy(waits: [.zero]).wait(after: 1, using: &random) == .zero)
    }

    @Test("the same seed gives the same waits, another seed others")
    func seeded() {
        func waits(_ seed: UInt64) -> [Span?] {
            var random = SplitMix64(seed: seed)
            return (1...9).map { RetryPolicy().wait(after: $0, using: &random) }
        }
        #expect(waits(1) == waits(1))
        #expect(waits(1) != waits(2))
    }
}
