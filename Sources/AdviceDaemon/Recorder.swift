public import AdviceCore
import AdviceMessage
public import AdviceStore

/// Writes what the scheduler has decided: the same for a running daemon and for a command that decides while
/// none runs.
public enum Recorder {
    /// `series` is the one that a release or a correction is of: its content is frozen in `formats`, those in
    /// use. `operators` are who is sent alerts.
    public static func commit(
        _ transaction: Transaction, of series: Series?, in formats: [Format], operators: [String] = [],
        to store: any Store, now: Instant
    ) throws(StoreError) -> CommitResult {
        switch transaction {
        case .save(let record, let decision):
            try store.save(record, decision: decision, now: now)
        case .enter(let ledger):
            try store.enter(ledger, now: now)
        case .record(let group):
            return .recorded(freed: try store.record(group, now: now))
        case .release(let draft):
            return try release(draft, series, formats, store, now)
        case .welcome(let welcome):
            try store.welcome(welcome, now: now)
        case .correct(let drafts, let record, let decision):
            let series = try known(series, record.id)
            let corrections = drafts.map { Releaser.freeze($0, of: series, in: formats) }
            try store.correct(corrections, record: record, decision: decision, now: now)
        case .subscriber(let decision, let words):
            return try store.decide(decision, words: words, now: now) ? .done : .unknownSubscriber
        case .replay(let replay, let words):
            guard let count = try store.replay(replay, words: words, now: now) else {
                return .unknownSubscriber
            }
            return .replayed(count)
        case .prune(let step):
            return .pruned(try store.prune(step, now: now))
        case .forget(let id, let decision):
            let name = ErasedName.of(id, among: try store.erasedNames())
            let erasure = try store.forget(id, name: name, decision: decision, now: now)
            return erasure.map { .forgotten($0) } ?? .unknownSubscriber
        case .shiftWaits:
            try store.shiftWaits(now: now)
        case .alert(let alert):
            let content = Releaser.freeze(.alert(alert), in: formats)
            try store.alert(alert, to: operators, content: content, now: now)
        case .attempt(let keys):
            try store.attempt(keys, now: now)
        case .hold(let hold, let decision):
            try store.note(hold, decision: decision, now: now)
        }
        return .done
    }

    private static func release(
        _ draft: ReleaseDraft, _ series: Series?, _ formats: [Format], _ store: any Store, _ now: Instant
    ) throws(StoreError) -> CommitResult {
        let content = Releaser.freeze(draft, of: try known(series, draft.series), in: formats)
        if let number = try store.release(draft, content: content, now: now) { return .released(number) }
        let ledger = try store.load().ledgers.first {
            $0.cohort == draft.cohort.number && $0.edition == draft.edition
        }
        return .alreadyReleased(ledger?.rows ?? [])
    }

    private static func known(_ series: Series?, _ id: String) throws(StoreError) -> Series {
        guard let series else {
            throw .internalFault("a release of \(id), which is not configured")
        }
        return series
    }
}

extension Transaction {
    /// The series that renders its content, where it has any.
    public var series: String? {
        switch self {
        case .release(let draft): draft.series
        case .correct(_, let record, _): record.id
        default: nil
        }
    }
}
