import AdviceCore
import AdviceStore

/// A roster and a series of any length.
enum World {
    static let start = CivilDate(day: 20_635)
    static let cohort = Cohort(zone: "America/New_York", at: .nine)
    static let t0 = Instant(seconds: 20_635 * 86_400 + 13 * 3600)
    static let body = [UInt8](repeating: 0x61, count: 800)

    static func instant(of release: Int) -> Instant { t0 + .days(Int64(release - 1)) }

    /// `changed` of the entries have another URL than at first.
    static func roster(_ count: Int, changed: Int = 0) -> [RosterEntry] {
        (0..<count).map { number in
            let host = "s\(number).example.com"
            let path = number < changed ? "new" : "in"
            let subscriber = Subscriber(
                id: "subscriber-\(number)", url: .inline("https://\(host)/\(path)"),
                secrets: [.inline("whsec_c2VjcmV0IG9mIHRoaXMgc3Vic2NyaWJlciAwMTIz")], series: ["s"])
            return RosterEntry(
                subscriber: subscriber, limitKey: "\(host):443", sharesHost: false, cohorts: [cohort])
        }
    }

    static func take(_ roster: [RosterEntry], into store: any Store) throws -> CohortRecord {
        try store.importRoster(
            roster, cohorts: [("s", cohort)], joins: [:], guardsRemovals: false, now: t0
        ).cohorts[0]
    }

    static func release(_ number: Int, _ cohort: CohortRecord, from store: any Store) throws {
        let at = instant(of: number)
        let draft = ReleaseDraft(
            series: "s", edition: Edition(start: start), cohort: cohort,
            point: Point(id: "p\(number)", number: number, title: "Point \(number)", body: "Do."), of: 365,
            row: LedgerRow(
                point: "p\(number)", sequence: number, slotDate: start + (number - 1), kind: .released,
                scheduledFor: at, releasedAt: at), missed: [], spread: .zero)
        let content = FrozenContent(neutral: body, digest: [1], renderings: [(.standard, body)])
        _ = try store.release(draft, content: content, now: at)
    }
}
