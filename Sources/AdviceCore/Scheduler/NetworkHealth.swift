/// Whether it is our own network that is down, and not its receivers (delivery.md §1, *ours*).
///
/// Claimed with care, for with few hosts one dead receiver looks like a dead network: only where at least
/// five hosts were tried and ten attempts made within a minute, and nine in ten came to nothing that a host
/// could have said. A refused connection, a reset and an unknown name are answers, and theirs.
struct NetworkHealth: Sendable {
    /// Attempts are counted over this long...
    static let window = Span.seconds(60)
    static let leastHosts = 5
    static let leastTries = 10
    /// ...of which so many in ten must have come to nothing.
    static let darkTenths = 9
    /// An outage is believed this long at most: after it the attempts are charged again.
    static let longest = Span.hours(24)
    /// An outage is told of when it has lasted this long.
    static let tellAfter = Span.minutes(15)
    /// During an outage so many deliveries are tried...
    static let probes = 20
    /// ...this often, and the others wait where they are.
    static let probeInterval = Span.seconds(30)

    private struct Second {
        var number: Int64
        var tries = 0
        var dark = 0
    }

    private struct Host {
        var name: String
        var seen: Span
    }

    private var seconds: [Second] = []
    /// The hosts that were tried last: as many as it takes to tell whether there are enough.
    private var hosts: [Host] = []
    private(set) var darkSince: Span?

    /// Since when the network is believed to be down; nil where it is not.
    func outage(at boot: Span) -> Span? {
        darkSince.flatMap { boot - $0 < NetworkHealth.longest ? $0 : nil }
    }

    /// Takes note of an attempt at `host` that ended at `boot`; dark is one that nothing came back from: no
    /// route, no connection in time, no answer from the name server.
    mutating func note(host: String, isDark: Bool, at boot: Span) {
        let second = boot.seconds
        if seconds.last?.number != second { seconds.append(Second(number: second)) }
        seconds[seconds.count - 1].tries += 1
        if isDark { seconds[seconds.count - 1].dark += 1 }
        let first = second - NetworkHealth.window.seconds
        if let old = seconds.firstIndex(where: { $0.number > first }), old > 0 { seconds.removeFirst(old) }
        if let place = hosts.firstIndex(where: { $0.name == host }) {
            hosts[place].seen = boot
        } else {
            if hosts.count == NetworkHealth.leastHosts,
                let oldest = hosts.indices.min(by: { hosts[$0].seen < hosts[$1].seen })
            {
                hosts.remove(at: oldest)
            }
            hosts.append(Host(name: host, seen: boot))
        }
        // Most attempts are answered, and then there is nothing to judge.
        if isDark || darkSince != nil { judge(boot) }
    }

    private mutating func judge(_ boot: Span) {
        let tries = seconds.reduce(0) { $0 + $1.tries }
        let recent = hosts.count { boot - $0.seen < NetworkHealth.window }
        // Too few to say anything new: what was believed stays.
        guard tries >= NetworkHealth.leastTries, recent >= NetworkHealth.leastHosts else { return }
        let dark = seconds.reduce(0) { $0 + $1.dark }
        if dark * 10 >= tries * NetworkHealth.darkTenths {
            darkSince = darkSince ?? boot
        } else {
            darkSince = nil
        }
    }
}
