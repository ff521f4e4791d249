public import AdviceCore

/// Corrections of what was released (interface.md §3.2).
extension SQLiteStore {
    /// The earlier revisions of the same point in the same cohort as release `number`, as table r.
    static func priors(to number: String) -> String {
        """
        (SELECT p.* FROM release y CROSS JOIN release p ON p.series = y.series AND p.edition = y.edition
            AND p.cohort = y.cohort AND p.point = y.point AND p.revision < y.revision
            WHERE y.number = \(number) AND p.subject IS NOT NULL) r
        """
    }

    /// Of delivery `d`: somebody has it, or an attempt was on the wire and nobody knows.
    static let mayHaveArrived = """
        (d.state = 1 OR EXISTS (SELECT 1 FROM attempt a WHERE a.subject = d.subject AND a.slot = d.slot
            AND a.subscriber = d.subscriber AND a.arrived = 1))
        """

    /// The subject under which delivery `d`, of subject v, went out last: what its webhook-id was made of.
    static let sentAs = """
        (v.subject || coalesce((SELECT '~' || y.ids FROM replay y WHERE y.subject = d.subject
            AND y.slot = d.slot AND y.subscriber = d.subscriber AND y.ids > 0), ''))
        """

    public func correct(
        _ corrections: [Correction], record: SeriesRecord, decision: String, now: Instant
    ) throws(StoreError) {
        try write(now) { () throws(StoreError) in
            for correction in corrections { try write(correction, now) }
            try put(record)
            try note(decision, now)
        }
        // Whether a release is superseded is kept with it.
        releases = [:]
    }

    private func write(_ correction: Correction, _ now: Instant) throws(StoreError) {
        let draft = correction.draft
        let type = "advice.point.\(draft.kind.rawValue)"
        let number = try insert(draft, kind: .correction, type: type, correction.correction)
        var rerelease: Int64?
        if let content = correction.release {
            rerelease = try insert(draft, kind: .rerelease, type: ReleaseRow.type, content)
        }
        releases = [:]
        let receivers =
            try connection.query(
                """
                SELECT count(*) FROM \(SQLiteStore.priors(to: "$1")) CROSS JOIN delivery d
                    ON d.subject = r.subject AND d.release = r.number
                """, [.integer(number)]
            ).first?[0].integer ?? 0
        let ranges = BatchRange.cut(members: Int(receivers), size: SQLiteStore.batchSize)
        try insert(ranges.map { ($0, now) }, release: number, audience: 1)
        try noteInFlight(correctedBy: number, now)
        try redirectBatches(of: number, to: rerelease)
        try supersedeUnsettled(by: number, now)
    }

    private func insert(
        _ draft: CorrectionDraft, kind: ReleaseRow.Kind, type: String, _ content: FrozenContent
    ) throws(StoreError) -> Int64 {
        let subject = try subject(
            type, draft.series, "\(draft.edition)",
            SubjectName.text(draft.point.id, revision: draft.revision))
        try connection.query(
            """
            INSERT INTO release(series, edition, cohort, point, point_number, of_points, sequence, kind,
                slot_date, scheduled_for, released_at, cut, subject, revision)
            VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11,
                (SELECT value FROM meta WHERE key = 'generation'), $12, $13)
            """,
            [
                .text(draft.series), .text("\(draft.edition)"), .integer(draft.cohort.number),
                .text(draft.point.id), .integer(Int64(draft.point.number)), .integer(Int64(draft.of)),
                .integer(Int64(draft.row.sequence)), .text(kind.rawValue), .text("\(draft.row.slotDate)"),
                .integer(draft.row.scheduledFor.nanoseconds), .integer(draft.correctedAt.nanoseconds),
                .integer(subject), .integer(Int64(draft.revision)),
            ])
        let number = connection.lastInsertedNumber
        try freeze(content, release: number)
        return number
    }

    /// What stands for an attempt whose answer is still to come; its record takes its place.
    static let noAnswerYet = "no answer yet"

    /// What is on the wire just now, for the first time, has no row. It gets one, as something that may have
    /// arrived: were this process to die before the answer, its batch would be another text's.
    private func noteInFlight(correctedBy correction: Int64, _ now: Instant) throws(StoreError) {
        let rows = try connection.query(
            "SELECT r.number, r.subject FROM \(SQLiteStore.priors(to: "$1")) WHERE r.kind <> 'correction'",
            [.integer(correction)])
        for row in rows {
            guard let release = row[0].integer, let subject = row[1].integer else { continue }
            for (key, slot) in inFlight.fromBatches(of: subject) {
                let place: [SQLValue] = [.integer(key.subject), .integer(slot), .integer(key.subscriber)]
                let isNew = try connection.query(
                    """
                    INSERT INTO delivery(subject, slot, subscriber, release, state, attempts, after_ms,
                        next_attempt_at)
                    SELECT $1, $2, $3, number, 0, 0, $5 - released_at / 1000000, $6 FROM release
                    WHERE number = $4 ON CONFLICT DO NOTHING RETURNING 1
                    """,
                    place + [.integer(release), .integer(now.milliseconds), .integer(now.nanoseconds)])
                if isNew.isEmpty { continue }
                try connection.query(
                    """
                    INSERT INTO attempt(subject, slot, subscriber, number, at, status, error, latency, reply,
                        arrived)
                    VALUES ($1, $2, $3, 1, $4, 0, '\(SQLiteStore.noAnswerYet)', 0, x'', 1)
                    ON CONFLICT DO NOTHING
                    """, place + [.integer(now.nanoseconds)])
            }
        }
    }

    /// Who is in an unfinished batch and has no row yet gets the new text as the release, or nothing.
    private func redirectBatches(of correction: Int64, to rerelease: Int64?) throws(StoreError) {
        let prior = """
            SELECT r.number FROM \(SQLiteStore.priors(to: "$1")) WHERE r.kind <> 'correction'
            """
        if let rerelease {
            // Those of the older text are for the same cut of the roster.
            try connection.query(
                """
                UPDATE release SET cut = coalesce((SELECT min(r.cut) FROM \(SQLiteStore.priors(to: "$1"))
                    WHERE r.kind <> 'correction'), cut) WHERE number = $2
                """, [.integer(correction), .integer(rerelease)])
            try connection.query(
                "UPDATE OR IGNORE batch SET release = $2 WHERE audience = 0 AND release IN (\(prior))",
                [.integer(correction), .integer(rerelease)])
        }
        try connection.query(
            "DELETE FROM batch WHERE audience = 0 AND release IN (\(prior))", [.integer(correction)])
        // An earlier correction that is not sent yet is overtaken by this one.
        try connection.query(
            """
            DELETE FROM batch WHERE audience = 1 AND release IN (
                SELECT r.number FROM \(SQLiteStore.priors(to: "$1")) WHERE r.kind = 'correction')
            """, [.integer(correction)])
    }

    private func supersedeUnsettled(by correction: Int64, _ now: Instant) throws(StoreError) {
        let rows = try connection.query(
            """
            SELECT d.subject, d.subscriber, d.release FROM \(SQLiteStore.priors(to: "$1"))
                CROSS JOIN delivery d ON d.subject = r.subject AND d.release = r.number AND d.state IN (0, 2)
            """, [.integer(correction)])
        for row in rows {
            guard let subject = row[0].integer, let subscriber = row[1].integer, let release = row[2].integer
            else { continue }
            let key = DeliveryKey(subject: subject, subscriber: subscriber)
            // What is in flight is followed when it is recorded: it may be arriving now.
            if inFlight[key] != nil { continue }
            _ = try supersede(key, of: try releaseRow(release), now)
        }
    }

    /// A delivery of a text that was corrected: who has it, or may have, is sent the correction; what is
    /// unsettled is cancelled, and who certainly does not have it is sent the new text as the release.
    /// - Returns: when what it made is due; nil where it made nothing.
    func supersede(
        _ key: DeliveryKey, of release: ReleaseRow, _ now: Instant
    ) throws(StoreError) -> Instant? {
        let slot = try slot(of: key)
        let place: [SQLValue] = [.integer(key.subject), .integer(slot), .integer(key.subscriber)]
        let row = try connection.query(
            """
            SELECT d.state, \(SQLiteStore.mayHaveArrived) FROM delivery d
            WHERE d.subject = $1 AND d.slot = $2 AND d.subscriber = $3
            """, place
        ).first
        guard let row, let state = row[0].integer.flatMap(DeliveryState.init) else { return nil }
        let newest = try connection.query(
            """
            SELECT number, kind FROM release WHERE series = $1 AND edition = $2 AND cohort = $3 AND point = $4
                AND revision > $5 AND kind IN ('correction', 'rerelease') ORDER BY revision DESC, kind
            """,
            [
                .text(release.info.series), .text(release.info.edition), .integer(release.cohort),
                .text(release.point), .integer(Int64(release.info.revision)),
            ])
        guard let correction = newest.first?[0].integer else { return nil }
        let successor: Int64?
        if release.kind == .correction, row[1].integer == 0 {
            // Who had the point is sent the newest correction for that.
            successor = nil
        } else if row[1].integer == 1 {
            successor = correction
        } else if !state.isSettled, newest.count > 1, newest[1][1].text == ReleaseRow.Kind.rerelease.rawValue
        {
            successor = newest[1][0].integer
        } else {
            successor = nil
        }
        if !state.isSettled {
            let words = try releaseRow(correction).info.type.split(separator: ".").last ?? "revised"
            try connection.query(
                """
                UPDATE delivery
                SET state = \(DeliveryState.cancelled.code), error = $4, next_attempt_at = NULL
                WHERE subject = $1 AND slot = $2 AND subscriber = $3
                """, place + [.text(String(words))])
        }
        var due: Instant?
        if let successor {
            try follow(with: try releaseRow(successor), slot, key.subscriber, state, now)
            due = now
        }
        // Where nothing follows, what was held behind it may go.
        if !state.isSettled, holdsSome {
            due = try free(of: key.subscriber, in: release.info.series, at: now) ?? due
        }
        return due
    }

    private func follow(
        with release: ReleaseRow, _ slot: Int64, _ subscriber: Int64, _ old: DeliveryState, _ now: Instant
    ) throws(StoreError) {
        // The new text takes the place of the old one in its subscriber's order.
        let isHeld = old == .held && release.kind == .rerelease
        try connection.query(
            """
            INSERT INTO delivery(subject, slot, subscriber, release, state, attempts, after_ms,
                next_attempt_at)
            VALUES ($1, $2, $3, $4, $5, 0, $6, $7) ON CONFLICT DO NOTHING
            """,
            [
                .integer(release.subject), .integer(slot), .integer(subscriber),
                .integer(release.info.number),
                .integer((isHeld ? DeliveryState.held : .waiting).code),
                .integer(now.milliseconds - release.info.releasedAt.milliseconds),
                isHeld ? .null : .integer(now.nanoseconds),
            ])
    }
}
