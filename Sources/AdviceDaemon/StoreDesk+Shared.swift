import AdviceCore
import AdviceQueue
import AdviceStore
import Dispatch
import Glibc

/// What the desk says unasked of a store that is shared.
enum StoreNews: Sendable {
    /// Its server cannot be reached: what was asked is asked again until it can.
    case lost(String)
    case back
    /// This machine's clock is too far off the server's.
    case skewed(String)
    /// It is no longer.
    case aligned
    case outdated(String)
    case heard(PostgresListener.News)
    /// The look of every minute.
    case common(CommonState)
}

/// What a shared store needs at times: its lease renewed, others heard.
extension StoreDesk {
    /// How often what all daemons have in common is looked at: what was heard of it is a hint.
    private static let lookInterval = Span.minutes(1)

    /// Begins to look and to listen. `report` is called on the desk's queue.
    func attend(_ report: @escaping @Sendable (StoreNews) -> Void) {
        self.report = report
        guard shared != nil else { return }
        let renewal = DispatchSource.makeTimerSource(queue: executor.queue)
        renewal.setEventHandler { [weak self] in self?.assumeIsolated { $0.renew() } }
        renewal.schedule(deadline: .distantFuture)
        renewal.activate()
        let looking = DispatchSource.makeTimerSource(queue: executor.queue)
        looking.setEventHandler { [weak self] in self?.assumeIsolated { $0.look() } }
        looking.schedule(
            deadline: .after(StoreDesk.lookInterval),
            repeating: .milliseconds(Int(StoreDesk.lookInterval.milliseconds)), leeway: .seconds(1))
        looking.activate()
        (self.renewal, self.looking) = (renewal, looking)
        listen()
    }

    /// The digest of the files in force, before there is a roster of them.
    func use(files: String?) { shared?.files = files }

    func dismiss() {
        renewal?.cancel()
        looking?.cancel()
        hearing?.cancel()
        (renewal, looking, hearing, listener, report) = (nil, nil, nil, nil, nil)
    }

    // MARK: A lost server

    /// Asks the store, and asks the same again while its server is lost: after 1, 2, 4, then every 5 s.
    /// Nothing else is asked meanwhile.
    func ask<Answer>(_ body: () throws(StoreError) -> Answer) throws(StoreError) -> Answer {
        var seconds = 1
        while true {
            do throws(StoreError) {
                let answer = try body()
                found()
                return answer
            } catch {
                guard case .unreachable(let reason) = error else { throw error }
                lose(reason)
                guard patience.wait(seconds: seconds) else { throw error }
                seconds = min(5, seconds * 2)
            }
        }
    }

    private func lose(_ reason: String) {
        guard !isLost else { return }
        isLost = true
        report?(.lost(reason))
    }

    private func found() {
        guard isLost else { return }
        isLost = false
        report?(.back)
    }

    func skew(_ reason: String) {
        guard !isSkewed else { return }
        isSkewed = true
        report?(.skewed(reason))
    }

    func align() {
        guard isSkewed else { return }
        isSkewed = false
        report?(.aligned)
    }

    // MARK: The lease

    /// After something was claimed.
    func expectRenewal() {
        guard let renewal, !isRenewalDue, shared?.holdsSomething ?? false else { return }
        isRenewalDue = true
        renewal.schedule(deadline: .after(PostgresStore.renewalInterval))
    }

    private func renew() {
        isRenewalDue = false
        guard let shared, shared.holdsSomething else { return }
        // Where the server is lost, whatever is asked next says so.
        try? shared.renewLease(now: clock.now.wall)
        expectRenewal()
    }

    /// How far this machine's clock is off the server's, read now; nil where that cannot be known.
    func measureSkew() -> Span? {
        guard let shared, (try? shared.renewLease(now: clock.now.wall)) != nil else { return nil }
        return shared.clockSkew
    }

    // MARK: The others

    /// What all daemons have in common; nil where nothing is shared.
    func common() -> Swift.Result<CommonState?, StoreError> {
        guard let shared else { return .success(nil) }
        do {
            return .success(try ask { () throws(StoreError) in try shared.common() })
        } catch {
            return .failure(error)
        }
    }

    private func look() {
        if listener == nil { listen() }
        guard let shared else { return }
        do throws(StoreError) {
            let state = try shared.common()
            found()
            report?(.common(state))
        } catch {
            if case .unreachable(let reason) = error { lose(reason) }
        }
    }

    /// On a descriptor of its own: libpq closes the connection's when that is lost, while it is waited on.
    private func listen() {
        guard let listener = try? shared?.listen(), let socket = listener.socket else { return }
        let descriptor = fcntl(socket, F_DUPFD_CLOEXEC, 0)
        guard descriptor >= 0 else { return listener.close() }
        let source = DispatchSource.makeReadSource(fileDescriptor: descriptor, queue: executor.queue)
        source.setEventHandler { [weak self] in self?.assumeIsolated { $0.hear() } }
        source.setCancelHandler { Glibc.close(descriptor) }
        source.activate()
        (self.listener, hearing) = (listener, source)
    }

    private func hear() {
        guard let listener else { return }
        do throws(StoreError) {
            let news = try listener.hear()
            if news != .nothing { report?(.heard(news)) }
        } catch {
            hearing?.cancel()
            listener.close()
            (hearing, self.listener) = (nil, nil)
        }
    }
}
