import AdviceConfig
import AdviceCore
import AdviceCourier
import AdviceDaemon
import AdviceMessage
import AdviceStatus
import AdviceStore
import ArgumentParser

struct Preview: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "The exact request for a point, headers and body; sends nothing.",
        discussion: "The URL and the values of headers of your own are not shown: they may be secrets.")

    @OptionGroup var options: InstallationOptions
    @Argument(help: "The point: ID, or SERIES/ID, or its number.") var point: String
    @Option(help: "As this subscriber would get it. Default: the first of the series.") var subscriber:
        String?

    func run() throws {
        let installation = options.installation
        let configuration = try installation.configuration()
        let now = installation.clock.now.wall
        let found = try PointName(point).find(in: configuration)
        let receiver = try receiver(configuration, found.series)
        let reader = try installation.reader(configuration)
        defer { reader?.close() }
        let knowledge = try installation.withStoreErrors { try reader?.load() ?? StoreKnowledge() }
        let view = PlanView(configuration, knowledge, installation, now: now)
        let released = try PreviewedPoint(found, receiver, view, now: now)
        let rendering = Rendering(.released(released.point), as: receiver.format)
        let id = webhookID(
            type: .pointReleased, series: found.series.id, edition: released.edition,
            subject: found.point.id, subscriber: receiver.id)
        let dispatcher = Dispatcher(settings: configuration.delivery, secrets: installation.secrets)
        do throws(Dispatcher.Obstacle) {
            let at = max(now, released.point.release.releasedAt)
            let request = try dispatcher.request(
                Letter(rendering), AttemptIdentity(id: id, timestamp: at.seconds, attempt: 1),
                to: Endpoint(receiver), token: 0)
            Output.note("to \(receiver.id), format \(receiver.format.rawValue)")
            Output.line("\(request.method.rawValue) (\(receiver.id)'s URL) HTTP/1.1")
            for header in request.shownHeaders(for: receiver.options) { Output.line(header) }
            Output.line()
            Output.line(String(decoding: request.body.bytes, as: UTF8.self))
            for misfit in rendering.misfits { Output.note("advised: \(found.point.id): \(misfit)") }
        } catch {
            Output.note("advised: \(error.reason)")
            throw Exits.no
        }
    }

    private func receiver(_ configuration: Configuration, _ series: Series) throws -> Subscriber {
        let members = configuration.subscribers.filter { $0.series.contains(series.id) }
        let chosen = subscriber == nil ? members.first : members.first { $0.id == subscriber }
        if let chosen { return chosen }
        if let subscriber { _ = try options.installation.subscriber(subscriber, in: configuration) }
        Output.note(
            subscriber.map { "advised: \($0) is not subscribed to \(series.id)" }
                ?? "advised: \(series.id) has no subscribers yet")
        throw Exits.no
    }
}

/// A point as it was released, or as it will be by the plan.
struct PreviewedPoint {
    let point: ReleasedPoint
    let edition: Edition

    init(
        _ found: (series: Series, point: Point), _ receiver: Subscriber, _ view: PlanView, now: Instant
    ) throws {
        guard
            let mine = view.cohorts.first(where: {
                $0.series.id == found.series.id && PlanView.isMember(receiver, of: $0, storedCohorts: [])
            })
        else {
            Output.note("advised: \(receiver.id) has no cohort in \(found.series.id)")
            throw Exits.no
        }
        edition = mine.plan.edition
        let entries = mine.plan.entries(at: now, state: mine.record.state)
        guard let place = entries.firstIndex(where: { $0.id == found.point.id }) else {
            Output.note(
                "advised: \(found.point.id) is not in the plan: `advised start --after` passed it over")
            throw Exits.no
        }
        let entry = entries[place]
        let row = mine.plan.rows.first { $0.point == found.point.id }
        point = ReleasedPoint(
            found.point, in: found.series, edition: edition,
            release: ReleasedPoint.Release(
                day: entry.day, zone: mine.cohort.zone, sequence: row?.sequence ?? place + 1,
                scheduledFor: entry.scheduledFor, releasedAt: row?.releasedAt ?? entry.scheduledFor))
    }
}

extension Endpoint {
    /// A subscriber's endpoint, as a single request needs it.
    convenience init(_ subscriber: Subscriber) {
        self.init(
            url: subscriber.url, secrets: subscriber.secrets, format: subscriber.format, limitKey: "",
            sharesHost: false, options: subscriber.options)
    }
}
