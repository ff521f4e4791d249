import AdviceCore

/// Faults of a program's own, planted in the world around the scheduler: a simulation that does not catch
/// them proves nothing.
public enum PlantedBug: String, CaseIterable, Sendable {
    /// The ledger goes by the clock: what was released "later than now" is forgotten when it is set back.
    case noHighWaterMark
    /// The release is on the disk, and the process dies before its batches are.
    case fanOutOutsideTransaction
    /// A retry has an id of its own.
    case freshIDs
    /// "Delivered" is written when the request goes out.
    case recordedBeforeSent
    /// What was in flight at a crash is taken for done.
    case droppedOnRestart
    /// An attempt that was not accepted is taken for one that was.
    case timeoutTakenForSuccess
    /// Neither the timer nor the scheduler hears of a step of the wall clock.
    case ignoredStep
    /// A write that was refused is reported as done.
    case lostWriteError
    /// The daemon's clock is two minutes fast.
    case releasedEarly
    /// A point goes out although an earlier one is unsettled.
    case orderNotKept
    /// A batch is finished with the first of its deliveries.
    case batchFinishedEarly
    /// Late releases and retries go out at any hour.
    case windowIgnored
    /// A second daemon works on the same store.
    case twoDaemons
    /// One subscriber's deliveries are cancelled.
    case cancelsSome
    /// A delivery is given up at its first failure.
    case givesUpAtOnce
    /// An endpoint is closed at its first 410.
    case closesAtOnce
    /// A series begins three days before its start.
    case beginsEarly
    /// Of what is held the newest goes first.
    case newestFirst
    /// A leap of the clock is taken for time that went by.
    case leapBelieved
    /// A rehearsal is sent.
    case rehearsalSent
    /// Nothing is ever too old to be sent.
    case ageIgnored
    /// Who had a corrected text is not told.
    case correctionsLost
    /// Days that are no release days are used.
    case daysIgnored
    /// A release whose answer was lost is made anew when it is asked for again.
    case releasedAnew
    /// Who has lost the lease on a delivery writes down any outcome of it, as if it still had it.
    case leaseNotNeeded
    /// Ids come from a row of the database, and not from what they are of: one that comes back older gives
    /// others.
    case idsDrawnAnew

    /// How the problem begins by which each is known: a bug that something else gives away proves nothing of
    /// the check that is there for it. nil: whatever breaks first.
    public var sign: String? {
        switch self {
        case .cancelsSome: "P5: s2's"
        case .givesUpAtOnce, .closesAtOnce: "P5:"
        case .beginsEarly: "P3: before the start date"
        case .newestFirst: "R17:"
        case .leapBelieved: "R8:"
        case .rehearsalSent: "a rehearsal is sent"
        case .ageIgnored: "sent though it is older than max_age"
        case .correctionsLost: "a correction of"
        case .daysIgnored: "R3: on no weekday"
        case .releasedEarly: "P3:"
        case .windowIgnored: "R7:"
        case .batchFinishedEarly: "P5: batch"
        case .recordedBeforeSent, .timeoutTakenForSuccess: "P6:"
        case .releasedAnew, .idsDrawnAnew: "P1:"
        case .leaseNotNeeded: "P7: sent though its 2xx"
        default: nil
        }
    }
}

extension PlantedBug? {
    func changing(_ series: Series) -> Series {
        var series = series
        switch self {
        case .windowIgnored: series.window = nil
        case .beginsEarly: series.start = series.start + -3
        case .ageIgnored: series.maxAge = .days(400)
        case .daysIgnored: series.days = .all
        default: break
        }
        return series
    }

    func changing(_ effect: Effect) -> Effect {
        guard case .commit(let number, .record(var group)) = effect else { return effect }
        for place in group.records.indices {
            let record = group.records[place]
            switch self {
            case .cancelsSome where record.key.subscriber == 2:
                group.records[place].state = .cancelled
                group.records[place].error = "cancelled"
            case .givesUpAtOnce where record.state == .waiting && record.attempt != nil:
                group.records[place].state = .exhausted
                group.records[place].nextAttemptAt = nil
            case .closesAtOnce where record.goneAt != nil && record.state == .waiting:
                group.records[place].state = .cancelled
                group.records[place].error = "closed: at once"
                group.records[place].health = EndpointHealth(state: .closed)
                group.records[place].nextAttemptAt = nil
            default: break
            }
        }
        guard self == .batchFinishedEarly else { return .commit(transaction: number, .record(group)) }
        for record in group.records {
            if let batch = record.batch, !group.finishedBatches.contains(batch) {
                group.finishedBatches.append(batch)
            }
        }
        return .commit(transaction: number, .record(group))
    }

    func changing(_ claim: Claim) -> Claim {
        var claim = claim
        if self == .rehearsalSent {
            for place in claim.deliveries.indices {
                let release = claim.deliveries[place].release
                claim.deliveries[place].release = ReleaseInfo(
                    number: release.number, type: release.type, series: release.series,
                    edition: release.edition.replacing(".shadow", with: ""), subject: release.subject,
                    pointNumber: release.pointNumber, releasedAt: release.releasedAt,
                    scheduledFor: release.scheduledFor, cohort: release.cohort, revision: release.revision)
            }
        }
        guard self == .orderNotKept else { return claim }
        for place in claim.deliveries.indices where claim.deliveries[place].standing == .behind {
            claim.deliveries[place].standing = .active
        }
        return claim
    }
}

extension ToyStore {
    var batchNumber: Int64 { lastBatch }

    mutating func dropBatches(after number: Int64) { batches.removeAll { $0.number > number } }

    mutating func forget(after instant: Instant) {
        for key in ledgers.keys { ledgers[key]?.rows.removeAll { $0.releasedAt > instant } }
        for (key, row) in rows where releases[Int(row.record.release) - 1].info.releasedAt > instant {
            rows[key] = nil
            open.remove(key)
        }
    }

    /// The ledger has no row of it, and its subject is another.
    mutating func forgetThatItIsDone(_ draft: ReleaseDraft) {
        ledgers[Key(cohort: draft.cohort.number, edition: draft.edition)]?.rows.removeAll { row in
            (draft.missed + [draft.row]).contains { $0.point == row.point }
        }
        subjects = subjects.filter { $0.key.subject != draft.point.id }
    }

    mutating func forceDelivered(_ delivery: ClaimedDelivery) {
        let record = DeliveryRecord(
            key: delivery.key, release: delivery.release.number, batch: delivery.batch, state: .delivered,
            attempts: delivery.attempts + 1)
        rows[delivery.key] = Row(record: record)
        open.remove(delivery.key)
    }

    /// What is claimed is never handed out again.
    mutating func forgetClaims() {
        batches.removeAll { claimedBatches.contains($0.number) }
        for key in claimed where open.contains(key) {
            rows[key] = nil
            open.remove(key)
        }
    }

    func restarted(trusting: Bool) -> ToyStore {
        var store = restarted()
        store.trustsClock = trusting
        return store
    }
}
