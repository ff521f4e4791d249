public import AdviceCore

/// Alerts are ordinary deliveries of a text of no series: to operators, by name.
extension SQLStore {
    public func alert(
        _ alert: Alert, to subscribers: [String], content: FrozenContent, now: Instant
    ) throws(StoreError) {
        try write(now) { () throws(StoreError) in
            let subject = try subject(Alert.type, "", "", alert.subject)
            let day = ZoneRules.utc.local(of: alert.at).date
            let rows = try database.query(
                """
                INSERT INTO release(series, edition, cohort, point, point_number, sequence, kind, slot_date,
                    scheduled_for, released_at, cut, subject)
                VALUES ('', '', $1, $2, 0, 0, 'alert', $3, $4, $4,
                    \(SQLStore.generation), $5)
                RETURNING number
                """,
                [
                    .integer(try alertsCohort(now)), .text(alert.kind.rawValue), .text("\(day)"),
                    .integer(alert.at.nanoseconds), .integer(subject),
                ])
            guard let release = rows.first?[0].integer else {
                throw .internalFault("an alert was not kept")
            }
            try freeze(content, release: release)
            for id in subscribers {
                // Of a suspended endpoint it waits with the rest.
                try database.query(
                    """
                    INSERT INTO delivery(subject, slot, subscriber, release, state, attempts, after_ms,
                        next_attempt_at)
                    SELECT $1, $2, s.number, $3,
                        CASE WHEN e.state IN \(EndpointHealth.holding) THEN 2 ELSE 0 END, 0, 0,
                        CASE WHEN e.state IN \(EndpointHealth.holding) THEN NULL ELSE CAST($4 AS BIGINT) END
                    FROM subscriber s LEFT JOIN endpoint e
                        ON e.subscriber = s.number AND e.fingerprint = s.fingerprint
                    WHERE s.id = $5 AND s.removed_at IS NULL AND coalesce(e.state, '') <> 'closed'
                    ON CONFLICT DO NOTHING
                    """,
                    [
                        .integer(subject), .integer(SlotHash(series: "", subscriber: id).slot),
                        .integer(release), .integer(now.nanoseconds), .text(id),
                    ])
            }
            try lookForHeld()
        }
    }

    /// What stands where a release has its cohort.
    private func alertsCohort(_ now: Instant) throws(StoreError) -> Int64 {
        try database.query(
            """
            INSERT INTO cohort(series, cohort, since) VALUES ('', 'alerts', $1) ON CONFLICT DO NOTHING
            """, [.integer(now.nanoseconds)])
        let rows = try database.query("SELECT number FROM cohort WHERE series = ''")
        guard let number = rows.first?[0].integer else { throw .internalFault("no place for alerts") }
        return number
    }

    public func released(_ point: String, of series: String) throws(StoreError) -> [ReleasedRow] {
        let statement = try database.statement(
            """
            SELECT cohort, edition, sequence, slot_date, scheduled_for, released_at, why, cut FROM release
            WHERE series = $1 AND point = $2 AND kind = 'released'
            ORDER BY cohort, number
            """)
        statement.bind(1, series)
        statement.bind(2, point)
        var rows: [ReleasedRow] = []
        try statement.walk { () throws(StoreError) in
            let row = LedgerRow(
                point: point, sequence: Int(statement.integer(2)),
                slotDate: try database.parsed(CivilDate.init, statement.text(3)), kind: .released,
                scheduledFor: Instant(nanoseconds: statement.integer(4)),
                releasedAt: Instant(nanoseconds: statement.integer(5)), why: statement.optionalText(6),
                cut: statement.optionalInteger(7))
            let found = ReleasedRow(
                cohort: statement.integer(0),
                edition: try database.parsed({ Edition($0) }, statement.text(1)), row: row)
            rows.append(found)
            return true
        }
        return rows
    }
}
