import AdviceDaemon
import ArgumentParser

struct Revise: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Sends a correction of a released point: its text as the file has it now.",
        discussion: """
            Those who had the point, or may have, get the correction. What is still on its way of the old \
            text is cancelled, and who was never tried gets the new text as the release.
            """)

    @OptionGroup var options: InstallationOptions
    @Argument(help: "The point: ID, or SERIES/ID, or its number.") var point: String

    func run() throws {
        let installation = options.installation
        let found = try installation.point(point)
        var request = ControlRequest(.revise, series: found.series)
        request.point = found.point
        try installation.operate(request)
    }
}

struct Withdraw: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Sends a retraction of a released point to those who had it.",
        discussion: "Nobody else gets the point any more.")

    @OptionGroup var options: InstallationOptions
    @Argument(help: "The point: ID, or SERIES/ID, or its number.") var point: String

    func run() throws {
        let installation = options.installation
        let found = try installation.point(point)
        var request = ControlRequest(.withdraw, series: found.series)
        request.point = found.point
        try installation.operate(request)
    }
}
