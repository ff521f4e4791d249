/// A roster in a file of its own, in the format that its name ends in.
struct RosterFile {
    private let settings: SourceFile
    private let name: String
    /// Where the settings name it.
    private let position: Position
    private let series: [SeriesDraft]
    private let delivery: Configuration.Delivery

    init(
        _ name: String, at position: Position, in settings: SourceFile, series: [SeriesDraft],
        delivery: Configuration.Delivery
    ) {
        self.settings = settings
        self.name = name
        self.position = position
        self.series = series
        self.delivery = delivery
    }

    private func report(_ message: String) {
        settings.error(at: position, "\(quoted(name)) \(message)")
    }

    /// nil where it cannot be read; that is reported.
    func read() -> Roster? {
        let endings = [".yaml", ".yml", ".csv", ".jsonl"]
        guard let ending = endings.first(where: name.hasSuffix) else {
            settings.error(
                at: position, "'file' must end in .yaml, .csv or .jsonl, which tells its format")
            return nil
        }
        let file = settings.reading.open(settings.join(name), namedAt: position)
        switch ending {
        case ".csv":
            return readRows(file) { window, roster in
                var rows = CSVRoster(file, window)
                rows.read(into: &roster)
            }
        case ".jsonl":
            return readRows(file) { window, roster in
                var rows = JSONLinesRoster(file, window)
                rows.read(into: &roster)
            }
        default: return readYAML(file)
        }
    }

    private func readRows(
        _ file: SourceFile, _ read: (RowWindow, inout RosterBuilder) -> Void
    ) -> Roster? {
        let environment = file.reading.environment
        let note = environment.noteFile.map { note in { note(file.path, $0) } }
        switch FilePieces.open(file.path, note) {
        case .failure(let mistake):
            report(mistake.message)
            return nil
        case .success(let pieces):
            let identity = environment.fileIdentity(file.path)
            file.reading.noteRead(file.path)
            var rows = Configuration.Rows(
                path: file.path, identity: identity, isWorldReadable: pieces.isWorldReadable,
                arePassedOver: environment.passesOverRows)
            if environment.passesOverRows {
                var roster = Roster(file: file)
                roster.rows = rows
                return roster
            }
            file.isWorldReadable = pieces.isWorldReadable
            var builder = RosterBuilder(file, series: series, delivery: delivery)
            read(RowWindow(pieces.next), &builder)
            var roster = builder.finish()
            if environment.fileIdentity(file.path) != identity { rows.identity = nil }
            roster.rows = rows
            return roster
        }
    }

    private func readYAML(_ file: SourceFile) -> Roster? {
        guard let bytes = file.readText(limit: Limits.roster, onFailure: report) else { return nil }
        let root = file.readYAML(bytes)
        var roster = RosterBuilder(file, series: series, delivery: delivery)
        roster.isComplete = !file.hasErrors
        guard let root, !root.isNothing, !root.isRefused else { return roster.finish() }
        guard let entries = root.list else {
            file.error(at: root.position, "the subscribers must be a list: begin each with '- id: NAME'")
            return nil
        }
        roster.take(entries)
        return roster.finish()
    }
}
