/// Why the bytes of a zone file are not rules that can be trusted.
public enum ZoneError: Error, Hashable, Sendable {
    /// The file does not begin with `TZif`.
    case notTZif
    /// The version byte is none of 0, `2`, `3`, `4`.
    case unknownVersion(UInt8)
    /// The file ends at byte `length`, where its own counts call for `needed` or more.
    case truncated(needed: Int, length: Int)
    /// A header's counts contradict each other or the format.
    case counts(String)
    /// The file counts leap seconds (the `right/` zones), which no clock of this program does.
    case leapSeconds
    /// The transition `index` (from 0) is not later than the one before it.
    case unorderedTransitions(index: Int)
    /// The transition `index` names the local time type `type`, of which there are only `count`.
    case unknownType(index: Int, type: Int, count: Int)
    /// The local time type `type` cannot be: what is wrong with it.
    case localTimeType(type: Int, String)
    /// The footer, as far as it is text, and what is wrong with it.
    case footer(String, problem: String)
}

extension ZoneError: CustomStringConvertible {
    public var description: String {
        switch self {
        case .notTZif:
            "not a time zone file: it does not begin with 'TZif'"
        case .unknownVersion(let byte):
            "time zone file of an unknown version (byte \(byte))"
        case .truncated(let needed, let length):
            "time zone file cut off: \(length) bytes, but its header calls for \(needed) or more"
        case .counts(let problem):
            "time zone file with an impossible header: \(problem)"
        case .leapSeconds:
            "time zone file counts leap seconds (a 'right/' zone): take the zone's name without 'right/'"
        case .unorderedTransitions(let index):
            "time zone file out of order: transition \(index) is not later than the one before it"
        case .unknownType(let index, let type, let count):
            "time zone file is damaged: transition \(index) names local time type \(type) of \(count)"
        case .localTimeType(let type, let problem):
            "time zone file is damaged: local time type \(type) \(problem)"
        case .footer(let text, let problem):
            "time zone file has a footer '\(text)' that cannot be read: \(problem)"
        }
    }
}
