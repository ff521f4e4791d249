import AdviceCore
import Glibc

/// A bar on a terminal for what takes long; elsewhere nothing.
struct Progress {
    private let isTerminal = isatty(STDERR_FILENO) == 1
    private let what: String
    private var shown = -1
    private static let width = 40

    init(_ what: String) { self.what = what }

    /// - Parameter share: 0 to 1.
    mutating func show(_ share: Double) {
        guard isTerminal else { return }
        let filled = Int(max(0, min(1, share)) * Double(Progress.width))
        guard filled != shown else { return }
        shown = filled
        let bar =
            String(repeating: "#", count: filled) + String(repeating: ".", count: Progress.width - filled)
        Output.progress("\r\(what) [\(bar)]")
    }

    /// Takes the bar away.
    mutating func end() {
        guard isTerminal, shown >= 0 else { return }
        Output.progress("\r\u{1b}[K")
        shown = -1
    }
}
