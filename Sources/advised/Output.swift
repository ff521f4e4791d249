import AdviceCore
import AdviceCourier
import ArgumentParser
import Foundation
import Glibc

/// What commands print: results on standard output, everything else on standard error.
enum Output {
    /// One stable JSON value and nothing else.
    static func json(_ value: some Encodable) throws {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
        line(String(decoding: try encoder.encode(value), as: UTF8.self))
    }

    /// One JSON value in one line.
    static func jsonLine(_ value: some Encodable) throws {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        line(String(decoding: try encoder.encode(value), as: UTF8.self))
    }

    static func line(_ text: String = "") { write(Array("\(text)\n".utf8), to: STDOUT_FILENO) }

    static func note(_ text: String) { write(Array("\(text)\n".utf8), to: STDERR_FILENO) }

    /// Without a line end.
    static func progress(_ text: String) { write(Array(text.utf8), to: STDERR_FILENO) }

    /// A file as it is, with its own line ends.
    static func file(_ bytes: [UInt8]) { write(bytes, to: STDOUT_FILENO) }

    /// Columns as wide as their widest cell, the last one free. Cells are plain text of one line.
    static func table(_ rows: [[String]]) {
        guard let first = rows.first else { return }
        let widths = first.indices.map { column in rows.map { $0[column].count }.max() ?? 0 }
        for row in rows {
            let cells = row.enumerated().map { column, cell in
                column == row.count - 1
                    ? cell
                    : cell.padding(toLength: max(widths[column], cell.count), withPad: " ", startingAt: 0)
            }
            // An empty last cell leaves no blanks behind the one before it.
            var text = cells.joined(separator: "  ")[...]
            while text.last == " " { text.removeLast() }
            line(String(text))
        }
    }

    private static func write(_ bytes: [UInt8], to descriptor: Int32) {
        var sent = 0
        while sent < bytes.count {
            let count = bytes[sent...].withUnsafeBytes { Glibc.write(descriptor, $0.baseAddress, $0.count) }
            if count < 0, errno == EINTR { continue }
            // Half a listing must not look like a whole one.
            guard count > 0 else { Glibc.exit(Exits.storeInputOutput.rawValue) }
            sent += count
        }
    }
}

/// A member that is always there in the JSON, as null where it has no value: a script need not tell a key
/// that is missing from one that it misspelt.
struct OrNull<Value: Encodable>: Encodable {
    let value: Value?

    init(_ value: Value?) { self.value = value }

    func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        try container.encode(value)
    }
}

extension CourierRequest {
    /// The header lines as a person may see them: the values that the subscriber's entry adds may be secrets,
    /// and a service's token is one.
    func shownHeaders(for options: Subscriber.Options) -> [String] {
        let hidden = Set((options.headers ?? []).map { $0.name.lowercased() } + ["authorization"])
        return headers.map { line in
            let name = line.prefix { $0 != ":" }
            return hidden.contains(name.lowercased()) ? "\(name): ***" : line
        }
    }
}

/// `+02:00`
func offsetText(_ seconds: Int) -> String {
    let magnitude = abs(seconds)
    var text = String(
        format: "%@%02d:%02d", seconds < 0 ? "-" : "+", magnitude / 3600, magnitude / 60 % 60)
    if magnitude % 60 != 0 { text += String(format: ":%02d", magnitude % 60) }
    return text
}
