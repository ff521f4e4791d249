import AdviceTesting
import Testing

@testable import AdviceCore

/// The table of delivery.md §1: event in, record out.
@Suite("Delivery machine")
struct DeliveryMachineTests {
    private let due = moment("2026-07-01T13:00:00Z")

    private func machine(
        _ delivery: ClaimedDelivery = .sample(), retry: RetryPolicy = RetryPolicy(), maxAge: Span = .days(7)
    ) -> DeliveryMachine {
        DeliveryMachine(delivery, retry: retry, maxAge: maxAge)
    }

    /// One attempt after `attempts` that were made, which came to `outcome` at `now`.
    private func attempt(
        _ outcome: Outcome, after attempts: Int = 0, at now: Instant? = nil, goneAt: Instant? = nil,
        retry: RetryPolicy = RetryPolicy(), maxAge: Span = .days(7), seed: UInt64 = 1
    ) -> DeliveryRecord {
        let now = now ?? due
        var random = SplitMix64(seed: seed)
        var machine = machine(
            .sample(batch: 9, attempts: attempts, goneAt: goneAt), retry: retry, maxAge: maxAge)
        #expect(machine.begin(at: now) == .attempt(attempts + 1))
        let result = AttemptResult(
            token: 1, outcome: outcome, startedAt: now, status: 503, error: "said no",
            latency: .milliseconds(40), address: "192.0.2.1", reply: [1, 2])
        return machine.finish(result, at: now, using: &random)
    }

    private func waited(_ record: DeliveryRecord, from now: Instant? = nil) -> Span? {
        record.nextAttemptAt.map { $0 - (now ?? due) }
    }

    // MARK: Outcomes

    @Test("delivered settles, with the attempt that did it")
    func delivered() {
        let record = attempt(.delivered, after: 2)
        #expect(record.state == .delivered)
        #expect(record.attempts == 3)
        #expect(record.nextAttemptAt == nil)
        #expect(record.batch == 9)
        #expect(
            record.attempt
                == AttemptRecord(
                    number: 3, at: due, status: 503, error: "said no", latency: .milliseconds(40),
                    address: "192.0.2.1", reply: [1, 2]))
    }

    @Test(
        "retry and refused go through the whole schedule, numbered one by one, and end exhausted",
        arguments: [Outcome.retry, .refused])
    func wholeSchedule(outcome: Outcome) {
        var random = SplitMix64(seed: 3)
        var now = due
        var attempts = 0
        var waits: [Span] = []
        var record: DeliveryRecord
        repeat {
            var machine = machine(.sample(attempts: attempts))
            #expect(machine.begin(at: now) == .attempt(attempts + 1))
            record = machine.finish(
                AttemptResult(token: 1, outcome: outcome, startedAt: now), at: now, using: &random)
            attempts += 1
            #expect(record.attempts == attempts)
            #expect(record.attempt?.number == attempts)
            if let next = record.nextAttemptAt {
                waits.append(next - now)
                now = next
            }
        } while record.state == .waiting
        #expect(record.state == .exhausted)
        #expect(attempts == 10)
        for (wait, base) in zip(waits, RetryPolicy.defaultWaits) {
            #expect(wait >= base)
            #expect(wait.nanoseconds <= base.nanoseconds + base.nanoseconds / 5)
        }
    }

    @Test(
        "retry after waits for the longer of the schedule and what was asked, never less than asked",
        arguments: [
            (0, Span.seconds(1), Span.seconds(5), Span.seconds(6)),
            (0, .seconds(90), .seconds(90), .seconds(90)),
            (1, .seconds(90), .minutes(5), .minutes(6)),
            (3, .hours(24), .hours(24), .hours(24)),
        ])
    func retryAfter(attempts: Int, asked: Span, least: Span, most: Span) throws {
        let wait = try #require(waited(attempt(.retryAfter(asked), after: attempts)))
        #expect(wait >= least && wait <= most)
    }

    @Test("retry after does not lengthen the schedule: after the last attempt it is exhausted")
    func retryAfterTheLast() {
        #expect(attempt(.retryAfter(.seconds(1)), after: 9).state == .exhausted)
    }

    @Test("unfit is tried twice more, 5 minutes and 2 hours later, then exhausted")
    func unfit() throws {
        let first = try #require(waited(attempt(.unfit)))
        #expect(first >= .minutes(5) && first <= .minutes(6))
        let second = try #require(waited(attempt(.unfit, after: 1)))
        #expect(second >= .hours(2) && second <= .minutes(144))
        #expect(attempt(.unfit, after: 2).state == .exhausted)
    }

    @Test("blocked is exhausted at once, and the attempt is charged")
    func blocked() {
        let record = attempt(.blocked)
        #expect(record.state == .exhausted)
        #expect(record.attempts == 1)
        #expect(record.error == "said no")
    }

    @Test("our own fault charges no attempt and is tried again in a minute")
    func ours() {
        let record = attempt(.ours, after: 4)
        #expect(record.state == .waiting)
        #expect(record.attempts == 4)
        #expect(waited(record) == .seconds(60))
    }

    // MARK: Gone

    @Test("the first 410 is remembered and waits an hour at least")
    func goneOnce() {
        let record = attempt(.gone)
        #expect(record.state == .waiting)
        #expect(record.goneAt == due)
        #expect(waited(record) == .hours(1))
        #expect(record.health?.state != .closed)
    }

    @Test("the first 410 waits for its schedule where that is longer")
    func goneLate() throws {
        let wait = try #require(waited(attempt(.gone, after: 4)))
        #expect(wait >= .hours(5))
    }

    @Test("a 410 an hour after the first closes the endpoint and cancels")
    func goneTwice() {
        let record = attempt(.gone, after: 1, at: due + .hours(1), goneAt: due)
        #expect(record.state == .cancelled)
        #expect(record.health?.state == .closed)
        #expect(record.attempts == 2)
    }

    @Test("a 410 within the hour, as after a changed URL, waits for the hour to be over")
    func goneTwiceTooSoon() {
        let now = due + .minutes(20)
        let record = attempt(.gone, at: now, goneAt: due, retry: RetryPolicy(waits: []))
        #expect(record.state == .waiting)
        #expect(record.goneAt == due)
        #expect(waited(record, from: now) == .minutes(40))
    }

    @Test("a 410 is asked again though the schedule is over")
    func goneAtTheEnd() {
        #expect(attempt(.gone, after: 9).state == .waiting)
    }

    @Test("a service's own word closes the endpoint at once")
    func goneForGood() {
        let record = attempt(.goneForGood, after: 3)
        #expect(record.state == .cancelled && record.attempts == 4)
        #expect(record.health?.state == .closed)
        #expect(record.error == "closed: said no")
    }

    @Test("an answer after which the service takes nothing for a while slows all who share the key")
    func rest() {
        var result = AttemptResult(token: 1, outcome: .delivered, startedAt: due, status: 204)
        #expect(result.slowDown == nil)
        result.rest = .seconds(3)
        #expect(result.slowDown == .seconds(3))
    }

    @Test("another failure between two 410s does not make the first forgotten")
    func goneInterrupted() {
        #expect(attempt(.retry, after: 1, at: due + .hours(1), goneAt: due).goneAt == due)
    }

    // MARK: Without an attempt

    @Test(
        "who is removed, paused or closed is sent nothing, and the record says why",
        arguments: [
            (ClaimedDelivery.Standing.removed, "removed"), (.paused, "paused"), (.closed, "closed"),
        ])
    func standing(standing: ClaimedDelivery.Standing, reason: String) {
        var machine = machine(.sample(attempts: 2, standing: standing))
        guard case .settle(let record) = machine.begin(at: due) else {
            Issue.record("nothing is to be sent")
            return
        }
        #expect(record.state == .cancelled)
        #expect(record.error == reason)
        #expect(record.attempts == 2)
        #expect(record.attempt == nil)
        #expect(machine.attempt == nil)
    }

    @Test("a delivery older than its age is exhausted, expired, without an attempt; at its age it is sent")
    func expired() {
        var old = machine(maxAge: .hours(6))
        guard case .settle(let record) = old.begin(at: due + .hours(6) + .milliseconds(1)) else {
            Issue.record("nothing is to be sent")
            return
        }
        #expect(record.state == .exhausted)
        #expect(record.error == "expired")
        var young = machine(maxAge: .hours(6))
        #expect(young.begin(at: due + .hours(6)) == .attempt(1))
    }

    @Test(
        "no attempt is promised for a time when it would be too old",
        arguments: [Outcome.retry, .ours, .unfit])
    func expiresWaiting(outcome: Outcome) {
        let record = attempt(outcome, after: 1, at: due + .hours(6), maxAge: .hours(6))
        #expect(record.state == .exhausted)
        #expect(record.error == "expired: said no")
        #expect(record.nextAttemptAt == nil)
    }

    // MARK: Properties

    @Test(
        "any run of outcomes is numbered 1, 2, 3, ends, and never comes before its time", arguments: 0..<200)
    func runs(seed: Int) {
        let first = run(UInt64(seed))
        #expect(first.numbers == Array(1...first.numbers.count))
        #expect(first.last.state.isSettled)
        #expect(first.isPatient)
        // The same seed gives the same result, to the nanosecond.
        #expect(run(UInt64(seed)).last == first.last)
    }

    private struct Run {
        var numbers: [Int] = []
        var last: DeliveryRecord
        var isPatient = true
    }

    /// A delivery's whole life under outcomes drawn from `seed`.
    private func run(_ seed: UInt64) -> Run {
        var draws = SplitMix64(seed: seed)
        var jitter = SplitMix64(seed: seed)
        let outcomes: [Outcome] = [
            .retry, .refused, .retryAfter(.minutes(7)), .unfit, .gone, .ours, .delivered,
        ]
        var now = due
        var delivery = ClaimedDelivery.sample()
        var numbers: [Int] = []
        var isPatient = true
        while true {
            var machine = machine(delivery)
            guard case .attempt(let number) = machine.begin(at: now) else {
                return Run(numbers: numbers, last: expiredRecord(&machine, now), isPatient: isPatient)
            }
            let outcome = outcomes[Int.random(in: 0..<outcomes.count, using: &draws)]
            let record = machine.finish(
                AttemptResult(token: 1, outcome: outcome, startedAt: now), at: now, using: &jitter)
            if outcome != .ours { numbers.append(number) }
            guard let next = record.nextAttemptAt else {
                if outcome == .ours { numbers.append(number) }
                return Run(numbers: numbers, last: record, isPatient: isPatient)
            }
            if next - now < .seconds(5) { isPatient = false }
            delivery.attempts = record.attempts
            delivery.goneAt = record.goneAt
            now = next
        }
    }

    private func expiredRecord(_ machine: inout DeliveryMachine, _ now: Instant) -> DeliveryRecord {
        guard case .settle(let record) = machine.begin(at: now) else {
            preconditionFailure("what was not to be attempted is settled")
        }
        return record
    }

    @Test("what the window makes too old sets free what is held behind it, as everything settled does")
    func expiredByTheWindow() {
        let evening = LocalWindow(
            window: DailyWindow(from: timeOfDay("20:00"), to: timeOfDay("21:00")), zone: .utc)
        let due = moment("2026-07-01T13:00:00Z")
        var machine = DeliveryMachine(
            .sample(attempts: 1, due: due), terms: DeliveryTerms(maxAge: .hours(5), window: evening))
        guard case .settle(let record) = machine.begin(at: due + .hours(1)) else {
            Issue.record("it is sent outside the window")
            return
        }
        #expect(record.state == .exhausted)
        #expect(record.nextHeldAt == due + .hours(1))
    }
}
