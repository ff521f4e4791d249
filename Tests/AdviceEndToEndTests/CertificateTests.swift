import Foundation
import Testing

/// HTTPS receivers with certificates made by PyPI's trustme: to whom the daemon speaks, and what it says of
/// the others.
@Suite(.timeLimit(.minutes(2)))
struct CertificateTests {
    private static let old = "no TLS connection: the receiver speaks no TLS there, or none of 1.2 and newer"

    @Test(
        "an authority that nobody named, a certificate signed by itself and old TLS get nothing but a reason")
    func unknown() async throws {
        try await judge(
            trusted: false,
            [
                "good": "the certificate's authority is unknown",
                "stranger": "the certificate's authority is unknown",
                "self-signed": "the certificate is self-signed", "tls-1-1": Self.old,
            ])
    }

    @Test("with `tls: { ca: FILE }` the good one is delivered to, and no other for all that")
    func trusted() async throws {
        try await judge(
            trusted: true,
            [
                "good": nil, "expired": "the certificate has expired",
                "other-host": "the certificate is for another host",
                "stranger": "the certificate's authority is unknown",
                "self-signed": "the certificate is self-signed", "tls-1-1": Self.old,
            ])
    }

    /// One run to the receivers named; each is delivered to (nil), or waits with this error and has got
    /// nothing.
    private func judge(trusted: Bool, _ expected: [String: String?]) async throws {
        try await Site.with { site in
            let ports = try await site.tlsReceivers()
            let more = trusted ? ["tls: { ca: known.pem }"] : []
            var settings = Settings(
                expected.keys.sorted().map { name in
                    .init(id: name, url: "https://127.0.0.1:\(Int(ports[name]?.number ?? 0))/", more: more)
                })
            settings.delivery = ["retries: [600s]"]
            try site.write(settings)
            let run = try await site.advised("run", "--once")
            #expect(run.ending == .exited(1))
            let log = try await site.log()
            for (name, error) in expected {
                let entry = try #require(log[name])
                #expect(entry.error == error, "\(name)")
                #expect(entry.state == (error == nil ? "delivered" : "waiting"), "\(name)")
                let wait = try entry.waitSeconds
                #expect(error == nil ? wait == nil : wait.map { $0 >= 600 && $0 <= 725 } == true, "\(name)")
                if let error { #expect(run.errors.contains(error), "it is in the daemon's log as well") }
            }
            let posted = expected.filter { $0.value == nil }.map {
                "\($0.key) \(log[$0.key]?.webhook_id ?? "")\n"
            }
            #expect(try site.read("requests") == posted.joined())
        }
    }
}

extension Site {
    /// Starts them; the port of each by the name of its certificate.
    func tlsReceivers() async throws -> JSON {
        let child = try start([Tools.python(), Tools.script("tls_receiver.py"), folder], named: "tls")
        return try await poll("they listen: \(child.errors)") {
            if let ending = child.endingNow() { throw Missing("tls_receiver.py: \(ending): \(child.errors)") }
            return child.output.hasSuffix("\n") ? try JSON(child.output) : nil
        }
    }

    func read(_ name: String) throws -> String {
        try String(contentsOfFile: folder + "/" + name, encoding: .utf8)
    }
}
