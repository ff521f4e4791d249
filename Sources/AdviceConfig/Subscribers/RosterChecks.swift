internal import AdviceCore

/// Checks across all subscribers, all of them warnings. What it remembers of each is some 50 bytes.
struct RosterChecks {
    private let file: SourceFile
    private let delivery: Configuration.Delivery
    private let zoned: [Series]
    private var urlPositions: [Position] = []
    /// The first subscriber of each endpoint, by the endpoint's hash. Of two endpoints with one hash, which
    /// nobody will live to see, the later is not looked for.
    private var firstOfEndpoint: [Int: Int32] = [:]
    private var locals: Set<Local> = []
    /// By the hash of the limit key.
    private var hosts: [Int: Host] = [:]
    /// The hashes of those hosts that many share, with their names.
    private var bigHosts: [(hash: Int, url: EndpointURL, format: Format)] = []

    private struct Host {
        var count: Int32
        /// The first who is there.
        var first: Int32
    }

    /// A time of day in a zone, for a series.
    private struct Local: Hashable {
        var series: String
        var zone: String
        var at: TimeOfDay
    }

    init(_ file: SourceFile, series: [SeriesDraft], delivery: Configuration.Delivery) {
        self.file = file
        self.delivery = delivery
        zoned = series.filter(\.isForSubscriberZones).compactMap(\.series)
        for series in zoned { locals.insert(Local(series: series.id, zone: series.zone.name, at: series.at)) }
    }

    /// Takes in the subscriber that follows after `others`.
    mutating func note(_ member: RosterMember, behind others: [Subscriber]) {
        urlPositions.append(member.urlPosition)
        warnOfEqualURL(member, others)
        warnOfGaps(member)
        if let url = member.url { count(url, member, others) }
    }

    func finish() {
        warnOfBigHosts()
    }

    // MARK: Equal URLs

    /// What an endpoint is to its receiver: many bots share one server.
    private struct Endpoint: Hashable {
        var url: Protected
        var to: String?
        var topic: String?

        init(_ subscriber: Subscriber) {
            let options = subscriber.options
            url = subscriber.url
            to = options.to
            topic = options.topic
        }
    }

    private mutating func warnOfEqualURL(_ member: RosterMember, _ others: [Subscriber]) {
        let endpoint = Endpoint(member.subscriber)
        guard let first = firstOfEndpoint[endpoint.hashValue].map(Int.init) else {
            firstOfEndpoint[endpoint.hashValue] = Int32(clamping: others.count)
            return
        }
        guard Endpoint(others[first]) == endpoint else { return }
        file.reading.warn(
            .equalURL, in: file, at: member.urlPosition,
            "the URL is also that of '\(others[first].id)' (line \(urlPositions[first].line)): "
                + "it gets every point twice")
    }

    // MARK: Gaps

    /// The series' own time is told with the series; here those that subscribers choose.
    private mutating func warnOfGaps(_ member: RosterMember) {
        let subscriber = member.subscriber
        for series in zoned where subscriber.series.contains(series.id) {
            let cohort = series.cohort(zone: subscriber.zone, at: subscriber.at)
            guard locals.insert(Local(series: series.id, zone: cohort.zone, at: cohort.at)).inserted,
                case .success(let rules) = file.reading.zone(cohort.zone)
            else { continue }
            ZoneGaps(rules, zone: cohort.zone, cohort.at, series).warn(file, at: member.atPosition)
        }
    }

    // MARK: Big hosts

    private mutating func count(_ url: EndpointURL, _ member: RosterMember, _ others: [Subscriber]) {
        var hasher = Hasher()
        hasher.combine(url.host)
        hasher.combine(url.port)
        let hash = hasher.finalize()
        let place = Int32(clamping: others.count)
        let before = hosts[hash] ?? Host(count: 0, first: place)
        let host = Host(count: before.count + 1, first: before.first)
        hosts[hash] = host
        guard Self.isBig(host), !Self.isBig(before) else { return }
        let first = Int(host.first)
        let format = first < others.count ? others[first].format : member.subscriber.format
        bigHosts.append((hash, url, format))
    }

    /// A release may take long there: with how many in flight is looked at in the end.
    private static func isBig(_ host: Host) -> Bool {
        fanOutEstimate(to: Int(host.count), inFlight: 1) > Limits.quickFanOut
    }

    private func warnOfBigHosts() {
        for (hash, url, format) in bigHosts.sorted(by: { $0.url.limitKey < $1.url.limitKey }) {
            guard let host = hosts[hash] else { continue }
            let count = Int(host.count)
            let limit = inFlight(at: url, url.limitKey, format)
            let span = fanOutEstimate(to: count, inFlight: limit)
            guard span > Limits.quickFanOut else { continue }
            let minutes = (span.milliseconds + 59_999) / 60_000
            let name = url.port == 443 ? url.host : url.limitKey
            file.warning(
                at: urlPositions[Int(host.first)],
                "\(name): \(grouped(count)) at \(limit) in flight: about \(minutes) min"
            )
        }
    }

    /// POSTs in flight to one host at most: an entry in `hosts`, or where the format counts by channel or bot
    /// all there are, else `per_host`.
    private func inFlight(at url: EndpointURL, _ key: String, _ format: Format) -> Int {
        if let cap = delivery.hosts.first(where: { $0.host == key || $0.host == url.host }) {
            return min(cap.perHost, delivery.concurrency)
        }
        return format.limit == .host ? min(delivery.perHost, delivery.concurrency) : delivery.concurrency
    }

    /// 200,000
    private func grouped(_ count: Int) -> String {
        var digits = String(count)
        var parts: [String] = []
        while digits.count > 3 {
            parts.insert(String(digits.suffix(3)), at: 0)
            digits.removeLast(3)
        }
        return ([digits] + parts).joined(separator: ",")
    }
}
