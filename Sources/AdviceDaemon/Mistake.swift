public import AdviceConfig

/// A diagnostic as JSON has it: in `check --json`, and in the answer to a reload that is refused.
public struct Mistake: Codable, Sendable {
    public var file: String
    public var line: Int
    public var column: Int
    /// error or warning.
    public var severity: String
    public var message: String

    public init(_ diagnostic: Diagnostic) {
        file = diagnostic.file
        line = diagnostic.line
        column = diagnostic.column
        severity = diagnostic.severity.rawValue
        message = diagnostic.message
    }
}

/// Why a configuration is not taken.
public struct Refusal: Codable, Sendable {
    public var reason: String
    /// Of the files, where it is they.
    public var mistakes: [Mistake]

    public init(reason: String, mistakes: [Mistake] = []) {
        self.reason = reason
        self.mistakes = mistakes
    }
}

extension ControlReply {
    static func refused(_ reason: String, _ diagnostics: [Diagnostic] = []) -> ControlReply {
        var reply = ControlReply(
            ok: false, text: (diagnostics.map(\.description) + [reason]).joined(separator: "\n"))
        reply.refusal = Refusal(reason: reason, mistakes: diagnostics.map(Mistake.init))
        return reply
    }
}
