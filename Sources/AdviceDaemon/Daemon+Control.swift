public import AdviceCore
import AdviceQueue

/// What commands ask of the running daemon.
extension Daemon {
    func control(_ request: ControlRequest, _ reply: @escaping @Sendable (ControlReply) -> Void) {
        switch request.command {
        case .status:
            var answer = ControlReply(ok: true, text: statusText)
            answer.clock = scheduler.clockState
            answer.degraded = degradations
            reply(answer)
        case .reload:
            reload(isForced: request.force ?? false, isRebase: request.rebase ?? false, reply)
        case .revise, .withdraw:
            // The text to send is that of the files as they are now.
            reload { [weak self] reloaded in
                guard reloaded.ok else { return reply(reloaded) }
                self?.enter { $0.operate(request, reply) }
            }
        default:
            operate(request, reply)
        }
    }

    private func operate(_ request: ControlRequest, _ reply: @escaping @Sendable (ControlReply) -> Void) {
        guard let command = OperatorCommand(request) else {
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
    public init?(_ request: ControlRequest) {
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
        case (.revise, let point?, _): self = .revise(series: series, point: point)
        case (.withdraw, let point?, _): self = .withdraw(series: series, point: point)
        case (.acceptClock, _, _): self = .acceptClock
        default: return nil
        }
    }
}
