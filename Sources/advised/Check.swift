import AdviceConfig
import AdviceCore
import AdviceCourier
import AdviceDaemon
import AdviceMessage
import AdviceStatus
import AdviceStore
import ArgumentParser
import Foundation

struct Check: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Reads everything and prints every mistake; connects to nothing but with --connect.",
        discussion: """
            Exit 0 where a daemon would take it (warnings may be printed), 78 where it would not; with \
            --connect 1 where an endpoint cannot be reached.
            """)

    @OptionGroup var options: InstallationOptions
    @Flag(help: "Also resolve and dial each endpoint, TLS included; nothing is sent.") var connect = false
    @Flag(help: "The diagnostics as one JSON array.") var json = false

    func run() throws {
        let installation = options.installation
        let loaded = installation.load()
        var diagnostics = loaded.diagnostics
        var connected: Connections.Result?
        if let configuration = loaded.configuration {
            // Without --connect a server is not asked.
            if connect || configuration.store.isFile {
                diagnostics += try unstarted(configuration, loaded.places, installation)
            }
            diagnostics += denied(configuration, loaded.places, installation)
            diagnostics += unfitting(configuration, loaded.places)
            if connect {
                diagnostics += shared(configuration, loaded.places, installation)
                connected = Connections(configuration, loaded.places, installation).dial()
            }
        }
        diagnostics += connected?.diagnostics ?? []
        if json {
            try Output.json(diagnostics.map(Mistake.init))
        } else {
            for diagnostic in diagnostics { Output.line("\(diagnostic)") }
        }
        guard let configuration = loaded.configuration else { throw Exits.configuration }
        if !json { tell(configuration, connected) }
        if connected?.isEveryoneReached == false { throw Exits.no }
    }

    private func tell(_ configuration: Configuration, _ connected: Connections.Result?) {
        for line in connected?.good ?? [] { Output.note(line) }
        if configuration.delivery.proxy != nil {
            Output.note(
                "delivery.proxy: receivers' names are looked up by the proxy, and its own filter decides "
                    + "whom it dials; addresses in URLs are judged here")
        }
        let points = configuration.series.map { "\($0.id): \($0.points.count) points" }
        Output.note(
            "\(options.config): good (\(points.joined(separator: "; ")); "
                + "subscribers: \(configuration.subscribers.count))")
    }

    /// What a server says where it is the store.
    private func shared(
        _ configuration: Configuration, _ places: Loaded.Places, _ installation: Installation
    ) -> [Diagnostic] {
        guard let place = places.store,
            case .postgres(let string)? = try? installation.storePlace(configuration)
        else { return [] }
        func warning(_ message: String) -> [Diagnostic] {
            [
                Diagnostic(
                    file: place.file, line: place.line, column: place.column, severity: .warning,
                    message: message)
            ]
        }
        do throws(StoreError) {
            guard try PostgresReader.hasLateStandbys(string) else { return [] }
            return warning(
                "the server does not wait for its standbys: one that takes over may lack what was delivered "
                    + "last, which is sent again under the same ids; see 'synchronous_standby_names'")
        } catch {
            return warning("\(error)")
        }
    }

    /// Series that a daemon would hold back, by what the store knows (schedule.md R6).
    private func unstarted(
        _ configuration: Configuration, _ places: Loaded.Places, _ installation: Installation
    ) throws -> [Diagnostic] {
        // Who may read the configuration but not the state still gets its mistakes told.
        let reader = try? installation.reader(configuration, quietly: true)
        defer { reader?.close() }
        guard let knowledge = try? reader?.load() ?? StoreKnowledge() else { return [] }
        let view = PlanView(configuration, knowledge, installation, now: installation.clock.now.wall)
        var seen: Set<String> = []
        return view.cohorts.compactMap { cohort in
            let id = cohort.series.id
            guard cohort.record.state == .unstarted, seen.insert(id).inserted, let place = places.series[id]
            else { return nil }
            return Diagnostic(
                file: place.file, line: place.line, column: place.column, severity: .warning,
                message: """
                    series '\(id)' is unstarted: its start \(cohort.series.start) had passed when it was \
                    first seen; `advised start \(id)` begins it
                    """)
        }
    }

    /// Literal addresses that the guard will refuse when a point is due: names are known only then.
    private func denied(
        _ configuration: Configuration, _ places: Loaded.Places, _ installation: Installation
    ) -> [Diagnostic] {
        let addressGuard = AddressGuard(ownAddresses: readOwnAddresses())
        return configuration.subscribers.compactMap { subscriber in
            guard let url = try? installation.secrets.read(subscriber.url),
                case .success(let parsed) = parseEndpointURL(url), parsed.isLiteral,
                let address = IPAddress(parsed.host.trimmingCharacters(in: CharacterSet(charactersIn: "[]"))),
                let place = places.subscribers[subscriber.id]
            else { return nil }
            let own = (subscriber.options.allowNetworks ?? []).compactMap {
                try? AddressBlock.parse($0).get()
            }
            let allowed = configuration.delivery.allowNetworks + own
            guard case .denied(let kind) = addressGuard.judge(address, allowing: allowed) else { return nil }
            return Diagnostic(
                file: place.file, line: place.line, column: place.column, severity: .warning,
                message:
                    "the address of '\(subscriber.id)' is \(kind) and will be refused: see 'allow_networks'")
        }
    }

    /// What the formats in use have no room for: of every point in each of them, so that nobody is surprised
    /// on its day.
    private func unfitting(_ configuration: Configuration, _ places: Loaded.Places) -> [Diagnostic] {
        configuration.series.flatMap { series in
            let members = configuration.subscribers.lazy.filter { $0.series.contains(series.id) }
            let used = Set(members.map(\.format))
            return series.points.flatMap { point -> [Diagnostic] in
                guard let place = places.points[series.id]?[point.id] else { return [] }
                return Format.allCases.filter(used.contains)
                    .flatMap { misfits(of: point, in: series, as: $0) }
                    .map { misfit in
                        Diagnostic(
                            file: place.file, line: place.line, column: place.column, severity: .warning,
                            message: "\(misfit)")
                    }
            }
        }
    }
}
