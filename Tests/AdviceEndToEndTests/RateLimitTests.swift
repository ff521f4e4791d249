import Foundation
import Testing

/// nginx's limit_req before a fan-out: all have it in the end, and it was not run down.
@Suite(.timeLimit(.minutes(2)))
struct RateLimitTests {
    @Test(
        "who is refused by a rate limit is tried again until all are through, and never sooner than asked",
        arguments: [
            // With a wish of its own: all who share the host wait.
            (status: 429, header: "add_header retry-after 1 always;"),
            // Without one each waits for its own schedule.
            (status: 503, header: ""),
        ])
    func limited(status: Int, header: String) async throws {
        try await Site.with { site in
            let count = 60
            let nginx = try await site.nginx(
                http: """
                    limit_req_zone $server_addr zone=all:1m rate=20r/s;
                    limit_req_status \(status);
                    """,
                // `return` comes before the limit would: what is asked for is a file, and not there.
                server: """
                    \(header)
                    location /limited { limit_req zone=all burst=10 nodelay; error_page 404 =204 @taken; }
                    location @taken { return 204; }
                    """)
            var settings = Settings(
                (0..<count).map { .init(id: "s\($0)", url: "http://127.1.4.1:\(nginx.port)/limited") })
            settings.delivery = ["retries: [\(Array(repeating: "1s", count: 30).joined(separator: ", "))]"]
            try site.write(settings)
            let daemon = try await site.daemon()
            try await site.awaitDelivered(count, within: .seconds(60))
            daemon.send(SIGTERM)
            #expect(try await daemon.end() == .exited(0))

            let requests = Dictionary(grouping: nginx.lines, by: \.id)
            #expect(requests.count == count)
            for (id, lines) in requests {
                let lines = lines.sorted { $0.at < $1.at }
                let statuses = Array(repeating: status, count: lines.count - 1) + [204]
                #expect(lines.map(\.status) == statuses, "\(id)")
                #expect(lines.map { String($0.attempt) } == (1...lines.count).map(String.init), "\(id)")
                for (refused, next) in zip(lines, lines.dropFirst()) {
                    // nginx looks at the clock once for all that it finds to do: 2 ms are its own.
                    #expect(next.at - refused.at >= 998, "\(id): \(next.at - refused.at) ms")
                }
            }
            // Each is refused a few times, and not run against the wall.
            #expect(nginx.lines.count > count && nginx.lines.count <= 5 * count, "\(nginx.lines.count)")
        }
    }
}
