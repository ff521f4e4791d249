public import AdviceCore
import CCurl
import Glibc
import Synchronization

/// Looks host names up, on threads of its own, for all engines.
///
/// libcurl would start a thread for each lookup, as many as there are, and wait in its loop for one that
/// outlives its attempt. Here they are bounded, one name is asked for once however many wait for it, and
/// nobody waits for a thread: an answer that comes too late finds nobody.
public final class Resolver: Sendable {
    /// What a lookup came to.
    public enum Answer: Hashable, Sendable {
        /// In the order in which they are to be tried; one at least.
        case addresses([IPAddress])
        /// There is no such name, or it has no address: somebody has said so.
        case unknown
        /// No name server has answered.
        case unreachable
    }

    /// Threads at most. A lookup that no server answers takes some six seconds of one.
    static let lookupsAtOnce = 512
    /// Of which for names that have taken long before: those of others need not wait behind them.
    static let slowLookupsAtOnce = 64
    /// Nanoseconds after which a lookup has taken long.
    static let isSlow: UInt64 = 2_000_000_000
    /// Nanoseconds for which an answer is kept, where several deliveries are due to the host.
    static let kept: UInt64 = 60_000_000_000
    /// Names of which anything is remembered.
    private static let remembered = 4096
    /// Addresses of one name that are tried.
    private static let mostAddresses = 16
    /// Bytes of a thread's stack: the resolver's own buffers are some 64 KiB.
    private static let stackBytes = 256 * 1024

    private let ask: @Sendable (String) -> Answer
    private let state = Mutex(State())

    private struct State {
        /// Names to look up, in order.
        var queue = Fifo()
        var slowQueue = Fifo()
        /// Who waits, for names that are queued or being looked up.
        var waiting: [String: Waiting] = [:]
        var running = 0
        var slowRunning = 0
        var slow: Set<String> = []
        var answers: [String: (answer: Answer, until: UInt64)] = [:]
    }

    private struct Waiting {
        var tell: [@Sendable (Answer) -> Void] = []
        /// When the last of them gives up, CLOCK_MONOTONIC nanoseconds.
        var until: UInt64 = 0
        var isKept = false
    }

    private struct Fifo {
        private var names: [String] = []
        private var head = 0

        mutating func append(_ name: String) { names.append(name) }

        mutating func popFirst() -> String? {
            guard head < names.count else { return nil }
            defer {
                head += 1
                if head == names.count { (names, head) = ([], 0) }
            }
            return names[head]
        }
    }

    /// `ask` looks a name up and may block.
    public init(ask: @escaping @Sendable (String) -> Answer = Resolver.getaddrinfo) {
        self.ask = ask
        // Before there are threads that read the environment.
        _ = Resolver.isPatient
    }

    /// Lookups under way.
    public var running: Int { state.withLock { $0.running } }

    /// The answer where it is known already; else nil, and `tell` has it later, on any thread. Who gives up
    /// at `until` (CLOCK_MONOTONIC nanoseconds) may not be told. With `isKept` the answer is of use to others
    /// who come soon.
    func resolve(
        _ name: String, until: UInt64, isKept: Bool, tell: @escaping @Sendable (Answer) -> Void
    ) -> Answer? {
        let known: Answer? = state.withLock { state in
            if isKept, let known = state.answers[name] {
                if known.until > clock_gettime_nsec(CLOCK_MONOTONIC) { return known.answer }
                state.answers[name] = nil
            }
            var waiting = state.waiting.removeValue(forKey: name) ?? Waiting()
            let isNew = waiting.tell.isEmpty
            waiting.tell.append(tell)
            waiting.until = max(until, waiting.until)
            waiting.isKept = waiting.isKept || isKept
            state.waiting[name] = waiting
            guard isNew else { return nil }
            if state.slow.contains(name) { state.slowQueue.append(name) } else { state.queue.append(name) }
            return nil
        }
        if known == nil { begin() }
        return known
    }

    /// A thread more, where one may be of use.
    private func begin() {
        let isWanted = state.withLock { state in
            guard state.running < Resolver.lookupsAtOnce else { return false }
            state.running += 1
            return true
        }
        guard isWanted else { return }
        if !startThread() { state.withLock { $0.running -= 1 } }
    }

    private func startThread() -> Bool {
        var attributes = pthread_attr_t()
        pthread_attr_init(&attributes)
        defer { pthread_attr_destroy(&attributes) }
        pthread_attr_setstacksize(&attributes, Resolver.stackBytes)
        pthread_attr_setdetachstate(&attributes, Int32(PTHREAD_CREATE_DETACHED))
        var thread = pthread_t()
        let me = Unmanaged.passRetained(self)
        let code = pthread_create(
            &thread, &attributes,
            { context in
                guard let context else { return nil }
                Unmanaged<Resolver>.fromOpaque(context).takeRetainedValue().work()
                return nil
            }, me.toOpaque())
        if code != 0 { me.release() }
        return code == 0
    }

    /// A thread's life: one name after the other, until there is none.
    private func work() {
        var signals = sigset_t()
        sigfillset(&signals)
        pthread_sigmask(SIG_BLOCK, &signals, nil)
        while let (name, isSlow) = next() {
            let begin = clock_gettime_nsec(CLOCK_MONOTONIC)
            let answer = ask(name)
            let end = clock_gettime_nsec(CLOCK_MONOTONIC)
            let waiting = state.withLock { state -> Waiting? in
                if isSlow { state.slowRunning -= 1 }
                if end - begin < Resolver.isSlow {
                    state.slow.remove(name)
                } else if state.slow.count < Resolver.remembered {
                    state.slow.insert(name)
                }
                let waiting = state.waiting.removeValue(forKey: name)
                if waiting?.isKept == true, case .addresses = answer {
                    if state.answers.count >= Resolver.remembered { state.answers = [:] }
                    state.answers[name] = (answer, end + Resolver.kept)
                }
                return waiting
            }
            for tell in waiting?.tell ?? [] { tell(answer) }
        }
    }

    /// The next name that somebody still waits for; with none, this thread is not counted any more.
    private func next() -> (name: String, isSlow: Bool)? {
        state.withLock { state in
            let now = clock_gettime_nsec(CLOCK_MONOTONIC)
            while let name = state.queue.popFirst() {
                if Resolver.isWanted(name, &state, at: now) { return (name, false) }
            }
            while state.slowRunning < Resolver.slowLookupsAtOnce, let name = state.slowQueue.popFirst() {
                guard Resolver.isWanted(name, &state, at: now) else { continue }
                state.slowRunning += 1
                return (name, true)
            }
            state.running -= 1
            return nil
        }
    }

    private static func isWanted(_ name: String, _ state: inout State, at now: UInt64) -> Bool {
        guard let waiting = state.waiting[name] else { return false }
        if waiting.until > now { return true }
        state.waiting[name] = nil
        return false
    }

    /// The system's own resolver: /etc/hosts, DNS, and whatever else nsswitch.conf names. Blocks.
    public static func getaddrinfo(_ name: String) -> Answer {
        var hints = addrinfo()
        hints.ai_socktype = Int32(SOCK_STREAM.rawValue)
        var list: UnsafeMutablePointer<addrinfo>?
        let code = Glibc.getaddrinfo(name, nil, &hints, &list)
        guard code == 0 else {
            let isSilent = code == EAI_AGAIN || code == EAI_SYSTEM || code == EAI_MEMORY
            return isSilent ? .unreachable : .unknown
        }
        defer { freeaddrinfo(list) }
        var addresses: [IPAddress] = []
        var next = list
        while let entry = next, addresses.count < mostAddresses {
            if let address = entry.pointee.ai_addr.flatMap({ IPAddress($0) }), !addresses.contains(address) {
                addresses.append(address)
            }
            next = entry.pointee.ai_next
        }
        return addresses.isEmpty ? .unknown : .addresses(addresses)
    }

    /// glibc asks a server that is dead twice for five seconds each: longer than an attempt may take to
    /// connect. Who has set $RES_OPTIONS is left alone.
    private static let isPatient: Bool = setenv("RES_OPTIONS", "timeout:2 attempts:2", 0) == 0
}
