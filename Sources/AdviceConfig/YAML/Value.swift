/// A place in a file: line and column count from 1, columns in Unicode scalars.
struct Position: Hashable, Comparable, Sendable {
    var line: Int32
    var column: Int32

    /// Where a whole file is meant.
    static let start = Position(line: 1, column: 1)

    static func < (left: Position, right: Position) -> Bool {
        (left.line, left.column) < (right.line, right.column)
    }
}

/// A piece of YAML with its place: what the rest of this room reads, so that Yams is met in one file only.
///
/// Scalars are texts as written; whether `no` is a word or a truth is for the key to say, not for YAML.
struct Value {
    enum Content {
        /// `quoted` tells `""` from nothing at all.
        case text(String, quoted: Bool)
        case list([Value])
        case map([Entry])
        /// Refused already and reported; whoever meets it says nothing more.
        case refused
    }

    struct Entry {
        var key: String
        var position: Position
        var value: Value
    }

    var content: Content
    var position: Position

    /// The text, where it is one.
    var text: String? {
        if case .text(let text, _) = content { text } else { nil }
    }

    var list: [Value]? {
        if case .list(let values) = content { values } else { nil }
    }

    var isRefused: Bool {
        if case .refused = content { true } else { false }
    }

    /// Nothing stands there, as after `key:`.
    var isNothing: Bool {
        if case .text("", quoted: false) = content { true } else { false }
    }
}
