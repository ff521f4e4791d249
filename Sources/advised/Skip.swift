import AdviceDaemon
import ArgumentParser

struct Skip: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Takes a point out of the plan; the others move up.")

    @OptionGroup var options: InstallationOptions
    @Argument(help: "The point: ID, or SERIES/ID, or its number.") var point: String

    func run() throws {
        let installation = options.installation
        let found = try installation.point(point)
        var request = ControlRequest(.skip, series: found.series)
        request.point = found.point
        try installation.operate(request)
    }
}

struct Unskip: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Puts a skipped point back: it is the next to go where its turn had come.")

    @OptionGroup var options: InstallationOptions
    @Argument(help: "The point: ID, or SERIES/ID, or its number.") var point: String

    func run() throws {
        let installation = options.installation
        let found = try installation.point(point)
        var request = ControlRequest(.unskip, series: found.series)
        request.point = found.point
        try installation.operate(request)
    }
}
