import AdviceTesting
import Testing

@testable import AdviceCore

/// A delivery that kills the daemon each time: it must not keep the others waiting for ever.
@Suite("Scheduler: a delivery that kills the daemon")
struct CareTests {
    private let now = moment("2026-07-01T13:00:00Z")
    private var clocks: Moment {
        Moment(wall: now, boot: Span(nanoseconds: now.nanoseconds) - .days(20_000))
    }

    /// A scheduler that starts after such a life, and has asked for its first claim.
    private func started(_ life: Life) -> (scheduler: Scheduler, effects: [Effect]) {
        var scheduler = Scheduler(seed: 1)
        let settings = SchedulerSettings(series: [], concurrency: 256, perHost: 1000)
        let effects = scheduler.handle(.started(StoreKnowledge(life: life), settings), now: clocks)
        return (scheduler, effects)
    }

    private func claim(_ numbers: ClosedRange<Int64>) -> Event {
        .claimed(
            Claim(
                deliveries: numbers.map { .sample("s\($0)", number: $0, batch: 7, due: now) },
                batches: [.init(number: 7, count: numbers.count)]))
    }

    private func key(_ number: Int64) -> DeliveryKey { DeliveryKey(subject: 1, subscriber: number) }

    /// What is to be written down before it is sent.
    private func listed(_ effects: [Effect]) -> [(number: UInt64, keys: [DeliveryKey])] {
        effects.transactions.compactMap { done in
            if case .attempt(let keys) = done.transaction { (done.number, keys) } else { nil }
        }
    }

    private func delivered(_ attempts: [Attempt]) -> Event {
        .outcomes(attempts.map { AttemptResult(token: $0.token, outcome: .delivered, startedAt: now) })
    }

    @Test("after starts that came to something nothing is written down first", arguments: 1...3)
    func usual(_ starts: Int) {
        var (scheduler, effects) = started(Life(starts: starts))
        #expect(!effects.contains { if case .tell(.careful) = $0 { true } else { false } })
        effects = scheduler.handle(claim(1...100), now: clocks)
        #expect(effects.attempts.count == 100 && listed(effects).isEmpty)
    }

    @Test("after three in vain attempts are made when they are on the disk, 32 at a time")
    func groups() throws {
        var (scheduler, effects) = started(Life(starts: 4))
        #expect(effects.contains { if case .tell(.careful(starts: 3)) = $0 { true } else { false } })
        effects = scheduler.handle(claim(1...100), now: clocks)
        #expect(effects.attempts.isEmpty)
        var first = try #require(listed(effects).first)
        #expect(first.keys == (1...32).map(key))
        effects = scheduler.handle(.committed(transaction: first.number, .done), now: clocks)
        #expect(effects.attempts.map(\.delivery.key) == first.keys)
        // The next are not made before all of these are through.
        let sent = effects.attempts
        #expect(listed(scheduler.handle(delivered(Array(sent.dropLast())), now: clocks)).isEmpty)
        effects = scheduler.handle(delivered(sent.suffix(1)), now: clocks)
        first = try #require(listed(effects).first)
        #expect(first.keys == (33...64).map(key))
    }

    @Test("those of a life that ended are made one by one, and the others in groups again")
    func oneByOne() throws {
        var (scheduler, effects) = started(Life(starts: 1, attempted: [key(1), key(2)]))
        effects = scheduler.handle(claim(1...5), now: clocks)
        for number: Int64 in 1...2 {
            let next = try #require(listed(effects).first)
            #expect(next.keys == [key(number)])
            effects = scheduler.handle(.committed(transaction: next.number, .done), now: clocks)
            effects = scheduler.handle(delivered(effects.attempts), now: clocks)
        }
        #expect(listed(effects).map(\.keys) == [[key(3), key(4), key(5)]])
    }

    @Test("one that was alone has failed, and follows its schedule")
    func alone() throws {
        var (scheduler, effects) = started(Life(starts: 1, attempted: [key(2)]))
        effects = scheduler.handle(claim(1...3), now: clocks)
        let others = try #require(listed(effects).first)
        #expect(others.keys == [key(1), key(3)])
        let sent = scheduler.handle(.committed(transaction: others.number, .done), now: clocks)
        effects = scheduler.handle(delivered(sent.attempts), now: clocks)
        let records = effects.groups.flatMap(\.records)
        let crashed = try #require(records.first { $0.key == key(2) })
        #expect(crashed.state == .waiting && crashed.attempts == 1 && crashed.error == "crashed")
        #expect(crashed.attempt?.mayHaveArrived == true)
        let next = try #require(crashed.nextAttemptAt)
        #expect(next > now)
        #expect(records.count == 3)
    }

    @Test("one that comes to its end without an attempt is suspected no more")
    func settledUntried() throws {
        var (scheduler, effects) = started(Life(starts: 1, attempted: [key(1), key(2)]))
        var deliveries: [ClaimedDelivery] = (1...5).map { .sample("s\($0)", number: $0, due: now) }
        deliveries[0].standing = .removed
        effects = scheduler.handle(.claimed(Claim(deliveries: deliveries)), now: clocks)
        let next = try #require(listed(effects).first)
        #expect(next.keys == [key(2)])
        effects = scheduler.handle(.committed(transaction: next.number, .done), now: clocks)
        effects = scheduler.handle(delivered(effects.attempts), now: clocks)
        #expect(listed(effects).map(\.keys) == [[key(3), key(4), key(5)]])
    }

    @Test("care ends after as many as can have been on the wire")
    func ends() throws {
        var (scheduler, effects) = started(Life(starts: 4))
        var survived = 0
        effects = scheduler.handle(claim(1...5100), now: clocks)
        while let next = listed(effects).first {
            effects = scheduler.handle(.committed(transaction: next.number, .done), now: clocks)
            survived += effects.attempts.count
            let answers = delivered(effects.attempts)
            effects = scheduler.handle(answers, now: clocks)
            for transaction in effects.transactions {
                guard case .record = transaction.transaction else { continue }
                effects += scheduler.handle(
                    .committed(transaction: transaction.number, .recorded(freed: nil)), now: clocks)
            }
        }
        #expect(survived >= Limits.carefulAttempts && survived < 5100)
        #expect(effects.attempts.count == 5100 - survived)
    }

    @Test("a start that only put things off was in vain")
    func inVain() {
        var record = DeliveryRecord(
            key: key(1), release: 1, batch: nil, state: .waiting, attempts: 0, nextAttemptAt: now)
        let life = Life(starts: 2, attempted: [key(1), key(2)])
        #expect(life.after(OutcomeGroup(records: [record])) == Life(starts: 2, attempted: [key(2)]))
        record.state = .delivered
        #expect(life.after(OutcomeGroup(records: [record])) == Life(attempted: [key(2)]))
    }

    @Test("its next attempt is written down first, and those beside it are not")
    func knownToCrash() throws {
        var (scheduler, effects) = started(Life(starts: 1))
        var deliveries: [ClaimedDelivery] = (1...3).map { .sample("s\($0)", number: $0, due: now) }
        deliveries[1].attempts = 1
        deliveries[1].hasCrashed = true
        effects = scheduler.handle(.claimed(Claim(deliveries: deliveries)), now: clocks)
        #expect(effects.attempts.map(\.delivery.key) == [key(1), key(3)])
        let careful = try #require(listed(effects).first)
        #expect(careful.keys == [key(2)])
        effects = scheduler.handle(.committed(transaction: careful.number, .done), now: clocks)
        #expect(effects.attempts.map(\.number) == [2])
    }

    @Test("care ends when nothing is left to do")
    func rests() throws {
        var (scheduler, effects) = started(Life(starts: 9))
        effects = scheduler.handle(.claimed(Claim()), now: clocks)
        _ = scheduler.handle(.workAppeared, now: clocks)
        effects = scheduler.handle(claim(1...40), now: clocks)
        #expect(effects.attempts.count == 40 && listed(effects).isEmpty)
    }

    @Test("what was written down is not sent after the word to stop, and stays as it was")
    func stopped() throws {
        var (scheduler, effects) = started(Life(starts: 4))
        effects = scheduler.handle(claim(1...3), now: clocks)
        let listed = try #require(listed(effects).first)
        effects = scheduler.handle(.stopping, now: clocks)
        #expect(effects.exits.isEmpty)
        effects = scheduler.handle(.committed(transaction: listed.number, .done), now: clocks)
        #expect(effects.attempts.isEmpty && effects.groups.isEmpty && effects.exits == [.stopped])
    }

    @Test("what was answered and is not on the disk stays within a group, beside what is in flight")
    func oneGroup() {
        var (scheduler, effects) = started(Life(starts: 1))
        var answered = 0
        var next: Int64 = 1
        var isAsked = !effects.claims.isEmpty
        // The disk takes for ever; the receivers answer at once.
        while isAsked, next < 10_000 {
            let deliveries: [ClaimedDelivery] = (next...next + 99).map {
                .sample("s\($0)", number: $0, due: now)
            }
            next += 100
            effects = scheduler.handle(.claimed(Claim(deliveries: deliveries, nextDue: now)), now: clocks)
            isAsked = !effects.claims.isEmpty
            while !effects.attempts.isEmpty {
                answered += effects.attempts.count
                effects = scheduler.handle(delivered(effects.attempts), now: clocks)
                isAsked = isAsked || !effects.claims.isEmpty
            }
        }
        #expect(answered == 256 + Limits.groupSize)
    }
}
