import AdviceCore
public import AdviceQueue
import CCurl
import Dispatch
import Glibc

/// The engine: every attempt in flight on one libcurl loop, on one queue.
///
/// Requests come in by `send` and replies go out by `receive`, both in batches; nothing waits in here. How
/// many are in flight, and to whom, is the caller's to bound. Memory is that of what is in flight.
public actor CurlCourier: Courier, QueueActor {
    /// Debian's bundle of certificate authorities.
    public static let systemCABundle = "/etc/ssl/certs/ca-certificates.crt"
    /// Handles kept for the next attempts, about 8 KB each; the rest are freed as they come back.
    private static let idleLimit = 256
    /// Rounds of up to 256 events before others on the queue have their turn.
    private static let roundsPerTurn = 4

    public nonisolated let executor = QueueExecutor(label: "courier")

    private let loop: CurlLoop
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
        receive: @escaping @Sendable ([CourierReply]) -> Void
    ) {
        self.addressGuard = addressGuard
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
            let handle = idle.popLast() ?? EasyHandle(addressGuard: addressGuard, caBundle: caBundle)
            handle.prepare(request, addressGuard: addressGuard, now: now)
            handle.position = inFlight.count
            inFlight.append(handle)
            loop.add(handle)
        }
        endTurn()
    }

    private func turnForEvents() {
        guard !isClosed else { return }
        var rounds = 0
        repeat { rounds += 1 } while loop.act(reap: reap) && rounds < Self.roundsPerTurn
        endTurn()
    }

    private func turnForTimer() {
        guard !isClosed else { return }
        armedFor = .max
        endTurn()
    }

    /// What libcurl's clock asks for, then the replies, then the timer: once for a whole turn's events.
    private func endTurn() {
        loop.expire(reap: reap)
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
        guard loop.deadline < armedFor else { return }
        armedFor = loop.deadline
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
        idle = []
        replies = []
        loop.close()
        reader.cancel()
        timer.cancel()
    }
}
