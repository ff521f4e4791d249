import Foundation
import Testing

/// The ping to whoever watches over the daemon, as the watcher sees it.
@Suite(.timeLimit(.minutes(2)))
struct HeartbeatTests {
    private func settings(_ receiver: Receiver, _ watcher: Receiver) -> Settings {
        var settings = Settings(ann: receiver.url)
        settings.top = ["heartbeat: http://127.0.0.1:\(watcher.port)/ping/0b5b3a"]
        return settings
    }

    @Test("comes with the start and after the release, as a GET without a body or anything of ours")
    func pings() async throws {
        try await Site.with { site in
            let receiver = try await site.receiver(delay: 0.5)
            let watcher = try await site.receiver("200")
            try site.write(settings(receiver, watcher))
            let daemon = try await site.daemon()
            let pings = try await watcher.requests(2)
            #expect(pings.allSatisfy { $0.method == "GET" && $0.path == "/ping/0b5b3a" && $0.body.isEmpty })
            for header in ["webhook-id", "webhook-signature", "content-type", "content-length"] {
                #expect(pings.allSatisfy { $0.headers[header] == nil }, "\(header)")
            }
            // The second only when the point has been answered.
            let point = try #require(try receiver.requests.first)
            #expect(pings[1].at > point.at)
            daemon.send(SIGTERM)
            #expect(try await daemon.end() == .exited(0))
            // Its URL is a secret.
            #expect(!daemon.errors.contains("0b5b3a"))
        }
    }

    @Test("one that is not taken is told once, and holds up nobody")
    func refused() async throws {
        try await Site.with { site in
            let receiver = try await site.receiver()
            let watcher = try await site.receiver("503")
            try site.write(settings(receiver, watcher))
            let done = try await site.advised("run", "--once")
            #expect(done.ending == .exited(0))
            #expect(try receiver.requests.count == 1)
            let told = done.errors.split(separator: "\n").filter { $0.contains("heartbeat was not taken") }
            #expect(told.count == 1 && told.first?.contains("503 Service Unavailable") == true)
            // At the start, and at once again after a release that went well.
            #expect(try watcher.requests.count == 2)
        }
    }
}
