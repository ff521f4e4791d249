import AdviceDaemon
import ArgumentParser

struct Reload: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "The daemon checks and takes the configuration, and says what that changes.",
        discussion: """
            Where anything is wrong the old configuration stays in force and the exit is not zero; --json \
            gives the reason and the mistakes then.
            """)

    @OptionGroup var options: InstallationOptions
    @Flag(help: "Take a roster that loses more than 10 subscribers and more than 20 % of them.")
    var force = false
    @Flag(help: "Take a `start` or a local zone that has changed since the first release: a new edition.")
    var rebase = false
    @Flag(help: "One JSON object: what is changed, or why nothing is.") var json = false

    func run() throws {
        let installation = options.installation
        var request = ControlRequest(.reload, force: force)
        request.rebase = rebase
        guard let reply = try installation.ask(request) else {
            Output.note("advised: no daemon runs with the state \(installation.state)")
            throw Exits.notRunning
        }
        guard reply.ok else {
            if json { try Output.json(reply.refusal ?? Refusal(reason: reply.text)) }
            Output.note(reply.text)
            throw Exits.configuration
        }
        if json, let difference = reply.difference {
            try Output.json(difference)
        } else {
            Output.line(reply.text)
        }
    }
}
