import AdviceDaemon
import ArgumentParser

struct Clock: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Says that this machine's clock is right.", subcommands: [ClockAccept.self])
}

struct ClockAccept: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "accept", abstract: "Ends a hold of releases after a leap of the clock.")

    @OptionGroup var options: InstallationOptions

    func run() throws { try options.installation.operate(ControlRequest(.acceptClock)) }
}
