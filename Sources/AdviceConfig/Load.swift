internal import AdviceCore

/// What reading the files came to.
public struct Loaded: Sendable {
    /// nil where there is any error: nothing is half applied.
    public var configuration: Configuration?
    /// In the order of the files (the settings first, then as they are named) and of their lines.
    public var diagnostics: [Diagnostic]
    /// Where things stand, for diagnostics that other rooms add.
    public var places: Places
    /// Rows of a roster were passed over, or may have been: where there are mistakes, these are not all.
    public var hasUnreadRows: Bool {
        configuration.map { $0.rows?.arePassedOver ?? false } ?? passesOverRows
    }
    var passesOverRows = false
    /// Tells whether two machines have the same files; nil where nobody has asked.
    public var digest: String?
    /// Of the settings' bytes alone.
    public var settingsDigest: String?
    /// Of those of a roster in rows; nil where they were not read.
    public var rowsDigest: String?

    /// Where series, points and subscribers are written, by id.
    public struct Places: Sendable {
        public var series: [String: Place] = [:]
        /// By series, then by point.
        public var points: [String: [String: Place]] = [:]
        public var subscribers = SubscriberPlaces()
        /// What stands behind `store:`; nil where it is not given.
        public var store: Place?

        public init() {}
    }

    public init(configuration: Configuration?, diagnostics: [Diagnostic], places: Places = Places()) {
        self.configuration = configuration
        self.diagnostics = diagnostics
        self.places = places
    }
}

/// A place in a file; line and column count from 1.
public struct Place: Hashable, Sendable {
    public var file: String
    public var line: Int
    public var column: Int

    public init(file: String, line: Int, column: Int) {
        self.file = file
        self.line = line
        self.column = column
    }

    init(_ file: SourceFile, _ position: Position) {
        self.init(file: file.path, line: Int(position.line), column: Int(position.column))
    }
}

/// Where each subscriber stands, by id. All of them stand in one file, whose name is kept once: there may be
/// a million.
public struct SubscriberPlaces: Sendable {
    struct Lines: Sendable {
        var entry: Position
        /// The line of the id itself.
        var id: Int32
    }

    /// The file in which they stand, or would.
    public let file: String
    private var lines: [String: Lines] = [:]

    init(file: String = "") {
        self.file = file
    }

    public var count: Int { lines.count }

    /// nil for an id that nobody has.
    public subscript(id: String) -> Place? {
        lines[id].map {
            Place(file: file, line: Int($0.entry.line), column: Int($0.entry.column))
        }
    }

    var ids: Dictionary<String, Lines>.Keys { lines.keys }

    /// The line of the entry that had this id before; nil for the first, whose place is kept.
    mutating func note(_ id: String, entry: Position, idLine: Int32) -> Int32? {
        let known = lines[id]?.id
        if known == nil { lines[id] = Lines(entry: entry, id: idLine) }
        return known
    }
}

/// Reads the settings at `path` and every file that they name, and reports every mistake in all of them.
///
/// Files are named in diagnostics as `path` is given: relative if it is.
public func loadConfiguration(at path: String, environment: ReadingEnvironment) -> Loaded {
    let reading = Reading(environment)
    let file = reading.open(path, isSettings: true)
    var places = Loaded.Places()
    let configuration = SettingsReader(file)?.read(&places)
    let diagnostics = reading.finish()
    let isSound = !diagnostics.contains { $0.severity == .error }
    precondition(!isSound || configuration != nil, "a reading without errors gives a configuration")
    var loaded = Loaded(
        configuration: isSound ? configuration : nil, diagnostics: diagnostics, places: places)
    loaded.passesOverRows = environment.passesOverRows
    return loaded
}
