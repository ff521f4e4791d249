import AdviceDaemon
import ArgumentParser

struct Reload: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "The daemon checks and takes the configuration.",
        discussion: "Where anything is wrong the old configuration stays in force and the exit is not zero.")

    @OptionGroup var options: InstallationOptions
    @Flag(help: "Take a roster that loses more than 10 subscribers and more than 20 % of them.")
    var force = false

    func run() throws {
        let installation = options.installation
        guard let reply = try installation.ask(ControlRequest(.reload, force: force)) else {
            Output.note("advised: no daemon runs with the state \(installation.state)")
            throw Exits.notRunning
        }
        Output.note(reply.text)
        if !reply.ok { throw Exits.configuration }
    }
}
