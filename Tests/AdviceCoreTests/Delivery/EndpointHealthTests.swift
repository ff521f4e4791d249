import AdviceTesting
import Testing

@testable import AdviceCore

@Suite("Endpoint health")
struct EndpointHealthTests {
    private let t0 = moment("2026-07-01T13:00:00Z")

    private func health(_ outcomes: [(Outcome, Span)]) -> EndpointHealth {
        var health = EndpointHealth.healthy
        for (outcome, after) in outcomes { health.note(outcome, at: t0 + after) }
        return health
    }

    @Test(
        "an endpoint is suspended 72 hours after its first failure, and after three attempts",
        arguments: [
            ([(.retry, .zero), (.retry, .hours(1)), (.retry, .hours(72) - .seconds(1))], .open),
            ([(.retry, .zero), (.retry, .hours(1)), (.retry, .hours(72))], .suspended),
            ([(.retry, .zero), (.retry, .hours(200))], .open),
            ([(.refused, .zero), (.unfit, .hours(80)), (.retryAfter(.hours(1)), .hours(81))], .suspended),
            ([(.retry, .zero), (.delivered, .hours(1)), (.retry, .hours(72)), (.retry, .hours(73))], .open),
            // What is no fault of its own counts for nothing.
            ([(.retry, .zero), (.ours, .hours(80)), (.ours, .hours(81)), (.blocked, .hours(82))], .open),
        ] as [([(Outcome, Span)], EndpointHealth.State)])
    func suspended(outcomes: [(Outcome, Span)], state: EndpointHealth.State) {
        #expect(health(outcomes).state == state)
    }

    @Test("one that is suspended is tried a day after each failure, and forgets everything with a 2xx")
    func probes() {
        var health = health([(.retry, .zero), (.retry, .hours(1)), (.retry, .hours(75))])
        #expect(health.probeAt == t0 + .hours(99))
        health.note(.retry, at: t0 + .hours(99))
        #expect(health.probeAt == t0 + .hours(123) && health.state == .suspended)
        health.note(.delivered, at: t0 + .hours(123))
        #expect(health == .healthy)
    }

    @Test("refusals are counted in a row")
    func refusals() {
        #expect(health([(.refused, .zero), (.refused, .hours(1)), (.refused, .hours(2))]).refusals == 3)
        #expect(health([(.refused, .zero), (.retry, .hours(1)), (.refused, .hours(2))]).refusals == 1)
    }

    // MARK: By the machine

    private func finish(
        _ outcome: Outcome, _ health: EndpointHealth, standing: ClaimedDelivery.Standing = .active,
        attempts: Int = 3
    ) -> DeliveryRecord {
        var delivery = ClaimedDelivery.sample(attempts: attempts, due: t0, standing: standing)
        delivery.health = health
        var machine = DeliveryMachine(delivery, terms: DeliveryTerms())
        _ = machine.begin(at: t0)
        var random = SplitMix64(seed: 1)
        return machine.finish(
            AttemptResult(token: 1, outcome: outcome, startedAt: t0, error: "503 Service Unavailable"),
            at: t0, using: &random)
    }

    private var failing: EndpointHealth {
        EndpointHealth(failingSince: t0 - .hours(72), failures: 2)
    }

    private var suspended: EndpointHealth {
        EndpointHealth(state: .suspended, failingSince: t0 - .days(9), failures: 9, probeAt: t0)
    }

    @Test("the delivery that suspends its endpoint is held, also where its schedule is at its end")
    func lastAttempt() {
        let record = finish(.retry, failing, attempts: RetryPolicy.defaultWaits.count)
        #expect(record.state == .held && record.nextAttemptAt == nil)
        #expect(record.attempts == RetryPolicy.defaultWaits.count + 1)
        #expect(record.health?.state == .suspended)
        #expect(record.error == "suspended: 503 Service Unavailable")
    }

    @Test("a probe is charged nothing, and one that gets through frees what is held")
    func probe() {
        let failed = finish(.retry, suspended, standing: .probe)
        #expect(failed.state == .held && failed.attempts == 3 && failed.attempt?.number == 4)
        #expect(failed.health?.probeAt == t0 + .hours(24))
        let taken = finish(.delivered, suspended, standing: .probe)
        #expect(taken.state == .delivered && taken.health == .healthy && taken.nextHeldAt == t0)
        let ours = finish(.ours, suspended, standing: .probe)
        #expect(ours.state == .held && ours.health?.probeAt == t0 + DeliveryMachine.oursWait)
        let blocked = finish(.blocked, suspended, standing: .probe)
        #expect(blocked.state == .exhausted && blocked.health == nil)
    }

    @Test("a challenge is charged nothing; answered, the point goes out at once; else everything stays held")
    func challenge() {
        let new = EndpointHealth(state: .unconfirmed, probeAt: t0)
        let answered = finish(.delivered, new, standing: .probe, attempts: 0)
        #expect(answered.state == .waiting && answered.nextAttemptAt == t0 && answered.attempts == 0)
        #expect(answered.health == .healthy && answered.attempt == nil && answered.error == nil)
        let silent = finish(.refused, new, standing: .probe, attempts: 0)
        #expect(silent.state == .held && silent.attempts == 0 && silent.nextAttemptAt == nil)
        #expect(silent.error == "unconfirmed: 503 Service Unavailable")
        #expect(silent.health?.state == .unconfirmed && silent.health?.refusals == 1)
        #expect(silent.health?.probeAt.map { $0 > t0 && $0 <= t0 + .seconds(6) } == true)
        let asked = finish(.retryAfter(.hours(3)), new, standing: .probe, attempts: 0)
        #expect(asked.health?.probeAt == t0 + .hours(3))
        let ours = finish(.ours, new, standing: .probe, attempts: 0)
        #expect(ours.health?.refusals == 0 && ours.health?.probeAt == t0 + DeliveryMachine.oursWait)
        // Where the schedule is at its end, once a day; 410 closes nobody who never was there.
        var old = new
        (old.failures, old.refusals) = (20, 20)
        #expect(finish(.gone, old, standing: .probe, attempts: 0).health?.probeAt == t0 + .hours(24))
    }

    @Test("a healthy endpoint that takes a delivery is not written down")
    func healthy() {
        #expect(finish(.delivered, .healthy).health == nil)
        #expect(finish(.delivered, failing).health == .healthy)
        #expect(finish(.ours, .healthy).health == nil)
    }
}
