import AdviceCore
import AdviceTesting
import Testing

/// Claims, attempts and group commits, driven by hand: event in, effects out.
@Suite("Scheduler: deliveries")
struct DeliveriesTests {
    private let now = moment("2026-07-01T13:00:00Z")

    /// A scheduler that has begun and asked for its first claim, and whose series has nothing due.
    private func started(
        concurrency: Int = 1000, once: Bool = false, at now: Instant? = nil
    ) -> Scheduler {
        var scheduler = Scheduler(seed: 1, once: once)
        let settings = SchedulerSettings(series: [], concurrency: concurrency, perHost: 1000)
        let effects = scheduler.handle(.started(StoreKnowledge(), settings), now: clocks(now ?? self.now))
        #expect(effects.claims == [min(Limits.firstClaim, concurrency * 2)])
        return scheduler
    }

    private func clocks(_ wall: Instant) -> Moment {
        Moment(wall: wall, boot: Span(nanoseconds: wall.nanoseconds) - .days(20_000))
    }

    private func deliveries(_ count: Int, batch: Int64? = nil) -> [ClaimedDelivery] {
        (1...count).map { .sample("s\($0)", number: Int64($0), batch: batch, due: now) }
    }

    private func results(
        _ attempts: some Sequence<Attempt>, _ outcome: Outcome = .delivered
    ) -> Event {
        .outcomes(attempts.map { AttemptResult(token: $0.token, outcome: outcome, startedAt: now) })
    }

    @Test("what is claimed is sent, recorded when no more can join, and told when that is on disk")
    func oneRound() {
        var scheduler = started()
        let claim = Claim(deliveries: deliveries(2, batch: 7), batches: [.init(number: 7, count: 2)])
        let sent = scheduler.handle(.claimed(claim), now: clocks(now))
        #expect(sent.attempts.map(\.number) == [1, 1])
        #expect(sent.transactions.isEmpty)
        let first = scheduler.handle(results(sent.attempts.prefix(1)), now: clocks(now))
        #expect(first.transactions.isEmpty)
        #expect(first.armed == now + Limits.groupWait)
        let second = scheduler.handle(results(sent.attempts.suffix(1)), now: clocks(now))
        #expect(second.groups.map(\.records.count) == [2])
        #expect(second.groups.map(\.finishedBatches) == [[7]])
        #expect(first.settlements.isEmpty && second.settlements.isEmpty)
        let done = scheduler.handle(
            .committed(transaction: second.transactions[0].number, .done), now: clocks(now))
        #expect(done.settlements.map(\.subscriber) == ["s1", "s2"])
        #expect(done.claims == [Limits.firstClaim])
    }

    @Test("an outcome waits for its group 250 milliseconds at most")
    func groupDeadline() {
        var scheduler = started()
        let sent = scheduler.handle(.claimed(Claim(deliveries: deliveries(2))), now: clocks(now))
        _ = scheduler.handle(results(sent.attempts.prefix(1)), now: clocks(now))
        let early = scheduler.handle(.tick, now: clocks(now + .milliseconds(249)))
        #expect(early.groups.isEmpty)
        let late = scheduler.handle(.tick, now: clocks(now + .milliseconds(250)))
        #expect(late.groups.map(\.records.count) == [1])
    }

    @Test("a new roster takes back what was claimed and not sent: it is claimed again as it is now")
    func givenBack() {
        var scheduler = started(concurrency: 2)
        let claim = Claim(
            deliveries: deliveries(3, batch: 7) + deliveries(5).suffix(1),
            batches: [.init(number: 7, count: 3)])
        let sent = scheduler.handle(.claimed(claim), now: clocks(now))
        #expect(sent.attempts.map(\.delivery.subscriberID) == ["s1", "s2"])
        let settings = SchedulerSettings(series: [], concurrency: 2, perHost: 1000)
        let later = now + .seconds(1)
        let back = scheduler.handle(.configured(settings, isRebase: false), now: clocks(later))
        let records = back.groups.flatMap(\.records)
        #expect(records.map(\.key.subscriber) == [3, 5])
        #expect(records.allSatisfy { $0.state == .waiting && $0.attempts == 0 && $0.nextAttemptAt == later })
        #expect(back.groups.flatMap(\.finishedBatches).isEmpty)
        #expect(back.attempts.isEmpty && back.settlements.isEmpty)
        // The two in flight finish their batch; then there is room, and what was given back is asked for.
        _ = scheduler.handle(.claimed(Claim()), now: clocks(later))
        let done = scheduler.handle(results(sent.attempts), now: clocks(later))
        #expect(done.groups.flatMap(\.finishedBatches) == [7])
        var effects: [Effect] = []
        for transaction in back.transactions + done.transactions {
            effects += scheduler.handle(
                .committed(transaction: transaction.number, .done), now: clocks(later))
        }
        #expect(!(back + done + effects).claims.isEmpty)
    }

    @Test(
        "what a claim brings while a subscriber changes is given back too when that is on disk",
        arguments: [OperatorCommand.pauseSubscriber("s3", until: nil), .forget("s3")])
    func givenBackLate(_ command: OperatorCommand) throws {
        var scheduler = started(concurrency: 2)
        let asked = scheduler.handle(.operate(command, request: 1), now: clocks(now))
        let change = try #require(asked.transactions.first)
        let sent = scheduler.handle(.claimed(Claim(deliveries: deliveries(3))), now: clocks(now))
        #expect(sent.attempts.map(\.delivery.subscriberID) == ["s1", "s2"])
        let result: CommitResult = command == .forget("s3") ? .forgotten(Erasure()) : .done
        let changed = scheduler.handle(
            .committed(transaction: change.number, result), now: clocks(now))
        let later = scheduler.handle(results(sent.attempts), now: clocks(now))
        #expect((changed + later).attempts.isEmpty)
        let records = (changed + later).groups.flatMap(\.records)
        #expect(records.filter { $0.key.subscriber == 3 }.map(\.state) == [.waiting])
    }

    @Test(
        "a network is down by what hosts say, of which a service with many channels is one",
        arguments: [("hooks.example:443|", 1), ("", 0)])
    func channelsOfOneHost(_ prefix: String, _ charged: Int) {
        var scheduler = started()
        let claimed = (1...20).map { number in
            ClaimedDelivery.sample(
                "s\(number)", number: Int64(number), due: now, limitKey: "\(prefix)h\(number):443")
        }
        let sent = scheduler.handle(.claimed(Claim(deliveries: claimed)), now: clocks(now))
        let dark = sent.attempts.map {
            AttemptResult(token: $0.token, outcome: .retry, startedAt: now, isDark: true)
        }
        let done = scheduler.handle(.outcomes(dark), now: clocks(now))
        #expect(done.groups.flatMap(\.records).last?.attempts == charged)
    }

    @Test("512 outcomes are a group, whatever else is on its way")
    func fullGroup() {
        var scheduler = started()
        let sent = scheduler.handle(.claimed(Claim(deliveries: deliveries(600))), now: clocks(now))
        let almost = scheduler.handle(results(sent.attempts.prefix(511)), now: clocks(now))
        #expect(almost.groups.isEmpty)
        let full = scheduler.handle(results(sent.attempts[511...511]), now: clocks(now))
        #expect(full.groups.map(\.records.count) == [512])
    }

    @Test(
        "while a group is written sending goes on, where what comes in meanwhile fits beside it",
        arguments: [20, 100, 250])
    func slowDisk(outcomesInAWrite: Int) {
        var scheduler = started(concurrency: 64)
        var (inFlight, underway): ([Attempt], [(number: UInt64, until: Int, records: Int)]) = ([], [])
        var (asked, next, recorded, pauses, groups) = ([Limits.firstClaim], Int64(1), 0, 0, 0)
        func take(_ effects: [Effect]) {
            inFlight += effects.attempts
            asked += effects.claims
            for (number, transaction) in effects.transactions {
                guard case .record(let group) = transaction else { continue }
                groups += 1
                underway.append((number, recorded + outcomesInAWrite, group.records.count))
            }
        }
        // One answer after the other; a claim is answered at once.
        while recorded < 20_000 {
            while let limit = asked.popLast() {
                let claimed = (next..<next + Int64(limit)).map {
                    ClaimedDelivery.sample("s\($0)", number: $0, due: now)
                }
                next += Int64(limit)
                take(scheduler.handle(.claimed(Claim(deliveries: claimed, nextDue: now)), now: clocks(now)))
            }
            // The first groups show how slow the disk is.
            if groups > 8, inFlight.count < 64 { pauses += 1 }
            if !inFlight.isEmpty {
                let answered = inFlight.removeFirst()
                recorded += 1
                take(scheduler.handle(results([answered]), now: clocks(now)))
            }
            if let first = underway.first, recorded >= first.until || inFlight.isEmpty {
                underway.removeFirst()
                take(scheduler.handle(.committed(transaction: first.number, .done), now: clocks(now)))
            }
        }
        #expect(recorded == 20_000 && pauses == 0)
        // Half a group at the least, and where the disk is quick hardly less than a whole one.
        #expect(groups <= 20_000 / (Limits.groupSize - outcomesInAWrite - 8) + 2)
    }

    @Test("a clock step does not keep outcomes from the disk: the old deadline means nothing")
    func stepFlushes() {
        var scheduler = started()
        let sent = scheduler.handle(.claimed(Claim(deliveries: deliveries(2))), now: clocks(now))
        _ = scheduler.handle(results(sent.attempts.prefix(1)), now: clocks(now))
        let back = Moment(wall: now - .days(1), boot: clocks(now).boot)
        #expect(scheduler.handle(.clockStepped, now: back).groups.map(\.records.count) == [1])
    }

    @Test("nothing is sent or claimed while four groups are on their way, and all is once one is done")
    func diskBehind() {
        var scheduler = started()
        let first = scheduler.handle(
            .claimed(Claim(deliveries: deliveries(10), nextDue: now)), now: clocks(now))
        #expect(first.claims.count == 1)
        let sent = first.attempts
        var groups: [UInt64] = []
        var at = now
        for place in 0..<4 {
            _ = scheduler.handle(results(sent[place...place]), now: clocks(at))
            at = at + .milliseconds(250)
            groups += scheduler.handle(.tick, now: clocks(at)).transactions.map(\.number)
        }
        #expect(groups.count == 4)
        // The claim that was under way comes back: it is kept, and nothing more is asked for.
        let late = Claim(deliveries: [.sample("late", number: 99, due: now)], nextDue: now)
        let held = scheduler.handle(.claimed(late), now: clocks(at))
        #expect(held.attempts.isEmpty && held.claims.isEmpty)
        let tick = scheduler.handle(.tick, now: clocks(at))
        #expect(tick.attempts.isEmpty && tick.claims.isEmpty)
        #expect(tick.armed.map { $0 > at } ?? false)
        let done = scheduler.handle(.committed(transaction: groups[0], .done), now: clocks(at))
        #expect(done.attempts.map(\.delivery.subscriberID) == ["late"])
        #expect(done.claims.count == 1)
    }

    @Test(
        "a batch is finished by the record of its last delivery, whatever order they end in, and by no other")
    func batchEnds() {
        var scheduler = started()
        let claim = Claim(deliveries: deliveries(3, batch: 7), batches: [.init(number: 7, count: 3)])
        let sent = scheduler.handle(.claimed(claim), now: clocks(now)).attempts
        var at = now
        var finished: [[Int64]] = []
        for (place, outcome) in [(2, Outcome.retry), (0, .blocked), (1, .delivered)] {
            at = at + .seconds(1)
            var effects = scheduler.handle(results(sent[place...place], outcome), now: clocks(at))
            if effects.groups.isEmpty {
                effects = scheduler.handle(.tick, now: clocks(at + .milliseconds(300)))
            }
            finished += effects.groups.map(\.finishedBatches)
        }
        #expect(finished == [[], [], [7]])
    }

    @Test("a batch that nobody is left of is finished without a delivery")
    func emptyBatch() {
        var scheduler = started()
        let effects = scheduler.handle(
            .claimed(Claim(batches: [.init(number: 8, count: 0)])), now: clocks(now))
        #expect(effects.groups == [OutcomeGroup(records: [], finishedBatches: [8])])
    }

    @Test("who may not be sent to is recorded without an attempt")
    func settledWithoutAttempt() {
        var scheduler = started()
        let claim = Claim(
            deliveries: [.sample("gone", batch: 7, due: now, standing: .removed)],
            batches: [.init(number: 7, count: 1)])
        let effects = scheduler.handle(.claimed(claim), now: clocks(now))
        #expect(effects.attempts.isEmpty)
        #expect(effects.groups.map(\.records.count) == [1])
        #expect(effects.groups.first?.finishedBatches == [7])
    }

    @Test("a retry is claimed at its moment, not before")
    func retryIsClaimed() throws {
        var scheduler = started()
        let sent = scheduler.handle(.claimed(Claim(deliveries: deliveries(1))), now: clocks(now))
        let recorded = scheduler.handle(results(sent.attempts, .retry), now: clocks(now))
        let next = try #require(recorded.groups.first?.records.first?.nextAttemptAt)
        let waiting = scheduler.handle(
            .committed(transaction: recorded.transactions[0].number, .done), now: clocks(now))
        #expect(waiting.claims.isEmpty)
        #expect(waiting.armed == next)
        #expect(scheduler.handle(.tick, now: clocks(next - .milliseconds(1))).claims.isEmpty)
        #expect(scheduler.handle(.tick, now: clocks(next)).claims == [Limits.firstClaim])
    }

    @Test("a refused write ends it: exit, and nothing after it, whatever comes")
    func refusedWrite() {
        var scheduler = started()
        let sent = scheduler.handle(.claimed(Claim(deliveries: deliveries(3))), now: clocks(now)).attempts
        _ = scheduler.handle(results(sent.prefix(1)), now: clocks(now))
        let group = scheduler.handle(.tick, now: clocks(now + .seconds(1)))
        let end = scheduler.handle(
            .committed(transaction: group.transactions[0].number, .refused), now: clocks(now))
        #expect(end.exits == [.storeRefused])
        #expect(end.settlements.isEmpty && end.attempts.isEmpty)
        #expect(scheduler.handle(results(sent.suffix(2)), now: clocks(now)).isEmpty)
        #expect(scheduler.handle(.tick, now: clocks(now)).isEmpty)
    }

    @Test("stopping sends no more, records what is in flight, and exits when that is on disk")
    func stopping() {
        var scheduler = started(concurrency: 2)
        let sent = scheduler.handle(.claimed(Claim(deliveries: deliveries(4))), now: clocks(now)).attempts
        #expect(sent.count == 2)
        let stop = scheduler.handle(.stopping, now: clocks(now))
        #expect(stop.exits.isEmpty && stop.attempts.isEmpty)
        let first = scheduler.handle(results(sent.prefix(1)), now: clocks(now + .seconds(1)))
        #expect(first.attempts.isEmpty && first.exits.isEmpty)
        let second = scheduler.handle(results(sent.suffix(1)), now: clocks(now + .seconds(1)))
        #expect(second.attempts.isEmpty && second.claims.isEmpty && second.exits.isEmpty)
        #expect(second.groups.map(\.records.count) == [2])
        let end = scheduler.handle(
            .committed(transaction: second.transactions[0].number, .done), now: clocks(now + .seconds(1)))
        #expect(end.settlements.count == 2)
        #expect(end.exits == [.stopped])
    }

    @Test("stopping waits for one that never answers no longer than an attempt can take, asked twice or not")
    func stoppingHung() {
        var scheduler = started()
        _ = scheduler.handle(.claimed(Claim(deliveries: deliveries(1))), now: clocks(now))
        let stop = scheduler.handle(.stopping, now: clocks(now))
        #expect(stop.armed == now + .seconds(30))
        _ = scheduler.handle(.stopping, now: clocks(now + .seconds(20)))
        #expect(scheduler.handle(.tick, now: clocks(now + .seconds(29))).exits.isEmpty)
        #expect(scheduler.handle(.tick, now: clocks(now + .seconds(30))).exits == [.stopped])
    }

    @Test(
        "with --once it exits when nothing more can be done now, and says whether something waits",
        arguments: [(Outcome.delivered, false), (.retry, true)])
    func once(outcome: Outcome, somethingWaits: Bool) {
        var scheduler = started(once: true)
        let sent = scheduler.handle(.claimed(Claim(deliveries: deliveries(1))), now: clocks(now))
        #expect(sent.exits.isEmpty)
        let recorded = scheduler.handle(results(sent.attempts, outcome), now: clocks(now))
        #expect(recorded.exits.isEmpty)
        let end = scheduler.handle(
            .committed(transaction: recorded.transactions[0].number, .done), now: clocks(now))
        #expect(end.exits == [.quiet(somethingWaits: somethingWaits)])
    }

    @Test("with --once and nothing to do it exits at once")
    func onceQuiet() {
        var scheduler = started(once: true)
        #expect(
            scheduler.handle(.claimed(Claim()), now: clocks(now)).exits == [.quiet(somethingWaits: false)])
    }
}
