import AdviceCore

/// interface.md §3: the format in which nothing is left out.
enum StandardFormat {
    /// Standard Webhooks: "we recommend keeping payloads under 20 kb".
    static let recommended = 20_000

    static func write(_ announcement: Announcement) -> [UInt8] {
        switch announcement {
        case .released(let point): standardBody(point)
        case .revised(let point, let time), .withdrawn(let point, let time):
            standardBody(point, type: announcement.type, replaces: "", at: time)
        case .completed(let completed): completedBody(completed)
        case .alert(let alert): alertBody(alert)
        case .test(let point, let time): testBody(point, at: time)
        case .verify(let challenge, let time): challengeBody(challenge, at: time)
        }
    }

    static func misfits(_ bytes: [UInt8], _ format: Format) -> [Misfit] {
        guard bytes.count > recommended else { return [] }
        return [
            Misfit(
                format: format, part: .whole, length: bytes.count, limit: recommended, unit: .bytes,
                isCut: false)
        ]
    }
}
