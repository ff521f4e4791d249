import Foundation
import TestTools

/// A daemon with both servers, of which three points went out on three days of July 2031: the second late,
/// the first corrected since, the third today. The fourth and fifth have not gone out. All its programs live
/// by a clock of their own.
struct PagesPlace {
    let site: Site
    let receiver: Receiver
    let clock: ClockShim
    let daemon: ChildProcess
    let status: WebClient.Place
    let readers: WebClient.Place
    let statusURL: String
    let readersURL: String

    /// What no server may show: the secret, the address, and what has not gone out.
    var forbidden: [String] {
        ["MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", ":\(receiver.port)/hooks", "token-in-the-address", "Embargoed"]
    }

    static func with(_ body: (PagesPlace) async throws -> Void) async throws {
        try await Site.with { site in
            let receiver = try await site.receiver()
            let ports = (try Loopback.freePort(), try Loopback.freePort())
            try write(to: site, receiver, ports)
            for moment in ["2031-07-02T12:00:05Z", "2031-07-03T15:00:00Z"] {
                let clock = try ClockShim(site, showing: moment)
                let once = try await site.advised("run", "--once", environment: clock.environment)
                guard once.ending == .exited(0) else { throw Missing(once.errors) }
            }
            let clock = try ClockShim(site, showing: "2031-07-04T12:00:01Z")
            let daemon = try await site.daemon(environment: clock.environment)
            try await receiver.requests(6)
            try site.write(point(1, "A better text."), to: "points/1.md")
            let revised = try await site.advised("revise", "use-the-time", environment: clock.environment)
            guard revised.ending == .exited(0) else { throw Missing(revised.errors) }
            try await receiver.requests(8)
            // They have answered; the daemon counts when it is on the disk.
            try await poll("four are delivered: \(daemon.errors)") {
                daemon.errors.components(separatedBy: "\"text\":\"delivered ").count == 5
            }
            try await body(
                PagesPlace(
                    site: site, receiver: receiver, clock: clock, daemon: daemon, status: .port(ports.0),
                    readers: .port(ports.1), statusURL: "http://127.0.0.1:\(ports.0)",
                    readersURL: "http://127.0.0.1:\(ports.1)"))
        }
    }

    private static func write(to site: Site, _ receiver: Receiver, _ ports: (Int, Int)) throws {
        let lines = [
            "series:", "  daily:", "    title: One <a> day & \"more\"", "    points: points/",
            "    start: 2031-07-02", "    at: 12:00", "    zone: UTC", "    notice: Not <medical> advice.",
            "subscribers: { file: subscribers.yaml }", "delivery:", "  allow_http: true",
            "  allow_networks: [127.0.0.0/8]", "status: { listen: 127.0.0.1:\(ports.0) }",
            "public: { listen: 127.0.0.1:\(ports.1), hosts: [advice.example.org] }",
            "log: { level: info, format: json }",
        ]
        try site.write(lines.joined(separator: "\n") + "\n", to: "advised.yaml")
        let roster = [("ann", "204"), ("bob", "204")].map { id, _ in
            "- id: \(id)\n  url: \(receiver.url)?token-in-the-address-\(id)\n  secret: \(Settings.secret)\n"
        }
        try site.write(roster.joined(), to: "subscribers.yaml")
        for number in 1...5 { try site.write(point(number), to: "points/\(number).md") }
    }

    static let ids = ["use-the-time", "build-trust", "bring-someone", "embargoed-four", "embargoed-five"]

    /// Hostile where a file can be: a title and a source that look like HTML, raw HTML and a script's address
    /// in the text.
    private static func point(_ number: Int, _ text: String = "The first text.") -> String {
        let title = number > 3 ? "Embargoed \(number)" : "Point \(number) <script>alert(1)</script> & 'so' on"
        return """
            ---
            id: \(ids[number - 1])
            number: \(number)
            title: "\(title)"
            url: https://example.org/read?a=1&b=2
            tags: [trust, questions]
            sources:
              - { title: "A <b>source</b>", publisher: "Nobody & Sons", url: "https://example.org/s?x=1&y=2" }
              - { title: Another }
            ---
            \(text) With *emphasis* and a [link](https://example.org/).

            <script>alert(2)</script>

            - one
            - two [bad](javascript:alert(3))

            """
    }

    /// Every page and feed of one of the servers, by a file name.
    var operatorPages: [(name: String, path: String)] {
        [("overview", "/"), ("deliveries", "/series/daily/deliveries")]
    }
    var readerPages: [(name: String, path: String)] {
        [
            ("front", "/"), ("series", "/series/daily"), ("month", "/series/daily?month=2031-07"),
        ]
    }
    var feeds: [String] { ["feed.atom", "feed.json", "calendar.ics"] }

    func command(_ words: String...) async throws -> Site.Finished {
        try await site.advised(words, environment: clock.environment)
    }
}
