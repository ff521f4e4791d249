import AdviceConfig
import AdviceCore
import AdviceDaemon
import AdviceStore
import ArgumentParser

extension Installation {
    /// Whether a daemon runs with this state and answers. Lock held and no answer: exit 69.
    func isRunning() throws -> Bool { try statusReply() != nil }

    /// What a running daemon says of itself; nil where none runs. Lock held and no answer: exit 69.
    func statusReply() throws -> ControlReply? {
        guard StateLock.isHeld(directory: state) else { return nil }
        do {
            if let reply = try ControlClient.ask(ControlRequest(.status), at: controlSocket, within: 5) {
                return reply
            }
        } catch {
            Output.note("advised: \(error)")
            throw Exits.unavailable
        }
        Output.note("advised: a process holds \(state) and does not listen at \(controlSocket)")
        throw Exits.unavailable
    }

    /// Asks the daemon of this state; nil where none runs. Lock held and no answer: exit 69.
    func ask(_ request: ControlRequest) throws -> ControlReply? {
        do {
            if let reply = try ControlClient.ask(request, at: controlSocket) { return reply }
        } catch {
            Output.note("advised: \(error)")
            throw Exits.unavailable
        }
        guard !StateLock.isHeld(directory: state) else {
            Output.note("advised: a daemon holds \(state) and does not answer at \(controlSocket)")
            throw Exits.unavailable
        }
        return nil
    }

    /// Has an operator's command taken: by the running daemon, or, where none runs, by the same scheduler
    /// straight into the store, for the next one to find.
    func operate(_ request: ControlRequest) throws {
        if let reply = try ask(request) {
            Output.note(reply.text + (reply.ok ? "" : hint(request)))
            if !reply.ok { throw Exits.no }
            return
        }
        Output.note(try decide(request) + " (no daemon runs: the next one finds it)")
    }

    private func decide(_ request: ControlRequest) throws -> String {
        let loaded = load()
        let configuration = try sound(loaded)
        let locks = try takeLocks(configuration)
        defer { for lock in locks { lock.release() } }
        let store = try openStore(configuration, forCommand: true)
        defer { store.close() }
        return try withStoreErrors {
            let before = try store.load()
            let pinned = configuration.keepingLocalZones(before.series)
            let now = clock.now
            let change = try takeRoster(of: pinned, files: loaded.digest, into: store, now.wall)
            let settings = SchedulerSettings(
                pinned, cohorts: change?.cohorts ?? before.cohorts, zones: zones, descriptors: 1)
            var knowledge = try store.load()
            knowledge.mark = before.mark
            let released = try request.point.map { try store.released($0, of: request.series ?? "") } ?? []
            guard let command = OperatorCommand(request, released: released) else {
                preconditionFailure("a command's own request is complete")
            }
            if change == nil, command.goesByFiles {
                Output.note("other files were taken by another daemon: `advised reload` there, or take those")
                throw Exits.no
            }
            let formats = RosterSummary(pinned.subscribers).formats
            // Only the word about the clock makes this moment one to go by.
            store.trustsClock = command == .acceptClock
            switch Scheduler.decide(command, knowing: knowledge, settings: settings, now: now) {
            case .refused(let reason):
                Output.note(reason + pinned.hint(request))
                throw Exits.no
            case .commit(let transactions, let words):
                for transaction in transactions {
                    let series = transaction.series.flatMap { id in pinned.series.first { $0.id == id } }
                    let result = try Recorder.commit(
                        transaction, of: series, in: formats, to: store, now: now.wall)
                    if case .unknownSubscriber = result {
                        Output.note("there is no such subscriber" + pinned.hint(request))
                        throw Exits.no
                    }
                    if case .forgotten(let erasure) = result { return try said(erasure, words) }
                    if case .replayed(let count) = result {
                        guard count.replayed > 0 else {
                            Output.note("\(words): \(count.words)")
                            throw Exits.no
                        }
                        return "\(words): \(count.words)"
                    }
                }
                return words
            }
        }
    }

    /// Takes the roster of the files; nil where daemons that share the store have taken other files since.
    func takeRoster(
        of configuration: Configuration, files: String?, into store: any Store, _ now: Instant
    ) throws(StoreError) -> RosterChange? {
        if let shared = store as? any SharedStore {
            shared.files = files
            if let taken = try shared.common().files, taken.digest != files { return nil }
        }
        let roster = Roster(configuration, secrets: secrets, zones: zones, now: now)
        var change = try store.importRoster(
            roster.entries, cohorts: roster.cohorts, joins: roster.joins, guardsRemovals: true, now: now)
        try change.noteReturned(in: store)
        if let words = change.warningOfReturned { Output.note("advised: warning: \(words)") }
        return change
    }

    private func said(_ erasure: Erasure, _ words: String) throws -> String {
        guard !erasure.isInFlight else {
            Output.note(erasure.words)
            throw Exits.no
        }
        return "\(words): \(erasure.words)"
    }

    /// The series and id that a command means by a POINT. One that is no longer in the files can still be
    /// named as SERIES/ID, or by its id where there is one series.
    func point(_ text: String) throws -> (series: String, point: String) {
        let name = PointName(text)
        // A mistake in a file must not keep an operator from a daemon that runs with what it was.
        if load().configuration == nil, StateLock.isHeld(directory: state) {
            return (name.series ?? "", name.id)
        }
        let configuration = try configuration()
        let known = configuration.series.filter { name.series == nil || $0.id == name.series }
        if !known.contains(where: { $0.points.contains { name.matches($0) } }), known.count == 1 {
            return (known[0].id, name.id)
        }
        let found = try name.find(in: configuration)
        return (found.series.id, found.point.id)
    }
}

/// A day in an option.
func day(_ text: String?, _ option: String) throws {
    if let text, CivilDate(text) == nil {
        throw ValidationError("\(option) takes a day as YYYY-MM-DD, not '\(text)'")
    }
}
