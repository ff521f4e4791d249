import AdviceConfig
public import AdviceCore
import AdviceQueue

/// What commands ask of the running daemon.
extension Daemon {
    func control(_ asked: ControlRequest, _ reply: @escaping @Sendable (ControlReply) -> Void) {
        let request = named(asked)
        switch request.command {
        case .status:
            var answer = ControlReply(ok: true, text: statusText)
            answer.clock = scheduler.clockState
            answer.degraded = allTroubles
            answer.isStoreLost = sharing.lost != nil
            reply(answer)
        case .reload:
            reload(isForced: request.force ?? false, isRebase: request.rebase ?? false, reply)
        case .withdraw:
            correct(request, reply)
        case .replay where request.dryRun == true:
            countReplay(Replay(request), reply)
        case .revise:
            // The text to send is that of the files as they are now.
            reload { [weak self] reloaded in
                guard reloaded.ok else { return reply(reloaded) }
                self?.enter { $0.correct(request, reply) }
            }
        default:
            operate(request, reply)
        }
    }

    /// A point that is named without its series, as a client does that cannot read the files: by what is in
    /// force here.
    private func named(_ request: ControlRequest) -> ControlRequest {
        guard let text = request.point, request.series?.isEmpty ?? true else { return request }
        var request = request
        for matches in [{ (point: Point) in point.id == text }, { "\($0.number)" == text }] {
            let found = configuration.series.flatMap { series in
                series.points.filter(matches).map { (series.id, $0.id) }
            }
            guard let first = found.first else { continue }
            if found.count == 1 { (request.series, request.point) = (first.0, first.1) }
            return request
        }
        if configuration.series.count == 1 { request.series = configuration.series[0].id }
        return request
    }

    private func countReplay(_ replay: Replay, _ reply: @escaping @Sendable (ControlReply) -> Void) {
        let now = parts.clock.now.wall
        desk.enter { [weak self] desk in
            let found = desk.replayCount(replay, now: now)
            self?.enter { daemon in
                switch found {
                case .failure(let error): daemon.storeRefused(error)
                case .success(nil): reply(ControlReply(ok: false, text: "there is no such subscriber"))
                case .success(let count?):
                    var answer = ControlReply(ok: true, text: count.words)
                    answer.count = count
                    reply(answer)
                }
            }
        }
    }

    /// A correction also goes to where the point went out in an earlier cycle or edition, as the store has
    /// it.
    private func correct(_ request: ControlRequest, _ reply: @escaping @Sendable (ControlReply) -> Void) {
        desk.enter { [weak self] desk in
            let found = desk.released(request.point ?? "", of: request.series ?? "")
            self?.enter { daemon in
                switch found {
                case .failure(let error): daemon.storeRefused(error)
                case .success(let rows): daemon.operate(request, released: rows, reply)
                }
            }
        }
    }

    private func operate(
        _ request: ControlRequest, released: [ReleasedRow] = [],
        _ reply: @escaping @Sendable (ControlReply) -> Void
    ) {
        guard let command = OperatorCommand(request, released: released) else {
            return reply(ControlReply(ok: false, text: "not a command"))
        }
        let number = nextRequest
        nextRequest += 1
        answers[number] = { answer in
            switch answer {
            case .done(let words): reply(ControlReply(ok: true, text: words))
            case .refused(let reason): reply(ControlReply(ok: false, text: reason))
            }
        }
        feed(.operate(command, request: number))
    }
}

extension OperatorCommand {
    /// nil where the request lacks what its command needs.
    public init?(_ request: ControlRequest, released: [ReleasedRow] = []) {
        let series = request.series ?? ""
        let until = request.until.flatMap { CivilDate($0) }
        switch (request.command, request.point, request.subscriber) {
        case (.start, _, _):
            self = .start(series: series, on: request.on.flatMap { CivilDate($0) }, after: request.after)
        case (.pause, _, nil): self = .pause(series: series, until: until)
        case (.pause, _, let subscriber?): self = .pauseSubscriber(subscriber, until: until)
        case (.resume, _, nil): self = .resume(series: series, withMissed: request.withMissed ?? false)
        case (.resume, _, let subscriber?):
            self = .resumeSubscriber(subscriber, withMissed: request.withMissed ?? false)
        case (.skip, let point?, _): self = .skip(series: series, point: point)
        case (.unskip, let point?, _): self = .unskip(series: series, point: point)
        case (.release, let point?, _): self = .releaseNow(series: series, point: point)
        case (.revise, let point?, _):
            self = .revise(series: series, point: point, released: released)
        case (.withdraw, let point?, _):
            self = .withdraw(series: series, point: point, released: released)
        case (.acceptClock, _, _): self = .acceptClock
        case (.forget, _, let subscriber?): self = .forget(subscriber)
        case (.replay, _, _): self = .replay(Replay(request))
        default: return nil
        }
    }
}

extension Replay {
    /// What a request asks to have sent again.
    public init(_ request: ControlRequest) {
        self.init(
            subscriber: request.subscriber, series: request.series.flatMap { $0.isEmpty ? nil : $0 },
            point: request.point,
            from: request.from.flatMap { CivilDate($0) }, to: request.to.flatMap { CivilDate($0) },
            state: request.state.flatMap { DeliveryState(rawValue: $0) }, hasNewID: request.newID ?? false)
    }
}
