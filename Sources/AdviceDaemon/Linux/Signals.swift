import Dispatch
import Glibc

/// Signals as events on a queue. Made at start, before descriptors can run out.
struct Signals {
    private var sources: [any DispatchSourceSignal] = []

    mutating func on(_ number: Int32, queue: DispatchQueue, _ handler: @escaping @Sendable () -> Void) {
        signal(number, SIG_IGN)
        let source = DispatchSource.makeSignalSource(signal: number, queue: queue)
        source.setEventHandler(handler: handler)
        source.activate()
        sources.append(source)
    }

    func cancel() {
        for source in sources { source.cancel() }
    }
}
