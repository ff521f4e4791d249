import AdviceCore
import TestTools
import Testing

@testable import AdviceStore

/// Several daemons on one database.
@Suite("the store on PostgreSQL, shared,")
struct PostgresStoreTests {
    private let t0 = World.t0
    private let address = PostgresServer.shared.schema()

    private func daemon(_ name: String) throws -> PostgresStore {
        let store = try PostgresStore(address, instance: name, clock: .caller)
        store.trustsClock = true
        return store
    }

    private let ids = (0..<1200).map { "member-\($0)" }

    @Test("makes a release once, whoever comes first")
    func once() throws {
        let (one, two) = (try daemon("one"), try daemon("two"))
        let cohort = try one.subscribe(["ann"])
        #expect(try two.release(World.draft(1, cohort: cohort)) != nil)
        #expect(try one.release(World.draft(1, cohort: cohort)) == nil)
    }

    @Test("hands each delivery to one daemon")
    func shares() throws {
        let (one, two) = (try daemon("one"), try daemon("two"))
        let cohort = try one.subscribe(ids)
        try one.release(World.draft(1, cohort: cohort))
        let first = try one.claim(limit: 1, now: t0)
        let second = try two.claimAll(at: t0)
        #expect(first.batches.count == 1 && second.batches.count == 5)
        #expect((first.subscribers + second.subscribers).sorted() == ids.sorted())
        try one.record(first.delivered(at: t0), now: t0)
        try two.record(second.delivered(at: t0), now: t0)
        #expect(try PostgresReader.open(address)?.counts().delivered == ids.count)
        #expect(try one.claimAll(at: t0 + .days(1)).nextDue == nil)
    }

    @Test("hands a retry to one daemon")
    func sharesRows() throws {
        let (one, two) = (try daemon("one"), try daemon("two"))
        let cohort = try one.subscribe(["ann", "bob"])
        try one.release(World.draft(1, cohort: cohort))
        let claim = try one.claimAll(at: t0)
        try one.record(
            OutcomeGroup(
                records: claim.deliveries.map { $0.settled(.waiting, at: t0, next: t0 + .seconds(5)) },
                finishedBatches: claim.batches.map(\.number)), now: t0)
        let first = try two.claim(limit: 1, now: t0 + .seconds(5))
        let second = try one.claimAll(at: t0 + .seconds(5))
        #expect(first.deliveries.count == 1 && second.deliveries.count == 1)
        #expect((first.subscribers + second.subscribers).sorted() == ["ann", "bob"])
    }

    @Test("gives what a daemon had to another when its lease has run out, and not before")
    func leaseEnds() throws {
        let (one, two) = (try daemon("one"), try daemon("two"))
        let cohort = try one.subscribe(["ann"])
        try one.release(World.draft(1, cohort: cohort))
        let lost = try one.claimAll(at: t0)
        let before = try two.claimAll(at: t0 + .seconds(59))
        #expect(before.deliveries.isEmpty)
        // Two looks again when the lease can have run out.
        #expect(before.nextDue == t0 + .seconds(60))
        try one.renewLease(now: t0 + .seconds(40))
        #expect(try two.claimAll(at: t0 + .seconds(60)).deliveries.isEmpty)
        let taken = try two.claimAll(at: t0 + .seconds(100))
        #expect(taken.deliveries.map(\.key) == lost.deliveries.map(\.key))

        // One was only slow. What it delivered counts, and anything else does not.
        let late = t0 + .seconds(101)
        let waiting = lost.deliveries[0].settled(.waiting, at: late, status: 503, next: late)
        let batches = lost.batches.map(\.number)
        try one.record(OutcomeGroup(records: [waiting], finishedBatches: batches), now: late)
        #expect(try PostgresReader.open(address)?.deliveries(DeliveryQuery()).isEmpty == true)
        try one.record(lost.delivered(at: late), now: late)
        #expect(try PostgresReader.open(address)?.counts().delivered == 1)
        // The batch is two's, and is finished by it.
        let again = taken.deliveries[0].settled(.waiting, at: late, status: 503, next: late)
        try two.record(OutcomeGroup(records: [again], finishedBatches: batches), now: late)
        #expect(try PostgresReader.open(address)?.counts() == delivered(1))
    }

    private func delivered(_ count: Int) -> DeliveryCounts {
        var counts = DeliveryCounts()
        counts.delivered = count
        return counts
    }

    @Test("takes back what it lost to nobody, and goes on with it")
    func takesBack() throws {
        let (one, two) = (try daemon("one"), try daemon("two"))
        let cohort = try one.subscribe(["ann"])
        try one.release(World.draft(1, cohort: cohort))
        let claim = try one.claimAll(at: t0)
        // Two sets free what ran out, and takes nothing.
        #expect(try two.claim(limit: 0, now: t0 + .seconds(61)).deliveries.isEmpty)
        try one.renewLease(now: t0 + .seconds(62))
        #expect(try two.claimAll(at: t0 + .seconds(63)).deliveries.isEmpty)
        #expect(try one.claimAll(at: t0 + .seconds(63)).batches.isEmpty)
        try one.record(claim.delivered(at: t0), now: t0 + .seconds(63))
        #expect(try PostgresReader.open(address)?.counts() == delivered(1))
    }

    @Test("frees at its stop, and at its start, what it had")
    func frees() throws {
        let two = try daemon("two")
        var one = try daemon("one")
        let cohort = try one.subscribe(["ann"])
        try one.release(World.draft(1, cohort: cohort))
        #expect(try one.claimAll(at: t0).deliveries.count == 1)
        one.close()
        #expect(try two.claimAll(at: t0).deliveries.count == 1)
        try two.freeLease()
        one = try daemon("one")
        #expect(try one.claimAll(at: t0).deliveries.count == 1)
        // As a kill leaves it.
        one.connection.close()
        #expect(try two.claimAll(at: t0).deliveries.isEmpty)
        one = try daemon("one")
        #expect(try one.claimAll(at: t0).deliveries.count == 1)
    }

    @Test("knows what another daemon has in flight when a subscriber moves")
    func moves() throws {
        let (one, two) = (try daemon("one"), try daemon("two"))
        let cohort = try one.subscribe(["ann"])
        try one.save(World.record(), decision: nil, now: t0)
        try one.release(World.draft(1, cohort: cohort))
        let out = try one.claimAll(at: t0)
        // Two takes a roster in which ann is elsewhere: what she is being sent is not owed a second time.
        let berlin: [(series: String, cohort: Cohort)] = [("s", World.newYork), ("s", World.berlin)]
        try two.importRoster([World.entry("ann", cohort: World.berlin)], cohorts: berlin, now: t0)
        #expect(try two.claimAll(at: t0 + .seconds(1)).deliveries.isEmpty)
        try one.record(out.delivered(at: t0), now: t0 + .seconds(1))
        #expect(try two.claimAll(at: t0 + .days(1)).deliveries.isEmpty)
        #expect(try PostgresReader.open(address)?.counts() == delivered(1))
    }

    private func correction(_ cohort: CohortRecord) -> Correction {
        let draft = CorrectionDraft(
            kind: .revised, series: "s", edition: World.edition, cohort: cohort,
            point: Point(id: "p1", number: 1, title: "Point 1", body: "Do it."), of: 15,
            row: World.row(1, day: 1), revision: 2, correctedAt: t0 + .seconds(1))
        return Correction(draft: draft, correction: World.content, release: World.content)
    }

    @Test("corrects what a daemon had on the wire that is never heard of again")
    func correctsTheDead() throws {
        let (one, two) = (try daemon("one"), try daemon("two"))
        let cohort = try one.subscribe(["ann", "bob"])
        try one.save(World.record(), decision: nil, now: t0)
        try one.release(World.draft(1, cohort: cohort))
        #expect(try one.claimAll(at: t0).deliveries.count == 2)
        let later = t0 + .seconds(1)
        try two.correct([correction(cohort)], record: World.record(), decision: "revise p1", now: later)
        // They may have the old text: it is made sure of, under its own id, and then corrected. The new text
        // is not their release.
        let taken = try two.claimAll(at: t0 + .seconds(90))
        #expect(taken.deliveries.map(\.release.subject) == ["p1", "p1"])
        try two.record(taken.delivered(at: t0 + .seconds(91)), now: t0 + .seconds(91))
        let revised = try two.claimAll(at: t0 + .seconds(92))
        #expect(revised.deliveries.map(\.release.type) == Array(repeating: "advice.point.revised", count: 2))
        #expect(revised.subscribers == ["ann", "bob"])
    }

    @Test("writes alone what sets another delivery free")
    func alone() throws {
        let store = try daemon("one")
        let cohort = try store.subscribe(["ann"])
        try store.release(World.draft(1, cohort: cohort))
        let first = try store.claimAll(at: t0)
        let batches = first.batches.map(\.number)
        let waiting = first.deliveries[0].settled(.waiting, at: t0, next: t0)
        try store.record(OutcomeGroup(records: [waiting], finishedBatches: batches), now: t0)
        let next = t0 + .days(1)
        try store.release(World.draft(2, cohort: cohort))
        let both = try store.claimAll(at: next)
        #expect(both.deliveries.map(\.standing) == [.active, .behind])
        var held = both.deliveries[1].settled(.held, at: next)
        held.attempt = nil
        let finished = both.batches.map(\.number)
        try store.record(OutcomeGroup(records: [held], finishedBatches: finished), now: next)

        // Another daemon's transaction is on: what frees waits for it.
        let other = try PostgresConnection(address)
        try other.execute("BEGIN; SELECT pg_advisory_xact_lock_shared(\(PostgresSchemaVersion.lock))")
        let watch = try PostgresConnection(address)
        // A connection whose statements give up at once stands for one that would wait.
        try store.connection.execute("SET lock_timeout = '200ms'")
        var done = both.deliveries[0].settled(.delivered, at: next)
        done.nextHeldAt = next
        #expect(throws: StoreError.self) { try store.record(OutcomeGroup(records: [done]), now: next) }
        #expect(try watch.query("SELECT count(*) FROM delivery WHERE state = 1") == [[0]])
        try other.execute("COMMIT")
        #expect(try store.record(OutcomeGroup(records: [done]), now: next) == next)
    }

    @Test("follows with a correction what another daemon had in flight")
    func corrects() throws {
        let (one, two) = (try daemon("one"), try daemon("two"))
        let cohort = try one.subscribe(["ann", "bob"])
        try one.save(World.record(), decision: nil, now: t0)
        try one.release(World.draft(1, cohort: cohort))
        let out = try one.claimAll(at: t0)
        try two.correct(
            [correction(cohort)], record: World.record(), decision: "revise p1", now: t0 + .seconds(1))
        #expect(try two.claimAll(at: t0 + .seconds(2)).deliveries.isEmpty)
        // One knows the release from before: that it has been corrected since must reach it.
        try one.record(out.delivered(at: t0), now: t0 + .seconds(3))
        let followed = try two.claimAll(at: t0 + .seconds(4))
        #expect(followed.deliveries.map(\.release.subject) == ["p1.2", "p1.2"])
        #expect(Set(followed.deliveries.map(\.release.type)) == ["advice.point.revised"])
    }

    @Test("tells of a clock that is too far off, and records all the same")
    func skew() throws {
        let store = try PostgresStore(address, instance: "one")
        store.trustsClock = true
        // World.t0 is not now, whenever this is run.
        let cohort = try store.subscribe(["ann"])
        guard let skew = store.clockSkew else {
            Issue.record("the server's clock was not read")
            return
        }
        let now = World.t0 + skew
        #expect(throws: StoreError.self) { try store.claimAll(at: World.t0) }
        #expect(throws: StoreError.self) { try store.release(World.draft(1, cohort: cohort)) }
        do {
            try store.release(World.draft(1, cohort: cohort))
        } catch {
            guard case StoreError.skewed = error else {
                Issue.record("\(error)")
                return
            }
        }
        _ = try store.release(World.draft(1, cohort: cohort), content: World.content, now: now)
        let claim = try store.claimAll(at: now + .seconds(30))
        #expect(try store.load().mark.map { abs(($0 - now).seconds) < 60 } == true)
        try store.record(claim.delivered(at: World.t0), now: World.t0)
    }

    @Test("releases nothing when another daemon has taken other files, and sends")
    func files() throws {
        let (one, two) = (try daemon("one"), try daemon("two"))
        one.files = "a"
        two.files = "a"
        #expect(try one.common().files == nil)
        let cohort = try one.subscribe(["ann"])
        #expect(try two.common().files == TakenFiles(number: 1, digest: "a"))
        #expect(try two.release(World.draft(1, cohort: cohort)) != nil)
        two.files = "b"
        try two.subscribe(["ann", "bob"])
        #expect(try one.common().files == TakenFiles(number: 2, digest: "b"))
        do {
            try one.release(World.draft(2, cohort: cohort))
            Issue.record("it was released")
        } catch {
            guard case StoreError.outdated = error else {
                Issue.record("\(error)")
                return
            }
        }
        #expect(try one.claimAll(at: t0 + .days(1)).deliveries.count == 1)
        #expect(try two.release(World.draft(2, cohort: cohort)) != nil)
    }
}
