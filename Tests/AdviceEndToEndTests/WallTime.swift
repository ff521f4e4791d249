import Foundation

/// The wall as these tests need it: a zone where today is neither just begun nor nearly over, so that
/// "today", "a moment ago" and "in a few seconds" are one date. Both zones have no changes of offset.
struct WallTime {
    let zone: String
    private let offsetSeconds: Int64
    /// Since the epoch, when this was asked.
    private let nowSeconds: Int64

    init() {
        nowSeconds = Int64(Date().timeIntervalSince1970)
        let isNearMidnight = !(600..<85_800).contains(nowSeconds % 86_400)
        zone = isNearMidnight ? "Asia/Kolkata" : "UTC"
        offsetSeconds = isNearMidnight ? 19_800 : 0
    }

    /// `YYYY-MM-DD`, so many days from today.
    func day(_ days: Int64 = 0) -> String { String(text(nowSeconds + days * 86_400).prefix(10)) }

    /// The `at:` that is so many seconds from now, and its instant in nanoseconds since the epoch.
    func at(in seconds: Int64) -> (text: String, nanoseconds: Int64) {
        let instant = nowSeconds + seconds
        return (String(text(instant).dropFirst(11).prefix(8)), instant * 1_000_000_000)
    }

    private func text(_ seconds: Int64) -> String {
        Date(timeIntervalSince1970: TimeInterval(seconds + offsetSeconds)).ISO8601Format()
    }

    static func nanosecondsNow() -> Int64 {
        var now = timespec()
        clock_gettime(CLOCK_REALTIME, &now)
        return Int64(now.tv_sec) * 1_000_000_000 + Int64(now.tv_nsec)
    }
}
