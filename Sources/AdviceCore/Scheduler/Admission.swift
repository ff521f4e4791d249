/// Which claimed deliveries may be sent now: first in, first out, at most so many in flight in all and for
/// each limit key. A delivery whose key is full steps aside and does not hold up those behind it.
struct Admission {
    private(set) var inFlight = 0
    private(set) var waiting = 0
    private(set) var parked = 0
    private var ready: Queue = Queue()
    /// Parked behind a full key. Looked up, never iterated: a dictionary's order differs in each process.
    private var keys: [String: Key] = [:]
    private var concurrency = 1
    private var perHost = 1
    private var hosts: [String: Int] = [:]

    private struct Key {
        var inFlight = 0
        var parked = Queue()
    }

    mutating func limit(concurrency: Int, perHost: Int, hosts: [String: Int]) {
        self.concurrency = concurrency
        self.perHost = perHost
        self.hosts = hosts
        // What is parked may fit now. Sorted: the order must not depend on a dictionary's.
        for name in keys.keys.sorted() {
            while let next = keys[name]?.parked.popFirst() {
                parked -= 1
                waiting += 1
                ready.append(next)
            }
        }
    }

    /// Room for new deliveries to be claimed.
    var room: Int {
        parked >= Limits.parkedDeliveries ? 0 : max(0, concurrency * 2 - waiting - inFlight)
    }

    var isEmpty: Bool { inFlight == 0 && waiting == 0 && parked == 0 }

    mutating func add(_ delivery: ClaimedDelivery) {
        ready.append(delivery)
        waiting += 1
    }

    /// The next delivery to send, which counts as in flight from now on; nil where none may be.
    mutating func take() -> ClaimedDelivery? {
        while inFlight < concurrency, let delivery = ready.popFirst() {
            waiting -= 1
            let name = delivery.endpoint.limitKey
            var key = keys[name] ?? Key()
            if key.inFlight < cap(of: name) {
                key.inFlight += 1
                keys[name] = key
                inFlight += 1
                return delivery
            }
            key.parked.append(delivery)
            keys[name] = key
            parked += 1
        }
        return nil
    }

    /// An attempt for `name` ended, or was not made after all.
    mutating func free(_ name: String) {
        guard var key = keys[name], key.inFlight > 0 else {
            preconditionFailure("a key is freed once for each delivery taken")
        }
        key.inFlight -= 1
        inFlight -= 1
        if let next = key.parked.popFirst() {
            parked -= 1
            waiting += 1
            // Behind those that wait already: a busy key must not keep the others out when all is full.
            ready.append(next)
        }
        keys[name] = key.inFlight == 0 && key.parked.isEmpty ? nil : key
    }

    /// Forgets everything that is not in flight: it stays in the store, unfinished.
    mutating func drop() {
        ready = Queue()
        keys = keys.mapValues { Key(inFlight: $0.inFlight) }
        waiting = 0
        parked = 0
    }

    /// Everything that is not in flight, in an order that does not depend on the dictionary's.
    mutating func removeAll() -> [ClaimedDelivery] {
        var all = ready.all
        for name in keys.keys.sorted() { all += keys[name]?.parked.all ?? [] }
        drop()
        return all
    }

    private func cap(of name: String) -> Int {
        if let cap = hosts[name] { return cap }
        if let colon = name.lastIndex(of: ":"), let cap = hosts[String(name[..<colon])] { return cap }
        return perHost
    }
}

/// A first-in first-out queue.
private struct Queue {
    private var items: [ClaimedDelivery] = []
    private var head = 0

    var isEmpty: Bool { head == items.count }

    var all: [ClaimedDelivery] { Array(items[head...]) }

    mutating func append(_ delivery: ClaimedDelivery) { items.append(delivery) }

    mutating func popFirst() -> ClaimedDelivery? {
        guard head < items.count else { return nil }
        defer {
            head += 1
            // Half of the storage is spent: take it back, at a cost of one move for each delivery.
            if head * 2 > items.count, head > 64 {
                items.removeFirst(head)
                head = 0
            }
        }
        return items[head]
    }
}
