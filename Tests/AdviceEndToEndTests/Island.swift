import Foundation
import Glibc

/// A network of its own, of which every address answers, with a name server that can be told to lie: see
/// Receivers/island.py. What a site starts once it has one runs in there.
struct Island {
    /// What left for a TCP connection.
    struct Dial: Decodable, Hashable {
        var to: String
        var port: Int
    }

    /// What came to any of its addresses.
    let receiver: Receiver
    fileprivate let entrance: [String]

    /// In order; those of the name server are not among them.
    var dials: [Dial] {
        get throws { try receiver.entries("dial").map { try JSONDecoder().decode(Dial.self, from: $0) } }
    }
}

extension Site {
    /// Goes to an island whose interface has the addresses `own` (`45.33.7.7/32`) beside loopback.
    ///
    /// Only root may make a network: without it these tests can show nothing, and say so.
    func island(own: [String] = []) async throws -> Island {
        guard geteuid() == 0 else {
            throw Missing("only root can make a network of its own: run these tests as root, as CI does")
        }
        let place = folder + "/island"
        try FileManager.default.createDirectory(atPath: place, withIntermediateDirectories: true)
        let child = try start(
            [
                "/usr/bin/unshare", "--net", "--mount", "--", Tools.python(), "-B",
                Tools.script("island.py"),
                "--folder", place, "--own",
            ] + own, named: "island")
        try await poll("there is an island: \(child.errors)") {
            guard child.endingNow() == nil else { throw Missing("there is no island: \(child.errors)") }
            return child.output == "ready\n"
        }
        let receiver = Receiver(process: child, port: 80, log: place + "/log.jsonl", orders: "")
        let entrance = ["/usr/bin/nsenter", "--target", "\(child.pid)", "--net", "--mount", "--"]
        enter(by: entrance)
        return Island(receiver: receiver, entrance: entrance)
    }

    /// Runs `ip` on the island.
    func ip(_ words: String..., on island: Island) async throws {
        let done = try await finished(
            start(island.entrance + ["/usr/sbin/ip"] + words, named: "ip"), within: .seconds(20))
        guard done.ending == .exited(0) else { throw Missing(done.errors) }
    }
}
