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
    @Option(help: "Begin with the point after this one (ID, or its number).") var after: String?

    func validate() throws {
        try day(on, "--on")
    }

    func run() throws {
        let installation = options.installation
        let last = try after.map { try installation.point($0.contains("/") ? $0 : "\(series)/\($0)") }
        if let last, last.series != series {
            Output.note("advised: \(last.series)/\(last.point) is no point of \(series)")
            throw Exits.no
        }
        try installation.operate(ControlRequest(.start, series: series, on: on, after: last?.point))
    }
}
