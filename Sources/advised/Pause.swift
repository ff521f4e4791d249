import AdviceDaemon
import ArgumentParser

struct Pause: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Pauses a series, or one subscriber.",
        discussion: """
            The days of a series' pause are no release days: its points wait. A subscriber's points are \
            cancelled while it is paused; `resume --with-missed` sends them after all.
            """)

    @OptionGroup var options: InstallationOptions
    @Argument(help: "The series' id.") var series: String?
    @Option(help: "One subscriber instead.") var subscriber: String?
    @Option(help: "The first day that counts again, YYYY-MM-DD. Default: until `resume`.") var until: String?

    func validate() throws {
        try oneOf(series, subscriber)
        try day(until, "--until")
    }

    func run() throws {
        var request = ControlRequest(.pause, series: series)
        request.subscriber = subscriber
        request.until = until
        try options.installation.operate(request)
    }
}

struct Resume: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Ends a pause; also reopens a suspended or closed endpoint.")

    @OptionGroup var options: InstallationOptions
    @Argument(help: "The series' id.") var series: String?
    @Option(help: "One subscriber instead.") var subscriber: String?
    @Flag(help: "Send what the pause kept back, in order.") var withMissed = false

    func validate() throws { try oneOf(series, subscriber) }

    func run() throws {
        var request = ControlRequest(.resume, series: series)
        request.subscriber = subscriber
        request.withMissed = withMissed
        try options.installation.operate(request)
    }
}

/// A series or a subscriber, not both and not none.
private func oneOf(_ series: String?, _ subscriber: String?) throws {
    guard (series == nil) != (subscriber == nil) else {
        throw ValidationError("name a SERIES, or --subscriber ID")
    }
}
