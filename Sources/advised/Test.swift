import AdviceConfig
import AdviceCore
import AdviceCourier
import AdviceDaemon
import AdviceMessage
import AdviceStatus
import AdviceStore
import ArgumentParser

struct Test: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Sends one advice.test now and prints the exchange.",
        discussion: "Exit 0 on 2xx, else 1. It touches no ledger, and its webhook-id begins with msg_test_.")

    @OptionGroup var options: InstallationOptions
    @Argument(help: "The subscriber's id.") var subscriber: String
    @Option(help: "Show this point (ID, SERIES/ID or number), marked as a test.") var point: String?

    func run() throws {
        let installation = options.installation
        let configuration = try installation.configuration()
        let receiver = try installation.subscriber(subscriber, in: configuration)
        let now = installation.clock.now.wall
        let body = testBody(try shown(receiver, configuration, installation, now), at: now)
        var random = SystemRandomNumberGenerator()
        let dispatcher = Dispatcher(settings: configuration.delivery, secrets: installation.secrets)
        let request: CourierRequest
        do throws(Dispatcher.Obstacle) {
            request = try dispatcher.request(
                id: testWebhookID(using: &random), to: Endpoint(receiver), body: SharedBody(body), attempt: 1,
                token: 1,
                at: now)
        } catch {
            Output.note("advised: \(error.reason)")
            throw Exits.no
        }
        for header in request.shownHeaders(for: receiver.options) { Output.line("> \(header)") }
        Output.line(">\n> \(String(decoding: body, as: UTF8.self))")
        try report(send(request))
    }

    private func shown(
        _ receiver: Subscriber, _ configuration: Configuration, _ installation: Installation, _ now: Instant
    ) throws -> ReleasedPoint? {
        guard let point else { return nil }
        let found = try PointName(point).find(in: configuration)
        let reader = try installation.reader(configuration)
        defer { reader?.close() }
        let knowledge = try installation.withStoreErrors { try reader?.load() ?? StoreKnowledge() }
        let view = PlanView(configuration, knowledge, installation, now: now)
        return try PreviewedPoint(found, receiver, view, now: now).point
    }

    /// One attempt by the same courier that the daemon uses.
    private func send(_ request: CourierRequest) -> CourierReply {
        let answer = OneAnswer<CourierReply>()
        let courier = CurlCourier(addressGuard: AddressGuard(ownAddresses: readOwnAddresses())) { batch in
            for reply in batch { answer.give(reply) }
        }
        defer { courier.close() }
        courier.send([request])
        return answer.wait()
    }

    private func report(_ reply: CourierReply) throws {
        let address = reply.address.map { " from \($0)" } ?? ""
        Output.line(
            "< \(reply.status == 0 ? "no answer" : "\(reply.status)")\(address), "
                + "\(reply.latency.milliseconds) ms"
        )
        if let error = reply.error { Output.line("< \(error.escapedForTerminal)") }
        if !reply.replyPrefix.isEmpty {
            Output.line("< \(String(decoding: reply.replyPrefix, as: UTF8.self).escapedForTerminal)")
        }
        Output.line(reply.outcome.word)
        guard reply.outcome == .delivered else { throw Exits.no }
    }
}
