import AdviceCore
import AdviceQueue
import AdviceStore
import Logging

/// What a daemon has to do with others on the same store (docs/decisions/0016).
struct Sharing {
    var isStarted = false
    /// The store's server cannot be reached, and since when.
    var lost: (words: String, since: Instant)?
    var skewed: String?
    var outdated: String?
    /// As it was looked at last.
    var common: CommonState?
    /// What others have written is being read, and more has come meanwhile.
    var isLearning = false
    var hasMoreToLearn = false

    /// What is not as it should be, in words.
    var troubles: [String] {
        [lost.map { "the store is lost, and everything waits: \($0.words)" }, outdated, skewed].compactMap(
            \.self)
    }
}

extension Daemon {
    func attendStore() {
        let report: @Sendable (StoreNews) -> Void = { [weak self] news in self?.enter { $0.take(news) } }
        desk.enter { [files] desk in
            desk.use(files: files)
            desk.attend(report)
        }
    }

    private func take(_ news: StoreNews) {
        switch news {
        case .lost(let reason):
            sharing.lost = (reason, parts.clock.now.wall)
            parts.logger.error("the store is lost: \(reason): everything waits until it is back")
        case .back: isBack()
        case .skewed(let reason):
            sharing.skewed = reason
            parts.logger.error("\(reason)")
            feed(.alarmed(Alarm(.clock, words: "\(reason).")))
            judge()
        case .aligned:
            sharing.skewed = nil
            parts.logger.notice("this machine's clock agrees with the store's server again")
            judge()
        case .outdated(let reason):
            tellOutdated(reason)
            judge()
        case .heard(.knowledge): learn()
        case .heard: feed(.workAppeared)
        case .common(let state):
            // What others were to do and did not is found by a claim.
            feed(.workAppeared)
            if state != sharing.common { learn() }
        }
    }

    private func isBack() {
        guard let lost = sharing.lost else { return }
        sharing.lost = nil
        let seconds = max(0, (parts.clock.now.wall - lost.since).seconds)
        parts.logger.notice("the store is back after \(seconds) s")
        feed(
            .alarmed(
                Alarm(
                    .store,
                    words:
                        "The store could not be reached for \(seconds) s (\(lost.words)). Nothing was lost: "
                        + "what waited goes on.")))
    }

    // MARK: Files

    /// What all daemons have in common, looked at before the roster of the files is taken.
    func compareFiles(_ then: @escaping @Sendable (isolated Daemon, CommonState?) -> Void) {
        desk.enter { [weak self] desk in
            let result = desk.common()
            self?.enter { daemon in
                switch result {
                case .failure(let error): daemon.end(.store(error))
                case .success(let common): then(daemon, common)
                }
            }
        }
    }

    /// Whether other files than those of this daemon were taken last. Says so, once.
    func isOutdated(by common: CommonState) -> Bool {
        sharing.common = common
        if let taken = common.files, taken.digest != files {
            tellOutdated(
                "other files were taken by another daemon (number \(taken.number)): this one sends, and "
                    + "releases nothing until `advised reload` has taken the same")
        } else if sharing.outdated != nil {
            sharing.outdated = nil
            parts.logger.notice("the files of this daemon are those that were taken last")
        }
        judge()
        return sharing.outdated != nil
    }

    private func tellOutdated(_ words: String) {
        guard sharing.outdated == nil else { return }
        sharing.outdated = words
        parts.logger.error("\(words)")
        feed(.alarmed(Alarm(.configuration, words: "On one machine, \(words).")))
    }

    /// A reload has taken this daemon's files, for all.
    func tookOwnFiles() {
        sharing.outdated = nil
        judge()
    }

    private func judge() {
        let mayRelease = sharing.skewed == nil && sharing.outdated == nil
        if mayRelease != scheduler.mayRelease { feed(.mayRelease(mayRelease)) }
    }

    // MARK: The others

    /// Reads what others have written.
    private func learn() {
        guard sharing.isStarted, !sharing.isLearning else {
            sharing.hasMoreToLearn = true
            return
        }
        sharing.isLearning = true
        desk.enter { [weak self] desk in
            let known = desk.load()
            let common = desk.common()
            self?.enter { $0.learned(known, common) }
        }
    }

    private func learned(
        _ known: Swift.Result<StoreKnowledge, StoreError>, _ common: Swift.Result<CommonState?, StoreError>
    ) {
        sharing.isLearning = false
        switch (known, common) {
        case (.failure(let error), _), (_, .failure(let error)): storeRefused(error)
        case (.success(let knowledge), .success(let common)):
            guard let common else { return }
            (cohorts, generation) = (knowledge.cohorts, common.generation)
            _ = isOutdated(by: common)
            feed(.learned(knowledge, settings()))
            guard sharing.hasMoreToLearn else { return }
            sharing.hasMoreToLearn = false
            learn()
        }
    }

    // MARK: The clock

    /// Looks for evidence of the clock's being right (R8): on this machine, and in the store's server.
    func probeClock(_ since: Instant?) {
        let sync = parts.clock.sync(steppedAt: since)
        guard desk.isShared, sync != .synchronized else {
            // Not fed from here: the scheduler's effects are still being run.
            return enter { $0.feed(.clockProbed(sync)) }
        }
        desk.enter { [weak self] desk in
            let skew = desk.measureSkew()
            let isClose = skew.map { max($0, .zero - $0) <= PostgresStore.greatestSkew } ?? false
            self?.enter { $0.feed(.clockProbed(isClose ? .synchronized : sync)) }
        }
    }
}
