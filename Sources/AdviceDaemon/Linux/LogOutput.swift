import AdviceCore
import Foundation
import Glibc
public import Logging

/// Where log lines go: text with a level on a terminal, text with the journal's priority prefix under
/// systemd, JSON lines elsewhere. Always standard error: standard output is for what was asked for.
public struct LogOutput: LogHandler {
    public enum Shape: Sendable { case text, journal, json }

    public var metadata: Logger.Metadata = [:]
    public var logLevel: Logger.Level
    private let shape: Shape
    private let sink = LogSink.standardError

    public init(shape: Shape, level: Logger.Level) {
        self.shape = shape
        logLevel = level
    }

    /// The shape for where standard error leads now.
    public static func automaticShape(environment: [String: String]) -> Shape {
        if isatty(STDERR_FILENO) == 1 { return .text }
        if environment["JOURNAL_STREAM"] != nil { return .journal }
        return .json
    }

    public subscript(metadataKey key: String) -> Logger.Metadata.Value? {
        get { metadata[key] }
        set { metadata[key] = newValue }
    }

    public func log(event: LogEvent) {
        let merged = metadata.merging(event.metadata ?? [:]) { $1 }
        let line: String
        switch shape {
        case .text: line = text(event, merged, prefix: LogOutput.clock() + " ")
        case .journal: line = "<\(LogOutput.priority(event.level))>" + text(event, merged, prefix: "")
        case .json: line = json(event, merged)
        }
        sink.write(line)
    }

    private func text(_ event: LogEvent, _ metadata: Logger.Metadata, prefix: String) -> String {
        let fields = metadata.sorted { $0.key < $1.key }.map { " \($0.key)=\($0.value)" }.joined()
        let level = event.level >= .warning ? "\(event.level): " : ""
        return prefix + level + "\(event.message)" + fields
    }

    private func json(_ event: LogEvent, _ metadata: Logger.Metadata) -> String {
        struct Line: Encodable {
            var at: String
            var level: String
            var text: String
            var fields: [String: String]?
        }
        let fields = metadata.mapValues { "\($0)" }
        let line = Line(
            at: "\(SystemClock().now.wall)", level: event.level.rawValue, text: "\(event.message)",
            fields: fields.isEmpty ? nil : fields)
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        guard let data = try? encoder.encode(line) else {
            preconditionFailure("strings can be written as JSON")
        }
        return String(decoding: data, as: UTF8.self)
    }

    /// syslog(3) severities.
    private static func priority(_ level: Logger.Level) -> Int {
        switch level {
        case .trace, .debug: 7
        case .info: 6
        case .notice: 5
        case .warning: 4
        case .error: 3
        case .critical: 2
        }
    }

    /// The local time of day, for a person at a terminal.
    private static func clock() -> String {
        var seconds = time(nil)
        var parts = tm()
        localtime_r(&seconds, &parts)
        return String(format: "%02d:%02d:%02d", parts.tm_hour, parts.tm_min, parts.tm_sec)
    }
}
