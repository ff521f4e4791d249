/// Which claimed deliveries may be sent now: first in, first out, at most so many in flight in all, for each
/// limit key and for each host that the settings name. A delivery whose key is full steps aside and holds up
/// nobody behind it; where too many have, it goes back to the store with a time at which there may be room.
///
/// A transfer that is older than `youngFor` moves to a second pool: hung receivers take no room from
/// those that answer. Times are since boot.
struct Admission {
    /// In flight, and younger than `youngFor`.
    private(set) var young = 0
    /// In flight for longer: the second pool.
    private(set) var old = 0
    private(set) var waiting = 0
    private(set) var parked = 0
    private var ready = Queue()
    /// Looked up, never iterated but in sorted order: a dictionary's differs in each process.
    private var keys: [String: Key] = [:]
    /// Hosts with a cap of their own over all their keys.
    private var groups: [String: Group] = [:]
    /// Tickets in flight, and whether each is in the second pool.
    private var tickets: [UInt64: Bool] = [:]
    /// Tickets in the order of beginning, from `begunHead` on; those that have ended are dropped from the
    /// head.
    private var begun: [(ticket: UInt64, at: Span)] = []
    private var begunHead = 0
    private var lastTicket: UInt64 = 0
    /// Keys with deliveries that wait here for their turn, each with when the first has it: in order of that.
    private var turns: [(at: Span, name: String)] = []
    /// When each subscriber with a `rate` may be tried again.
    private var paced: [String: Span] = [:]
    private var concurrency = 1
    private var perHost = 1
    private var secondPool = 0
    /// How long attempts take, smoothed over all of them; begins where it makes no difference.
    private var answerTime = Span(nanoseconds: Limits.youngFor.nanoseconds / Limits.youngAnswers)
    private var sweptAt: Span?
    private static let manyKeys = 8192
    private static let sweepInterval = Span.minutes(1)

    private struct Key {
        var inFlight = 0
        var parked = Queue()
        /// A 429 slows all who share the key.
        var closedUntil = Span.zero
        /// When the last of those that went back to the store is due.
        var backlogUntil = Span.zero
        /// Before this the service takes no other, and when the last of those has its turn that were sent
        /// back for it.
        var turnAt = Span.zero
        var turnsUntil = Span.zero
        /// Whose turn in the store has come, and who wait here until the service takes them: one after the
        /// other.
        var inTurn = Queue()
        /// How long an attempt takes here, smoothed.
        var pace = Limits.assumedAttempt

        mutating func note(_ duration: Span) {
            pace = Span(nanoseconds: (pace.nanoseconds * 7 + duration.nanoseconds) / 8)
        }

        func isIdle(at now: Span) -> Bool {
            inFlight == 0 && parked.isEmpty && inTurn.isEmpty && closedUntil <= now && backlogUntil <= now
                && turnAt <= now && turnsUntil <= now
        }
    }

    private struct Group {
        var cap: Int
        var inFlight = 0
        var parked = Queue()
    }

    /// What is to become of a delivery.
    enum Decision {
        case send(ClaimedDelivery, ticket: UInt64)
        /// Its host asked for time, or its own rate does: it waits so long, with no attempt charged.
        case wait(ClaimedDelivery, Span)
        /// No room for it in memory, or its service takes one at a time: it waits in the store for about its
        /// turn, likewise.
        case spill(ClaimedDelivery, Span)
    }

    mutating func limit(concurrency: Int, perHost: Int, hosts: [String: Int], secondPool: Int) {
        self.concurrency = concurrency
        self.perHost = perHost
        self.secondPool = secondPool
        // What is parked may fit now.
        let all = removeAll()
        groups = hosts.mapValues { Group(cap: $0) }
        for name in keys.keys.sorted() {
            if let group = groupName(of: name) { groups[group]?.inFlight += keys[name]?.inFlight ?? 0 }
        }
        for delivery in all { add(delivery) }
    }

    /// Room for new deliveries to be claimed. While places are free though others are parked, those that are
    /// parked count for nothing: there may be somebody on another host.
    var room: Int { max(0, concurrency * 2 - waiting - young - (young < concurrency ? 0 : parked)) }

    var inFlight: Int { young + old }
    var isEmpty: Bool { inFlight == 0 && waiting == 0 && parked == 0 }

    mutating func add(_ delivery: ClaimedDelivery) {
        ready.append(delivery)
        waiting += 1
    }

    /// The next delivery that something is to be done about; nil where nothing can be now.
    mutating func take(at now: Span) -> Decision? {
        age(at: now)
        while young < concurrency {
            let waited = popTurn(at: now)
            guard let delivery = waited ?? ready.popFirst() else { return nil }
            if waited == nil { waiting -= 1 }
            let name = delivery.endpoint.limitKey
            if let wait = closed(name, at: now) ?? pace(delivery, at: now) {
                wakeNext(name)
                return .wait(delivery, wait)
            }
            switch waited == nil ? turn(of: delivery, name, at: now) : .now {
            case .now: break
            case .here:
                wakeNext(name)
                continue
            case .inStore(let wait):
                wakeNext(name)
                return .spill(delivery, wait)
            }
            if let place = keys.index(forKey: name), keys.values[place].inFlight >= cap(of: name) {
                let decision = stepAside(delivery, place, at: now)
                wakeGroup(of: name)
                if let decision { return decision }
                continue
            }
            if let full = fullGroup(of: name) {
                groups[full]?.parked.append(delivery)
                parked += 1
                continue
            }
            keys[name, default: Key()].inFlight += 1
            if let interval = delivery.endpoint.format.interval { keys[name]?.turnAt = now + interval }
            if let group = groupName(of: name) { groups[group]?.inFlight += 1 }
            if let rate = delivery.endpoint.options.rate, rate > 0 {
                paced[delivery.subscriberID] = now + Span(nanoseconds: Int64(1e9 / rate))
            }
            return .send(delivery, ticket: begin(at: now))
        }
        return nil
    }

    private mutating func begin(at now: Span) -> UInt64 {
        lastTicket += 1
        young += 1
        tickets[lastTicket] = false
        begun.append((lastTicket, now))
        return lastTicket
    }

    /// An attempt ended after `duration`, or was not made after all (nil). `slowDown` is how long a 429 asks
    /// all who share the key to wait.
    mutating func free(
        _ ticket: UInt64, _ name: String, duration: Span? = nil, slowDown: Span? = nil, at now: Span
    ) {
        guard let isOld = tickets.removeValue(forKey: ticket), let place = keys.index(forKey: name),
            keys.values[place].inFlight > 0
        else {
            preconditionFailure("a key is freed once for each delivery taken")
        }
        if isOld { old -= 1 } else { young -= 1 }
        keys.values[place].inFlight -= 1
        if let duration {
            keys.values[place].note(duration)
            answerTime = Span(nanoseconds: (answerTime.nanoseconds * 31 + duration.nanoseconds) / 32)
        }
        if let slowDown {
            let wish = now + min(slowDown, Limits.longestSlowDown)
            keys.values[place].closedUntil = max(keys.values[place].closedUntil, wish)
        }
        if let group = groupName(of: name) { groups[group]?.inFlight -= 1 }
        if keys.values[place].isIdle(at: now) { keys.remove(at: place) }
        wakeNext(name)
    }

    /// One that is parked may have its place now. Each that is looked at and takes none wakes the next.
    private mutating func wakeNext(_ name: String) {
        if let next = keys[name]?.parked.popFirst() { unpark(next) }
        wakeGroup(of: name)
    }

    private mutating func wakeGroup(of name: String) {
        guard let name = groupName(of: name), let group = groups[name], group.inFlight < group.cap else {
            return
        }
        if let next = groups[name]?.parked.popFirst() { unpark(next) }
    }

    /// Behind those that wait already: a busy key must not keep the others out when all is full.
    private mutating func unpark(_ delivery: ClaimedDelivery) {
        parked -= 1
        add(delivery)
    }

    // MARK: The second pool

    /// Hung receivers hold their places no longer than this. Where the others answer in milliseconds, two
    /// seconds of waiting would be all that a small fan-out takes.
    private var youngFor: Span {
        let answers = Span(nanoseconds: answerTime.nanoseconds * Limits.youngAnswers)
        return min(Limits.youngFor, max(Limits.shortestYoung, answers))
    }

    private mutating func age(at now: Span) {
        // Keys that were closed or busy are remembered until they are asked for again; most never are.
        if keys.count > Admission.manyKeys, sweptAt.map({ now - $0 > Admission.sweepInterval }) ?? true {
            sweptAt = now
            keys = keys.filter { !$0.value.isIdle(at: now) }
        }
        while begunHead < begun.count {
            let head = begun[begunHead]
            if tickets[head.ticket] == false {
                guard now - head.at >= youngFor, old < secondPool else { break }
                tickets[head.ticket] = true
                young -= 1
                old += 1
            }
            begunHead += 1
        }
        if begunHead > 1024, begunHead * 2 > begun.count {
            begun.removeFirst(begunHead)
            begunHead = 0
        }
    }

    /// When a transfer that is in the way will move to the second pool; nil where none is in the way.
    func nextAging(after now: Span) -> Span? {
        guard young >= concurrency, old < secondPool, begunHead < begun.count else { return nil }
        return max(.zero, begun[begunHead].at + youngFor - now)
    }

    // MARK: Where there is no room

    /// Parks a delivery in memory; where too many are parked it is to wait in the store, for about as long as
    /// it takes until those before it are through.
    ///
    /// The key is changed where it lies: a copy would be one of all that is parked there.
    private mutating func stepAside(
        _ delivery: ClaimedDelivery, _ place: Dictionary<String, Key>.Index, at now: Span
    ) -> Decision? {
        if parked < Limits.parkedDeliveries {
            keys.values[place].parked.append(delivery)
            parked += 1
            return nil
        }
        let key = keys[place].value
        let name = delivery.endpoint.limitKey
        let each = Span(nanoseconds: key.pace.nanoseconds / Int64(max(1, cap(of: name))))
        let ahead = Span(nanoseconds: each.nanoseconds * Int64(key.parked.count))
        let until = max(key.backlogUntil, now + max(ahead, Limits.shortestSpill)) + each
        keys.values[place].backlogUntil = until
        return .spill(delivery, until - now)
    }

    /// How long a key is closed for that a 429 has closed.
    private func closed(_ name: String, at now: Span) -> Span? {
        guard let until = keys[name]?.closedUntil, until > now else { return nil }
        return until - now
    }

    private mutating func pace(_ delivery: ClaimedDelivery, at now: Span) -> Span? {
        guard delivery.endpoint.options.rate != nil, let next = paced[delivery.subscriberID] else {
            return nil
        }
        if next > now { return next - now }
        paced[delivery.subscriberID] = nil
        return nil
    }

    // MARK: Turns

    private enum Turn {
        case now
        case here
        case inStore(Span)
    }

    /// Its turn, where a service takes so many in a time and one has just gone. Of those that come for the
    /// first time each goes to the store until a turn of its own: all at once they would come back for one
    /// place. Who has been there, or is tried again, waits here, behind others that do: a moment's delay
    /// costs it a moment, and not the turns of all that were sent back since.
    private mutating func turn(of delivery: ClaimedDelivery, _ name: String, at now: Span) -> Turn {
        guard let interval = delivery.endpoint.format.interval, let place = keys.index(forKey: name),
            keys.values[place].turnAt > now
        else { return .now }
        let here = keys.values[place].inTurn.count
        let next = keys.values[place].turnAt + Span(nanoseconds: interval.nanoseconds * Int64(here))
        let isFirst = delivery.batch != nil
        if !isFirst, next - now <= Limits.longestTurnHere, parked < Limits.parkedDeliveries {
            keys.values[place].inTurn.append(delivery)
            parked += 1
            if here == 0 { enter(name, at: next) }
            return .here
        }
        let turn = max(next, keys.values[place].turnsUntil + interval)
        keys.values[place].turnsUntil = turn
        return .inStore(turn - now)
    }

    private mutating func enter(_ name: String, at turn: Span) {
        turns.insert((turn, name), at: turns.firstIndex { $0.at > turn } ?? turns.endIndex)
    }

    /// The next that has waited here for its turn, and has it.
    private mutating func popTurn(at now: Span) -> ClaimedDelivery? {
        while let first = turns.first, first.at <= now {
            turns.removeFirst()
            guard let place = keys.index(forKey: first.name) else {
                preconditionFailure("a key is kept while somebody waits for it")
            }
            // Another has gone meanwhile.
            let turn = keys.values[place].turnAt
            if turn > now {
                enter(first.name, at: turn)
                continue
            }
            guard let delivery = keys.values[place].inTurn.popFirst() else {
                preconditionFailure("a key has a turn while somebody waits for it")
            }
            if !keys.values[place].inTurn.isEmpty { enter(first.name, at: turn) }
            parked -= 1
            return delivery
        }
        return nil
    }

    /// How long it is until one that waits here has its turn; nil where none could be sent then.
    func nextTurn(after now: Span) -> Span? {
        guard young < concurrency, let first = turns.first else { return nil }
        return max(.zero, first.at - now)
    }

    private func fullGroup(of key: String) -> String? {
        groupName(of: key).flatMap { name in
            groups[name].flatMap { $0.inFlight >= $0.cap ? name : nil }
        }
    }

    /// The host with a cap of its own that a limit key is on: `host:port` before `host`. A limit key is
    /// `host:port` itself or begins with it and a bar.
    private func groupName(of key: String) -> String? {
        if groups.isEmpty { return nil }
        let authority = String(key.prefix { $0 != "|" })
        if groups[authority] != nil { return authority }
        guard let colon = authority.lastIndex(of: ":") else { return nil }
        let host = String(authority[..<colon])
        return groups[host] == nil ? nil : host
    }

    private func cap(of name: String) -> Int {
        guard !groups.isEmpty, !name.contains("|") else { return perHost }
        return groupName(of: name).flatMap { groups[$0]?.cap } ?? perHost
    }

    // MARK: Letting go

    /// Forgets everything that is not in flight: it stays in the store, unfinished.
    mutating func drop() {
        ready = Queue()
        keys = keys.mapValues { key in
            var key = key
            (key.parked, key.inTurn) = (Queue(), Queue())
            return key
        }
        turns = []
        groups = groups.mapValues { Group(cap: $0.cap, inFlight: $0.inFlight) }
        waiting = 0
        parked = 0
    }

    /// Everything that is not in flight, in an order that does not depend on the dictionary's.
    mutating func removeAll() -> [ClaimedDelivery] {
        var all = ready.all
        for name in keys.keys.sorted() { all += keys[name].map { $0.inTurn.all + $0.parked.all } ?? [] }
        for name in groups.keys.sorted() { all += groups[name]?.parked.all ?? [] }
        drop()
        return all
    }
}

/// A first-in first-out queue.
private struct Queue {
    private var items: [ClaimedDelivery] = []
    private var head = 0

    var isEmpty: Bool { head == items.count }
    var count: Int { items.count - head }
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
