import AdviceDaemon
import ArgumentParser

struct Release: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Releases a point out of turn: it takes today's slot.",
        discussion: """
            The others keep their order. Where today's slot is used already, exit 1. Where no daemon \
            runs, the point goes out as soon as one does.
            """)

    @OptionGroup var options: InstallationOptions
    @Argument(help: "The point: ID, or SERIES/ID, or its number.") var point: String
    @Flag(help: "Now: there is no other time to name.") var now = false

    func validate() throws {
        guard now else { throw ValidationError("say --now: a point's own day is `date:` in its file") }
    }

    func run() throws {
        let installation = options.installation
        let found = try installation.point(point)
        var request = ControlRequest(.release, series: found.series)
        request.point = found.point
        try installation.operate(request)
    }
}
