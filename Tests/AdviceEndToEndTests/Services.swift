import Foundation

/// All services behind one port (Receivers/services.py), and a subscriber in each format.
struct Services {
    /// A request, with who took or refused it.
    struct Request: Decodable {
        /// Nanoseconds since the epoch.
        var at: Int64
        var service: String
        /// What the service does not take about it.
        var problem: String?
        var method: String
        var path: String
        var headers: [String: String]
        var body: Data
        var status: Int

        var text: String { String(decoding: body, as: UTF8.self) }
    }

    let receiver: Receiver

    /// Secrets in the entries below; nothing that is written may hold them.
    static let secrets = [
        "XXSLACKSECRET", "XXDISCORDSECRET", "XXTEAMSSECRET", "XXGOOGLESECRET", "XXMATTERMOSTSECRET",
        "12345:XXTELEGRAMSECRET", "XXMATRIXSECRET", "XXZULIPSECRET", "XXNTFYSECRET", "XXTEMPLATESECRET",
    ]

    /// One in each format, by the service's name.
    var subscribers: [Settings.Subscriber] {
        func one(_ id: String, _ path: String, _ more: String...) -> Settings.Subscriber {
            .init(
                id: id, url: "http://127.0.0.1:\(receiver.port)\(path)", secret: nil,
                more: ["format: \(id)"] + more)
        }
        var broker = one("cloudevents", "/events")
        broker.secret = Settings.secret
        return [
            one("slack", "/services/T0/B0/XXSLACKSECRET"),
            one("discord", "/api/webhooks/1/XXDISCORDSECRET"),
            one("teams", "/workflows/1/paths/invoke?sig=XXTEAMSSECRET"),
            one("googlechat", "/v1/spaces/S/messages?key=k&token=XXGOOGLESECRET"),
            one("mattermost", "/hooks/XXMATTERMOSTSECRET"),
            one("telegram", "", "to: \"-100123\"", "token: 12345:XXTELEGRAMSECRET"),
            one("matrix", "", "to: \"!room:example.org\"", "token: XXMATRIXSECRET"),
            one(
                "zulip", "", "to: general", "topic: advice", "user: bot@example.org", "token: XXZULIPSECRET"),
            one("ntfy", "", "topic: advice", "token: XXNTFYSECRET"),
            broker,
            one("template", "/message?token=XXTEMPLATESECRET", "template: { preset: gotify }"),
        ]
    }

    /// The service that takes what a subscriber is sent.
    static func service(of id: String) -> String { id == "template" ? "gotify" : id }

    var requests: [Request] {
        get throws {
            try receiver.entries("request").map { try JSONDecoder().decode(Request.self, from: $0) }
        }
    }

    func requests(of service: String) throws -> [Request] { try requests.filter { $0.service == service } }

    /// Awaits the `count`th request of a service, and returns all that it had.
    @discardableResult
    func requests(_ count: Int, of service: String) async throws -> [Request] {
        try await poll("request \(count) of \(service) comes") { try requests(of: service).count >= count }
        return try requests(of: service)
    }
}

extension Site {
    /// Starts the services. `script` says what one answers first instead of what is usual, as JSON.
    func services(_ script: String = "{}") async throws -> Services {
        let name = folder + "/services-" + UUID().uuidString
        try Data(script.utf8).write(to: URL(filePath: name + ".json"))
        let child = try start(
            [
                Tools.python(), Tools.script("services.py"), "--log", name + ".jsonl", "--script",
                name + ".json",
            ], named: "services")
        let port = try await poll("the services listen: \(child.errors)") {
            child.output.hasSuffix("\n") ? Int(child.output.dropLast()) : nil
        }
        return Services(
            receiver: Receiver(process: child, port: port, log: name + ".jsonl", orders: name + ".orders"))
    }
}
