internal import AdviceCore

/// Checks across all subscribers, all of them warnings.
struct RosterChecks {
    private let roster: Roster
    private let delivery: Configuration.Delivery
    private var file: SourceFile { roster.file }

    init(_ roster: Roster, delivery: Configuration.Delivery) {
        self.roster = roster
        self.delivery = delivery
    }

    func run() {
        warnOfEqualURLs()
        warnOfGaps()
        warnOfBigHosts()
    }

    /// What an endpoint is to its receiver: many bots share one server.
    private struct Endpoint: Hashable {
        var url: Protected
        var to: String?
        var topic: String?
    }

    private func warnOfEqualURLs() {
        var first: [Endpoint: Roster.Member] = [:]
        for member in roster.members {
            let options = member.subscriber.options
            let endpoint = Endpoint(url: member.subscriber.url, to: options.to, topic: options.topic)
            guard let other = first[endpoint] else {
                first[endpoint] = member
                continue
            }
            file.reading.warn(
                .equalURL, in: file, at: member.urlPosition,
                "the URL is also that of '\(other.subscriber.id)' (line \(other.urlPosition.line)): "
                    + "it gets every point twice")
        }
    }

    /// The series' own time is told with the series; here those that subscribers choose.
    private func warnOfGaps() {
        struct Local: Hashable {
            var series: String
            var zone: String
            var at: TimeOfDay
        }
        let zoned = roster.series.filter(\.isForSubscriberZones).compactMap(\.series)
        var seen: Set<Local> = []
        for series in zoned {
            seen.insert(Local(series: series.id, zone: series.zone.name, at: series.at))
            for member in roster.members where member.subscriber.series.contains(series.id) {
                let cohort = series.cohort(zone: member.subscriber.zone, at: member.subscriber.at)
                guard seen.insert(Local(series: series.id, zone: cohort.zone, at: cohort.at)).inserted,
                    case .success(let rules) = file.reading.zone(cohort.zone)
                else { continue }
                ZoneGaps(rules, zone: cohort.zone, cohort.at, series).warn(file, at: member.atPosition)
            }
        }
    }

    private func warnOfBigHosts() {
        var hosts: [String: (count: Int, example: Roster.Member)] = [:]
        for member in roster.members {
            guard let url = member.url else { continue }
            hosts[url.limitKey, default: (0, member)].count += 1
        }
        // Few of a million hosts can be of interest: those alone are put in order.
        let big = hosts.filter { fanOutEstimate(to: $0.value.count, inFlight: 1) > Limits.quickFanOut }
        for (key, host) in big.sorted(by: { $0.key < $1.key }) {
            guard let url = host.example.url else { continue }
            let limit = inFlight(at: url, key, host.example.subscriber.format)
            let span = fanOutEstimate(to: host.count, inFlight: limit)
            guard span > Limits.quickFanOut else { continue }
            let minutes = (span.milliseconds + 59_999) / 60_000
            let name = url.port == 443 ? url.host : key
            file.warning(
                at: host.example.urlPosition,
                "\(name): \(grouped(host.count)) at \(limit) in flight: about \(minutes) min"
            )
        }
    }

    /// POSTs in flight to one host at most: an entry in `hosts`, or where the format counts by channel or bot
    /// all there are, else `per_host`.
    private func inFlight(at url: EndpointURL, _ key: String, _ format: Format) -> Int {
        if let cap = delivery.hosts.first(where: { $0.host == key || $0.host == url.host }) {
            return min(cap.perHost, delivery.concurrency)
        }
        switch format {
        case .slack, .discord, .telegram, .googlechat: return delivery.concurrency
        default: return min(delivery.perHost, delivery.concurrency)
        }
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
