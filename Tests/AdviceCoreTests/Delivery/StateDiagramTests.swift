import AdviceTesting
import Foundation
import Testing

@testable import AdviceCore

/// docs/delivery-states.md against the machine: each of its arrows is driven, and there is no other.
@Suite("State diagram")
struct StateDiagramTests {
    private static let due = moment("2026-07-01T13:00:00Z")

    /// A situation by the words of the diagram, and where the machine comes out of it.
    private static func ways() -> [String] {
        begins.map { "waiting --> \(state(of: $0.delivery, $0.terms, $0.at)): \($0.words)" }
            + ends.map { "attempt --> \(state(after: $0)): \($0.words)" }
    }

    private struct Begin {
        var words: String
        var delivery: ClaimedDelivery
        var terms = DeliveryTerms()
        var at = due + .seconds(1)
    }

    private static let begins: [Begin] = {
        let evening = LocalWindow(
            window: DailyWindow(from: timeOfDay("20:00"), to: timeOfDay("21:00")), zone: .utc)
        return [
            Begin(words: "due", delivery: .sample(due: due)),
            Begin(
                words: "outside the window", delivery: .sample(attempts: 1, due: due),
                terms: DeliveryTerms(window: evening)),
            Begin(
                words: "the one of the day at a suspended endpoint",
                delivery: .sample(due: due, standing: .probe)),
            Begin(
                words: "an earlier point is unsettled", delivery: .sample(due: due, standing: .behind)),
            Begin(
                words: "the endpoint is suspended", delivery: .sample(due: due, standing: .suspended)),
            Begin(words: "removed", delivery: .sample(due: due, standing: .removed)),
            Begin(words: "paused", delivery: .sample(due: due, standing: .paused)),
            Begin(words: "paused until a day that is still to come", delivery: pausedUntilTomorrow),
            Begin(words: "closed", delivery: .sample(due: due, standing: .closed)),
            Begin(
                words: "shadow", delivery: .sample(due: due), terms: DeliveryTerms(isShadow: true)),
            Begin(
                words: "older than max_age", delivery: .sample(due: due),
                terms: DeliveryTerms(maxAge: .hours(1)), at: due + .hours(2)),
        ]
    }()

    private static var pausedUntilTomorrow: ClaimedDelivery {
        var delivery = ClaimedDelivery.sample(due: due)
        delivery.pausedUntil = day("2026-07-02")
        return delivery
    }

    private struct End {
        var words: String
        var outcome: Outcome
        var attempts = 0
        var goneAt: Instant?
        var maxAge = Span.days(7)
        var health = EndpointHealth.healthy
        var standing = ClaimedDelivery.Standing.active
    }

    private static let failing = EndpointHealth(failingSince: due - .hours(72), failures: 2)
    private static let suspended = EndpointHealth(
        state: .suspended, failingSince: due - .hours(99), failures: 9, probeAt: due)

    private static let ends = [
        End(words: "2xx", outcome: .delivered),
        End(words: "retry", outcome: .retry),
        End(words: "retry after", outcome: .retryAfter(.hours(1))),
        End(words: "refused", outcome: .refused),
        End(words: "unfit", outcome: .unfit),
        End(words: "ours", outcome: .ours),
        End(words: "gone, for the first time", outcome: .gone),
        End(words: "gone by the service's own word", outcome: .goneForGood),
        End(words: "gone, for the second time", outcome: .gone, attempts: 1, goneAt: due - .hours(2)),
        End(words: "the endpoint has failed for three days", outcome: .retry, health: failing),
        End(
            words: "a suspended endpoint fails again", outcome: .refused, health: suspended,
            standing: .probe),
        End(words: "blocked", outcome: .blocked),
        End(words: "no wait left", outcome: .retry, attempts: RetryPolicy.defaultWaits.count),
        End(
            words: "the next would be older than max_age", outcome: .retryAfter(.hours(3)),
            maxAge: .hours(2)),
    ]

    private static func state(
        of delivery: ClaimedDelivery, _ terms: DeliveryTerms, _ now: Instant
    ) -> String {
        var machine = DeliveryMachine(delivery, terms: terms)
        switch machine.begin(at: now) {
        case .attempt: return "attempt"
        case .settle(let record): return record.state.rawValue
        }
    }

    private static func state(after end: End) -> String {
        var delivery = ClaimedDelivery.sample(
            attempts: end.attempts, due: due, goneAt: end.goneAt, standing: end.standing)
        delivery.health = end.health
        var machine = DeliveryMachine(delivery, terms: DeliveryTerms(maxAge: end.maxAge))
        _ = machine.begin(at: due)
        var random = SplitMix64(seed: 1)
        let result = AttemptResult(token: 1, outcome: end.outcome, startedAt: due)
        return machine.finish(result, at: due + .seconds(1), using: &random).state.rawValue
    }

    @Test("every arrow of the diagram is the machine's, and every way of the machine is an arrow")
    func arrows() throws {
        let root = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .deletingLastPathComponent().deletingLastPathComponent()
        let text = try String(
            contentsOf: root.appending(path: "docs/delivery-states.md"), encoding: .utf8)
        let drawn = text.split(separator: "\n").map { $0.trimmingCharacters(in: .whitespaces) }
            .filter { $0.hasPrefix("waiting -->") || $0.hasPrefix("attempt -->") }
        #expect(drawn == StateDiagramTests.ways())
    }

    @Test("every outcome and every standing has its arrow")
    func complete() {
        // A switch without a default: a new case does not compile until it is thought of here, and drawn.
        func word(_ outcome: Outcome) -> String {
            switch outcome {
            case .delivered: "2xx"
            case .retry: "retry"
            case .retryAfter: "retry after"
            case .refused: "refused"
            case .unfit: "unfit"
            case .gone: "gone, for the first time"
            case .goneForGood: "gone by the service's own word"
            case .blocked: "blocked"
            case .ours: "ours"
            }
        }
        for end in StateDiagramTests.ends.prefix(8) { #expect(word(end.outcome) == end.words) }
        #expect(Set(StateDiagramTests.ends.map { word($0.outcome) }).count == 9)
        func word(_ standing: ClaimedDelivery.Standing) -> String {
            switch standing {
            case .active: "due"
            case .behind: "an earlier point is unsettled"
            case .removed: "removed"
            case .paused: "paused"
            case .closed: "closed"
            case .suspended: "the endpoint is suspended"
            case .probe: "the one of the day at a suspended endpoint"
            }
        }
        let drawn = Set(StateDiagramTests.begins.map { word($0.delivery.standing) })
        #expect(drawn.count == 7)
    }
}
