public import Dispatch

/// A serial Dispatch queue as an actor's executor.
///
/// `DispatchSerialQueue` does not exist on Linux and `DispatchQueue` is no `SerialExecutor` (Swift 6.3), so
/// this is ours. An actor that uses it must hold it strongly: `unownedExecutor` does not.
public final class QueueExecutor: SerialExecutor {
    public let queue: DispatchQueue

    public init(label: String, qos: DispatchQoS = .default) {
        queue = DispatchQueue(label: label, qos: qos)
    }

    public func enqueue(_ job: consuming ExecutorJob) {
        let job = UnownedJob(job)
        queue.async { job.runSynchronously(on: self.asUnownedSerialExecutor()) }
    }

    /// Without this `assumeIsolated` dies in a timer's or signal's handler that runs on the queue.
    public func checkIsolated() {
        dispatchPrecondition(condition: .onQueue(queue))
    }
}

/// An actor that lives on a queue, so that timers, descriptors and signals on that queue enter it without a
/// hop, and batches from other rooms enter it in order.
public protocol QueueActor: Actor {
    nonisolated var executor: QueueExecutor { get }
}

extension QueueActor {
    public nonisolated var unownedExecutor: UnownedSerialExecutor { executor.asUnownedSerialExecutor() }

    /// Runs `body` on the actor's queue, after what was entered before it. Keeps order, unlike a `Task`.
    public nonisolated func enter(_ body: @escaping @Sendable (isolated Self) -> Void) {
        executor.queue.async { self.assumeIsolated(body) }
    }
}
