import AdviceDaemon
import ArgumentParser

struct Start: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Begins a series whose start had passed when it was first seen.",
        discussion: """
            A series that is first seen after its start, by a new installation or by one that lost its \
            state, sends nothing by itself: it would send point 1 to everyone again. This begins it, today \
            or on a day, from its first point or after one that people have had.
            """)

    @OptionGroup var options: InstallationOptions
    @Argument(help: "The series' id.") var series: String
    @Option(help: "The first release day, YYYY-MM-DD. Default: today.") var on: String?
    @Option(help: "Begin with the point after this one (an id).") var after: String?

    func validate() throws {
        try day(on, "--on")
    }

    func run() throws {
        try options.installation.operate(ControlRequest(.start, series: series, on: on, after: after))
    }
}
