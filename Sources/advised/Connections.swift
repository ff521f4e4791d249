import AdviceConfig
import AdviceCore
import AdviceCourier
import AdviceDaemon
import Dispatch
import Synchronization

/// Dials the endpoints of a configuration: guard, name, connection and TLS, as an attempt would, and not a
/// byte of a request. Subscribers who share a host and what is let through to it share the answer.
struct Connections {
    struct Result {
        /// Warnings: of endpoints that cannot be reached, and of the clock.
        var diagnostics: [Diagnostic] = []
        /// Of the others, a line each.
        var good: [String] = []
        var isEveryoneReached = true
    }

    /// An endpoint with those who share it.
    private struct Aim {
        var request: CourierRequest
        var subscribers: [String]

        /// `'ann'`, `'ann' and 12 more`.
        var names: String {
            subscribers.count == 1
                ? "'\(subscribers[0])'" : "'\(subscribers[0])' and \(subscribers.count - 1) more"
        }
    }

    private let configuration: Configuration
    private let places: Loaded.Places
    private let installation: Installation
    /// Connections that are being made at once.
    private static let atOnce = 64

    init(_ configuration: Configuration, _ places: Loaded.Places, _ installation: Installation) {
        self.configuration = configuration
        self.places = places
        self.installation = installation
    }

    func dial() -> Result {
        var result = Result()
        let aims = aims(&result)
        for (place, reply) in send(aims.map(\.request)).enumerated() {
            let aim = aims[place]
            if reply.outcome == .delivered {
                let isEncrypted = aim.request.url.lowercased().hasPrefix("https:")
                result.good.append(
                    "\(aim.names): \(reply.address ?? "its address") is reached in "
                        + "\(reply.latency.milliseconds) ms"
                        + (isEncrypted ? ", its certificate is good" : ""))
            } else {
                warn(
                    aim.subscribers[0], "\(aim.names) cannot be reached: \(reply.error ?? "no reason")",
                    &result)
            }
        }
        judgeClock(&result)
        return result
    }

    private func warn(_ subscriber: String, _ message: String, _ result: inout Result) {
        result.isEveryoneReached = false
        let place = places.subscribers[subscriber] ?? Place(file: installation.configPath, line: 1, column: 1)
        result.diagnostics.append(
            Diagnostic(
                file: place.file, line: place.line, column: place.column, severity: .warning,
                message: message))
    }

    private func aims(_ result: inout Result) -> [Aim] {
        struct Shared: Hashable {
            var scheme: String
            var host: String
            var networks: [String]?
            var allowsHTTP: Bool?
        }
        let dispatcher = Dispatcher(settings: configuration.delivery, secrets: installation.secrets)
        var aims: [Aim] = []
        var known: [Shared: Int] = [:]
        for subscriber in configuration.subscribers {
            do throws(Dispatcher.Obstacle) {
                let request = try dispatcher.connection(to: Endpoint(subscriber), token: UInt64(aims.count))
                guard case .success(let url) = parseEndpointURL(request.url) else {
                    warn(subscriber.id, "'\(subscriber.id)' cannot be reached: no valid URL", &result)
                    continue
                }
                let shared = Shared(
                    scheme: url.scheme, host: url.limitKey, networks: subscriber.options.allowNetworks,
                    allowsHTTP: subscriber.options.allowHTTP)
                if let place = known[shared] {
                    aims[place].subscribers.append(subscriber.id)
                } else {
                    known[shared] = aims.count
                    aims.append(Aim(request: request, subscribers: [subscriber.id]))
                }
            } catch {
                warn(subscriber.id, "'\(subscriber.id)' cannot be reached: \(error.reason)", &result)
            }
        }
        return aims
    }

    /// The replies in the order of the requests, whose tokens are their places.
    private func send(_ requests: [CourierRequest]) -> [CourierReply] {
        let arrived = Arrivals()
        let courier = CurlCourier(addressGuard: AddressGuard(ownAddresses: readOwnAddresses())) {
            arrived.put($0)
        }
        defer { courier.close() }
        var replies: [CourierReply] = []
        var progress = Progress("connecting")
        var next = min(Connections.atOnce, requests.count)
        courier.send(Array(requests[..<next]))
        while replies.count < requests.count {
            let batch = arrived.take()
            replies += batch
            let end = min(next + batch.count, requests.count)
            if end > next { courier.send(Array(requests[next..<end])) }
            next = end
            progress.show(Double(replies.count) / Double(requests.count))
        }
        progress.end()
        return replies.sorted { $0.token < $1.token }
    }

    private func judgeClock(_ result: inout Result) {
        guard installation.clock.sync(steppedAt: nil) == .unsynchronized else { return }
        result.diagnostics.append(
            Diagnostic(
                file: installation.configPath, line: 1, column: 1, severity: .warning,
                message: """
                    this machine's clock is not kept by a time server, as far as the kernel knows: receivers \
                    refuse a webhook-timestamp that is more than 5 minutes off
                    """))
    }
}

/// Replies on their way from the courier's queue to the main thread.
private final class Arrivals: Sendable {
    private let replies = Mutex<[CourierReply]>([])
    private let come = DispatchSemaphore(value: 0)

    func put(_ batch: [CourierReply]) {
        replies.withLock { $0 += batch }
        come.signal()
    }

    /// Waits for the next; there may be several, or none where an earlier call took them.
    func take() -> [CourierReply] {
        come.wait()
        return replies.withLock { held in
            defer { held = [] }
            return held
        }
    }
}
