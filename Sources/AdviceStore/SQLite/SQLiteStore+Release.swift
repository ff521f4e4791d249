public import AdviceCore

extension SQLiteStore {
    /// Members to a batch, about: what one claim hands out, and what one finished row stands for.
    static let batchSize = 500

    public func inherit(_ ledger: CohortLedger, now: Instant) throws(StoreError) {
        try write(now) { () throws(StoreError) in
            for row in ledger.rows {
                try insert(row, ledger.series, ledger.edition, cohort: ledger.cohort)
            }
        }
    }

    public func release(
        _ draft: ReleaseDraft, content: FrozenContent, now: Instant
    ) throws(StoreError) -> Int64? {
        precondition(draft.row.kind == .released, "what is released is recorded as released")
        return try connection.transactionOrNothing { () throws(StoreError) -> Int64? in
            for row in draft.missed {
                guard try insert(row, draft.series, draft.edition, cohort: draft.cohort.number) else {
                    return nil
                }
            }
            guard try insert(draft.row, draft.series, draft.edition, cohort: draft.cohort.number) else {
                return nil
            }
            let number = connection.lastInsertedNumber
            try complete(number, draft)
            try freeze(content, release: number)
            try cutBatches(release: number, draft)
            try raiseMark(now)
            return number
        }
    }

    /// False, and nothing written, where the ledger has the point or the slot date.
    @discardableResult
    private func insert(
        _ row: LedgerRow, _ series: String, _ edition: Edition, cohort: Int64
    ) throws(StoreError) -> Bool {
        try connection.query(
            """
            INSERT INTO release(series, edition, cohort, point, sequence, kind, slot_date,
                scheduled_for, released_at)
            VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9) ON CONFLICT DO NOTHING RETURNING number
            """,
            [
                .text(series), .text("\(edition)"), .integer(cohort), .text(row.point),
                .integer(Int64(row.sequence)), .text(row.kind.rawValue), .text("\(row.slotDate)"),
                .integer(row.scheduledFor.nanoseconds), .integer(row.releasedAt.nanoseconds),
            ]
        ).isEmpty == false
    }

    /// What a released row has besides its place in the ledger: for whom it is, and what.
    private func complete(_ number: Int64, _ draft: ReleaseDraft) throws(StoreError) {
        let subject: [SQLValue] = [
            .text(ReleaseRow.type), .text(draft.series), .text("\(draft.edition)"), .text(draft.point.id),
        ]
        try connection.query(
            """
            INSERT INTO subject(type, series, edition, subject) VALUES ($1, $2, $3, $4) ON CONFLICT DO NOTHING
            """, subject)
        try connection.query(
            """
            UPDATE release SET point_number = $2, of_points = $3,
                cut = (SELECT value FROM meta WHERE key = 'generation'),
                subject = (SELECT number FROM subject
                    WHERE type = $4 AND series = $5 AND edition = $6 AND subject = $7)
            WHERE number = $1
            """,
            [.integer(number), .integer(Int64(draft.point.number)), .integer(Int64(draft.of))] + subject)
    }

    private func freeze(_ content: FrozenContent, release: Int64) throws(StoreError) {
        try connection.query(
            "INSERT INTO content(release, neutral, digest) VALUES ($1, $2, $3)",
            [.integer(release), .bytes(content.neutral), .bytes(content.digest)])
        for (format, bytes) in content.renderings {
            try connection.query(
                "INSERT INTO rendering(release, format, body, digest) VALUES ($1, $2, $3, $4)",
                [.integer(release), .text(format.rawValue), .bytes(bytes), .integer(Checksum(bytes).signed)])
        }
    }

    /// Cuts the space of slot hashes into equal ranges, without a look at the members.
    private func cutBatches(release: Int64, _ draft: ReleaseDraft) throws(StoreError) {
        let rows = try connection.query(
            "SELECT members FROM cohort WHERE number = $1", [.integer(draft.cohort.number)])
        guard let members = rows.first?[0].integer else {
            throw .internalFault("a release for cohort \(draft.cohort.number), which is not in the store")
        }
        let statement = try connection.statement(
            "INSERT INTO batch(release, first_hash, last_hash, due) VALUES ($1, $2, $3, $4)")
        for range in BatchRange.cut(members: Int(members), size: SQLiteStore.batchSize) {
            statement.bind(1, release)
            statement.bind(2, range.first.ordered)
            statement.bind(3, range.last.ordered)
            statement.bind(4, draft.row.releasedAt.nanoseconds)
            try statement.run()
        }
    }
}

/// A part of the space of slot hashes, both ends included.
struct BatchRange: Hashable {
    var first: SlotHash
    var last: SlotHash

    /// As many equal ranges as `members` make batches of `size`, one at least; together they are the whole
    /// space.
    static func cut(members: Int, size: Int) -> [BatchRange] {
        let count = UInt64(max(1, (members + size - 1) / size))
        let width = UInt64.max / count
        return (0..<count).map { place in
            let last = place == count - 1 ? UInt64.max : (place + 1) * width - 1
            return BatchRange(first: SlotHash(value: place * width), last: SlotHash(value: last))
        }
    }

    func overlaps(_ other: BatchRange) -> Bool { first <= other.last && other.first <= last }
}
