/// A configuration as a user would write it: one series, its subscribers in a file of their own.
struct Settings {
    /// What the signatures are made with; nothing that a daemon writes may hold it.
    static let secret = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"

    struct Subscriber {
        var id: String
        var url: String
        /// nil: none is named, for formats that are not signed.
        var secret: String? = Settings.secret
        /// Further lines of the entry, such as `headers: { X-A: b }`.
        var more: [String] = []
    }

    /// In which format the subscribers stand. Rows take no further lines.
    enum Roster: String {
        case yaml, csv, jsonl
    }

    var wall = WallTime()
    var start: String
    /// Long past by any wall time here: what starts today is due at once.
    var at = "00:00"
    var points = ["use-the-time", "build-trust", "bring-someone"]
    var subscribers: [Subscriber] = []
    var roster = Roster.yaml
    var allowNetworks = "127.0.0.0/8"
    /// Further lines of `delivery`.
    var delivery: [String] = []
    /// Further lines of the series.
    var series: [String] = []
    /// Further lines of the whole.
    var top: [String] = []
    /// Where there is a second series of the same points, `later`: its `at`.
    var later: String?
    var logLevel = "trace"
    var logFormat = "json"
    /// Where the servers listen.
    var status = "off"
    var publicPages = "off"
    /// Where it is not the usual one: what stands behind `store:`.
    var store: String?

    init(_ subscribers: [Subscriber] = []) {
        start = wall.day()
        self.subscribers = subscribers
    }

    /// One subscriber at `url`.
    init(ann url: String) { self.init([Subscriber(id: "ann", url: url)]) }

    var yaml: String {
        var lines = ["series:"]
        for (id, at) in [("daily", at), ("later", later)] {
            guard let at else { continue }
            lines.append("  \(id):")
            lines += [
                "title: One a day", "points: points/", "start: \(start)", "at: \(at)", "zone: \(wall.zone)",
                "notice: Not medical advice.",
            ].map { "    " + $0 }
            lines += series.map { "    " + $0 }
        }
        lines += ["subscribers: { file: \(rosterName) }", "delivery:"]
        lines += (["allow_http: true", "allow_networks: [\(allowNetworks)]"] + delivery).map { "  " + $0 }
        if let store { lines.append("store: \(store)") }
        lines += ["status: { listen: \(status) }", "public: { listen: \(publicPages) }"]
        lines += ["log: { level: \(logLevel), format: \(logFormat) }"]
        return (lines + top).joined(separator: "\n") + "\n"
    }

    var rosterName: String { "subscribers.\(roster.rawValue)" }

    var rosterText: String {
        switch roster {
        case .yaml: subscribersYAML
        case .csv:
            "id,url,secret\n" + subscribers.map { "\($0.id),\($0.url),\($0.secret ?? "")\n" }.joined()
        case .jsonl:
            subscribers.map {
                #"{"id":"\#($0.id)","url":"\#($0.url)","secret":"\#($0.secret ?? "none")"}"# + "\n"
            }.joined()
        }
    }

    private var subscribersYAML: String {
        guard !subscribers.isEmpty else { return "[]\n" }
        return subscribers.map { subscriber in
            let secret = subscriber.secret.map { ["secret: \($0)"] } ?? []
            let lines = ["url: \(subscriber.url)"] + secret + subscriber.more
            return "- id: \(subscriber.id)\n" + lines.map { "  \($0)\n" }.joined()
        }.joined()
    }

    func point(_ number: Int) -> String {
        """
        ---
        id: \(points[number - 1])
        number: \(number)
        title: Point \(number)
        ---
        Text of point *\(number)*.

        """
    }
}
