/// The schema as version 1 of it was, word for word: what a migration has to begin with.
enum VersionOne {
    static let schema = """
        CREATE TABLE meta(key TEXT PRIMARY KEY, value ANY NOT NULL) STRICT, WITHOUT ROWID;

        CREATE TABLE decision(
            number INTEGER PRIMARY KEY, at INTEGER NOT NULL, what TEXT NOT NULL) STRICT;

        CREATE TABLE series(
            id TEXT PRIMARY KEY, first_seen INTEGER NOT NULL, configured_start TEXT NOT NULL,
            edition TEXT NOT NULL, state TEXT NOT NULL, begin TEXT, passed TEXT NOT NULL
        ) STRICT, WITHOUT ROWID;

        CREATE TABLE subscriber(
            number INTEGER PRIMARY KEY AUTOINCREMENT, id TEXT NOT NULL UNIQUE, url TEXT NOT NULL,
            secrets TEXT, format TEXT NOT NULL, paused INTEGER NOT NULL, limit_key TEXT NOT NULL,
            shares_host INTEGER NOT NULL, options TEXT, zone TEXT, at TEXT, joined TEXT,
            fingerprint INTEGER NOT NULL, digest INTEGER NOT NULL, removed_at INTEGER) STRICT;

        CREATE TABLE cohort(
            number INTEGER PRIMARY KEY, series TEXT NOT NULL, cohort TEXT NOT NULL,
            members INTEGER NOT NULL DEFAULT 0, since INTEGER NOT NULL, UNIQUE(series, cohort)) STRICT;

        CREATE TABLE member(
            cohort INTEGER NOT NULL, slot_hash INTEGER NOT NULL, subscriber INTEGER NOT NULL,
            active_from INTEGER NOT NULL, active_until INTEGER,
            PRIMARY KEY(cohort, slot_hash, subscriber, active_from)) STRICT, WITHOUT ROWID;
        CREATE INDEX member_subscriber ON member(subscriber, active_until);

        CREATE TABLE release(
            number INTEGER PRIMARY KEY, series TEXT NOT NULL, edition TEXT NOT NULL,
            cohort INTEGER NOT NULL REFERENCES cohort, point TEXT NOT NULL, point_number INTEGER,
            of_points INTEGER, sequence INTEGER NOT NULL, kind TEXT NOT NULL, slot_date TEXT NOT NULL,
            scheduled_for INTEGER NOT NULL, released_at INTEGER NOT NULL, cut INTEGER,
            subject INTEGER REFERENCES subject,
            UNIQUE(series, edition, cohort, point), UNIQUE(series, edition, cohort, slot_date)) STRICT;
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
            UNIQUE(release, first_hash)) STRICT;
        CREATE INDEX batch_due ON batch(due);

        -- No REFERENCES here: three look-ups for each of a million rows.
        CREATE TABLE delivery(
            subject INTEGER NOT NULL, slot INTEGER NOT NULL, subscriber INTEGER NOT NULL,
            release INTEGER NOT NULL, state INTEGER NOT NULL, attempts INTEGER NOT NULL, status INTEGER,
            latency_ms INTEGER, after_ms INTEGER NOT NULL, next_attempt_at INTEGER, gone_at INTEGER,
            error TEXT, PRIMARY KEY(subject, slot, subscriber)) STRICT, WITHOUT ROWID;
        CREATE INDEX delivery_due ON delivery(next_attempt_at) WHERE state = 0;
        CREATE TABLE attempt(
            subject INTEGER NOT NULL, slot INTEGER NOT NULL, subscriber INTEGER NOT NULL,
            number INTEGER NOT NULL, at INTEGER NOT NULL, status INTEGER NOT NULL, error TEXT,
            latency INTEGER NOT NULL, address TEXT, reply BLOB NOT NULL,
            PRIMARY KEY(subject, slot, subscriber, number)) STRICT, WITHOUT ROWID;

        CREATE TABLE endpoint(
            subscriber INTEGER PRIMARY KEY REFERENCES subscriber, fingerprint INTEGER NOT NULL,
            state TEXT NOT NULL, since INTEGER NOT NULL) STRICT;

        CREATE VIEW delivery_log AS
        SELECT s.id AS subscriber, j.type, j.series, j.edition, j.subject AS point, r.point_number AS number,
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

        -- The planner takes a table that it knows nothing of for a large one. Points are few: with that it
        -- reads the view by keys whether a subscriber is asked for or a point.
        ANALYZE;
        INSERT INTO sqlite_stat1(tbl, idx, stat) VALUES ('subject', NULL, '100');
        ANALYZE sqlite_schema;
        """
}
