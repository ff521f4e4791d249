import Synchronization

/// Several engines as one courier: a host always has the same one, where its connections are kept. One engine
/// is bound to one core by its queue, and it is TLS handshakes that fill it.
///
/// Requests with authorities of their own have an engine apart: libcurl keeps one parsed bundle for an
/// engine, and another one in between would have it read the system's again, at 30 ms each time.
public final class ShardedCourier: Courier {
    /// Engines at most: beyond four the store is what is waited for.
    public static let mostEngines = 4

    private let make: @Sendable (AddressGuard) -> CurlCourier
    private let state: Mutex<State>

    private struct State {
        var addressGuard: AddressGuard
        var engines: [CurlCourier]
        /// Made with the first request that wants it.
        var apart: CurlCourier?
        var isClosed = false

        var all: [CurlCourier] { engines + [apart].compactMap(\.self) }
    }

    /// `receive` is called on the engines' queues, one call at a time for each engine. They live until
    /// `close`, which must be called.
    public init(
        addressGuard: AddressGuard, keptConnections: Int = 256, resolver: Resolver = Resolver(),
        receive: @escaping @Sendable ([CourierReply]) -> Void
    ) {
        make = { addressGuard in
            CurlCourier(
                addressGuard: addressGuard, keptConnections: keptConnections, resolver: resolver,
                receive: receive)
        }
        state = Mutex(State(addressGuard: addressGuard, engines: [make(addressGuard)]))
    }

    /// From now on there are at least `count` engines, at most `mostEngines`.
    public func spread(over count: Int) {
        state.withLock { state in
            while state.engines.count < min(count, ShardedCourier.mostEngines) {
                state.engines.append(make(state.addressGuard))
            }
        }
    }

    public func send(_ requests: [CourierRequest]) {
        let own = requests.filter { $0.tls?.authorities != nil }
        let usual = own.isEmpty ? requests : requests.filter { $0.tls?.authorities == nil }
        if !own.isEmpty { engineApart()?.send(own) }
        let engines = state.withLock(\.engines)
        guard engines.count > 1 else {
            if !usual.isEmpty { engines.first?.send(usual) }
            return
        }
        var parts = [[CourierRequest]](repeating: [], count: engines.count)
        for request in usual {
            parts[Int(ShardedCourier.hash(ofHostIn: request.url) % UInt64(engines.count))].append(request)
        }
        for (engine, part) in zip(engines, parts) where !part.isEmpty { engine.send(part) }
    }

    private func engineApart() -> CurlCourier? {
        state.withLock { state in
            if state.isClosed { return nil }
            let engine = state.apart ?? make(state.addressGuard)
            state.apart = engine
            return engine
        }
    }

    public func use(_ addressGuard: AddressGuard) {
        state.withLock { state in
            state.addressGuard = addressGuard
            for engine in state.all { engine.use(addressGuard) }
        }
    }

    /// Must not be called from within `receive`.
    public func close() {
        let engines = state.withLock { state in
            defer { (state.engines, state.apart, state.isClosed) = ([], nil, true) }
            return state.all
        }
        for engine in engines { engine.close() }
    }

    /// FNV-1a over what stands between the scheme and the path: the same for all that goes to one host.
    private static func hash(ofHostIn url: String) -> UInt64 {
        var hash: UInt64 = 0xcbf2_9ce4_8422_2325
        var slashes = 0
        for byte in url.utf8 {
            if byte == UInt8(ascii: "/") { slashes += 1 }
            if slashes == 3 { break }
            hash = (hash ^ UInt64(byte)) &* 0x100_0000_01b3
        }
        // The lowest bits of FNV-1a are its weakest.
        return hash ^ (hash >> 32)
    }
}
