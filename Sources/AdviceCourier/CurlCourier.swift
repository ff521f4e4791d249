import AdviceCore
public import AdviceQueue
import CCurl
import Dispatch
import Glibc

/// The engine: every attempt in flight on one libcurl loop, on one queue.
///
/// Requests come in by `send` and replies go out by `receive`, both in batches; nothing waits in here but for
/// its host's address. How many are in flight, and to whom, is the caller's to bound. Memory is that of what
/// is in flight.
public actor CurlCourier: Courier, QueueActor {
    /// Debian's bundle of certificate authorities.
    public static let systemCABundle = "/etc/ssl/certs/ca-certificates.crt"
    /// Handles kept for the next attempts, about 8 KB each; the rest are freed as they come back.
    private static let idleLimit = 256
    /// Rounds of up to 256 events before others on the queue have their turn.
    private static let roundsPerTurn = 4

    public nonisolated let executor = QueueExecutor(label: "courier")

    private let loop: CurlLoop
    private let resolver: Resolver
    private var lookups = Lookups()
    private let receive: @Sendable ([CourierReply]) -> Void
    private let caBundle: String
    private var addressGuard: AddressGuard
    private var inFlight: [EasyHandle] = []
    private var idle: [EasyHandle] = []
    private var replies: [CourierReply] = []

    private let reader: any DispatchSourceRead
    private let timer: any DispatchSourceTimer
    /// Both sources have let go of their descriptors.
    private nonisolated let released = DispatchGroup()
    /// CLOCK_MONOTONIC nanoseconds for which the timer stands; `.max` where it does not.
    private var armedFor = UInt64.max
    private var isClosed = false

    /// `receive` is called on the engine's queue. The engine lives until `close`, which must be called.
    public init(
        addressGuard: AddressGuard, caBundle: String = CurlCourier.systemCABundle, keptConnections: Int = 256,
        resolver: Resolver = Resolver(), receive: @escaping @Sendable ([CourierReply]) -> Void
    ) {
        self.addressGuard = addressGuard
        self.resolver = resolver
        self.caBundle = caBundle
        self.receive = receive
        loop = CurlLoop(keptConnections: keptConnections)
        reader = DispatchSource.makeReadSource(fileDescriptor: loop.epoll, queue: executor.queue)
        timer = DispatchSource.makeTimerSource(queue: executor.queue)
        // Before anything that `send` and `close` enter.
        enter { $0.begin() }
    }

    public nonisolated func send(_ requests: [CourierRequest]) {
        enter { $0.start(requests) }
    }

    /// Must not be called from within `receive`, which runs on the queue that this waits for.
    public nonisolated func close() {
        dispatchPrecondition(condition: .notOnQueue(executor.queue))
        executor.queue.sync { assumeIsolated { $0.shut() } }
        released.wait()
    }

    /// From now on requests are judged by `addressGuard`: this host's addresses have changed.
    public nonisolated func use(_ addressGuard: AddressGuard) {
        enter { $0.addressGuard = addressGuard }
    }

    private func begin() {
        released.enter()
        reader.setEventHandler { self.assumeIsolated { $0.turnForEvents() } }
        reader.setCancelHandler { [epoll = loop.epoll, released] in
            // Not earlier: libdispatch would mistake the number's next owner for this set.
            Glibc.close(epoll)
            released.leave()
        }
        released.enter()
        timer.setEventHandler { self.assumeIsolated { $0.turnForTimer() } }
        timer.setCancelHandler { [released] in released.leave() }
        reader.activate()
        timer.activate()
    }

    private func start(_ requests: [CourierRequest]) {
        guard !isClosed else { return }
        let now = clock_gettime_nsec(CLOCK_MONOTONIC)
        for request in requests {
            switch way(of: request) {
            case .refused(let exchange): replies.append(request.reply(exchange, latency: .zero))
            case .dialled: begin(request, at: nil, startedAt: now, now: now)
            case .lookedUp(let host):
                let patience = min(request.connectTimeout, request.timeout)
                let waiting = Lookups.Waiting(
                    request: request, host: host, startedAt: now, until: now + UInt64(patience.nanoseconds))
                look(up: waiting, now: now)
            }
        }
        endTurn()
    }

    /// What is done first about a request.
    private enum Way {
        case lookedUp(Host)
        /// The host is an address, or libcurl is to refuse the URL.
        case dialled
        case refused(Exchange)
    }

    private func way(of request: CourierRequest) -> Way {
        guard let proxy = request.proxy else { return Host(of: request.url).map(Way.lookedUp) ?? .dialled }
        // It looks up and dials the receiver, and does not ask our guard: what can be judged is judged here.
        var exchange = Exchange()
        exchange.proxy = .init()
        guard let host = ProxyHost(of: proxy) else {
            exchange.proxy?.isUnknown = true
            return .refused(exchange)
        }
        if case .success(let url) = parseEndpointURL(request.url), url.isLiteral,
            let address = IPAddress(url.host.filter { $0 != "[" && $0 != "]" }),
            case .denied(let kind) = addressGuard.judge(address, allowing: request.allowNetworks)
        {
            exchange.blockedAddress = "\(address) is \(kind)"
            return .refused(exchange)
        }
        return host.named.map(Way.lookedUp) ?? .dialled
    }

    private func begin(_ request: CourierRequest, at place: Place?, startedAt: UInt64, now: UInt64) {
        let handle = idle.popLast() ?? EasyHandle(addressGuard: addressGuard, caBundle: caBundle)
        handle.prepare(request, at: place, addressGuard: addressGuard, startedAt: startedAt, now: now)
        handle.position = inFlight.count
        inFlight.append(handle)
        loop.add(handle)
    }

    // MARK: Names

    private func look(up waiting: Lookups.Waiting, now: UInt64) {
        let name = waiting.host.name
        let isAsked = lookups.add(waiting)
        guard !isAsked else { return }
        let known = resolver.resolve(name, until: waiting.until, isKept: waiting.request.keepsConnection) {
            [weak self] answer in
            self?.enter { courier in
                guard !courier.isClosed else { return }
                courier.answered(name, answer)
                courier.endTurn()
            }
        }
        if let known { answered(name, known) }
    }

    private func answered(_ name: String, _ answer: Resolver.Answer) {
        let now = clock_gettime_nsec(CLOCK_MONOTONIC)
        for waiting in lookups.take(name) {
            if case .addresses(let addresses) = answer {
                let place = Place(host: name, port: waiting.host.port, addresses)
                begin(waiting.request, at: place, startedAt: waiting.startedAt, now: now)
            } else {
                replies.append(waiting.reply(answer, now: now))
            }
        }
    }

    private func giveUpLookups(now: UInt64) {
        guard lookups.deadline <= now else { return }
        for waiting in lookups.takeExpired(at: now) { replies.append(waiting.reply(nil, now: now)) }
    }

    // MARK: Turns

    private func turnForEvents() {
        guard !isClosed else { return }
        var rounds = 0
        repeat { rounds += 1 } while loop.act(reap: reap) && rounds < Self.roundsPerTurn
        endTurn()
    }

    private func turnForTimer() {
        guard !isClosed else { return }
        armedFor = .max
        // What has come meanwhile first: a loop that is late must not take an answer for a time-out.
        _ = loop.act(reap: reap)
        endTurn()
    }

    /// What libcurl's clock asks for, then the replies, then the timer: once for a whole turn's events.
    private func endTurn() {
        loop.expire(reap: reap)
        giveUpLookups(now: clock_gettime_nsec(CLOCK_MONOTONIC))
        arm()
        guard !replies.isEmpty else { return }
        let batch = replies
        replies = []
        receive(batch)
    }

    private func reap() {
        while let (handle, code) = loop.nextFinished() {
            leave(handle)
            replies.append(handle.finish(code: code, now: clock_gettime_nsec(CLOCK_MONOTONIC)))
            if idle.count < Self.idleLimit, !handle.isSpent { idle.append(handle) }
        }
    }

    private func leave(_ handle: EasyHandle) {
        let last = inFlight.removeLast()
        guard last !== handle else { return }
        inFlight[handle.position] = last
        last.position = handle.position
    }

    /// The timer is moved only to an earlier moment. One that comes too early finds nothing due and is set
    /// anew: cheaper than a system call at each of libcurl's changes of mind.
    private func arm() {
        let deadline = min(loop.deadline, lookups.deadline)
        guard deadline < armedFor else { return }
        armedFor = deadline
        timer.schedule(deadline: DispatchTime(uptimeNanoseconds: armedFor))
    }

    private func shut() {
        guard !isClosed else { return }
        isClosed = true
        for handle in inFlight {
            loop.remove(handle)
            handle.release()
        }
        inFlight = []
        lookups = Lookups()
        idle = []
        replies = []
        loop.close()
        reader.cancel()
        timer.cancel()
    }
}
