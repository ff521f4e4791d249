import AdviceCore

/// The tables, and the number of their shape.
///
/// Moments are nanoseconds since 1970 unless the column's name says otherwise. A delivery that went through
/// at once is one row of `delivery` and nothing else, and there are as many of those as subscribers times
/// points: names are numbers there, times are milliseconds after the release, and the codes 0 and 1 take no
/// room.
///
/// `delivery.slot` are the upper 24 bits of the member's slot hash. Batches are ranges of that hash, so what
/// is recorded together lies together; without it a group of 512 outcomes touches 512 pages instead of some
/// 10.
///
/// Did ann get point 3, when, and with what answer?
///
///     SELECT series, day, state, status, at, latency_ms, attempts, error
///     FROM delivery_log WHERE subscriber = 'ann' AND number = 3;
enum Schema {
    /// Kept in `user_version`. A database with a higher one was written by a newer program, and is refused.
    static let version: Int64 = 4

    /// Kept in `application_id`: "advi".
    static let applicationID: Int64 = 0x6164_7669

    /// How far a slot hash is shifted right to become `delivery.slot`.
    static let slotShift: Int64 = 40

    private static let release = """
        CREATE TABLE release(
            number INTEGER PRIMARY KEY, series TEXT NOT NULL, edition TEXT NOT NULL,
            cohort INTEGER NOT NULL REFERENCES cohort, point TEXT NOT NULL, point_number INTEGER,
            of_points INTEGER, sequence INTEGER NOT NULL, kind TEXT NOT NULL, slot_date TEXT NOT NULL,
            scheduled_for INTEGER NOT NULL, released_at INTEGER NOT NULL, cut INTEGER,
            subject INTEGER REFERENCES subject, revision INTEGER NOT NULL DEFAULT 1, why TEXT) STRICT;
        CREATE UNIQUE INDEX release_point ON release(series, edition, cohort, point)
            WHERE kind IN ('released', 'missed', 'inherited');
        CREATE UNIQUE INDEX release_slot ON release(series, edition, cohort, slot_date)
            WHERE kind IN ('released', 'missed', 'inherited');
        CREATE INDEX release_revision ON release(series, edition, cohort, point, revision);
        CREATE INDEX release_subject ON release(subject);
        -- A new edition that --rebase has made sends nobody again what they had under these subjects.
        CREATE TABLE earlier(
            release INTEGER NOT NULL, subject INTEGER NOT NULL, PRIMARY KEY(release, subject)
        ) STRICT, WITHOUT ROWID;
        """

    /// Rows of endpoints only that are not healthy. `state` is open, suspended, unconfirmed or closed;
    /// `since` is when it came to be so.
    private static let endpoint = """
        CREATE TABLE endpoint(
            subscriber INTEGER PRIMARY KEY REFERENCES subscriber, fingerprint INTEGER NOT NULL,
            state TEXT NOT NULL, since INTEGER NOT NULL, failing_since INTEGER,
            failures INTEGER NOT NULL DEFAULT 0, refusals INTEGER NOT NULL DEFAULT 0,
            probe_at INTEGER) STRICT;
        \(endpointProbe)
        """

    private static let endpointProbe = """
        CREATE INDEX endpoint_probe ON endpoint(probe_at) WHERE state IN \(EndpointHealth.holding);
        """

    /// `attempt.replay` is how often its delivery had been replayed by then. A row of `replay` is of a
    /// delivery that was: `number` times, `ids` of them with a new webhook-id; `had`: it was delivered
    /// before.
    private static let attempt = """
        CREATE TABLE attempt(
            subject INTEGER NOT NULL, slot INTEGER NOT NULL, subscriber INTEGER NOT NULL,
            replay INTEGER NOT NULL DEFAULT 0, number INTEGER NOT NULL, at INTEGER NOT NULL,
            status INTEGER NOT NULL, error TEXT, latency INTEGER NOT NULL, address TEXT, reply BLOB NOT NULL,
            arrived INTEGER NOT NULL DEFAULT 0,
            PRIMARY KEY(subject, slot, subscriber, replay, number)) STRICT, WITHOUT ROWID;
        CREATE TABLE replay(
            subject INTEGER NOT NULL, slot INTEGER NOT NULL, subscriber INTEGER NOT NULL,
            number INTEGER NOT NULL, ids INTEGER NOT NULL, had INTEGER NOT NULL,
            PRIMARY KEY(subject, slot, subscriber)) STRICT, WITHOUT ROWID;
        """

    private static let view = """
        CREATE VIEW delivery_log AS
        SELECT s.id AS subscriber, j.type, j.series, j.edition, r.point, r.point_number AS number,
            r.slot_date AS day,
            CASE d.state WHEN 0 THEN 'waiting' WHEN 1 THEN 'delivered' WHEN 2 THEN 'held'
                WHEN 3 THEN 'exhausted' ELSE 'cancelled' END AS state,
            d.attempts, d.status, d.latency_ms,
            strftime('%Y-%m-%dT%H:%M:%fZ', (r.released_at / 1000000 + d.after_ms) / 1000.0,
                'unixepoch') AS at,
            strftime('%Y-%m-%dT%H:%M:%fZ', d.next_attempt_at / 1000000000.0, 'unixepoch') AS next_attempt_at,
            d.error
        FROM subscriber s
        JOIN subject j
        JOIN delivery d ON d.subject = j.number AND d.subscriber = s.number
            AND d.slot IN (SELECT m.slot_hash >> 40 FROM member m WHERE m.subscriber = s.number)
        JOIN release r ON r.number = d.release;
        """

    static let tables = """
        CREATE TABLE meta(key TEXT PRIMARY KEY, value ANY NOT NULL) STRICT, WITHOUT ROWID;

        CREATE TABLE decision(
            number INTEGER PRIMARY KEY, at INTEGER NOT NULL, what TEXT NOT NULL) STRICT;

        CREATE TABLE series(
            id TEXT PRIMARY KEY, first_seen INTEGER NOT NULL, configured_start TEXT NOT NULL,
            edition TEXT NOT NULL, state TEXT NOT NULL, begin TEXT, passed TEXT NOT NULL,
            details TEXT NOT NULL DEFAULT '{}'
        ) STRICT, WITHOUT ROWID;

        CREATE TABLE subscriber(
            number INTEGER PRIMARY KEY AUTOINCREMENT, id TEXT NOT NULL UNIQUE, url TEXT NOT NULL,
            secrets TEXT, format TEXT NOT NULL, paused INTEGER NOT NULL, limit_key TEXT NOT NULL,
            shares_host INTEGER NOT NULL, options TEXT, zone TEXT, at TEXT, joined TEXT,
            fingerprint INTEGER NOT NULL, digest INTEGER NOT NULL, removed_at INTEGER, first_day INTEGER,
            paused_from INTEGER, paused_until TEXT) STRICT;

        CREATE TABLE cohort(
            number INTEGER PRIMARY KEY, series TEXT NOT NULL, cohort TEXT NOT NULL,
            members INTEGER NOT NULL DEFAULT 0, since INTEGER NOT NULL, since_generation INTEGER,
            UNIQUE(series, cohort)) STRICT;

        CREATE TABLE member(
            cohort INTEGER NOT NULL, slot_hash INTEGER NOT NULL, subscriber INTEGER NOT NULL,
            active_from INTEGER NOT NULL, active_until INTEGER,
            PRIMARY KEY(cohort, slot_hash, subscriber, active_from)) STRICT, WITHOUT ROWID;
        CREATE INDEX member_subscriber ON member(subscriber, active_until);

        CREATE TABLE joiner(
            cohort INTEGER NOT NULL REFERENCES cohort, subscriber INTEGER NOT NULL,
            moved INTEGER NOT NULL, PRIMARY KEY(cohort, subscriber)) STRICT, WITHOUT ROWID;

        -- The ledger, and what corrects it: kinds released, missed and inherited are the ledger's, correction
        -- and rerelease carry the texts of a revision.
        \(release)
        CREATE TABLE content(
            release INTEGER PRIMARY KEY REFERENCES release, neutral BLOB NOT NULL, digest BLOB NOT NULL
        ) STRICT;
        CREATE TABLE rendering(
            release INTEGER NOT NULL REFERENCES release, format TEXT NOT NULL, body BLOB NOT NULL,
            digest INTEGER NOT NULL, PRIMARY KEY(release, format)) STRICT;

        CREATE TABLE subject(
            number INTEGER PRIMARY KEY, type TEXT NOT NULL, series TEXT NOT NULL, edition TEXT NOT NULL,
            subject TEXT NOT NULL, UNIQUE(type, series, edition, subject)) STRICT;

        CREATE TABLE batch(
            number INTEGER PRIMARY KEY AUTOINCREMENT, release INTEGER NOT NULL REFERENCES release,
            first_hash INTEGER NOT NULL, last_hash INTEGER NOT NULL, due INTEGER NOT NULL, owner TEXT,
            audience INTEGER NOT NULL DEFAULT 0, UNIQUE(release, first_hash)) STRICT;
        CREATE INDEX batch_due ON batch(due);

        -- No REFERENCES here: three look-ups for each of a million rows.
        CREATE TABLE delivery(
            subject INTEGER NOT NULL, slot INTEGER NOT NULL, subscriber INTEGER NOT NULL,
            release INTEGER NOT NULL, state INTEGER NOT NULL, attempts INTEGER NOT NULL, status INTEGER,
            latency_ms INTEGER, after_ms INTEGER NOT NULL, next_attempt_at INTEGER, gone_at INTEGER,
            error TEXT, due_at INTEGER, PRIMARY KEY(subject, slot, subscriber)) STRICT, WITHOUT ROWID;
        CREATE INDEX delivery_due ON delivery(next_attempt_at) WHERE state = 0;
        CREATE INDEX delivery_open ON delivery(subscriber) WHERE state IN (0, 2);
        CREATE INDEX delivery_held ON delivery(subscriber) WHERE state = 2;
        \(attempt)

        \(endpoint)

        \(view)

        -- The planner takes a table that it knows nothing of for a large one. Points are few: with that it
        -- reads the view by keys whether a subscriber is asked for or a point.
        ANALYZE;
        INSERT INTO sqlite_stat1(tbl, idx, stat) VALUES ('subject', NULL, '100');
        ANALYZE sqlite_schema;
        """
}

extension Schema {
    /// What brings a database of the version before to each version, from 2 on. Run with foreign keys off: a
    /// table that is made anew is known to others by its name.
    static let migrations: [Int64: String] = [
        2: """
        DROP VIEW delivery_log;
        ALTER TABLE series ADD COLUMN details TEXT NOT NULL DEFAULT '{}';
        ALTER TABLE subscriber ADD COLUMN first_day INTEGER;
        ALTER TABLE cohort ADD COLUMN since_generation INTEGER;
        ALTER TABLE subscriber ADD COLUMN paused_from INTEGER;
        ALTER TABLE subscriber ADD COLUMN paused_until TEXT;
        CREATE TABLE joiner(
            cohort INTEGER NOT NULL REFERENCES cohort, subscriber INTEGER NOT NULL,
            moved INTEGER NOT NULL, PRIMARY KEY(cohort, subscriber)) STRICT, WITHOUT ROWID;
        CREATE TABLE release_1 AS SELECT * FROM release;
        DROP TABLE release;
        \(release)
        INSERT INTO release(number, series, edition, cohort, point, point_number, of_points, sequence, kind,
            slot_date, scheduled_for, released_at, cut, subject)
        SELECT number, series, edition, cohort, point, point_number, of_points, sequence, kind, slot_date,
            scheduled_for, released_at, cut, subject FROM release_1;
        DROP TABLE release_1;
        ALTER TABLE batch ADD COLUMN audience INTEGER NOT NULL DEFAULT 0;
        ALTER TABLE delivery ADD COLUMN due_at INTEGER;
        CREATE INDEX delivery_open ON delivery(subscriber) WHERE state IN (0, 2);
        CREATE INDEX delivery_held ON delivery(subscriber) WHERE state = 2;
        ALTER TABLE attempt ADD COLUMN arrived INTEGER NOT NULL DEFAULT 0;
        ALTER TABLE endpoint RENAME TO endpoint_1;
        \(endpoint)
        INSERT INTO endpoint(subscriber, fingerprint, state, since)
        SELECT subscriber, fingerprint, state, since FROM endpoint_1;
        DROP TABLE endpoint_1;
        \(view)
        """,
        3: """
        ALTER TABLE attempt RENAME TO attempt_2;
        \(attempt)
        INSERT INTO attempt(subject, slot, subscriber, number, at, status, error, latency, address, reply,
            arrived)
        SELECT subject, slot, subscriber, number, at, status, error, latency, address, reply, arrived
            FROM attempt_2;
        DROP TABLE attempt_2;
        """,
        4: """
        DROP INDEX endpoint_probe;
        \(endpointProbe)
        """,
    ]
}

extension SlotHash {
    /// `delivery.slot`.
    var slot: Int64 { ordered >> Schema.slotShift }
}

/// `delivery.state`. The two commonest are 0 and 1, which SQLite keeps without a byte of their own.
extension DeliveryState {
    var code: Int64 {
        switch self {
        case .waiting: 0
        case .delivered: 1
        case .held: 2
        case .exhausted: 3
        case .cancelled: 4
        }
    }

    init?(code: Int64) {
        guard let state = DeliveryState.allCases.first(where: { $0.code == code }) else { return nil }
        self = state
    }
}
