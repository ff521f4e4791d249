import AdviceDaemon
import AdviceStore
import ArgumentParser

/// Exit codes, as sysexits(3) has them where it has them; others script against these.
enum Exits {
    static let no = ExitCode(1)
    static let notRunning = ExitCode(3)
    static let unavailable = ExitCode(69)
    static let bug = ExitCode(70)
    static let storeInputOutput = ExitCode(74)
    static let locked = ExitCode(75)
    static let configuration = ExitCode(78)

    static func code(for error: StoreError) -> ExitCode {
        switch error {
        case .inputOutput: storeInputOutput
        case .damaged, .refused: configuration
        case .locked: locked
        case .unreachable, .skewed, .outdated: unavailable
        case .internalFault: bug
        }
    }
}
