public import AdviceConfig
public import AdviceCore
public import AdviceStore

/// The roster as the store takes it: each subscriber with its limit key and its cohorts.
public struct Roster: Sendable {
    public var entries: [RosterEntry]
    public var cohorts: [(series: String, cohort: Cohort)]
    /// What those get who come in mid-series, for each series.
    public var joins: [String: JoinPolicy] = [:]

    /// `configuration` was checked: its URLs parse. `now` says what day it is in each zone: the day on which
    /// somebody joins who names none.
    public init(
        _ configuration: Configuration, secrets: SecretReader, zones: SystemZones, now: Instant
    ) {
        var limits = LimitKeys(secrets)
        var keys: [LimitKeys.Key] = []
        var counts: [String: Int] = [:]
        for subscriber in configuration.subscribers {
            let key = limits.key(of: subscriber)
            keys.append(key)
            counts[key.host, default: 0] += 1
        }
        let series = Dictionary(uniqueKeysWithValues: configuration.series.map { ($0.id, $0) })
        var today: [String: CivilDate] = [:]
        func joined(_ subscriber: Subscriber, _ series: Series) -> CivilDate? {
            guard series.join == .fromStart else { return nil }
            if let joined = subscriber.joined { return joined }
            let zone = series.cohort(zone: subscriber.zone, at: nil).zone
            if let known = today[zone] { return known }
            let date = (zones.rules(zone) ?? .utc).local(of: now).date
            today[zone] = date
            return date
        }
        entries = zip(configuration.subscribers, keys).map { subscriber, key in
            RosterEntry(
                subscriber: subscriber, limitKey: key.text, sharesHost: counts[key.host, default: 0] > 1,
                cohorts: subscriber.series.compactMap { id in
                    series[id].map {
                        $0.cohort(
                            zone: subscriber.zone, at: subscriber.at, joined: joined(subscriber, $0))
                    }
                },
                isJoinedByDefault: subscriber.joined == nil)
        }
        // A series in one zone has its calendar whether it has members or not.
        cohorts = configuration.series.compactMap { series in
            guard case .named(let zone) = series.zone, series.join != .fromStart else { return nil }
            return (series: series.id, cohort: Cohort(zone: zone, at: series.at))
        }
        for series in configuration.series { joins[series.id] = series.join }
    }
}

/// What the daemon keeps of a roster once the store has it: a million subscribers are not held in memory.
public struct RosterSummary: Sendable {
    public var count: Int
    /// Of the subscribers' own; nil where none has one.
    public var longestTimeout: Span?
    /// The formats in use: in each of them a release is frozen.
    public var formats: [Format]

    public init(_ subscribers: some Sequence<Subscriber>) {
        count = 0
        var used: Set<Format> = []
        for subscriber in subscribers {
            count += 1
            used.insert(subscriber.format)
            if let timeout = subscriber.options.timeout {
                longestTimeout = max(longestTimeout ?? timeout, timeout)
            }
        }
        formats = Format.allCases.filter(used.contains)
    }

    /// Of a roster that the store has, and that was not read.
    init(_ source: RosterSource) {
        (count, longestTimeout, formats) = (source.count, source.longestTimeout, source.formats)
    }
}

extension SchedulerSettings {
    /// What the scheduler decides by, from the configuration and the cohorts that the store has for it.
    ///
    /// `roster` is what was known of the subscribers, where the configuration does not hold them any more.
    public init(
        _ configuration: Configuration, roster: RosterSummary? = nil, cohorts: [CohortRecord],
        generation: Int64 = 0, zones: SystemZones, descriptors: Int
    ) {
        let setups = configuration.series.map { series -> SeriesSetup in
            // The configuration was checked: its zones are there. A zone that vanished since reads as UTC
            // nowhere: its cohorts are left out, and nothing of theirs is released.
            let home = zones.rules(series.zone.name) ?? .utc
            let all = cohorts.filter { $0.series == series.id }
            let mine = all.filter { SchedulerSettings.isCurrent($0, in: series) }
            func setup(_ record: CohortRecord) -> SeriesSetup.CohortSetup? {
                zones.rules(record.cohort.zone).map {
                    SeriesSetup.CohortSetup(
                        record: record, calendar: SlotCalendar(zone: $0, at: record.cohort.at))
                }
            }
            return SeriesSetup(
                series: series, home: SlotCalendar(zone: home, at: series.at),
                cohorts: mine.compactMap(setup),
                former: all.filter { !SchedulerSettings.isCurrent($0, in: series) }.compactMap(setup))
        }
        let delivery = configuration.delivery
        let roster = roster ?? RosterSummary(configuration.subscribers)
        let longest = roster.longestTimeout ?? delivery.timeout
        self.init(
            series: setups, concurrency: max(1, min(delivery.concurrency, descriptors)),
            perHost: delivery.perHost,
            hosts: Dictionary(delivery.hosts.map { ($0.host, $0.perHost) }, uniquingKeysWith: { $1 }),
            retry: RetryPolicy(waits: delivery.retries), longestAttempt: max(longest, delivery.timeout),
            generation: generation)
        secondPool = max(0, min(Limits.secondPool, descriptors / 2))
        alertsOn = configuration.alerts.to.isEmpty ? [] : configuration.alerts.on
        hasHeartbeat = configuration.heartbeat != nil
        let kept = configuration.retention
        retention = Retention(deliveries: kept.deliveries, replies: kept.replies, removed: kept.removed)
    }

    /// Cohorts of an earlier `at` or `zone` have no members and no calendar any more.
    private static func isCurrent(_ record: CohortRecord, in series: Series) -> Bool {
        switch series.zone {
        case .named(let zone) where series.join != .fromStart:
            record.cohort == Cohort(zone: zone, at: series.at)
        case .named, .subscriber: record.members > 0
        }
    }
}
