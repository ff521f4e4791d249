import AdviceCore

/// What is read at start, by the daemon's connection and by the commands' alike.
extension SQLDatabase {
    func knowledge() throws(StoreError) -> StoreKnowledge {
        let records = try seriesRecords()
        let hold = try query("SELECT value FROM meta WHERE key = 'hold'").first?.first?.text
        var knowledge = StoreKnowledge(
            series: records, cohorts: try cohorts(), ledgers: try ledgers(of: records),
            mark: try number("mark").map(Instant.init(nanoseconds:)),
            hold: try hold.map { text throws(StoreError) in try RosterText.hold(text) })
        knowledge.generation = try number("generation") ?? 0
        return knowledge
    }

    /// A number kept in `meta`.
    func number(_ key: String) throws(StoreError) -> Int64? {
        try query("SELECT CAST(value AS BIGINT) FROM meta WHERE key = $1", [.text(key)]).first?.first?.integer
    }

    func cohorts() throws(StoreError) -> [CohortRecord] {
        let statement = try statement(
            """
            SELECT number, series, cohort, members, since_generation,
                (SELECT count(*) FROM joiner WHERE joiner.cohort = cohort.number), since
            FROM cohort WHERE series <> '' ORDER BY number
            """)
        var records: [CohortRecord] = []
        try statement.walk { () throws(StoreError) in
            var record = CohortRecord(
                number: statement.integer(0), series: statement.text(1),
                cohort: try parsed(Cohort.init, statement.text(2)), members: Int(statement.integer(3)),
                since: statement.optionalInteger(4), joiners: Int(statement.integer(5)))
            record.inhabitedSince = Instant(nanoseconds: statement.integer(6))
            records.append(record)
            return true
        }
        return records
    }

    private func seriesRecords() throws(StoreError) -> [SeriesRecord] {
        let statement = try statement(
            """
            SELECT id, first_seen, configured_start, edition, state, begin, passed, details FROM series
            ORDER BY id
            """)
        var records: [SeriesRecord] = []
        try statement.walk { () throws(StoreError) in
            var record = SeriesRecord(
                id: Self.seriesID(of: statement.text(0)),
                firstSeen: Instant(nanoseconds: statement.integer(1)),
                configuredStart: try parsed(CivilDate.init, statement.text(2)),
                edition: try parsed(Edition.init, statement.text(3)),
                state: try parsed({ SeriesRecord.State(rawValue: $0) }, statement.text(4)),
                passed: try RosterText.words(statement.text(6)),
                details: try RosterText.details(statement.text(7)))
            if let begin = statement.optionalText(5) { record.begin = try parsed(CivilDate.init, begin) }
            records.append(record)
            return true
        }
        return records
    }

    /// A shadow record is kept as `ID.shadow`.
    private static func seriesID(of key: String) -> String {
        String(key.split(separator: ".", maxSplits: 1).first ?? "")
    }

    /// Of each record's edition the newest cycle, cohort by cohort.
    private func ledgers(of records: [SeriesRecord]) throws(StoreError) -> [CohortLedger] {
        var ledgers: [CohortLedger] = []
        for record in records {
            for (cohort, edition) in try newestCycles(of: record) {
                ledgers.append(try ledger(record.id, edition, cohort))
            }
        }
        return ledgers
    }

    private func newestCycles(
        of record: SeriesRecord
    ) throws(StoreError) -> [(cohort: Int64, edition: Edition)] {
        let statement = try statement(
            "SELECT DISTINCT cohort, edition FROM release WHERE series = $1 ORDER BY cohort")
        statement.bind(1, record.id)
        var newest: [(cohort: Int64, edition: Edition)] = []
        try statement.walk { () throws(StoreError) in
            let cohort = statement.integer(0)
            let edition = try parsed(Edition.init, statement.text(1))
            guard edition.start == record.edition.start, edition.shadow == record.edition.shadow else {
                return true
            }
            if newest.last?.cohort != cohort {
                newest.append((cohort, edition))
            } else if let last = newest.last, last.edition.cycle < edition.cycle {
                newest[newest.count - 1].edition = edition
            }
            return true
        }
        return newest
    }

    func ledger(_ series: String, _ edition: Edition, _ cohort: Int64) throws(StoreError) -> CohortLedger {
        let statement = try statement(
            """
            SELECT point, sequence, slot_date, kind, scheduled_for, released_at, why, cut FROM release
            WHERE series = $1 AND edition = $2 AND cohort = $3 AND kind IN ('released', 'missed', 'inherited')
            ORDER BY sequence
            """)
        statement.bind([.text(series), .text("\(edition)"), .integer(cohort)])
        var ledger = CohortLedger(series: series, edition: edition, cohort: cohort, rows: [])
        try statement.walk { () throws(StoreError) in
            ledger.rows.append(
                LedgerRow(
                    point: statement.text(0), sequence: Int(statement.integer(1)),
                    slotDate: try parsed(CivilDate.init, statement.text(2)),
                    kind: try parsed({ LedgerRow.Kind(rawValue: $0) }, statement.text(3)),
                    scheduledFor: Instant(nanoseconds: statement.integer(4)),
                    releasedAt: Instant(nanoseconds: statement.integer(5)),
                    why: statement.optionalText(6), cut: statement.optionalInteger(7)))
            return true
        }
        return ledger
    }

    /// A column's text as the value it was written from.
    func parsed<Value>(_ read: (String) -> Value?, _ text: String) throws(StoreError) -> Value {
        guard let value = read(text) else {
            throw .damaged("\(path): '\(text)' is no \(Value.self): \(howToGoOn)")
        }
        return value
    }
}
