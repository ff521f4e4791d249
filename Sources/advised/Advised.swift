import AdviceCore
import AdviceDaemon
import ArgumentParser

/// The command line. One file a command; what they share is in `Installation` and `Output`.
///
/// Nothing here is `async`: the daemon waits without a single wakeup, and a task on Swift's global executor
/// would end that (docs/decisions/0006).
@main
struct Advised: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "advised",
        abstract: "Releases one point of advice a day and delivers it to its subscribers by signed webhooks.",
        version: "advised \(Version.text)",
        subcommands: [
            Run.self, Check.self, PlanCommand.self, Start.self, Simulate.self, Status.self, LogCommand.self,
            Preview.self, Add.self, Test.self, Revise.self, Withdraw.self, Pause.self, Resume.self, Skip.self,
            Unskip.self,
            Release.self, Replay.self, Clock.self, Keys.self, Verify.self, Listen.self, Reload.self,
            StoreCommand.self, Export.self, Forget.self,
        ])

    static func main() {
        ProcessHardening.occupyStandardDescriptors()
        main(nil)
    }
}
