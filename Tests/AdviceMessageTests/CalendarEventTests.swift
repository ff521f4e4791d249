import AdviceCore
import AdviceMessage
import Testing

struct CalendarEventTests {
    /// Worked out with Python's hashlib and base64. A change shows every event twice where it was imported.
    @Test(
        "the UID is the hash of series, edition, cohort and point",
        arguments: [
            (
                "fifteen-points", "2026-07-01", "America/New_York 09:00", "build-trust",
                "urxabkbxsqsbgkpjrc25ptnjq4"
            ),
            ("fifteen-points", "2026-07-01.2", nil, "build-trust", "wvmgt5ft7dcrie47qvk6cxjzzu"),
            (
                "s", "2026-07-01", "Europe/Berlin 07:30:15 joined 2026-07-04", "päckchen",
                "nnn7wy64jmo4nq2f2ada54pvvm"
            ),
        ] as [(String, String, String?, String, String)])
    func golden(series: String, edition: String, cohort: String?, point: String, expected: String) throws {
        let edition = try #require(Edition(edition))
        let cohort = try cohort.map { try #require(Cohort($0)) }
        #expect(
            calendarUID(series: series, edition: edition, cohort: cohort, point: point)
                == expected + "@advised")
    }

    @Test("every part makes a difference")
    func everyPart() throws {
        let first = Edition(start: try #require(CivilDate("2026-07-01")))
        let second = Edition(start: first.start, cycle: 2)
        let berlin = try #require(Cohort("Europe/Berlin 09:00"))
        let later = try #require(Cohort("Europe/Berlin 10:00"))
        let uids = [
            calendarUID(series: "a", edition: first, cohort: berlin, point: "b"),
            calendarUID(series: "z", edition: first, cohort: berlin, point: "b"),
            calendarUID(series: "a", edition: second, cohort: berlin, point: "b"),
            calendarUID(series: "a", edition: first, cohort: later, point: "b"),
            calendarUID(series: "a", edition: first, cohort: nil, point: "b"),
            calendarUID(series: "a", edition: first, cohort: berlin, point: "z"),
        ]
        #expect(Set(uids).count == uids.count)
    }

    @Test("the UID shows nothing of the point's id")
    func hidden() throws {
        let edition = Edition(start: try #require(CivilDate("2026-07-01")))
        let uid = calendarUID(series: "s", edition: edition, cohort: nil, point: "build-trust")
        #expect(!uid.contains("trust"))
        #expect(!uid.contains("build"))
    }
}
