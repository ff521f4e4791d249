/// What operators decide: refused with a reason, or written to the ledger before anything follows (R14).
extension Scheduler {
    mutating func operate(
        _ command: OperatorCommand, _ request: UInt64, _ now: Moment, _ effects: inout [Effect]
    ) {
        switch verdict(on: command, now.wall) {
        case .failure(let refusal):
            effects.append(.answer(request: request, .refused(refusal.reason)))
        case .success(.record(let record, let words, let tellings)):
            busySeries.insert(record.id)
            commit(
                .save(record, decision: words), tellings: tellings + [.decided(words)], request: request,
                words: words, &effects)
        case .success(.correct(let drafts, let record, let words)):
            busySeries.insert(record.id)
            // Written first: what is left in flight then is on the wire, and may arrive.
            deliveries.giveBack(at: now.wall)
            commitGroups(now, &effects)
            commit(
                .correct(drafts, record, decision: words), tellings: drafts.map { .corrected($0) },
                request: request, words: words, &effects)
        case .success(.subscriber(let decision, let words)):
            deliveries.giveBack(at: now.wall)
            commit(
                .subscriber(decision, decision: words), tellings: [.decided(words)], request: request,
                words: words, &effects)
        case .success(.forget(let id)):
            deliveries.giveBack(at: now.wall)
            commitGroups(now, &effects)
            // The name stands in no ledger and no log that is written from now on.
            commit(
                .forget(id, decision: Erasure.decision), request: request, words: "forgot \(id)", &effects)
        case .success(.replay(let replay)):
            commit(
                .replay(replay, decision: replay.words), request: request, words: replay.words, &effects)
        case .success(.trust):
            changeTrust(&effects, request: request, decision: "clock accept") { $0.trust(now) }
        }
    }

    /// Only the store knows what a replay has come to.
    mutating func replayed(_ count: ReplayCount, _ done: Underway, _ effects: inout [Effect]) {
        let words = "\(done.words): \(count.words)"
        if count.replayed > 0 { effects.append(.tell(.decided(words))) }
        if let request = done.request {
            effects.append(.answer(request: request, count.replayed > 0 ? .done(words) : .refused(words)))
        }
    }

    mutating func forgotten(_ erasure: Erasure, _ done: Underway, _ effects: inout [Effect]) {
        deliveries.mayHaveWork()
        if !erasure.isInFlight { effects.append(.tell(.decided(Erasure.decision))) }
        guard let request = done.request else { return }
        let words = erasure.isInFlight ? erasure.words : "\(done.words): \(erasure.words)"
        effects.append(.answer(request: request, erasure.isInFlight ? .refused(words) : .done(words)))
    }

    struct Refusal: Error {
        var reason: String
        init(_ reason: String) { self.reason = reason }
    }

    /// What a command comes to where it is not refused.
    private enum Verdict {
        case record(SeriesRecord, words: String, tellings: [Telling])
        case correct([CorrectionDraft], SeriesRecord, words: String)
        case subscriber(SubscriberDecision, words: String)
        case replay(Replay)
        case forget(String)
        case trust
    }

    private func verdict(
        on command: OperatorCommand, _ now: Instant
    ) -> Result<Verdict, Refusal> {
        do throws(Refusal) {
            try checkFiles(command)
            switch command {
            case .start(let series, let on, let after):
                return .success(try start(series, on: on, after: after, now))
            case .pause(let series, let until): return .success(try pause(series, until: until, now))
            case .resume(let series, let withMissed):
                return .success(try resume(series, withMissed: withMissed, now))
            case .pauseSubscriber(let id, let until): return .success(try pauseOne(id, until: until, now))
            case .resumeSubscriber(let id, let withMissed):
                let words = "resume subscriber \(id)" + (withMissed ? " with what was missed" : "")
                return .success(
                    .subscriber(.init(subscriber: id, what: .resume(withMissed: withMissed)), words: words))
            case .replay(let replay):
                // What they wait for and how old they grow counts from now.
                try believeClock()
                return .success(.replay(replay))
            case .forget(let id): return .success(.forget(id))
            case .skip(let series, let point): return .success(try skip(point, of: series))
            case .unskip(let series, let point): return .success(try unskip(point, of: series, now))
            case .releaseNow(let series, let point):
                return .success(try releaseNow(point, of: series, now))
            case .revise(let series, let point, let released):
                return .success(try correct(point, of: series, as: .revised, released, now))
            case .withdraw(let series, let point, let released):
                return .success(try correct(point, of: series, as: .withdrawn, released, now))
            case .acceptClock:
                guard trust.hold != nil else { throw Refusal("the clock is not held") }
                return .success(.trust)
            }
        } catch {
            return .failure(error)
        }
    }

    // MARK: Series

    /// The series and its record, where nothing is being written of it.
    private func find(_ id: String) throws(Refusal) -> (setup: SeriesSetup, record: SeriesRecord) {
        guard !busySeries.contains(id) else {
            throw Refusal("\(id) is being written at this moment; ask again")
        }
        guard let setup = settings.series.first(where: { $0.series.id == id }),
            let record = records[setup.series.recordKey]
        else {
            let known = settings.series.map(\.series.id).joined(separator: ", ")
            throw Refusal("there is no series '\(id)'; there is: \(known)")
        }
        return (setup, record)
    }

    /// What goes by the files is refused where those that are in force are others.
    private func checkFiles(_ command: OperatorCommand) throws(Refusal) {
        guard !mayRelease, command.goesByFiles else { return }
        throw Refusal("this daemon releases nothing for now: `advised status` says why")
    }

    private func believeClock() throws(Refusal) {
        if trust.hold != nil {
            throw Refusal("the clock is suspect, and today may not be today: `advised clock accept` first")
        }
    }

    /// The record of a series that an operator begins.
    private func start(
        _ id: String, on: CivilDate?, after: String?, _ now: Instant
    ) throws(Refusal) -> Verdict {
        var (setup, record) = try find(id)
        try believeClock()
        guard !hasReleased(record) else {
            throw Refusal("\(id) has begun already: a point of it was released")
        }
        let today = today(setup, now)
        if let on, on < today {
            throw Refusal("\(on) is past; today is \(today) in \(setup.series.zone.name)")
        }
        // Nothing goes out before the start date but by a day that is named (P3).
        if on == nil, after == nil, setup.series.start > today {
            throw Refusal("\(id) begins by itself on \(setup.series.start); --on DATE begins it before")
        }
        record.passed = []
        if let after {
            guard let place = setup.series.points.firstIndex(where: { $0.id == after }) else {
                throw Refusal("series \(id) has no point '\(after)'")
            }
            guard place < setup.series.points.count - 1 else {
                throw Refusal("'\(after)' is the last point of \(id): nothing comes after it")
            }
            record.passed = setup.series.points[...place].map(\.id)
        }
        // The decision is for the configuration as it is now: a start moved meanwhile must not undo it.
        record.configuredStart = setup.series.start
        record.begin = on ?? max(today, after == nil ? today : setup.series.start)
        record.details.beganAt = now
        // The edition of `--after` alone is the configured one: it goes on with a run that this state lost.
        let start = on ?? (after == nil ? today : setup.series.start)
        record.edition = Edition(start: start, shadow: setup.series.shadow)
        record.state = setup.members > 0 ? .running : .waiting
        let begin = record.begin ?? today
        return .record(
            record, words: "start \(id) on \(begin)" + (after.map { " after \($0)" } ?? ""),
            tellings: [
                record.state == .waiting
                    ? .waitingForSubscribers(series: id) : .begins(series: id, on: begin)
            ])
    }

    private func pause(_ id: String, until: CivilDate?, _ now: Instant) throws(Refusal) -> Verdict {
        var (setup, record) = try find(id)
        let today = today(setup, now)
        if let until, until <= today {
            throw Refusal("\(until) is not after today, \(today): it is the first day that counts again")
        }
        if let place = record.details.pauses.lastIndex(where: { isOn($0, setup, now) }) {
            record.details.pauses[place].until = until
        } else {
            record.details.pauses.append(SeriesPause(from: now, until: until))
        }
        return .record(
            record, words: "pause \(id)" + (until.map { " until \($0)" } ?? ""), tellings: [])
    }

    /// Whether a pause is on somewhere: at home, or in a zone where its last day is not over.
    private func isOn(_ pause: SeriesPause, _ setup: SeriesSetup, _ now: Instant) -> Bool {
        let calendars = [setup.home] + setup.cohorts.map(\.calendar)
        return calendars.contains { pause.isOn(at: now, date: $0.date(at: now)) }
    }

    private func resume(_ id: String, withMissed: Bool, _ now: Instant) throws(Refusal) -> Verdict {
        var (setup, record) = try find(id)
        guard let place = record.details.pauses.lastIndex(where: { isOn($0, setup, now) }) else {
            throw Refusal("\(id) is not paused")
        }
        record.details.pauses[place].ended = now
        record.details.pauses[place].withMissed = withMissed
        return .record(
            record, words: "resume \(id)" + (withMissed ? " with what was missed" : ""), tellings: [])
    }

    private func pauseOne(_ id: String, until: CivilDate?, _ now: Instant) throws(Refusal) -> Verdict {
        if let until, let setup = settings.series.first {
            let today = today(setup, now)
            guard until > today else {
                throw Refusal("\(until) is not after today, \(today): it is the first day that counts again")
            }
        }
        return .subscriber(
            SubscriberDecision(subscriber: id, what: .pause(until: until)),
            words: "pause subscriber \(id)" + (until.map { " until \($0)" } ?? ""))
    }

    // MARK: Points

    private func point(_ id: String, of setup: SeriesSetup) throws(Refusal) -> Point {
        guard let point = setup.series.points.first(where: { $0.id == id }) else {
            throw Refusal("series \(setup.series.id) has no point '\(id)'")
        }
        return point
    }

    /// In how many of the series' cohorts the point is done with, and in how many not.
    private func standing(
        of point: String, _ setup: SeriesSetup, _ record: SeriesRecord
    ) -> (done: Int, left: Int) {
        let done = setup.cohorts.count { cohort in
            plan(setup, cohort, record).rows.contains { $0.point == point }
        }
        return (done, setup.cohorts.count - done)
    }

    private func skip(_ point: String, of id: String) throws(Refusal) -> Verdict {
        var (setup, record) = try find(id)
        _ = try self.point(point, of: setup)
        let (done, left) = standing(of: point, setup, record)
        if done > 0, left == 0 { throw Refusal("\(id)/\(point) has gone out already") }
        var editions: [String] = []
        for cohort in setup.cohorts {
            let edition = "\(plan(setup, cohort, record).edition)"
            if !editions.contains(edition) { editions.append(edition) }
        }
        if editions.isEmpty { editions = ["\(record.edition)"] }
        let skips = editions.map { SeriesRecord.Skip(point: point, edition: $0) }
        guard skips.contains(where: { !record.details.skips.contains($0) }) else {
            throw Refusal("\(id)/\(point) is skipped already")
        }
        for skip in skips where !record.details.skips.contains(skip) { record.details.skips.append(skip) }
        if record.details.outOfTurn?.point == point { record.details.outOfTurn = nil }
        return .record(record, words: "skip \(id)/\(point)", tellings: [])
    }

    private func unskip(_ point: String, of id: String, _ now: Instant) throws(Refusal) -> Verdict {
        var (_, record) = try find(id)
        guard record.details.skips.contains(where: { $0.point == point }) else {
            throw Refusal("\(id)/\(point) is not skipped")
        }
        record.details.skips.removeAll { $0.point == point }
        // No slot before this was ever its.
        if let place = record.details.points.firstIndex(where: { $0.id == point }) {
            record.details.points[place].seen = now
        }
        return .record(record, words: "unskip \(id)/\(point)", tellings: [])
    }

    /// The point takes today's slot, in each cohort where that is free.
    private func releaseNow(_ point: String, of id: String, _ now: Instant) throws(Refusal) -> Verdict {
        var (setup, record) = try find(id)
        try believeClock()
        _ = try self.point(point, of: setup)
        guard record.state == .running, let begin = record.begin, begin <= today(setup, now) else {
            throw Refusal("\(id) has not begun: `advised start \(id)`")
        }
        if record.details.withdrawn.contains(point) { throw Refusal("\(id)/\(point) was withdrawn") }
        if record.details.skips.contains(where: { $0.point == point }) {
            throw Refusal("\(id)/\(point) is skipped: `advised unskip` first")
        }
        record.details.outOfTurn = OutOfTurn(
            point: point, asked: now, cohorts: setup.cohorts.map(\.record.number))
        let free = setup.cohorts.filter { plan(setup, $0, record).outOfTurn(at: now) != nil }
        record.details.outOfTurn?.cohorts = free.map(\.record.number)
        guard !free.isEmpty else {
            let (done, left) = standing(of: point, setup, record)
            if done > 0, left == 0 { throw Refusal("\(id)/\(point) has gone out already") }
            let pins = setup.cohorts.compactMap { cohort in
                plan(setup, cohort, record).pin(on: cohort.calendar.date(at: now))
            }
            if let pin = pins.first {
                throw Refusal("today's slot is that of \(id)/\(pin.id), which is pinned to it")
            }
            throw Refusal("today's slot is used: \(id)/\(point) can go out tomorrow at the earliest")
        }
        let others = setup.cohorts.count - free.count
        let words =
            "release \(id)/\(point) now"
            + (others == 0 ? "" : "; in \(others) of \(setup.cohorts.count) cohorts today's slot is used")
        return .record(record, words: words, tellings: [])
    }

    /// A correction goes to those who had the point, in every cohort that released it.
    private func correct(
        _ id: String, of series: String, as kind: CorrectionDraft.Kind, _ released: [ReleasedRow],
        _ now: Instant
    ) throws(Refusal) -> Verdict {
        var (setup, record) = try find(series)
        let point = setup.series.points.first { $0.id == id }
        if point == nil, kind == .revised { throw Refusal("series \(series) has no point '\(id)'") }
        if record.details.withdrawn.contains(id), kind == .withdrawn {
            throw Refusal("\(series)/\(id) is withdrawn already")
        }
        let cohorts = (setup.cohorts + setup.former).map(\.record).sorted { $0.number < $1.number }
        let rows = cohorts.flatMap { cohort -> [(CohortRecord, Edition, LedgerRow)] in
            // Of a run that goes round and round the last time counts; what an edition that was left behind
            // has given to some, the present one has given to others.
            let runs = [record.edition] + record.details.rebasedFrom.compactMap { Edition($0) }
            return runs.compactMap { run in
                if run == record.edition, let ledger = ledger(cohort.number, record),
                    let row = ledger.rows.first(where: { $0.point == id && $0.kind == .released })
                {
                    return (cohort, ledger.edition, row)
                }
                return released.last {
                    $0.cohort == cohort.number && $0.edition.start == run.start
                        && $0.edition.shadow == run.shadow
                }.map { (cohort, $0.edition, $0.row) }
            }
        }
        guard !rows.isEmpty else {
            throw Refusal(
                kind == .revised
                    ? "\(series)/\(id) was not released: it goes out as the file has it then"
                    : "\(series)/\(id) was not released: `advised skip` keeps it from going out")
        }
        let known = record.details.points.first { $0.id == id }
        if kind == .revised, let point, let known, known.digest == point.digest,
            !record.details.withdrawn.contains(id)
        {
            throw Refusal("\(series)/\(id) is as it was released: change its file first")
        }
        let revision = record.revision(of: id) + 1
        record.details.revisions.removeAll { $0.point == id }
        record.details.revisions.append(SeriesRecord.Revision(point: id, number: revision))
        record.details.withdrawn.removeAll { $0 == id }
        if kind == .withdrawn { record.details.withdrawn.append(id) }
        if let place = record.details.points.firstIndex(where: { $0.id == id }), let point {
            record.details.points[place].digest = point.digest
        }
        let gone = Point(id: id, number: rows[0].2.sequence, title: id, body: "")
        let drafts = rows.map { cohort, edition, row in
            CorrectionDraft(
                kind: kind, series: series, edition: edition, cohort: cohort, point: point ?? gone,
                of: setup.series.points.count, row: row, revision: revision, correctedAt: now)
        }
        let verb = kind == .revised ? "revise" : "withdraw"
        return .correct(drafts, record, words: "\(verb) \(series)/\(id): revision \(revision)")
    }
}

/// What an operator's command comes to where no daemon runs.
public enum Decision: Sendable {
    case refused(String)
    case commit([Transaction], words: String)
}

extension Scheduler {
    /// The same decision that a running daemon would take, without running one.
    public static func decide(
        _ command: OperatorCommand, knowing knowledge: StoreKnowledge, settings: SchedulerSettings,
        now: Moment
    ) -> Decision {
        var scheduler = Scheduler(seed: 0)
        scheduler.prepare(knowledge, settings)
        scheduler.trust.start(now, mark: knowledge.mark, hold: knowledge.hold)
        for setup in settings.series where scheduler.records[setup.series.recordKey] == nil {
            // Never seen by a daemon: what one would note down first.
            scheduler.records[setup.series.recordKey] = SeriesRecord(
                id: setup.series.id, firstSeen: now.wall, configuredStart: setup.series.start,
                edition: Edition(start: setup.series.start, shadow: setup.series.shadow), state: .unstarted)
        }
        var effects: [Effect] = []
        scheduler.operate(command, 0, now, &effects)
        var transactions: [Transaction] = []
        for effect in effects {
            switch effect {
            case .answer(_, .refused(let reason)): return .refused(reason)
            case .commit(_, let transaction): transactions.append(transaction)
            default: continue
            }
        }
        precondition(!transactions.isEmpty, "a command is refused or changes something")
        return .commit(
            transactions, words: scheduler.underway.values.map(\.words).first { !$0.isEmpty } ?? "")
    }

    /// Why a new configuration cannot be taken as it is; nil where it can (interface.md §1.3).
    public func objection(to series: [Series]) -> String? {
        for fresh in series {
            guard let record = records[fresh.recordKey], record.configuredStart != fresh.start,
                hasReleased(record)
            else { continue }
            return
                "series \(fresh.id) has begun with start \(record.configuredStart): put it back in place of "
                + "\(fresh.start), or take a new edition with --rebase"
        }
        return nil
    }
}
