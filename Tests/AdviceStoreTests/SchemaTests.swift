import AdviceCore
import Testing

@testable import AdviceStore

@Suite("the schema")
struct SchemaTests {
    let scratch = ScratchDirectory()
    private let question = """
        SELECT series, day, state, status, at, latency_ms, attempts, error
        FROM delivery_log WHERE subscriber = 'ann' AND number = 3
        """

    private func store() throws -> SQLiteStore {
        let store = try SQLiteStore(path: scratch.database)
        let ids = ["ann"] + (0..<400).map { "member-\($0)" }
        let cohort = try store.subscribe(ids)
        for number in 1...3 {
            let now = World.t0 + .days(Int64(number - 1))
            try store.release(World.draft(number, cohort: cohort))
            try store.record(try store.claimAll(at: now).delivered(at: now + .milliseconds(2)), now: now)
        }
        return store
    }

    @Test("answers in one query: did ann get point 3, when, with what answer?")
    func ann() throws {
        let rows = try store().connection.query(question)
        #expect(
            rows == [
                ["s", "2026-07-03", "delivered", 200, "2026-07-03T13:00:00.042Z", 40, 1, .null]
            ])
    }

    @Test("answers it by keys, without reading everyone's deliveries")
    func annByKeys() throws {
        let plan = try store().connection.query("EXPLAIN QUERY PLAN " + question).compactMap { $0[3].text }
        #expect(!plan.contains { $0.hasPrefix("SCAN d") || $0.hasPrefix("SCAN s") || $0.hasPrefix("SCAN m") })
        #expect(plan.contains { $0.hasPrefix("SEARCH d USING PRIMARY KEY (subject=? AND slot=?") }, "\(plan)")
    }

    @Test("finds the endpoints that are to be tried in order of their time, without a look at the others")
    func probesByKeys() throws {
        let plan = try store().connection.query("EXPLAIN QUERY PLAN " + SQLiteStore.probes)
            .compactMap { $0[3].text }
        #expect(plan.first?.contains("USING INDEX endpoint_probe") == true, "\(plan)")
        #expect(!plan.contains { $0.contains("TEMP B-TREE") || $0.hasPrefix("SCAN d") }, "\(plan)")
    }

    @Test("keeps a delivery that went through at once in one row of at most 40 bytes")
    func rowSize() throws {
        let store = try store()
        #expect(try store.connection.query("SELECT count(*) FROM attempt") == [[0]])
        #expect(try store.connection.query("SELECT count(*) FROM delivery") == [[1203]])
        // The payload of a record is a header of one byte a column and one for its length, and the values.
        let size = try store.connection.query(
            """
            SELECT 13 + max(length(hex(subject)) + length(hex(release))) FROM delivery
            """)
        #expect((size[0][0].integer ?? 99) <= 40)
    }

    @Test("gives each state a code of its own", arguments: DeliveryState.allCases)
    func codes(_ state: DeliveryState) {
        #expect(DeliveryState(code: state.code) == state)
        #expect(DeliveryState(code: 9) == nil)
    }

    @Test("keeps the order of slot hashes in delivery.slot, in three bytes")
    func slots() {
        let slots = [0, 1, .max / 2, .max / 2 + 1, .max].map { SlotHash(value: $0).slot }
        #expect(slots == slots.sorted())
        #expect(slots.first == -(1 << 23) && slots.last == (1 << 23) - 1)
    }
}

@Suite("the ranges of batches")
struct BatchRangeTests {
    @Test(
        "cover every slot hash once, the first ones smaller",
        arguments: [(0, 1), (1, 1), (64, 1), (65, 2), (500, 4), (1012, 5), (1013, 6), (1_000_000, 2003)])
    func cover(_ members: Int, _ count: Int) {
        let ranges = BatchRange.cut(members: members, size: 500)
        #expect(ranges.count == count)
        #expect(ranges.first?.first.value == 0 && ranges.last?.last.value == .max)
        // Of members that are evenly spread, as hashes are.
        let sizes = ranges.map {
            Double($0.last.value - $0.first.value) / Double(UInt64.max) * Double(members)
        }
        #expect(sizes.allSatisfy { $0 < 533 } && (sizes.count == 1 || (31.9...32.1).contains(sizes[0])))
        for (left, right) in zip(ranges, ranges.dropFirst()) {
            #expect(left.last.value + 1 == right.first.value)
            #expect(!left.overlaps(right) && !right.overlaps(left))
        }
    }

    @Test("overlap where they share a hash")
    func overlap() {
        let range = { BatchRange(first: SlotHash(value: $0), last: SlotHash(value: $1)) }
        #expect(range(1, 5).overlaps(range(5, 9)) && range(5, 9).overlaps(range(1, 5)))
        #expect(range(1, 9).overlaps(range(3, 4)) && range(3, 4).overlaps(range(1, 9)))
    }
}

extension BatchRange {
    fileprivate func overlaps(_ other: BatchRange) -> Bool { first <= other.last && other.first <= last }
}
