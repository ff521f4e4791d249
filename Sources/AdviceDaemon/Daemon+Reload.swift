import AdviceConfig
import AdviceCore
import AdviceCourier
import AdviceQueue
import AdviceStore
import Dispatch
import Logging

/// Taking a configuration anew: all of it or nothing (P14).
extension Daemon {
    func settings() -> SchedulerSettings {
        SchedulerSettings(
            configuration, roster: roster, cohorts: cohorts, generation: generation, zones: parts.zones,
            descriptors: descriptorLimit)
    }

    /// Takes a configuration whose roster the store has: from now on it is the only one that holds it.
    /// `known` is what is known of them where they were not read.
    func keep(_ fresh: Configuration, known: RosterSource? = nil) {
        roster = known.map(RosterSummary.init) ?? RosterSummary(fresh.subscribers)
        configuration = fresh
        configuration.subscribers = []
        if roster.count >= Daemon.largeRoster { courier?.spread(over: Processors.count) }
        // When what has read and imported it has let go of it.
        desk.enter { [weak self] _ in
            self?.enter { daemon in daemon.desk.enter { _ in ProcessMemory.giveBack() } }
        }
    }

    /// Subscribers from which on one engine may be too slow.
    private static let largeRoster = 1000

    func importRoster(
        of configuration: Configuration, files: String?, origin: RosterOrigin?, guardsRemovals: Bool,
        then: @escaping @Sendable (isolated Daemon, Swift.Result<RosterChange, StoreError>) -> Void
    ) {
        let now = parts.clock.now.wall
        let roster = Roster(configuration, secrets: parts.secrets, zones: parts.zones, now: now)
        desk.enter { [weak self] desk in
            let result = desk.importRoster(
                roster, of: files, origin: origin, guardsRemovals: guardsRemovals, now: now)
            self?.enter { then($0, result) }
        }
    }

    /// Takes the configuration anew; a broken one changes nothing.
    func reload(
        isForced: Bool = false, isRebase: Bool = false, _ reply: @escaping @Sendable (ControlReply) -> Void
    ) {
        guard !isReloading else {
            // The one under way may have read the files already: another follows it, for all who asked.
            var wish = wishedReload ?? WishedReload()
            wish.isForced = wish.isForced || isForced
            wish.isRebase = wish.isRebase || isRebase
            wish.replies.append(reply)
            wishedReload = wish
            return
        }
        isReloading = true
        let parts = parts
        // A large roster takes a second to read: meanwhile a release may come due.
        reading.async { [weak self] in
            let loaded = parts.load()
            self?.enter { daemon in
                daemon.take(loaded, isForced: isForced, isRebase: isRebase) { daemon, answer in
                    daemon.reloaded(answer)
                    reply(answer)
                }
            }
        }
    }

    private func reloaded(_ answer: ControlReply) {
        isReloading = false
        degradations.removeAll { $0.hasPrefix(Daemon.refusedReload) }
        if answer.ok {
            degradations = []
            parts.logger.info("reloaded: \(answer.text)")
        } else {
            parts.logger.error("\(answer.text)")
            feed(
                .alarmed(
                    Alarm(
                        .configuration,
                        words: "A reload was refused, and the configuration in force stays. `advised check` "
                            + "says what is wrong.")))
            degradations.append(Daemon.refusedReload + "; the one in force stays")
        }
        guard let wish = wishedReload else { return }
        wishedReload = nil
        reload(isForced: wish.isForced, isRebase: wish.isRebase) { answer in
            for reply in wish.replies { reply(answer) }
        }
    }

    /// A reload that was asked for while another was under way.
    struct WishedReload {
        var isForced = false
        var isRebase = false
        var replies: [@Sendable (ControlReply) -> Void] = []
    }

    static let refusedReload = "the last configuration was refused"

    /// Why a sound configuration is not taken all the same.
    private func objection(to fresh: Configuration, isRebase: Bool) -> String? {
        guard fresh.store == configuration.store else { return "a change of `store` needs a restart" }
        return isRebase ? nil : scheduler.objection(to: fresh.series)
    }

    /// Said by `status` too, until the next import.
    func tellReturned(_ change: RosterChange) {
        returned = change.warningOfReturned
        if let returned { parts.logger.warning("\(returned)") }
    }

    /// In words, that a roster was not taken because it has lost so many.
    static func refusal(_ change: RosterChange) -> String? {
        change.refusedRemovals.map {
            "it would remove \($0) of \(change.storedCount) subscribers; `advised reload --force` takes it"
        }
    }

    private func take(
        _ loaded: Loaded, isForced: Bool, isRebase: Bool,
        _ reply: @escaping @Sendable (isolated Daemon, ControlReply) -> Void
    ) {
        guard let read = loaded.configuration else {
            return reply(
                self, .refused("the reload is refused; the configuration in force stays", loaded.diagnostics))
        }
        if let objection = objection(to: read, isRebase: isRebase) {
            return reply(self, .refused("the reload is refused: \(objection)"))
        }
        let fresh = isRebase ? read : read.keepingLocalZones(scheduler.seriesRecords)
        let before = outlooks(of: configuration)
        importRoster(
            of: fresh, files: loaded.digest, origin: RosterOrigin(of: loaded),
            guardsRemovals: !isForced
        ) { daemon, result in
            switch result {
            case .failure(let error): daemon.storeRefused(error)
            case .success(let change):
                if let refusal = Daemon.refusal(change) {
                    return reply(daemon, .refused("the reload is refused: \(refusal)"))
                }
                let old = daemon.configuration
                daemon.keep(fresh)
                daemon.serve()
                daemon.cohorts = change.cohorts
                daemon.generation = change.generation
                daemon.tellReturned(change)
                daemon.files = loaded.digest
                daemon.parts.logger.logLevel = Logger.Level(rawValue: fresh.log.level.rawValue) ?? .info
                daemon.dispatcher = Dispatcher(settings: fresh.delivery, secrets: daemon.parts.secrets)
                daemon.feed(.configured(daemon.settings(), isRebase: isRebase))
                daemon.tookOwnFiles()
                let difference = daemon.difference(from: old, to: fresh, before, change)
                let words = [difference.text, daemon.returned].compactMap(\.self).joined(separator: "\n")
                var answer = ControlReply(ok: true, text: words)
                answer.difference = difference
                reply(daemon, answer)
            }
        }
    }

    /// Of each series' first cohort: what a reload changes of the plan is shown by it.
    private func outlooks(of configuration: Configuration) -> [Outlook] {
        let now = parts.clock.now.wall
        return configuration.series.compactMap { scheduler.outlook(of: $0.id, at: now) }
    }

    private func difference(
        from old: Configuration, to fresh: Configuration, _ before: [Outlook], _ change: RosterChange
    ) -> Difference {
        let now = parts.clock.now.wall
        var difference = Difference(
            subscribers: fresh.subscribers.count, removed: change.removed, changed: change.changed)
        let added = Set(change.added)
        for subscriber in fresh.subscribers where added.contains(subscriber.id) {
            difference.add(subscriber) { series in
                let today = (parts.zones.rules(subscriber.zone ?? series.zone.name) ?? .utc).local(of: now)
                let cohort = series.cohort(
                    zone: subscriber.zone, at: subscriber.at, joined: subscriber.joined ?? today.date)
                return scheduler.outlook(of: series.id, in: cohort, at: now)
            } of: {
                configuration.series
            }
        }
        for series in configuration.series {
            difference.compare(
                old.series.first { $0.id == series.id }, series,
                before: before.first { $0.series.id == series.id },
                after: scheduler.outlook(of: series.id, at: now),
                changedAfterRelease: scheduler.changedAfterRelease(in: series.id))
        }
        let ids = Set(configuration.series.map(\.id))
        for series in old.series where !ids.contains(series.id) { difference.drop(series) }
        return difference
    }
}
