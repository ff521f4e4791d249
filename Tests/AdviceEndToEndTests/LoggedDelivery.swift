import Foundation

/// A delivery as `log --json` shows it.
struct LoggedDelivery: Decodable {
    struct Attempt: Decodable {
        private var at: String
        private var latency_ms: Int64?
        var status: Int?
        var error: String?

        /// Nanoseconds since the epoch.
        var begun: Int64 { get throws { try nanoseconds(at) } }
        /// When its answer was there, or it was given up, at the earliest.
        var ended: Int64 { get throws { try begun + (latency_ms ?? 0) * 1_000_000 } }
    }

    private var next_attempt_at: String?
    private var attempt_log: [Attempt]
    var webhook_id: String
    var subscriber: String
    var state: String
    var status: Int?
    var error: String?
    var attempts: Int

    /// From the first on.
    var attemptLog: [Attempt] { attempt_log }

    /// How many seconds after the end of its last attempt the next one is due; nil where none is.
    var waitSeconds: Double? {
        get throws {
            guard let next = next_attempt_at, let last = attempt_log.last else { return nil }
            return try Double(nanoseconds(next) - last.ended) / 1e9
        }
    }
}

extension Site {
    /// All deliveries of the one release, by their subscribers.
    func log() async throws -> [String: LoggedDelivery] {
        let shown = try await advised("log", "--json", "--limit", "10000")
        let deliveries = try JSONDecoder().decode([LoggedDelivery].self, from: Data(shown.output.utf8))
        return Dictionary(uniqueKeysWithValues: deliveries.map { ($0.subscriber, $0) })
    }
}

/// Since the epoch, of `YYYY-MM-DDTHH:MM:SS[.fraction]Z`: to the nanosecond, which a `Date` is not.
private func nanoseconds(_ text: String) throws -> Int64 {
    let seconds = try Date(String(text.prefix(19)) + "Z", strategy: .iso8601).timeIntervalSince1970
    let fraction = text.dropFirst(20).prefix { $0.isNumber }.prefix(9)
    let digits = fraction + String(repeating: "0", count: 9 - fraction.count)
    return Int64(seconds) * 1_000_000_000 + (Int64(digits) ?? 0)
}
