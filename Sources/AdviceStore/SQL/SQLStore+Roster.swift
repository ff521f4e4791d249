public import AdviceCore

extension SQLStore {
    public func importRoster(
        _ entries: [RosterEntry], cohorts: [(series: String, cohort: Cohort)],
        joins: [String: JoinPolicy], guardsRemovals: Bool, now: Instant
    ) throws(StoreError) -> RosterChange {
        if guardsRemovals, var refused = try tooManyRemoved(by: entries) {
            refused.cohorts = try database.cohorts()
            refused.generation = try database.number("generation") ?? 0
            return refused
        }
        return try write(now) { () throws(StoreError) in
            let generation = (try database.number("generation") ?? 0) + 1
            var roster = try RosterImport(store: self, generation: generation, joins: joins, now: now)
            let change = try roster.run(entries, cohorts)
            try tookRoster(now)
            return change
        }
    }

    private func tooManyRemoved(by entries: [RosterEntry]) throws(StoreError) -> RosterChange? {
        let kept = Set(entries.map(\.subscriber.id))
        let statement = try database.statement("SELECT id FROM subscriber WHERE removed_at IS NULL")
        var removed = 0
        var count = 0
        try statement.walk { () throws(StoreError) in
            count += 1
            if !kept.contains(statement.text(0)) { removed += 1 }
            return true
        }
        guard RosterChange.isTooMany(removed, of: count) else { return nil }
        var change = RosterChange()
        change.refusedRemovals = removed
        change.storedCount = count
        return change
    }
}

/// One import, inside its transaction.
private struct RosterImport {
    let store: SQLStore
    var database: any SQLDatabase { store.database }
    let joins: [String: JoinPolicy]
    /// Series of which something went out: who comes now comes late.
    private var begun: Set<String> = []
    /// What the roster is numbered once this import has changed something.
    let generation: Int64
    let now: Instant
    private var change = RosterChange()
    private var cohorts: [CohortKey: Int64] = [:]
    /// The one that was asked for last: neighbours in a roster are mostly of one.
    private var lastCohort: (key: CohortKey, number: Int64)?
    /// By how much each cohort has grown.
    private var growth: [Int64: Int64] = [:]
    /// Subscribers whose endpoint is another now.
    private var moved: Set<Int64> = []
    private var unfinished: [Int64: [Int64]]?
    /// Finished before anything looks at them.
    private let members: any SQLStatement
    /// Of the series that have members: since when without a break.
    private var inhabited: [String: Instant] = [:]

    private struct CohortKey: Hashable {
        var series: String
        var cohort: Cohort
    }

    /// From here on an import is told to the engine before.
    private static let manyEntries = 20_000

    /// What the store has of a subscriber.
    private struct Known {
        var id: String
        var number: Int64
        var digest: Int64
        var fingerprint: Int64
        var isRemoved: Bool
        /// The day of its first import; nil before that was kept.
        var firstDay: CivilDate?
        /// The roster that is being taken has it.
        var isSeen = false
    }

    /// An entry that is to be written.
    private struct Pending {
        var entry: RosterEntry
        var cohorts: [Int64]
        var digest: Int64
        var known: Known?
    }

    private static let memberRows = SQLInsertion(
        table: "member",
        columns: [.init("cohort"), .init("slot_hash"), .init("subscriber"), .init("active_from")])

    init(store: SQLStore, generation: Int64, joins: [String: JoinPolicy], now: Instant) throws(StoreError) {
        self.store = store
        members = try store.database.insertion(RosterImport.memberRows)
        members.expect(0)
        self.joins = joins
        self.generation = generation
        self.now = now
    }

    mutating func run(
        _ entries: [RosterEntry], _ wanted: [(series: String, cohort: Cohort)]
    ) throws(StoreError) -> RosterChange {
        for record in try database.cohorts() {
            cohorts[CohortKey(series: record.series, cohort: record.cohort)] = record.number
        }
        for (series, cohort) in wanted { _ = try number(series, cohort) }
        for row in try database.query("SELECT series, min(since) FROM cohort WHERE members > 0 GROUP BY 1") {
            if let series = row[0].text, let since = row[1].integer {
                inhabited[series] = Instant(nanoseconds: since)
            }
        }
        for row in try database.query("SELECT DISTINCT series FROM release WHERE kind = 'released'") {
            if let series = row[0].text { begun.insert(series) }
        }
        var known = try readKnown()
        let places = Dictionary(uniqueKeysWithValues: known.indices.lazy.map { (known[$0].id, $0) })
        var fresh: [Pending] = []
        for entry in entries {
            precondition(
                entry.cohorts.count == entry.subscriber.series.count, "an entry has a cohort for each series")
            let place = places[entry.subscriber.id]
            let numbers = try cohortNumbers(of: entry, firstDay: place.flatMap { known[$0].firstDay })
            let digest = entry.digest(cohorts: numbers)
            guard let place else {
                fresh.append(Pending(entry: entry, cohorts: numbers, digest: digest, known: nil))
                continue
            }
            known[place].isSeen = true
            if known[place].digest == digest, !known[place].isRemoved { continue }
            try update(Pending(entry: entry, cohorts: numbers, digest: digest, known: known[place]))
        }
        try insert(fresh)
        for old in known where !old.isSeen && !old.isRemoved {
            try remove(old.number)
            change.removed.append(old.id)
        }
        change.removed.sort()
        try finish()
        return change
    }

    // MARK: Cohorts

    /// The store's number of a cohort, which is made where it is new.
    private mutating func number(_ series: String, _ cohort: Cohort) throws(StoreError) -> Int64 {
        let key = CohortKey(series: series, cohort: cohort)
        if let last = lastCohort, last.key == key { return last.number }
        if let number = cohorts[key] {
            lastCohort = (key, number)
            return number
        }
        let rows = try database.query(
            """
            INSERT INTO cohort(series, cohort, since, since_generation) VALUES ($1, $2, $3, $4)
            RETURNING number
            """,
            [
                .text(series), .text("\(cohort)"), .integer(now.nanoseconds), .integer(generation),
            ])
        guard let number = rows.first?[0].integer else { throw .internalFault("a cohort was not kept") }
        cohorts[key] = number
        return number
    }

    private mutating func cohortNumbers(
        of entry: RosterEntry, firstDay: CivilDate?
    ) throws(StoreError) -> [Int64] {
        var numbers: [Int64] = []
        numbers.reserveCapacity(entry.cohorts.count)
        for (series, wanted) in zip(entry.subscriber.series, entry.cohorts) {
            var cohort = wanted
            if entry.isJoinedByDefault, wanted.joined != nil, let firstDay { cohort.joined = firstDay }
            numbers.append(try number(series, cohort))
        }
        return numbers
    }

    // MARK: Subscribers

    private func readKnown() throws(StoreError) -> [Known] {
        let statement = try database.statement(
            "SELECT id, number, digest, fingerprint, removed_at IS NOT NULL, first_day FROM subscriber")
        var known: [Known] = []
        try statement.walk { () throws(StoreError) in
            known.append(
                Known(
                    id: statement.text(0), number: statement.integer(1), digest: statement.integer(2),
                    fingerprint: statement.integer(3), isRemoved: statement.integer(4) == 1,
                    firstDay: statement.optionalInteger(5).map { CivilDate(day: Int($0)) }))
            return true
        }
        return known
    }

    /// New subscribers are numbered in the order of their slots, so that those of one batch lie together: a
    /// claim of 500 then reads some 30 pages rather than 500.
    private mutating func insert(_ fresh: [Pending]) throws(StoreError) {
        let slots = fresh.map { pending in
            pending.entry.subscriber.series.first.map {
                SlotHash(series: $0, subscriber: pending.entry.subscriber.id)
            }
        }
        let order = fresh.indices.sorted { (slots[$0]?.value ?? 0, $0) < (slots[$1]?.value ?? 0, $1) }
        if fresh.count > RosterImport.manyEntries { try store.prepareManyRows() }
        var number = try store.reserveSubscribers(fresh.count)
        let statement = try database.insertion(RosterImport.subscribers)
        statement.expect(fresh.count)
        var challenged: [Int64] = []
        members.expect(fresh.reduce(0) { $0 + $1.cohorts.count })
        for place in order {
            let pending = fresh[place]
            bind(pending, to: statement)
            statement.bind(14, Int64(firstDay(of: pending.entry).day))
            statement.bind(15, number)
            try statement.run()
            if pending.entry.subscriber.isChallenged { challenged.append(number) }
            for (series, cohort) in zip(pending.entry.subscriber.series, pending.cohorts) {
                try join(number, pending.entry.subscriber.id, series, cohort, hasMoved: false)
            }
            number += 1
        }
        try statement.finish()
        try members.finish()
        for number in challenged { try store.challenge(number, now) }
        if fresh.count > RosterImport.manyEntries { try store.settleManyRows() }
        change.added += fresh.map(\.entry.subscriber.id)
    }

    private static let subscribers = SQLInsertion(
        table: "subscriber",
        columns: [
            .init("id", .text), .init("url", .text), .init("secrets", .text), .init("format", .text),
            .init("paused", .truth), .init("limit_key", .text), .init("shares_host", .truth),
            .init("options", .text), .init("zone", .text), .init("at", .text), .init("joined", .text),
            .init("fingerprint"), .init("digest"), .init("first_day"), .init("number"),
        ])

    /// Today where its cohort is; where no day of joining counts, by UTC.
    private func firstDay(of entry: RosterEntry) -> CivilDate {
        if entry.isJoinedByDefault, let today = entry.cohorts.compactMap(\.joined).first { return today }
        return ZoneRules.utc.local(of: now).date
    }

    private mutating func update(_ pending: Pending) throws(StoreError) {
        guard let known = pending.known else { return }
        let statement = try database.statement(
            """
            UPDATE subscriber SET url = $2, secrets = $3, format = $4, paused = $5, limit_key = $6,
                shares_host = $7, options = $8, zone = $9, at = $10, joined = $11, fingerprint = $12,
                digest = $13, removed_at = NULL
            WHERE number = $14 AND id = $1
            """)
        let fingerprint = bind(pending, to: statement)
        statement.bind(14, known.number)
        try statement.run()
        if fingerprint != known.fingerprint {
            moved.insert(known.number)
            try store.reopen(known.number, now)
            if pending.entry.subscriber.isChallenged { try store.challenge(known.number, now) }
        }
        try rejoin(known.number, pending)
        if known.isRemoved {
            change.added.append(pending.entry.subscriber.id)
        } else {
            change.changed.append(pending.entry.subscriber.id)
        }
    }

    /// Binds $1 to $13, and gives the fingerprint.
    @discardableResult
    private func bind(_ pending: Pending, to statement: any SQLStatement) -> Int64 {
        let entry = pending.entry
        let subscriber = entry.subscriber
        let fingerprint = subscriber.fingerprint
        statement.bind(1, subscriber.id)
        statement.bind(2, RosterText.text(subscriber.url))
        statement.bind(3, RosterText.text(subscriber.secrets))
        statement.bind(4, subscriber.format.rawValue)
        statement.bind(5, Int64(subscriber.paused ? 1 : 0))
        statement.bind(6, entry.limitKey)
        statement.bind(7, Int64(entry.sharesHost ? 1 : 0))
        statement.bind(8, RosterText.text(subscriber.options))
        statement.bind(9, subscriber.zone)
        statement.bind(10, subscriber.at.map { "\($0)" })
        statement.bind(11, subscriber.joined.map { "\($0)" })
        statement.bind(12, fingerprint)
        statement.bind(13, pending.digest)
        return fingerprint
    }

    private mutating func remove(_ number: Int64) throws(StoreError) {
        try database.query(
            "UPDATE subscriber SET removed_at = $2 WHERE number = $1",
            [.integer(number), .integer(now.nanoseconds)])
        let active = try activeCohorts(of: number)
        for cohort in active { try leave(number, cohort.number) }
        for series in Set(active.map(\.series)).sorted() { try cancel(number, series) }
    }

    /// What is unsettled of a series that the subscriber is no longer in.
    private func cancel(_ subscriber: Int64, _ series: String) throws(StoreError) {
        try database.query(
            """
            UPDATE delivery SET state = \(DeliveryState.cancelled.code), error = 'removed',
                next_attempt_at = NULL, after_ms = $3 - (SELECT released_at / 1000000 FROM release
                    WHERE release.number = delivery.release)
            WHERE subscriber = $1 AND state IN (0, 2)
                AND subject IN (SELECT number FROM subject WHERE series = $2)
            """, [.integer(subscriber), .text(series), .integer(now.milliseconds)])
    }

    // MARK: Membership

    private struct ActiveCohort {
        var number: Int64
        var series: String
    }

    private func activeCohorts(of subscriber: Int64) throws(StoreError) -> [ActiveCohort] {
        try database.query(
            """
            SELECT m.cohort, c.series FROM member m JOIN cohort c ON c.number = m.cohort
            WHERE m.subscriber = $1 AND m.active_until IS NULL
            """, [.integer(subscriber)]
        ).compactMap { row in
            guard let number = row[0].integer, let series = row[1].text else { return nil }
            return ActiveCohort(number: number, series: series)
        }
    }

    private mutating func rejoin(_ subscriber: Int64, _ pending: Pending) throws(StoreError) {
        let active = try activeCohorts(of: subscriber)
        let id = pending.entry.subscriber.id
        let left = active.filter { !pending.cohorts.contains($0.number) }
        for cohort in left {
            if pending.entry.subscriber.series.contains(cohort.series) {
                try park(subscriber, id, cohort)
            } else {
                try cancel(subscriber, cohort.series)
            }
            try leave(subscriber, cohort.number)
        }
        for (series, cohort) in zip(pending.entry.subscriber.series, pending.cohorts)
        where !active.contains(where: { $0.number == cohort }) {
            try join(
                subscriber, id, series, cohort, hasMoved: left.contains { $0.series == series })
        }
        try members.finish()
    }

    /// By cohort, in the order of the ledger. Read once: an import finishes none.
    private mutating func unfinishedReleases() throws(StoreError) -> [Int64: [Int64]] {
        if let unfinished { return unfinished }
        var found: [Int64: [Int64]] = [:]
        let rows = try database.query(
            """
            SELECT cohort, number FROM release
            WHERE number IN (SELECT release FROM batch WHERE audience = 0) ORDER BY slot_date, sequence
            """)
        for row in rows {
            if let cohort = row[0].integer, let number = row[1].integer {
                found[cohort, default: []].append(number)
            }
        }
        unfinished = found
        return found
    }

    /// What unfinished batches of the cohort owe to one who leaves it for another gets rows of its own: so it
    /// stays in order with what the other cohort sends.
    private mutating func park(_ subscriber: Int64, _ id: String, _ cohort: ActiveCohort) throws(StoreError) {
        let hash = SlotHash(series: cohort.series, subscriber: id).ordered
        let statement = try database.statement(
            """
            SELECT b.last_hash, EXISTS (SELECT 1 FROM member m CROSS JOIN release r ON r.number = $3
                WHERE m.cohort = $1 AND m.slot_hash = $2 AND m.subscriber = $4 AND m.active_from <= r.cut
                    AND (m.active_until IS NULL OR m.active_until > r.cut))
            FROM batch b WHERE b.release = $3 AND b.first_hash <= $2 ORDER BY b.first_hash DESC LIMIT 1
            """)
        var releases: [ReleaseRow] = []
        for number in try unfinishedReleases()[cohort.number] ?? [] {
            statement.bind([.integer(cohort.number), .integer(hash), .integer(number), .integer(subscriber)])
            defer { statement.reset() }
            if try statement.step(), statement.integer(0) >= hash, statement.integer(1) == 1 {
                releases.append(try store.releaseRow(number))
            }
        }
        try store.owe(releases, to: subscriber, id, areArrears: false, now: now)
    }

    private mutating func join(
        _ subscriber: Int64, _ id: String, _ series: String, _ cohort: Int64, hasMoved: Bool
    ) throws(StoreError) {
        if begun.contains(series), hasMoved || joins[series, default: .next] != .next {
            try database.query(
                "INSERT INTO joiner(cohort, subscriber, moved) VALUES ($1, $2, $3) ON CONFLICT DO NOTHING",
                [.integer(cohort), .integer(subscriber), .integer(hasMoved ? 1 : 0)])
        }
        members.bind(1, cohort)
        members.bind(2, SlotHash(series: series, subscriber: id).ordered)
        members.bind(3, subscriber)
        members.bind(4, generation)
        try members.run()
        growth[cohort, default: 0] += 1
    }

    /// The row stays, closed: what the cohort owes its former member stays owed.
    private mutating func leave(_ subscriber: Int64, _ cohort: Int64) throws(StoreError) {
        let place: [SQLValue] = [.integer(cohort), .integer(subscriber)]
        let wasJoining = try database.query(
            "DELETE FROM joiner WHERE cohort = $1 AND subscriber = $2 RETURNING 1", place)
        // Who leaves before it was decided what the cohort owed was as good as never there: where it goes to
        // owes it all the same.
        let until = wasJoining.isEmpty ? generation : 0
        try database.query(
            """
            UPDATE member SET active_until = $3
            WHERE cohort = $1 AND subscriber = $2 AND active_until IS NULL
            """, place + [.integer(until)])
        growth[cohort, default: 0] -= 1
    }

    // MARK: The end

    private mutating func finish() throws(StoreError) {
        let series = Dictionary(uniqueKeysWithValues: cohorts.map { ($0.value, $0.key.series) })
        for (cohort, count) in growth.sorted(by: { $0.key < $1.key }) where count != 0 {
            // Who comes to a cohort of its own in a series that others are in has missed what they missed.
            let since = series[cohort].flatMap { inhabited[$0] } ?? now
            try database.query(
                """
                UPDATE cohort SET since = CASE members WHEN 0 THEN $3 ELSE since END,
                    since_generation = CASE members WHEN 0 THEN $4 ELSE since_generation END,
                    members = members + $2
                WHERE number = $1
                """,
                [
                    .integer(cohort), .integer(count), .integer(since.nanoseconds), .integer(generation),
                ])
        }
        try hasten()
        if !(change.added.isEmpty && change.changed.isEmpty && change.removed.isEmpty) {
            try database.query(
                "UPDATE meta SET value = $1 WHERE key = 'generation'", [.integer(generation)])
        }
        change.cohorts = try database.cohorts()
        change.generation = try database.number("generation") ?? 0
    }

    /// What waits for a subscriber whose endpoint is another now is due at once, at the new one.
    private func hasten() throws(StoreError) {
        guard !moved.isEmpty else { return }
        let waiting = try database.query(
            "SELECT subject, slot, subscriber FROM delivery WHERE state = 0 AND next_attempt_at > $1",
            [.integer(now.nanoseconds)])
        for row in waiting where moved.contains(row[2].integer ?? 0) {
            try database.query(
                """
                UPDATE delivery SET next_attempt_at = $4 WHERE subject = $1 AND slot = $2 AND subscriber = $3
                """, row + [.integer(now.nanoseconds)])
        }
    }
}
