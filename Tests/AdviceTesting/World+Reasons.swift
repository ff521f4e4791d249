import AdviceCore

/// What happened in the world, as the world itself knows it: a delivery that did not come through needs one
/// of these for a reason, and what the scheduler says of itself is none.
struct Causes: Sendable {
    /// Who was out of the roster, or not in a series, at some time.
    var absent: Set<String> = []
    /// Who was paused, by a person or by the roster.
    var paused: Set<String> = []
    /// Points of which a correction was asked for, as `series/point`.
    var corrected: Set<String> = []
    /// When each said 410, in true time.
    var gone: [String: [Span]] = [:]
    /// Who failed, in any way.
    var failed: Set<String> = []
    /// The clock was set forward by so much that nobody may believe it, and nothing has shown it right since.
    var isLeapt = false
}

extension World {
    // MARK: What is released

    /// The rules of the calendar, by the series as the world has it.
    mutating func checkCalendar(_ draft: ReleaseDraft, _ name: String) {
        guard let series = series.first(where: { $0.id == draft.series }) else { return }
        let row = draft.row
        let wasAsked = row.why?.contains("out of turn") ?? false
        if row.slotDate < series.start { problems.append("P3: before the start date: \(name)") }
        if !wasAsked {
            if !series.days.contains(row.slotDate.weekday) {
                problems.append("R3: on no weekday of it: \(name)")
            }
            if series.blackout.contains(where: { $0.contains(row.slotDate) }) {
                problems.append("R3: in blackout: \(name)")
            }
            if let pin = draft.point.date, pin != row.slotDate { problems.append("R3: off its pin: \(name)") }
        }
        if store.records[series.recordKey]?.details.withdrawn.contains(draft.point.id) ?? false {
            problems.append("R13: released though withdrawn: \(name)")
        }
    }

    // MARK: What is sent

    /// What may not be sent at all.
    func checkMaySend(_ attempt: Attempt, _ wrong: inout [String]) {
        let delivery = attempt.delivery
        if causes.isLeapt { wrong.append("R8: sent by a clock that leapt") }
        let release = store.releases[Int(delivery.release.number) - 1]
        if release.edition.shadow { wrong.append("a rehearsal is sent") }
        let subscriber = Int(delivery.key.subscriber)
        if !roster.contains(where: { $0.id == store.subscribers[subscriber - 1].id }), !isRosterNew {
            wrong.append("sent to one who is gone")
        }
        if let series = series.first(where: { $0.id == delivery.release.series }),
            clock.wall - delivery.due > series.maxAge + .seconds(2)
        {
            wrong.append("sent though it is older than max_age")
        }
    }

    // MARK: What did not come through

    /// P5: each delivery that ended otherwise than delivered has its reason, in what happened in the world.
    mutating func checkReasons() {
        let rows = store.deliveries.sorted {
            ($0.key.subject, $0.key.subscriber) < ($1.key.subject, $1.key.subscriber)
        }
        for (key, row) in rows {
            let release = store.releases[Int(row.release) - 1]
            let id = store.subscribers[Int(key.subscriber) - 1].id
            let name = "\(id)'s \(release.info.series)/\(release.info.subject)"
            switch row.state {
            case .exhausted:
                let isSpent = row.attempts > RetryPolicy.defaultWaits.count
                if !isSpent, !(row.error ?? "").hasPrefix("expired") {
                    problems.append(
                        "P5: \(name) was given up after \(row.attempts) attempts: \(row.error ?? "-")")
                }
                if !causes.failed.contains(id), !hasStepped, crashes == 0, !hasSlept {
                    problems.append("P5: \(name) was given up though nothing failed")
                }
            case .cancelled:
                if !isExcused(row.error ?? "", id, release) {
                    problems.append("P5: \(name) was cancelled without a reason: \(row.error ?? "-")")
                }
            case .waiting, .held, .delivered: break
            }
        }
    }

    private func isExcused(_ reason: String, _ id: String, _ release: ToyStore.Release) -> Bool {
        switch reason {
        case "removed": causes.absent.contains(id)
        case "paused": causes.paused.contains(id)
        case "shadow": release.edition.shadow
        case "corrected": causes.corrected.contains("\(release.info.series)/\(release.point)")
        default:
            // A 410 is believed the second time, an hour after the first.
            reason.hasPrefix("closed")
                && (hasStepped && causes.gone[id] != nil
                    || (causes.gone[id] ?? []).contains { later in
                        (causes.gone[id] ?? []).contains { later - $0 >= .hours(1) - .seconds(30) }
                    })
        }
    }

    /// §3.2: who had a text that was corrected since, has a delivery of the correction.
    mutating func checkCorrections() {
        for (name, subscriber) in store.lackingCorrections() {
            problems.append("a correction of \(name) was never owed to \(subscriber)")
        }
    }

    /// Notes what an event of the world's own excuses from now on.
    mutating func noteCauses(of command: OperatorCommand) {
        switch command {
        case .pauseSubscriber(let id, _): causes.paused.insert(id)
        case .revise(let series, let point, _), .withdraw(let series, let point, _):
            causes.corrected.insert("\(series)/\(point)")
        case .acceptClock: causes.isLeapt = false
        default: break
        }
    }

    mutating func noteCauses(of attempt: Attempt, _ outcome: Outcome) {
        let id = attempt.delivery.subscriberID
        guard outcome != .delivered else { return }
        causes.failed.insert(id)
        if outcome == .gone { causes.gone[id, default: []].append(clock.boot) }
    }

    mutating func noteAbsent() {
        for subscriber in store.subscribers where !roster.contains(where: { $0.id == subscriber.id }) {
            causes.absent.insert(subscriber.id)
        }
        for entry in roster where entry.paused { causes.paused.insert(entry.id) }
    }
}
