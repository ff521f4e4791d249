import AdviceConfig
import AdviceCore
import AdviceStore
import Testing

@testable import AdviceDaemon

@Suite("The roster as the store takes it")
struct RosterTests {
    private func subscriber(_ id: String, _ url: String, zone: String? = nil) -> Subscriber {
        var subscriber = Subscriber(id: id, url: .inline(url), secrets: [], series: ["a"])
        subscriber.zone = zone
        return subscriber
    }

    /// As at noon UTC of 2026-07-05.
    private func roster(of configuration: Configuration) -> Roster {
        Roster(
            configuration, secrets: SecretReader(environment: [:]), zones: SystemZones(),
            now: Instant(seconds: 1_783_252_800))
    }

    @Test("a host that several share is marked, so that its connection is kept")
    func sharedHosts() throws {
        let start = try #require(CivilDate("2026-07-01"))
        let series = Series(id: "a", title: "A", start: start, zone: .named("Europe/Berlin"))
        let configuration = Configuration(
            series: [series],
            subscribers: [
                subscriber("ann", "https://one.example/a"), subscriber("bob", "https://ONE.example:443/b"),
                subscriber("cy", "https://two.example/"),
            ])
        let roster = roster(of: configuration)
        #expect(roster.entries.map(\.limitKey) == ["one.example:443", "one.example:443", "two.example:443"])
        #expect(roster.entries.map(\.sharesHost) == [true, true, false])
        #expect(roster.cohorts.map { "\($0.cohort)" } == ["Europe/Berlin 09:00"])
    }

    @Test("where the zone is the subscriber's each belongs to a cohort of its own zone")
    func subscriberZones() throws {
        let start = try #require(CivilDate("2026-07-01"))
        let series = Series(id: "a", title: "A", start: start, zone: .subscriber(fallback: "UTC"))
        let configuration = Configuration(
            series: [series],
            subscribers: [
                subscriber("ann", "https://one.example/", zone: "Asia/Tokyo"),
                subscriber("bob", "https://two.example/"),
            ])
        let roster = roster(of: configuration)
        #expect(roster.entries.flatMap(\.cohorts).map { "\($0)" } == ["Asia/Tokyo 09:00", "UTC 09:00"])
        #expect(roster.cohorts.isEmpty)
    }

    @Test("with `join: from-start` a cohort is of one join day; who names none joins today, where that is")
    func joinDays() throws {
        let start = try #require(CivilDate("2026-07-01"))
        var series = Series(id: "a", title: "A", start: start, zone: .subscriber(fallback: "UTC"))
        series.join = .fromStart
        var named = subscriber("ann", "https://one.example/")
        named.joined = CivilDate("2026-07-03")
        let configuration = Configuration(
            series: [series],
            subscribers: [named, subscriber("bob", "https://two.example/", zone: "Pacific/Kiritimati")])
        let roster = roster(of: configuration)
        #expect(
            roster.entries.flatMap(\.cohorts).map { "\($0)" } == [
                "UTC 09:00 joined 2026-07-03", "Pacific/Kiritimati 09:00 joined 2026-07-06",
            ])
        #expect(roster.entries.map(\.isJoinedByDefault) == [false, true])
        #expect(roster.joins == ["a": .fromStart] && roster.cohorts.isEmpty)
    }
}
