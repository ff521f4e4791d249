import ArgumentParser
import Glibc

/// Questions on standard error, answers from standard input: a terminal's, or the lines of a pipe.
struct Prompt {
    private let isTerminal = Terminal.isThere

    /// A line; without an echo where it `isSecret`. Exit 64 where there is none.
    func ask(_ question: String, isSecret: Bool = false) throws -> String {
        let answer = line(question, isSecret: isSecret)
        guard let answer, !answer.isEmpty else { throw ValidationError("no answer to '\(question)'") }
        return answer
    }

    /// As `ask`, of a person only: from a pipe, and where nothing is said, `otherwise` stands.
    func askOnTerminal(
        _ question: String, else otherwise: String, isSecret: Bool = false
    ) throws -> String {
        guard isTerminal else { return otherwise }
        let shown = otherwise.isEmpty ? question : "\(question) [\(otherwise)]"
        return line(shown, isSecret: isSecret).flatMap { $0.isEmpty ? nil : $0 } ?? otherwise
    }

    private func line(_ question: String, isSecret: Bool) -> String? {
        // Before the question: who types ahead must not be shown either.
        let silence = isTerminal && isSecret ? Silence() : nil
        if isTerminal { Output.progress("\(question): ") }
        let text = readLine()
        if let silence {
            silence.end()
            Output.progress("\n")
        }
        guard var line = text?[...] else { return nil }
        while let last = line.last, last.isWhitespace { line.removeLast() }
        return String(line.drop { $0.isWhitespace })
    }
}

/// A terminal that shows nothing of what is typed, until `end` or an interrupt.
private struct Silence {
    /// For the signal's handler, which is given nothing. Set before the handler is.
    nonisolated(unsafe) private static var before = termios()

    init() {
        tcgetattr(STDIN_FILENO, &Silence.before)
        var silent = Silence.before
        silent.c_lflag &= ~tcflag_t(ECHO)
        signal(SIGINT) { _ in
            tcsetattr(STDIN_FILENO, TCSANOW, &Silence.before)
            _exit(130)
        }
        tcsetattr(STDIN_FILENO, TCSANOW, &silent)
    }

    func end() {
        tcsetattr(STDIN_FILENO, TCSANOW, &Silence.before)
        signal(SIGINT, SIG_DFL)
    }
}
