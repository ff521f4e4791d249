import AdviceConfig
import AdviceCore
import AdviceDaemon
import AdviceStore
import Foundation

extension LogCommand {
    /// Shows what there is, the newest last, and then what is recorded as it is recorded, until TERM or INT.
    func follow(
        _ query: DeliveryQuery, _ installation: Installation, _ configuration: Configuration?
    ) throws {
        let path = try installation.databasePath(configuration)
        guard let changes = FileChanges(folder: (path as NSString).deletingLastPathComponent) else {
            Output.note("advised: \(path) is not there, and nor is its folder: run a daemon first")
            throw Exits.unavailable
        }
        var reader = try installation.reader(configuration)
        defer { reader?.close() }
        var journal = Journal(query)
        var writes: Int64?
        repeat {
            if reader == nil { reader = try installation.reader(configuration) }
            guard let reader else { continue }
            let began = installation.clock.now
            try installation.withStoreErrors {
                let found = try reader.writes()
                guard found != writes else { return }
                writes = found
                for entry in try journal.fresh(reader, now: began.wall) { try show(entry) }
            }
            // While much is written, most of the time is left to those who write it.
            let spent = (installation.clock.now.boot - began.boot).milliseconds
            guard changes.rest(milliseconds: Int32(clamping: 100 + 4 * spent)) else { return }
        } while changes.wait()
    }

    private func show(_ entry: DeliveryLogEntry) throws {
        json ? try Output.jsonLine(Entry(entry)) : Output.table([row(entry)])
    }
}

/// What was shown of the log, so that each record is shown once.
private struct Journal {
    private let query: DeliveryQuery
    private var shown: Set<Mark> = []
    private var last: Instant?
    /// How much later than it happened something may come to be recorded: a group commit on a slow disk.
    private static let slack = Span.minutes(1)

    private struct Mark: Hashable {
        var type: String
        var series: String
        var edition: String
        var subject: String
        var subscriber: String
        var changed: Instant
        var state: DeliveryState
        var attempts: Int
    }

    init(_ query: DeliveryQuery) { self.query = query }

    /// What was not shown yet, the newest last.
    mutating func fresh(_ reader: any StoreReader, now: Instant) throws(StoreError) -> [DeliveryLogEntry] {
        var query = query
        if let last {
            // A clock that was set back meanwhile dates what comes earlier.
            query.since = max(query.since ?? Instant(nanoseconds: 0), min(last, now) - Journal.slack)
            query.limit = Int(Int32.max)
        }
        let entries = try reader.deliveries(query).sorted { $0.changedAt < $1.changedAt }
        let fresh = entries.filter { shown.insert(Journal.mark($0)).inserted }
        last = max(last ?? now, entries.last?.changedAt ?? now)
        if let since = query.since { shown = shown.filter { $0.changed >= since } }
        return fresh
    }

    private static func mark(_ entry: DeliveryLogEntry) -> Mark {
        Mark(
            type: entry.type, series: entry.series, edition: entry.edition, subject: entry.subject,
            subscriber: entry.subscriber, changed: entry.changedAt, state: entry.state,
            attempts: entry.attempts)
    }
}
