import AdviceConfig
import AdviceCore
import AdviceDaemon
import ArgumentParser

struct Forget: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Erases all that is kept of a subscriber.",
        discussion: """
            Its entry, its deliveries and their attempts go, and are overwritten where they lay; a salted \
            hash of its id stays, so that the next import says if it comes back. Take it out of the \
            subscribers' file first. Logs and backups keep what they have.
            """)

    @OptionGroup var options: InstallationOptions
    @Argument(help: "The subscriber's id.") var id: String

    func run() throws {
        var request = ControlRequest(.forget)
        request.subscriber = id
        let installation = options.installation
        try installation.operate(request)
        guard let known = installation.load().configuration?.subscribers,
            known.contains(where: { $0.id == id })
        else { return }
        Output.note(
            "advised: warning: \(id) is still in the subscribers' file, and comes back with the next reload "
                + "or start: take it out")
    }
}
