import AdviceCore

/// What is asked of the committed, as `SQLiteReader` answers it.
extension MemoryDisk {
    var counts: DeliveryCounts {
        var counts = DeliveryCounts()
        for row in deliveries.values {
            switch row.record.state {
            case .waiting: counts.waiting += 1
            case .held: counts.held += 1
            case .delivered: counts.delivered += 1
            case .exhausted: counts.exhausted += 1
            case .cancelled: counts.cancelled += 1
            }
        }
        counts.waiting += Set(batches.flatMap { owed(by: $0) }).count
        return counts
    }

    func matches(_ row: DeliveryRow, _ query: DeliveryQuery) -> Bool {
        let release = releases[Int(row.record.release) - 1]
        let id = subscribers[Int(row.record.key.subscriber) - 1].entry.subscriber.id
        if let wanted = query.subscriber, wanted != id { return false }
        if let wanted = query.state, wanted != row.record.state { return false }
        if let since = query.since, row.changed.milliseconds < since.milliseconds { return false }
        guard let point = query.point else { return true }
        return point.id == release.row.point && (point.series.map { $0 == release.series } ?? true)
    }

    /// What was released last comes first, then what changed last.
    func isNewer(_ left: DeliveryRow, _ right: DeliveryRow) -> Bool {
        newness(of: left) > newness(of: right)
    }

    private func newness(of row: DeliveryRow) -> (Int64, Int64, Int64, Int64) {
        let subject = row.record.key.subject
        let released = releases.filter { $0.subject == subject }.map(\.row.releasedAt.nanoseconds).max() ?? 0
        return (released, subject, row.changed.milliseconds, -row.record.key.subscriber)
    }

    func logEntry(_ row: DeliveryRow) -> DeliveryLogEntry {
        let record = row.record
        let release = releases[Int(record.release) - 1]
        let last = row.attempts.last
        return DeliveryLogEntry(
            type: ReleaseRow.type,
            subscriber: subscribers[Int(record.key.subscriber) - 1].entry.subscriber.id,
            series: release.series, edition: "\(release.edition)", point: release.row.point,
            number: release.pointNumber, day: release.row.slotDate, state: record.state,
            attempts: record.attempts, nextAttemptAt: record.state == .waiting ? record.nextAttemptAt : nil,
            settledAt: record.state.isSettled ? Instant(milliseconds: row.changed.milliseconds) : nil,
            status: last?.status ?? 0, latency: last.map { .milliseconds($0.latency.milliseconds) },
            error: record.error,
            attemptLog: record.state == .delivered && record.attempts == 1 ? [] : row.attempts)
    }
}

extension Instant {
    fileprivate init(milliseconds: Int64) { self.init(nanoseconds: milliseconds * 1_000_000) }
}
