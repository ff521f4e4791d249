public import AdviceCore

/// All that is kept of one subscriber beside its deliveries. Secrets are left out: of them it says where they
/// are, or that they stand in the database.
public struct KeptSubscriber: Sendable {
    public struct Membership: Sendable {
        public var series: String
        public var cohort: String
        /// Numbers of the roster: from the first it is a member, from the second no more.
        public var from: Int64
        public var until: Int64?
    }

    public struct Endpoint: Sendable {
        public var state: String
        public var since: Instant
        public var failures: Int64
    }

    public struct Decision: Sendable {
        public var at: Instant
        public var what: String
    }

    public var id: String
    public var format: Format
    /// `host:port`.
    public var host: String
    public var url: Protected
    public var secrets: [Protected]
    public var options: Subscriber.Options
    public var zone: String?
    public var at: String?
    public var joined: String?
    /// The day of its first import; nil before that was kept.
    public var firstDay: CivilDate?
    public var isPaused: Bool
    public var pausedFrom: Instant?
    public var pausedUntil: String?
    /// When it went from the roster.
    public var removedAt: Instant?
    public var memberships: [Membership] = []
    /// Nil where it is healthy.
    public var endpoint: Endpoint?
    /// Operators' decisions about it.
    public var decisions: [Decision] = []
}

extension SQLReader {
    public func kept(_ id: String) throws(StoreError) -> KeptSubscriber? {
        try database.moment { () throws(StoreError) -> KeptSubscriber? in
            guard let (number, row) = try row(id) else { return nil }
            var kept = row
            let memberships = try database.query(
                """
                SELECT c.series, c.cohort, m.active_from, m.active_until FROM member m
                    JOIN cohort c ON c.number = m.cohort
                WHERE m.subscriber = $1 ORDER BY c.series, m.active_from
                """, [.integer(number)])
            kept.memberships = memberships.map { row in
                .init(
                    series: row[0].text ?? "", cohort: row[1].text ?? "", from: row[2].integer ?? 0,
                    until: row[3].integer)
            }
            let endpoint = try database.query(
                "SELECT state, since, failures FROM endpoint WHERE subscriber = $1", [.integer(number)])
            kept.endpoint = endpoint.first.map { row in
                .init(
                    state: row[0].text ?? "", since: Instant(nanoseconds: row[1].integer ?? 0),
                    failures: row[2].integer ?? 0)
            }
            let decisions = try database.query("SELECT at, what FROM decision ORDER BY number")
            kept.decisions = decisions.compactMap { row in
                guard let what = row[1].text, Erased.decision(what, of: id) != nil else { return nil }
                return .init(at: Instant(nanoseconds: row[0].integer ?? 0), what: what)
            }
            return kept
        }
    }

    private func row(_ id: String) throws(StoreError) -> (number: Int64, kept: KeptSubscriber)? {
        let statement = try database.statement(
            """
            SELECT number, format, limit_key, url, secrets, options, zone, at, joined, first_day, paused,
                paused_from, paused_until, removed_at
            FROM subscriber WHERE id = $1
            """)
        statement.bind(1, id)
        defer { statement.reset() }
        guard try statement.step() else { return nil }
        func instant(_ column: Int32) -> Instant? {
            statement.optionalInteger(column).map(Instant.init(nanoseconds:))
        }
        let kept = KeptSubscriber(
            id: id, format: try database.parsed({ Format(rawValue: $0) }, statement.text(1)),
            host: statement.text(2), url: try RosterText.value(statement.text(3)),
            secrets: try RosterText.values(statement.optionalText(4)),
            options: try RosterText.options(statement.optionalText(5)), zone: statement.optionalText(6),
            at: statement.optionalText(7), joined: statement.optionalText(8),
            firstDay: statement.optionalInteger(9).map { CivilDate(day: Int($0)) },
            isPaused: statement.integer(10) == 1, pausedFrom: instant(11),
            pausedUntil: statement.optionalText(12), removedAt: instant(13))
        return (statement.integer(0), kept)
    }
}
