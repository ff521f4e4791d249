internal import AdviceCore

/// One reading of a configuration: what has been found so far, in which files.
final class Reading {
    let environment: ReadingEnvironment
    private var files: [SourceFile] = []
    private var read: [String] = []
    private var readBefore: Set<String> = []
    private var warnings: [WarningKind: (count: Int, last: (SourceFile, Position)?)] = [:]
    /// What files and zones came to, so that a thousand subscribers who name one read it once.
    var protectedFiles: [String: Result<String, FileMistake>] = [:]
    /// Templates by path and content type; nil for those of which a mistake was told.
    var templates: [String: String?] = [:]
    var zones: [String: Result<ZoneRules, ZoneMistake>] = [:]
    /// For "did you mean": the environment reads a file for them.
    private(set) lazy var zoneNames = environment.zoneNames()
    private var sharedTexts: Set<String> = []
    private var sharedLists: Set<[String]> = []

    /// Warnings that a large roster may call for at every entry.
    enum WarningKind: Hashable {
        case equalURL, unseenCredential, unseenVariable, noEffect, gap
    }

    init(_ environment: ReadingEnvironment) {
        self.environment = environment
    }

    func open(_ path: String, namedAt position: Position = .start, isSettings: Bool = false) -> SourceFile {
        let file = SourceFile(
            path: path, rank: (isSettings ? 0 : 1, position, files.count), reading: self)
        files.append(file)
        return file
    }

    /// Remembers that `path` was read: a reload depends on it.
    func noteRead(_ path: String) {
        let absolute = absolutePath(path)
        if readBefore.insert(absolute).inserted { read.append(absolute) }
    }

    var filesRead: [String] { read }

    /// The same text, held once for all who name it.
    func shared(_ text: String) -> String { sharedTexts.insert(text).memberAfterInsert }

    /// The same list, held once for all who name it.
    func shared(_ list: [String]) -> [String] { sharedLists.insert(list).memberAfterInsert }

    /// A warning, unless ten of its kind have been shown; what is left out is counted.
    func warn(
        _ kind: WarningKind, in file: SourceFile, at position: Position, _ message: @autoclosure () -> String
    ) {
        let count = (warnings[kind]?.count ?? 0) + 1
        warnings[kind] = (count, count > Limits.warningsOfAKind ? (file, position) : nil)
        if count <= Limits.warningsOfAKind { file.warning(at: position, message()) }
    }

    /// All diagnostics: the settings file first, then the others in the order in which they are named.
    func finish() -> [Diagnostic] {
        for (count, last) in warnings.values {
            guard let (file, position) = last else { continue }
            let rest = count - Limits.warningsOfAKind
            file.warning(at: position, "\(rest) more warning\(rest == 1 ? "" : "s") of this kind")
        }
        warnings = [:]
        // Two series may name one folder of points: its mistakes are told once.
        var told: Set<Diagnostic> = []
        return files.sorted { $0.rank < $1.rank }.flatMap(\.sortedDiagnostics).filter {
            told.insert($0).inserted
        }
    }
}

/// A file of the configuration while it is read: its name for the reader, and what is wrong in it.
final class SourceFile {
    /// As given to the program, or joined to the folder of the file that names it.
    let path: String
    let reading: Reading
    /// Every user of the machine may read it.
    var isWorldReadable = false
    /// Where the first secret stands that the file holds itself.
    private(set) var firstSecret: Position?
    fileprivate let rank: (Int, Position, Int)
    private var diagnostics: [Diagnostic] = []
    private var errorCount = 0
    var hasErrors: Bool { errorCount > 0 }
    /// As many mistakes have been found as are shown: who reads a long file stops here.
    var isFull: Bool { errorCount >= Limits.mistakesOfAFile }
    var isSettings: Bool { rank.0 == 0 }

    fileprivate init(path: String, rank: (Int, Position, Int), reading: Reading) {
        self.path = path
        self.rank = rank
        self.reading = reading
    }

    func error(at position: Position, _ message: String) {
        errorCount += 1
        if errorCount <= Limits.mistakesOfAFile { note(position, .error, message) }
    }

    func warning(at position: Position, _ message: String) {
        note(position, .warning, message)
    }

    private func note(_ position: Position, _ severity: Diagnostic.Severity, _ message: String) {
        diagnostics.append(
            Diagnostic(
                file: path, line: Int(position.line), column: Int(position.column), severity: severity,
                message: message))
    }

    func noteSecret(at position: Position) {
        firstSecret = firstSecret.map { min($0, position) } ?? position
    }

    /// To be called when all of the file has been read.
    func checkMode() {
        guard isWorldReadable, let firstSecret else { return }
        error(at: firstSecret, "a secret in a file that everybody may read: chmod 640 \(path)")
    }

    /// `name` as this file means it: beside itself unless absolute.
    func join(_ name: String) -> String {
        var name = name
        while name.hasSuffix("/"), name.utf8.count > 1 { name.removeLast() }
        while name.hasPrefix("./"), name.utf8.count > 2 { name.removeFirst(2) }
        guard !name.hasPrefix("/"), let slash = path.lastIndex(of: "/") else { return name }
        return path[...slash] + name
    }

    /// By line and column; of what stands in one place, in the order in which it was found. Last comes that
    /// there may be more.
    fileprivate var sortedDiagnostics: [Diagnostic] {
        let sorted = diagnostics.enumerated().sorted { left, right in
            (left.element.line, left.element.column, left.offset)
                < (right.element.line, right.element.column, right.offset)
        }.map(\.element)
        guard isFull, var last = sorted.last else { return sorted }
        last.severity = .error
        last.message = "\(errorCount) mistakes up to here: what follows was not read"
        return sorted + [last]
    }
}

extension SourceFile {
    /// The file's text as bytes of valid UTF-8 without a byte order mark; nil where it cannot be had, which
    /// is then reported in this file, or at the place that names it.
    func readText(limit: Int, onFailure report: (String) -> Void) -> [UInt8]? {
        switch readFile(path, limit: limit) {
        case .failure(let mistake):
            report(mistake.message)
            return nil
        case .success(let contents):
            reading.noteRead(path)
            reading.environment.noteFile?(path, contents.bytes)
            isWorldReadable = contents.isWorldReadable
            var bytes = contents.bytes
            if bytes.starts(with: [0xEF, 0xBB, 0xBF]) { bytes.removeFirst(3) }
            if let mistake = TextMistake.first(in: bytes) {
                error(at: mistake.position, mistake.message)
                return nil
            }
            return bytes
        }
    }

    /// The YAML document in `bytes`; nil where there is none or it cannot be read.
    func readYAML(_ bytes: [UInt8]) -> Value? {
        var reader = YAMLReader(bytes)
        let value = reader.read()
        for mistake in reader.mistakes { error(at: mistake.position, mistake.message) }
        return value
    }
}
