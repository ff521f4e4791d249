public import AdviceCore

extension SQLStore {
    /// Members to a batch, about: what one claim hands out, and what one finished row stands for.
    static let batchSize = 500

    public func enter(_ ledger: CohortLedger, now: Instant) throws(StoreError) {
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
        return try writeOrNothing(now, draft.revision > 1 ? .alone : .shared) {
            () throws(StoreError) -> Int64? in
            try checkFiles()
            for row in draft.missed {
                let inserted = try insert(row, draft.series, draft.edition, cohort: draft.cohort.number)
                if inserted == nil { return nil }
            }
            let inserted = try insert(draft.row, draft.series, draft.edition, cohort: draft.cohort.number)
            guard let number = inserted else { return nil }
            try complete(number, draft)
            try freeze(content, release: number)
            try cutBatches(release: number, draft)
            // Whether a point has several texts is kept with each.
            if draft.revision > 1 { try forgetReleases() }
            return number
        }
    }

    /// Its number; nil, and nothing written, where the ledger has the point or the slot date.
    @discardableResult
    private func insert(
        _ row: LedgerRow, _ series: String, _ edition: Edition, cohort: Int64
    ) throws(StoreError) -> Int64? {
        try database.query(
            """
            INSERT INTO release(series, edition, cohort, point, sequence, kind, slot_date,
                scheduled_for, released_at, why, cut)
            VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10,
                \(SQLStore.generation))
            ON CONFLICT DO NOTHING RETURNING number
            """,
            [
                .text(series), .text("\(edition)"), .integer(cohort), .text(row.point),
                .integer(Int64(row.sequence)), .text(row.kind.rawValue), .text("\(row.slotDate)"),
                .integer(row.scheduledFor.nanoseconds), .integer(row.releasedAt.nanoseconds),
                .optional(row.why),
            ]
        ).first?[0].integer
    }

    /// What a released row has besides its place in the ledger: for whom it is, and what.
    private func complete(_ number: Int64, _ draft: ReleaseDraft) throws(StoreError) {
        let subject = try subject(
            ReleaseRow.type, draft.series, "\(draft.edition)",
            SubjectName.text(draft.point.id, revision: draft.revision))
        try database.query(
            """
            UPDATE release SET point_number = $2, of_points = $3, subject = $4, revision = $5
            WHERE number = $1
            """,
            [
                .integer(number), .integer(Int64(draft.point.number)), .integer(Int64(draft.of)),
                .integer(subject), .integer(Int64(draft.revision)),
            ])
        for edition in draft.rebasedFrom {
            try database.query(
                """
                INSERT INTO earlier(release, subject)
                SELECT $1, number FROM subject WHERE type = $2 AND series = $3
                    AND (edition = $4 OR substr(edition, 1, length($4) + 1) = $4 || '.'
                        AND substr(edition, length($4) + 2, 1) BETWEEN '0' AND '9')
                    AND (subject = $5 OR subject LIKE $5 || '.%')
                ON CONFLICT DO NOTHING
                """,
                [
                    .integer(number), .text(ReleaseRow.type), .text(draft.series), .text(edition),
                    .text(draft.point.id),
                ])
        }
    }

    /// The number of a subject, which is made where it is new.
    func subject(
        _ type: String, _ series: String, _ edition: String, _ subject: String
    ) throws(StoreError) -> Int64 {
        let key: [SQLValue] = [.text(type), .text(series), .text(edition), .text(subject)]
        try database.query(
            """
            INSERT INTO subject(type, series, edition, subject) VALUES ($1, $2, $3, $4)
            ON CONFLICT DO NOTHING
            """,
            key)
        let rows = try database.query(
            "SELECT number FROM subject WHERE type = $1 AND series = $2 AND edition = $3 AND subject = $4",
            key)
        guard let number = rows.first?[0].integer else { throw .internalFault("a subject was not kept") }
        return number
    }

    func freeze(_ content: FrozenContent, release: Int64) throws(StoreError) {
        try database.query(
            "INSERT INTO content(release, neutral, digest) VALUES ($1, $2, $3)",
            [.integer(release), .bytes(content.neutral), .bytes(content.digest)])
        for (format, bytes) in content.renderings {
            try keep(bytes, release: release, format: format)
        }
    }

    /// Cuts the space of slot hashes into ranges: without a look at the members into equal ones, or, where
    /// the release is spread, on whole seconds of their offsets.
    private func cutBatches(release: Int64, _ draft: ReleaseDraft) throws(StoreError) {
        let rows = try database.query(
            "SELECT members FROM cohort WHERE number = $1", [.integer(draft.cohort.number)])
        guard let members = rows.first?[0].integer else {
            throw .internalFault("a release for cohort \(draft.cohort.number), which is not in the store")
        }
        let due = draft.row.releasedAt
        guard draft.spread >= .seconds(1) else {
            let ranges = BatchRange.cut(members: Int(members), size: SQLStore.batchSize)
            return try insert(ranges.map { ($0, due) }, release: release, audience: 0)
        }
        let seconds: [Int64]
        if members < draft.spread.seconds {
            seconds = try occupiedSeconds(cohort: draft.cohort.number, draft.spread)
        } else {
            let step = max(1, draft.spread.seconds * Int64(SQLStore.batchSize) / members)
            seconds = Array(stride(from: 0, to: draft.spread.seconds, by: Int(step)))
        }
        let batches = BatchRange.cut(at: seconds, of: draft.spread)
        try insert(
            zip(batches, seconds).map { ($0, due + .seconds($1)) }, release: release, audience: 0)
    }

    /// The seconds of the spread at which somebody's delivery is due, in order.
    private func occupiedSeconds(cohort: Int64, _ spread: Span) throws(StoreError) -> [Int64] {
        let statement = try database.statement(
            "SELECT slot_hash FROM member WHERE cohort = $1 AND active_until IS NULL ORDER BY slot_hash")
        statement.bind(1, cohort)
        var seconds: [Int64] = []
        try statement.walk { () throws(StoreError) in
            let second = SlotHash(ordered: statement.integer(0)).offset(in: spread).seconds
            if seconds.last != second { seconds.append(second) }
            return true
        }
        return seconds.isEmpty ? [0] : seconds
    }

    func insert(
        _ batches: [(range: BatchRange, due: Instant)], release: Int64, audience: Int64
    ) throws(StoreError) {
        let statement = try database.insertion(SQLStore.batches)
        statement.expect(batches.count)
        for batch in batches {
            statement.bind(1, release)
            statement.bind(2, batch.range.first.ordered)
            statement.bind(3, batch.range.last.ordered)
            statement.bind(4, batch.due.nanoseconds)
            statement.bind(5, audience)
            try statement.run()
        }
        try statement.finish()
    }

    private static let batches = SQLInsertion(
        table: "batch",
        columns: [
            .init("release"), .init("first_hash"), .init("last_hash"), .init("due"), .init("audience"),
        ])
}

/// The subject under which a point is delivered: its id; of a revision with its number, so that it is a
/// delivery of its own (docs/decisions/0002).
enum SubjectName {
    static func text(_ point: String, revision: Int) -> String {
        revision == 1 ? point : "\(point).\(revision)"
    }
}

/// A part of the space of slot hashes, both ends included.
struct BatchRange: Hashable {
    var first: SlotHash
    var last: SlotHash

    /// Ranges of about `first` members, then twice as many each time, up to `size`; together they are the
    /// whole space, in order.
    static func cut(members: Int, size: Int, first: Int = Limits.firstClaim) -> [BatchRange] {
        var begins = [0]
        var next = min(first, size)
        // What is left over at the end is no batch of its own.
        while members - begins[begins.count - 1] > next + first {
            begins.append(begins[begins.count - 1] + next)
            next = min(next * 2, size)
        }
        let each = UInt64.max / UInt64(max(1, members))
        return begins.indices.map { place in
            let last = place == begins.count - 1 ? UInt64.max : UInt64(begins[place + 1]) * each - 1
            return BatchRange(
                first: SlotHash(value: UInt64(begins[place]) * each), last: SlotHash(value: last))
        }
    }

    /// One range for each of `seconds`, which ascend, of a spread: from the first hash that is due then up to
    /// where the next one begins. Together they hold every hash that is due at one of the seconds.
    static func cut(at seconds: [Int64], of spread: Span) -> [BatchRange] {
        seconds.indices.map { place in
            let isLast = place == seconds.count - 1
            let last = isLast ? UInt64.max : SlotHash.first(at: seconds[place + 1], in: spread).value - 1
            let first = place == 0 ? 0 : SlotHash.first(at: seconds[place], in: spread).value
            return BatchRange(first: SlotHash(value: first), last: SlotHash(value: last))
        }
    }
}
