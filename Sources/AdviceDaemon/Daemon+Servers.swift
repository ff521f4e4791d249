import AdviceConfig
import AdviceCore
import AdviceListener
import AdviceQueue
import AdviceStatus
import Dispatch
import Glibc
import Logging
import Synchronization

/// The two read-only servers, opened and closed on a queue of their own: closing one waits for its thread.
final class Servers: Sendable {
    private let queue = DispatchQueue(label: "servers")
    private let open = Mutex<[String: (listen: Configuration.Listen, server: WebServer)]>([:])

    /// How one of them is opened.
    struct Wish: Sendable {
        /// The settings' key.
        var key: String
        var listen: Configuration.Listen
        var answer: @Sendable () -> Answering
    }

    /// Makes what is open what is wished, and says what could not be opened, in words.
    func serve(_ wishes: [Wish], then: @escaping @Sendable ([String]) -> Void) {
        queue.async {
            let troubles = wishes.compactMap { self.serve($0) }
            then(troubles)
        }
    }

    private func serve(_ wish: Wish) -> String? {
        let known = open.withLock { $0[wish.key] }
        if let known, known.listen == wish.listen { return nil }
        known?.server.stop()
        open.withLock { $0[wish.key] = nil }
        guard let place = wish.listen.place else { return nil }
        let names = HostNames(machine: Servers.machineName, given: wish.listen.hosts)
        do throws(ListenerError) {
            let server = try WebServer(at: place, names: names, answer: wish.answer())
            open.withLock { $0[wish.key] = (wish.listen, server) }
            return nil
        } catch {
            return "the `\(wish.key)` server is not there: \(error)"
        }
    }

    private static var machineName: String? {
        var name = [CChar](repeating: 0, count: 256)
        guard gethostname(&name, name.count - 1) == 0 else { return nil }
        return name.withUnsafeBufferPointer { $0.baseAddress.map { String(cString: $0) } }
    }

    /// Calls `then` when both are closed and their sockets are removed.
    func close(then: @escaping @Sendable () -> Void) {
        queue.async {
            for entry in self.open.withLock({ $0.values.map { $0.server } }) { entry.stop() }
            self.open.withLock { $0 = [:] }
            then()
        }
    }
}

extension Daemon {
    /// Opens the servers of the configuration in force. One that cannot be opened stops nothing else.
    func serve() {
        let source = pageSource
        let wishes = [
            Servers.Wish(key: "status", listen: configuration.status) {
                let site = OperatorSite(source)
                return { site.answer($0, $1) }
            },
            Servers.Wish(key: "public", listen: configuration.publicPages) {
                let site = ReaderSite(source)
                return { site.answer($0, $1) }
            },
        ]
        servers.serve(wishes) { [weak self] troubles in
            self?.enter { daemon in
                for words in troubles where !daemon.serverTroubles.contains(words) {
                    daemon.parts.logger.error("\(words)")
                }
                daemon.serverTroubles = troubles
            }
        }
    }

    /// What is not as it should be, of all the parts.
    var allTroubles: [String] {
        degradations + serverTroubles + sharing.troubles + [returned].compactMap(\.self)
    }

    private var pageSource: PageSource {
        let zones = parts.zones
        let clock = parts.clock
        return PageSource(
            view: { [weak self] in self?.viewNow() }, openStore: parts.openStore,
            rules: { zones.rules($0) }, wall: { clock.now.wall },
            boot: { clock.now.boot })
    }

    /// How long a page waits for the scheduler: what answers no sooner is not alive.
    private static let patience = DispatchTimeInterval.seconds(2)

    /// Called on a page's queue, which waits; the scheduler's queue only says how things are.
    private nonisolated func viewNow() -> DaemonView? {
        let answer = Answered()
        enter { answer.give($0.view) }
        return answer.wait(Daemon.patience)
    }

    private var view: DaemonView {
        DaemonView(
            configuration: configuration, subscribers: roster.count, clock: scheduler.clockState,
            degraded: allTroubles, isStarted: sharing.isStarted, isStoreLost: sharing.lost != nil,
            isLastReloadTaken: !degradations.contains { $0.hasPrefix(Daemon.refusedReload) },
            counters: counters)
    }
}

/// One view, from the scheduler's queue to a page's.
private final class Answered: Sendable {
    private let view = Mutex<DaemonView?>(nil)
    private let given = DispatchSemaphore(value: 0)

    func give(_ view: DaemonView) {
        self.view.withLock { $0 = view }
        given.signal()
    }

    func wait(_ limit: DispatchTimeInterval) -> DaemonView? {
        _ = given.wait(timeout: .now() + limit)
        return view.withLock { $0 }
    }
}
