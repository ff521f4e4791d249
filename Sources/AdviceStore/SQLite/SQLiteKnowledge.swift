import AdviceCore

/// What is read at start, by the daemon's connection and by the commands' alike.
extension SQLiteConnection {
    func knowledge() throws(StoreError) -> StoreKnowledge {
        StoreKnowledge(
            series: try seriesRecords(), cohorts: try cohorts(), ledgers: try ledgers(),
            mark: try number("mark").map(Instant.init(nanoseconds:)))
    }

    /// A number kept in `meta`.
    func number(_ key: String) throws(StoreError) -> Int64? {
        try query("SELECT value FROM meta WHERE key = $1", [.text(key)]).first?.first?.integer
    }

    func cohorts() throws(StoreError) -> [CohortRecord] {
        let statement = try statement(
            "SELECT number, series, cohort, members, since FROM cohort ORDER BY number")
        var records: [CohortRecord] = []
        try statement.walk { () throws(StoreError) in
            records.append(
                CohortRecord(
                    number: statement.integer(0), series: statement.text(1),
                    cohort: try parsed(Cohort.init, statement.text(2)), members: Int(statement.integer(3)),
                    since: Instant(nanoseconds: statement.integer(4))))
            return true
        }
        return records
    }

    private func seriesRecords() throws(StoreError) -> [SeriesRecord] {
        let statement = try statement(
            "SELECT id, first_seen, configured_start, edition, state, begin, passed FROM series ORDER BY id")
        var records: [SeriesRecord] = []
        try statement.walk { () throws(StoreError) in
            var record = SeriesRecord(
                id: statement.text(0), firstSeen: Instant(nanoseconds: statement.integer(1)),
                configuredStart: try parsed(CivilDate.init, statement.text(2)),
                edition: try parsed(Edition.init, statement.text(3)),
                state: try parsed({ SeriesRecord.State(rawValue: $0) }, statement.text(4)),
                passed: try RosterText.words(statement.text(6)))
            if let begin = statement.optionalText(5) { record.begin = try parsed(CivilDate.init, begin) }
            records.append(record)
            return true
        }
        return records
    }

    /// Of each series' current edition, cohort by cohort.
    private func ledgers() throws(StoreError) -> [CohortLedger] {
        let statement = try statement(
            """
            SELECT r.series, r.edition, r.cohort, r.point, r.sequence, r.slot_date, r.kind, r.scheduled_for,
                r.released_at
            FROM release r JOIN series s ON s.id = r.series AND s.edition = r.edition
            ORDER BY r.series, r.cohort, r.sequence
            """)
        var ledgers: [CohortLedger] = []
        try statement.walk { () throws(StoreError) in
            let series = statement.text(0)
            let cohort = statement.integer(2)
            if ledgers.last?.series != series || ledgers.last?.cohort != cohort {
                let edition = try parsed(Edition.init, statement.text(1))
                ledgers.append(CohortLedger(series: series, edition: edition, cohort: cohort, rows: []))
            }
            ledgers[ledgers.count - 1].rows.append(
                LedgerRow(
                    point: statement.text(3), sequence: Int(statement.integer(4)),
                    slotDate: try parsed(CivilDate.init, statement.text(5)),
                    kind: try parsed({ LedgerRow.Kind(rawValue: $0) }, statement.text(6)),
                    scheduledFor: Instant(nanoseconds: statement.integer(7)),
                    releasedAt: Instant(nanoseconds: statement.integer(8))))
            return true
        }
        return ledgers
    }

    /// A column's text as the value it was written from.
    func parsed<Value>(_ read: (String) -> Value?, _ text: String) throws(StoreError) -> Value {
        guard let value = read(text) else {
            throw .damaged("\(path): '\(text)' is no \(Value.self): \(SQLiteConnection.howToGoOn)")
        }
        return value
    }
}
