import Foundation

/// Debian's haproxy as a receiver that limits the rate and has every fault a peer can have. It notes each
/// request: the one witness that is not ours of when it came.
struct HAProxy {
    struct Line {
        /// Milliseconds since the epoch, when the request was there.
        var at: Int
        /// The address dialled.
        var host: Substring
        /// -1 where nothing was answered.
        var status: Int
        var path: Substring
        var id: Substring
        var attempt: Substring
    }

    let port: Int
    private let process: ChildProcess

    fileprivate init(port: Int, process: ChildProcess) { (self.port, self.process) = (port, process) }

    /// What it has noted, lines of others too.
    var output: String { process.output }

    /// In the order in which they were answered.
    var lines: [Line] {
        process.output.split(separator: "\n").compactMap { line in
            let words = line.split(separator: " ")
            guard words.count == 8, words[0] == "request", words[7] == "end", let at = Int(words[1]),
                let status = Int(words[3])
            else { return nil }
            return Line(
                at: at, host: words[2], status: status, path: words[4], id: words[5], attempt: words[6])
        }
    }
}

extension Site {
    /// `rules` are what it does with a request; what none of them answers is answered 204.
    func haproxy(_ rules: [String], table: String? = nil) async throws -> HAProxy {
        let port = try Loopback.freePort()
        let rules = (table.map { ["stick-table " + $0] } ?? []) + rules.map { "http-request " + $0 }
        let configuration = try write(
            """
            global
                # One writer: two at once have lost each other's lines.
                nbthread 1
                log stdout format raw local0
            defaults
                mode http
                log global
                timeout connect 5s
                timeout client 60s
                timeout server 60s
                timeout tarpit 4s
            frontend receiver
                bind 0.0.0.0:\(port)
                # With it a connection that is given up is reset, and not closed in order.
                option nolinger
                http-request set-var(txn.at) date(0,ms)
                http-request set-var(txn.id) req.hdr(webhook-id)
                http-request set-var(txn.attempt) req.hdr(webhook-attempt)
                log-format "request %[var(txn.at)] %fi %ST %HP %[var(txn.id)] %[var(txn.attempt)] end"
                \(rules.joined(separator: "\n    "))
                http-request return status 204

            """, to: "haproxy.cfg")
        let program = try Tools.debian("haproxy", package: "haproxy")
        let child = try await serve([program, "-db", "-f", configuration], named: "haproxy", on: port)
        return HAProxy(port: port, process: child)
    }
}
