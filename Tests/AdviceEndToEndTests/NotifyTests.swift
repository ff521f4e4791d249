import Foundation
import Glibc
import Testing

/// What the service manager is told.
extension AloneTests {
    @Test("READY after the start, STATUS with the next point, WATCHDOG in time, STOPPING at TERM")
    func notify() async throws {
        try await Site.with { site in
            var settings = Settings(ann: "http://127.0.0.1:9/")
            settings.start = settings.wall.day(1)
            try site.write(settings)
            let manager = try ServiceManager(path: site.folder + "/notify")
            defer { manager.close() }
            let daemon = try await site.daemon(environment: [
                "NOTIFY_SOCKET": manager.path, "WATCHDOG_USEC": "2000000",
            ])
            try await manager.awaitLine("READY=1")
            try await manager.awaitLine { $0.hasPrefix("STATUS=") && $0.contains("use-the-time") }

            var pings: [ContinuousClock.Instant] = []
            for _ in 1...3 {
                manager.forget("WATCHDOG=1")
                try await manager.awaitLine("WATCHDOG=1", within: .seconds(4))
                pings.append(.now)
            }
            #expect(pings[2] - pings[0] < .seconds(4), "each comes before the 2 s are over")

            #expect(!manager.lines.contains("STOPPING=1"))
            daemon.send(SIGTERM)
            try await manager.awaitLine("STOPPING=1")
            #expect(try await daemon.end() == .exited(0))
        }
    }

}

@Suite(.timeLimit(.minutes(2)))
struct NotifyTests {
    @Test("an abstract socket is understood, and a dead manager is no fault")
    func abstract() async throws {
        try await Site.with { site in
            var settings = Settings(ann: "http://127.0.0.1:9/")
            settings.start = settings.wall.day(1)
            try site.write(settings)
            let manager = try ServiceManager(path: "@" + site.folder)
            let daemon = try await site.daemon(environment: ["NOTIFY_SOCKET": manager.path])
            try await manager.awaitLine("READY=1")
            manager.close()
            daemon.send(SIGTERM)
            #expect(try await daemon.end() == .exited(0))
        }
    }

    @Test("READY comes only when the store is open: a daemon that cannot start never says it")
    func neverReady() async throws {
        try await Site.with { site in
            var settings = Settings(ann: "http://127.0.0.1:9/")
            settings.start = "soon"
            try site.write(settings)
            let manager = try ServiceManager(path: site.folder + "/notify")
            defer { manager.close() }
            let run = try await site.advised("run", environment: ["NOTIFY_SOCKET": manager.path])
            #expect(run.ending == .exited(78))
            #expect(!manager.lines.contains("READY=1"))
        }
    }
}

/// The other end of sd_notify(3): a datagram socket, and the lines that came.
private final class ServiceManager {
    let path: String
    private let descriptor: Int32
    private var received: [String] = []

    /// `@` begins an abstract name.
    init(path: String) throws {
        self.path = path
        descriptor = socket(AF_UNIX, Int32(SOCK_DGRAM.rawValue | SOCK_CLOEXEC.rawValue), 0)
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        var name = Array(path.utf8)
        guard name.count < MemoryLayout.size(ofValue: address.sun_path) else {
            throw Missing("a socket's path is too long: set TMPDIR to a shorter one (\(path))")
        }
        if name.first == UInt8(ascii: "@") { name[0] = 0 }
        withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: name) }
        let length = socklen_t(MemoryLayout<sa_family_t>.size + name.count)
        let code = withUnsafePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { bind(descriptor, $0, length) }
        }
        guard code == 0 else { throw Missing("\(path): \(String(cString: strerror(errno)))") }
    }

    /// All lines up to now.
    var lines: [String] {
        var buffer = [UInt8](repeating: 0, count: 4096)
        while true {
            let count = recv(descriptor, &buffer, buffer.count, Int32(MSG_DONTWAIT))
            guard count > 0 else { return received }
            received += String(decoding: buffer[..<count], as: UTF8.self).split(separator: "\n").map(
                String.init)
        }
    }

    func forget(_ line: String) {
        _ = lines
        received.removeAll { $0 == line }
    }

    func awaitLine(_ line: String, within limit: Duration = .seconds(60)) async throws {
        try await poll("\(line) among \(received)", within: limit) { lines.contains(line) }
    }

    func awaitLine(_ matches: (String) -> Bool) async throws {
        try await poll("the line among \(received)") { lines.contains(where: matches) }
    }

    func close() { Glibc.close(descriptor) }
}
