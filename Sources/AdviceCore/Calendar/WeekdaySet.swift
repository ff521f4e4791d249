/// Some days of the week, in one byte.
public struct WeekdaySet: Hashable, Sendable {
    /// Bit n stands for the weekday whose raw value is n.
    private var bits: UInt8 = 0

    public init(_ weekdays: some Sequence<Weekday>) {
        for weekday in weekdays { bits |= 1 << weekday.rawValue }
    }

    /// Every day.
    public static let all = WeekdaySet(Weekday.allCases)

    public var isEmpty: Bool { bits == 0 }

    public var count: Int { bits.nonzeroBitCount }

    /// The days in the set, from Monday on.
    public var weekdays: [Weekday] { Weekday.allCases.filter(contains) }

    public func contains(_ weekday: Weekday) -> Bool {
        bits & (1 << weekday.rawValue) != 0
    }
}

extension WeekdaySet: ExpressibleByArrayLiteral {
    public init(arrayLiteral weekdays: Weekday...) {
        self.init(weekdays)
    }
}
