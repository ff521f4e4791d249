import AdviceCore
import Testing

@testable import AdviceConfig

@Suite("Zones by name")
struct ZoneCheckTests {
    private let reading = Reading(TestEnvironment.make())

    @Test(
        "places and UTC are taken",
        arguments: [
            "UTC", "Etc/UTC", "Europe/Berlin", "America/Argentina/Buenos_Aires", "Asia/Kolkata", "Japan",
        ])
    func taken(_ name: String) throws {
        _ = try reading.zone(name).get()
    }

    @Test(
        "offsets and abbreviations are refused, also where the system has a file of that name",
        arguments: [
            "EST", "CET", "MST7MDT", "GMT", "GB", "PRC", "UTC+2", "GMT-5", "GMT0", "+02:00", "-05", "Z",
            "Etc/GMT+5",
            "Etc/GMT-14", "utc", "XYZ", "posix/Europe/Berlin", "right/UTC", "", "Europe", "../etc/passwd",
        ])
    func refused(_ name: String) {
        #expect(throws: ZoneMistake.self) { try reading.zone(name).get() }
    }

    @Test(
        "what was meant is told",
        arguments: [
            ("CET", "Europe/Berlin"), ("PST", "America/Los_Angeles"), ("Berlin", "Europe/Berlin"),
            ("New York", "America/New_York"), ("europe/berlin", "Europe/Berlin"),
            ("Amerika/New_York", "America/New_York"), ("Europe/Pari", "Europe/Paris"),
        ])
    func hints(_ name: String, _ expected: String) {
        guard case .failure(let mistake) = reading.zone(name) else {
            Issue.record("\(name) is no zone")
            return
        }
        #expect(mistake.message.contains(expected))
    }
}
