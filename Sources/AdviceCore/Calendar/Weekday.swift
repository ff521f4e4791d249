/// A day of the week; the week begins on Monday (ISO 8601).
public enum Weekday: Int, CaseIterable, Comparable, Sendable, Codable {
    case mon = 0
    case tue, wed, thu, fri, sat, sun

    /// The name in configuration and reports: `mon` ... `sun`.
    public var short: String {
        switch self {
        case .mon: "mon"
        case .tue: "tue"
        case .wed: "wed"
        case .thu: "thu"
        case .fri: "fri"
        case .sat: "sat"
        case .sun: "sun"
        }
    }

    /// The day whose short name is `short`, in lower case; `nil` for any other text.
    public init?(short: String) {
        guard let match = Weekday.allCases.first(where: { $0.short == short }) else { return nil }
        self = match
    }

    public static func < (left: Weekday, right: Weekday) -> Bool { left.rawValue < right.rawValue }
}
