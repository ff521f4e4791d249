import AdviceCore
import AdviceStore
import ArgumentParser

struct Export: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "All that is kept of a subscriber, as one JSON object.",
        discussion: "Secrets are not in it, nor is the URL, which is one: of it only the host is shown.")

    @OptionGroup var options: InstallationOptions
    @Argument(help: "The subscriber's id.") var id: String

    func run() throws {
        let installation = options.installation
        let configuration = installation.configurationIfSound()
        let reader = try installation.reader(configuration)
        defer { reader?.close() }
        var query = DeliveryQuery()
        query.subscriber = id
        query.limit = .max
        let found = try installation.withStoreErrors {
            try reader?.kept(id).map { ($0, try reader?.deliveries(query) ?? []) }
        }
        guard let (kept, deliveries) = found else {
            Output.note(
                "advised: nothing is kept of '\(id)'" + (configuration?.hint(subscriber: id) ?? ""))
            throw Exits.no
        }
        try Output.json(Kept(kept, deliveries))
    }
}

/// What `export` prints. Members may be added, none is renamed.
private struct Kept: Encodable {
    let id: String
    let format: String
    let endpoint: Endpoint
    /// For each secret, where it is: `database`, or the file, credential or variable that holds it.
    let secrets: [String]
    let options: Options
    let zone: OrNull<String>
    let at: OrNull<String>
    let joined: OrNull<String>
    let first_imported: OrNull<String>
    let paused: Bool
    let paused_since: OrNull<String>
    let paused_until: OrNull<String>
    let removed_at: OrNull<String>
    let memberships: [Membership]
    let decisions: [Decision]
    let deliveries: [Delivery]

    struct Endpoint: Encodable {
        let host: String
        let url: String
        /// healthy, open, suspended, unconfirmed or closed.
        let state: String
        let since: OrNull<String>
        let failures: Int64
    }

    struct Options: Encodable {
        let to: OrNull<String>
        let topic: OrNull<String>
        let user: OrNull<String>
        let token: OrNull<String>
        let headers: [String]
    }

    struct Membership: Encodable {
        let series: String
        let cohort: String
        let from_roster: Int64
        let until_roster: OrNull<Int64>
    }

    struct Decision: Encodable {
        let at: String
        let what: String
    }

    struct Delivery: Encodable {
        let log: LogCommand.Entry
        /// What was answered, where it is kept: of each attempt in the log that has a row of its own.
        let replies: [String]
    }

    init(_ kept: KeptSubscriber, _ entries: [DeliveryLogEntry]) {
        id = kept.id
        format = kept.format.rawValue
        endpoint = Endpoint(
            host: kept.host, url: Kept.place(kept.url), state: kept.endpoint?.state ?? "healthy",
            since: OrNull(kept.endpoint.map { "\($0.since)" }), failures: kept.endpoint?.failures ?? 0)
        secrets = kept.secrets.map(Kept.place)
        options = Options(
            to: OrNull(kept.options.to), topic: OrNull(kept.options.topic), user: OrNull(kept.options.user),
            token: OrNull(kept.options.token.map(Kept.place)),
            headers: (kept.options.headers ?? []).map(\.name))
        zone = OrNull(kept.zone)
        at = OrNull(kept.at)
        joined = OrNull(kept.joined)
        first_imported = OrNull(kept.firstDay.map { "\($0)" })
        paused = kept.isPaused || kept.pausedFrom != nil
        paused_since = OrNull(kept.pausedFrom.map { "\($0)" })
        paused_until = OrNull(kept.pausedUntil)
        removed_at = OrNull(kept.removedAt.map { "\($0)" })
        memberships = kept.memberships.map {
            Membership(
                series: $0.series, cohort: $0.cohort, from_roster: $0.from, until_roster: OrNull($0.until))
        }
        decisions = kept.decisions.map { Decision(at: "\($0.at)", what: $0.what) }
        deliveries = entries.map { entry in
            Delivery(
                log: LogCommand.Entry(entry),
                replies: entry.attemptLog.map { String(decoding: $0.reply, as: UTF8.self) })
        }
    }

    private static func place(_ secret: Protected) -> String {
        if case .inline = secret { return "database" }
        return "\(secret)"
    }
}
