import AdviceCore
import AdviceDaemon
import AdviceStore
import ArgumentParser
import Glibc

struct Replay: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Sends settled deliveries again.",
        discussion: """
            Chosen are those that fit all that is said, of points and their corrections. They go out from \
            the first attempt on, in order for each subscriber, a minute apart, and as old as this \
            command. Of a point that was corrected the newest text goes out, of one that was withdrawn \
            only its retraction. Exit 1 where there is nothing to send.
            """)

    @OptionGroup var options: InstallationOptions
    @Option(help: "Of one subscriber.") var subscriber: String?
    @Option(help: "Of one point: ID, or SERIES/ID, or its number.") var point: String?
    @Option(help: "Of this release day or a later one, YYYY-MM-DD.") var from: String?
    @Option(help: "Of this release day or an earlier one, YYYY-MM-DD.") var to: String?
    @Option(help: "delivered, exhausted or cancelled. Default: any of them.") var state: String?
    @Flag(name: .customLong("new-id"), help: "Under a webhook-id of its own: receivers drop one they know.")
    var newID = false
    @Flag(help: "Say how many there are, and send nothing.") var dryRun = false
    @Flag(help: "Do not ask.") var yes = false

    func validate() throws {
        guard [subscriber, point, from, to, state].contains(where: { $0 != nil }) else {
            throw ValidationError("say which: --subscriber, --point, --from, --to or --state")
        }
        try day(from, "--from")
        try day(to, "--to")
        let settled = DeliveryState.allCases.filter(\.isSettled).map(\.rawValue)
        if let state, !settled.contains(state) {
            throw ValidationError("--state is one of \(settled.joined(separator: ", ")), not '\(state)'")
        }
        guard yes || dryRun || Terminal.isThere else {
            throw ValidationError("there is no terminal to ask at: say --yes, or --dry-run")
        }
    }

    func run() throws {
        let installation = options.installation
        var request = ControlRequest(.replay)
        if let point {
            let found = try installation.point(point)
            request.series = found.series
            request.point = found.point
        }
        request.subscriber = subscriber
        (request.from, request.to, request.state, request.newID) = (from, to, state, newID)
        if dryRun || !yes {
            let count = try installation.count(request)
            Output.note("to be sent again: \(count.words)")
            guard count.replayed > 0 else { throw Exits.no }
            if dryRun { return }
            guard Terminal.agrees("Send \(count.replayed == 1 ? "it" : "them") again?") else {
                Output.note("nothing was sent")
                throw Exits.no
            }
        }
        try installation.operate(request)
    }
}

extension Installation {
    /// What a replay would come to, by the running daemon, or by the store where none runs.
    fileprivate func count(_ asked: ControlRequest) throws -> ReplayCount {
        var request = asked
        request.dryRun = true
        if let reply = try ask(request) {
            if let count = reply.count { return count }
            Output.note(reply.text + hint(request))
            throw Exits.no
        }
        let reader = try reader(try configuration())
        defer { reader?.close() }
        let wanted = AdviceCore.Replay(request)
        let now = clock.now.wall
        let found = try withStoreErrors { try reader?.replayCount(wanted, now: now) ?? nil }
        guard let found else {
            Output.note("there is no such subscriber" + hint(request))
            throw Exits.no
        }
        return found
    }
}

/// The person at the other end of standard input.
enum Terminal {
    static var isThere: Bool { isatty(STDIN_FILENO) == 1 && isatty(STDERR_FILENO) == 1 }

    /// Asks, and takes `y` or `yes` for it.
    static func agrees(_ question: String) -> Bool {
        Output.progress("\(question) [y/N] ")
        return ["y", "yes"].contains(readLine()?.lowercased() ?? "")
    }
}
