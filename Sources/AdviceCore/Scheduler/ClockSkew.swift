/// Whether receivers say that our clock is wrong (delivery.md §1): a sender whose clock is off by more than
/// five minutes is refused by all who verify its signatures, and would burn every attempt that it has.
///
/// A few hostile `Date` headers must not stop everybody: it takes a median over ten hosts, and it excuses
/// only those who themselves disagree with us.
struct ClockSkew: Sendable {
    /// What receivers said of the time is believed for this long.
    static let window = Span.minutes(10)
    static let leastHosts = 10
    /// Hosts that are remembered; others take the place of the one heard of longest ago.
    static let mostHosts = 64
    static let tolerance = Span.seconds(60)
    /// Refusals are excused for this long at most.
    static let longest = Span.hours(1)
    /// Once it remembers enough hosts it listens to one in so long.
    static let sampling = Span.milliseconds(20)
    /// A median is taken at most this often.
    static let interval = Span.seconds(1)

    private struct Host {
        var name: String
        var skew: Span
        var heard: Span
    }

    private var hosts: [Host] = []
    private var heardAt: Span?
    private var judgedAt: Span?
    private(set) var skewedSince: Span?
    /// Positive where receivers are ahead of us.
    private(set) var median = Span.zero

    /// Takes note of a receiver's `Date`, less our own time, in an answer that came at `boot`.
    mutating func note(host: String, skew: Span, at boot: Span) {
        // A sample is enough, and it must be a fair one: whoever comes at the right moment is in it.
        if hosts.count == ClockSkew.mostHosts, let heardAt, boot - heardAt < ClockSkew.sampling { return }
        heardAt = boot
        let host = Host(name: host, skew: skew, heard: boot)
        if let place = hosts.firstIndex(where: { $0.name == host.name }) {
            hosts[place] = host
        } else if hosts.count < ClockSkew.mostHosts {
            hosts.append(host)
        } else if let oldest = hosts.indices.min(by: { hosts[$0].heard < hosts[$1].heard }) {
            hosts[oldest] = host
        }
        guard judgedAt.map({ boot - $0 >= ClockSkew.interval }) ?? true else { return }
        judgedAt = boot
        judge(boot)
    }

    private mutating func judge(_ boot: Span) {
        let recent = hosts.filter { boot - $0.heard < ClockSkew.window }.map(\.skew).sorted()
        guard recent.count >= ClockSkew.leastHosts else {
            skewedSince = nil
            return
        }
        median = recent[recent.count / 2]
        skewedSince = ClockSkew.isOff(median) ? skewedSince ?? boot : nil
    }

    /// Whether a refusal by a receiver whose clock differs by `skew` is our clock's fault.
    func excuses(_ skew: Span?, at boot: Span) -> Bool {
        guard let skew, let since = skewedSince, boot - since < ClockSkew.longest else { return false }
        return ClockSkew.isOff(skew)
    }

    /// As in "our clock is 400 s behind".
    var words: String {
        median > .zero ? "\(median.seconds) s behind" : "\(0 - median.seconds) s ahead"
    }

    private static func isOff(_ skew: Span) -> Bool {
        skew > tolerance || skew < .zero - tolerance
    }
}
