import AdviceCore
import AdviceTesting
import Testing

@Suite("Edition, cohort and slot hash")
struct IdentityTests {
    @Test(
        "an edition reads what it writes",
        arguments: [
            ("2026-07-01", Edition(start: day("2026-07-01"))),
            ("2026-07-01.2", Edition(start: day("2026-07-01"), cycle: 2)),
            ("2026-07-01.shadow", Edition(start: day("2026-07-01"), shadow: true)),
            ("2026-07-01.3.shadow", Edition(start: day("2026-07-01"), cycle: 3, shadow: true)),
        ])
    func edition(text: String, edition: Edition) {
        #expect(edition.description == text)
        #expect(Edition(text) == edition)
    }

    @Test(
        "an edition has one text only",
        arguments: [
            "", "2026-07-01.", "2026-07-01.1", "2026-07-01.0", "2026-07-01.+2", "2026-07-01.02",
            "2026-07-01.2.3", "2026-07-01.shadow.2", "2026-07-01.shadow.shadow", "2026-7-1", "2026-07-01.x",
        ])
    func noEdition(text: String) {
        #expect(Edition(text) == nil)
    }

    @Test(
        "a cohort reads what it writes",
        arguments: [
            ("Europe/Berlin 07:30", Cohort(zone: "Europe/Berlin", at: timeOfDay("07:30"))),
            ("UTC 09:00:05", Cohort(zone: "UTC", at: timeOfDay("09:00:05"))),
            (
                "UTC 09:00 joined 2026-07-05",
                Cohort(zone: "UTC", at: .nine, joined: day("2026-07-05"))
            ),
        ])
    func cohort(text: String, cohort: Cohort) {
        #expect(cohort.description == text)
        #expect(Cohort(text) == cohort)
    }

    @Test(
        "a cohort has one text only",
        arguments: [
            "", "UTC", " 09:00", "UTC 9:00", "UTC 09:00:00", "UTC 09:00 joined", "UTC 09:00 since 2026-07-05",
            "UTC 09:00 joined 2026-07-05 x", "UTC  09:00",
        ])
    func noCohort(text: String) {
        #expect(Cohort(text) == nil)
    }

    @Test("a series in one zone has one cohort, whatever its members say")
    func oneCohort() {
        let series = Series.sample()
        let expected = Cohort(zone: "America/New_York", at: .nine)
        #expect(series.cohort(zone: "Europe/Berlin", at: timeOfDay("07:00")) == expected)
        #expect(series.cohort(zone: nil, at: nil) == expected)
    }

    @Test("in a series in each subscriber's zone, what a subscriber does not say the series does")
    func ownCohort() {
        let series = Series.sample(zone: .subscriber(fallback: "Europe/Berlin"))
        #expect(
            series.cohort(zone: "Asia/Tokyo", at: timeOfDay("07:00"))
                == Cohort(zone: "Asia/Tokyo", at: timeOfDay("07:00")))
        #expect(series.cohort(zone: nil, at: nil) == Cohort(zone: "Europe/Berlin", at: .nine))
    }

    /// FNV-1a 64 over the bytes with a zero between, finished as MurmurHash3 does, worked out by a program
    /// that is not this one.
    @Test(
        "the slot hash is the published function, the same in every process",
        arguments: [
            ("", "", UInt64(0xb903_4ad3_7056_f5fb)),
            ("s", "ann", UInt64(0xb9aa_b6df_85a8_7d41)),
            ("fifteen-points", "ann", UInt64(0xa4b7_a89a_cad3_e2fb)),
            ("s", "bob", UInt64(0x8f8d_38e3_c2ed_58eb)),
        ])
    func slotHash(series: String, subscriber: String, expected: UInt64) {
        #expect(SlotHash(series: series, subscriber: subscriber).value == expected)
    }

    @Test("ids that differ in their last character alone are spread over the whole of a release")
    func even() {
        let spread = Span.hours(1)
        let offsets = (0..<1000).map { number in
            SlotHash(series: "s", subscriber: "user-\(number)").offset(in: spread).seconds
        }
        // A thousand balls in 3,600 bins: some 870 of them are not empty.
        #expect(Set(offsets).count > 800)
        for quarter in 0..<4 { #expect(offsets.count { $0 / 900 == quarter } > 180) }
    }

    @Test("the name of a series cannot run into that of a subscriber")
    func separated() {
        #expect(SlotHash(series: "a", subscriber: "bc") != SlotHash(series: "ab", subscriber: "c"))
    }

    @Test("a hash in a signed column keeps its order")
    func ordered() {
        let values: [UInt64] = [0, 1, 1 << 62, (1 << 63) - 1, 1 << 63, (1 << 63) + 1, .max]
        let columns = values.map { SlotHash(value: $0).ordered }
        #expect(columns == columns.sorted())
        #expect(columns.first == .min && columns.last == .max)
    }
}
