import AdviceConfig
import AdviceCore
import ArgumentParser

struct Check: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Reads everything and prints every mistake; connects to nothing.",
        discussion: "Exit 0 where a daemon would take it (warnings may be printed), 78 where it would not.")

    @OptionGroup var options: InstallationOptions
    @Flag(help: "The diagnostics as one JSON array.") var json = false

    func run() throws {
        let loaded = options.installation.load()
        if json {
            try Output.json(loaded.diagnostics.map(Line.init))
        } else {
            for diagnostic in loaded.diagnostics { Output.line("\(diagnostic)") }
        }
        guard let configuration = loaded.configuration else { throw Exits.configuration }
        guard !json else { return }
        for notice in configuration.notYetBuilt { Output.note("advised: \(notice)") }
        let points = configuration.series.map { "\($0.id): \($0.points.count) points" }
        Output.note(
            "\(options.config): good (\(points.joined(separator: "; ")); "
                + "\(configuration.subscribers.count) subscribers)")
    }

    private struct Line: Encodable {
        var file: String
        var line: Int
        var column: Int
        var severity: String
        var message: String

        init(_ diagnostic: Diagnostic) {
            file = diagnostic.file
            line = diagnostic.line
            column = diagnostic.column
            severity = diagnostic.severity.rawValue
            message = diagnostic.message
        }
    }
}
