import Foundation
import Glibc
import Testing

extension AloneTests {
    /// Who waits for whom shows in time alone, so this is measured: the same good endpoints without and with
    /// the hung ones, by turns, three times, each from the release's instant to the last good delivery as
    /// nginx saw it.
    @Test(
        "500 endpoints that accept and never answer cost the others less than half as much time again",
        arguments: [256])
    func hung(_ concurrency: Int) async throws {
        let silent = try SilentListener()
        var (without, with): ([Double], [Double]) = ([], [])
        for _ in 1...3 {
            without.append(try await secondsToLastGood(hung: 0, silent, concurrency))
            with.append(try await secondsToLastGood(hung: 500, silent, concurrency))
        }
        // A release may begin up to 50 ms late (`punctual`), whatever it holds: that much proves nothing.
        #expect(
            median(with) < 1.5 * median(without) + 0.05,
            "seconds without \(without), with \(with), at \(concurrency) in flight")
    }

    private func secondsToLastGood(
        hung: Int, _ silent: SilentListener, _ concurrency: Int
    ) async throws -> Double {
        try await Site.with { site in
            let good = 4000
            let nginx = try await site.nginx()
            var settings = Settings(members(nginx.port, good, silent.port, hung))
            settings.logLevel = "info"
            settings.delivery = ["concurrency: \(concurrency)", "timeout: 10s"]
            let due = settings.wall.at(in: 5)
            settings.at = due.text
            try site.write(settings)
            let daemon = try await site.daemon()
            #expect(WallTime.nanosecondsNow() < due.nanoseconds, "the daemon is up before the release is due")
            try await poll("\(good) arrive", within: .seconds(30), every: .milliseconds(100)) {
                nginx.lines.count >= good
            }
            daemon.kill()
            let lines = nginx.lines
            #expect(lines.count == good && Set(lines.map(\.host)).count == good)
            let last = try #require(lines.map(\.at).max())
            return (Double(last) - Double(due.nanoseconds) / 1e6) / 1000
        }
    }

    /// Each on a host of its own, the hung ones spread evenly among the good ones.
    private func members(
        _ goodPort: Int, _ good: Int, _ silentPort: Int, _ hung: Int
    ) -> [Settings.Subscriber] {
        let all = good + hung
        return (0..<all).map { number in
            let isHung = number * hung / all != (number + 1) * hung / all
            let host = "127.\(isHung ? 9 : 8).\(number / 200).\(number % 200 + 1)"
            return .init(id: "s\(number)", url: "http://\(host):\(isHung ? silentPort : goodPort)/")
        }
    }

    private func median(_ values: [Double]) -> Double { values.sorted()[values.count / 2] }
}

/// A socket on which the kernel takes connections and nobody ever looks at them: it costs no time of the
/// machine's, which is all the others' then.
private final class SilentListener: Sendable {
    let port: Int
    private let descriptor: Int32

    init() throws {
        (descriptor, port) = try Loopback.bound(to: INADDR_ANY)
        // What is never accepted stays in the queue: there is room for that of all three rounds.
        guard listen(descriptor, 4096) == 0 else { throw Missing("no socket listens") }
    }

    deinit { close(descriptor) }
}
