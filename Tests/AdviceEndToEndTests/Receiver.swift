import Foundation

/// A receiver in Python, with a log of all that reached it.
struct Receiver {
    struct Request: Decodable {
        /// Nanoseconds since the epoch.
        var at: Int64
        /// The address of this host that was dialled.
        var host: String
        var method: String
        var path: String
        /// By lower-case name.
        var headers: [String: String]
        var body: Data
        /// What it was answered.
        var status: Int

        var id: String { headers["webhook-id"] ?? "none" }
        var attempt: String { headers["webhook-attempt"] ?? "none" }
    }

    let process: ChildProcess
    let port: Int
    let log: String
    /// The file by which it is told to kill.
    let orders: String

    var url: String { "http://127.0.0.1:\(port)/hooks/advice" }

    /// All requests up to now, in the order in which they came.
    var requests: [Request] {
        get throws { try entries("request").map { try JSONDecoder().decode(Request.self, from: $0) } }
    }

    var connectionCount: Int { entries("connection").count }
    var requestCount: Int { entries("request").count }

    /// Awaits the `count`th request, and returns all that there are then.
    @discardableResult
    func requests(_ count: Int, within limit: Duration = .seconds(60)) async throws -> [Request] {
        try await poll("request \(count) of \(requestCount) comes", within: limit) { requestCount >= count }
        return try requests
    }

    /// What its log has of one event, each a JSON object.
    func entries(_ event: String) -> [Data] {
        let mark = Data("{\"event\": \"\(event)\"".utf8)
        let data = FileManager.default.contents(atPath: log) ?? Data()
        // Only whole lines: one that is being written has no end yet.
        guard let end = data.lastIndex(of: UInt8(ascii: "\n")) else { return [] }
        return data[..<end].split(separator: UInt8(ascii: "\n")).filter { $0.starts(with: mark) }
            .map { Data($0) }
    }
}

extension Site {
    /// Starts a receiver that answers by `answers` (see receiver.py), each after `delay` seconds.
    ///
    /// Where `gate` names a file of this site, only the first `openFor` requests are answered before it is
    /// there.
    func receiver(
        _ answers: String = "204", delay: Double = 0, gate: String? = nil, openFor: Int = 0
    ) async throws -> Receiver {
        let name = folder + "/receiver-" + UUID().uuidString
        let gated = gate.map { ["--gate", folder + "/" + $0, "--open-for", "\(openFor)"] } ?? []
        let child = try start(
            [
                Tools.python(), Tools.script("receiver.py"), "--log", name + ".jsonl", "--answers", answers,
                "--delay", "\(delay)", "--orders", name + ".orders",
            ] + gated, named: "receiver")
        let port = try await poll("the receiver listens: \(child.errors)") {
            child.output.hasSuffix("\n") ? Int(child.output.dropLast()) : nil
        }
        return Receiver(process: child, port: port, log: name + ".jsonl", orders: name + ".orders")
    }

    /// A word for each request of the receiver, by PyPI's standardwebhooks: as it came, and tampered with.
    func judge(_ receiver: Receiver, secret: String = Settings.secret) async throws -> [[Substring]] {
        let judged = try await run(
            [Tools.python(), Tools.script("standard_webhooks.py"), "verify", secret, receiver.log])
        return judged.split(separator: "\n").map { $0.split(separator: " ") }
    }

    /// The headers by which PyPI's standardwebhooks signs the file `body`.
    func sign(_ body: String, id: String, secret: String) async throws -> String {
        try await run([Tools.python(), Tools.script("standard_webhooks.py"), "sign", secret, id, body])
    }

    private func run(_ arguments: [String]) async throws -> String {
        let done = try await finished(start(arguments, named: "python"), within: .seconds(30))
        guard done.ending == .exited(0) else { throw Missing(done.errors) }
        return done.output
    }
}
