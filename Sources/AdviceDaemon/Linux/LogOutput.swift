import AdviceCore
import AdviceMessage
import CLinux
import Foundation
import Glibc
public import Logging

/// Where log lines go: text with a level on a terminal, the journal with fields of their own under systemd,
/// JSON lines elsewhere. Always the journal or standard error: standard output is for what was asked for.
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
        return leadsToJournal(environment["JOURNAL_STREAM"]) ? .journal : .json
    }

    /// systemd says which file the journal reads, as `device:inode`: ours may lead elsewhere since.
    private static func leadsToJournal(_ stream: String?) -> Bool {
        var status = stat()
        guard let stream, fstat(STDERR_FILENO, &status) == 0 else { return false }
        return stream == "\(status.st_dev):\(status.st_ino)"
    }

    public subscript(metadataKey key: String) -> Logger.Metadata.Value? {
        get { metadata[key] }
        set { metadata[key] = newValue }
    }

    public func log(event: LogEvent) {
        switch shape {
        case .text:
            sink.write(LogOutput.clock() + " " + text(event))
        case .journal:
            let priority = LogOutput.priority(event.level)
            guard let journal = JournalSink.system else { return sink.write("<\(priority)>\(text(event))") }
            let fields = (event.metadata ?? [:]).map { (name: $0.key, value: "\($0.value)") }
            journal.write("\(event.message)", priority: priority, fields: fields)
        case .json:
            sink.write(json(event, metadata.merging(event.metadata ?? [:]) { $1 }))
        }
    }

    /// Without the fields: the words say what is in them.
    private func text(_ event: LogEvent) -> String {
        (event.level >= .warning ? "\(event.level): " : "") + "\(event.message)"
    }

    private func json(_ event: LogEvent, _ metadata: Logger.Metadata) -> String {
        let line = JSONWriter.object { line in
            line.field("at", "\(SystemClock().now.wall)")
            if !metadata.isEmpty {
                line.object("fields") { fields in
                    for (name, value) in metadata.sorted(by: { $0.key < $1.key }) {
                        fields.field(name, "\(value)")
                    }
                }
            }
            line.field("level", event.level.rawValue)
            line.field("text", "\(event.message)")
        }
        return String(decoding: line, as: UTF8.self)
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
