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
        let shown = try shown(receiver, configuration, installation, installation.clock.now.wall)
        try TestPost(configuration, installation).send(to: receiver, showing: shown)
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
}

/// One `advice.test`, sent by this process, with its exchange on standard output.
struct TestPost {
    private let configuration: Configuration
    private let installation: Installation

    init(_ configuration: Configuration, _ installation: Installation) {
        self.configuration = configuration
        self.installation = installation
    }

    /// Exit 1 where it is not taken. `isShown`: what is sent, too.
    func send(
        to receiver: Subscriber, showing point: ReleasedPoint? = nil, isShown: Bool = true
    ) throws {
        let now = installation.clock.now.wall
        var random = SystemRandomNumberGenerator()
        let dispatcher = Dispatcher(settings: configuration.delivery, secrets: installation.secrets)
        let request: CourierRequest
        do throws(Dispatcher.Obstacle) {
            request = try dispatcher.request(
                Letter(Rendering(.test(point, at: now), as: receiver.format)),
                AttemptIdentity(id: testWebhookID(using: &random), timestamp: now.seconds, attempt: 1),
                to: Endpoint(receiver), token: 1)
        } catch {
            Output.note("advised: \(error.reason)")
            throw Exits.no
        }
        if isShown {
            for header in request.shownHeaders(for: receiver.options) { Output.line("> \(header)") }
            Output.line(">\n> \(String(decoding: request.body.bytes, as: UTF8.self))")
        }
        try report(send(request), hiding: secrets(of: receiver, sent: request.url))
    }

    /// What a receiver may repeat of what it was sent, and nobody is to see.
    private func secrets(of receiver: Subscriber, sent url: String) -> [String] {
        let token = receiver.options.token.flatMap { try? installation.secrets.read($0) }
        guard receiver.format.hasSecretURL else { return [token].compactMap { $0 } }
        let path = url.firstRange(of: "://").flatMap { scheme in
            url[scheme.upperBound...].firstIndex(of: "/").map { String(url[$0...].dropFirst()) }
        }
        let parts = (path ?? "").split { "/?&=".contains($0) }.map(String.init)
        return ([url, path, token].compactMap { $0 } + parts).filter { $0.count >= 8 }
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

    private func report(_ reply: CourierReply, hiding secrets: [String]) throws {
        let address = reply.address.map { " from \($0)" } ?? ""
        Output.line(
            "< \(reply.status == 0 ? "no answer" : "\(reply.status)")\(address), "
                + "\(reply.latency.milliseconds) ms"
        )
        if let error = reply.error { Output.line("< \(error.escapedForTerminal)") }
        if !reply.replyPrefix.isEmpty {
            var text = String(decoding: reply.replyPrefix, as: UTF8.self)
            for secret in secrets { text = text.replacing(secret, with: "***") }
            Output.line("< \(text.escapedForTerminal)")
        }
        Output.line(reply.outcome.word)
        guard reply.outcome == .delivered else { throw Exits.no }
    }
}
