/// One mistake, or one warning, in one place of one file. Collected, never thrown one by one.
///
/// Written `FILE:LINE:COLUMN: error: MESSAGE`; lines and columns count from 1, columns in Unicode scalars.
public struct Diagnostic: Sendable, Hashable, CustomStringConvertible {
    public var file: String
    public var line: Int
    public var column: Int
    public var severity: Severity
    /// What is wrong, what was expected, and for an unknown word the nearest known one.
    public var message: String

    public enum Severity: String, Sendable { case error, warning }

    public init(file: String, line: Int, column: Int, severity: Severity = .error, message: String) {
        self.file = file
        self.line = line
        self.column = column
        self.severity = severity
        self.message = message
    }

    public var description: String { "\(file):\(line):\(column): \(severity.rawValue): \(message)" }
}
