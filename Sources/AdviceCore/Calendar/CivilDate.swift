/// A day of the proleptic Gregorian calendar, without a zone: what people write as `2026-07-01`.
///
/// Kept as a count of days, so that the next day, a difference and a comparison are one instruction each; the
/// year, month and day are worked out when asked for.
public struct CivilDate: Hashable, Comparable, Sendable {
    /// Days since 1970-01-01.
    public let day: Int

    /// The date `day` days after 1970-01-01.
    public init(day: Int) {
        self.day = day
    }

    /// The given day; `nil` where the calendar has none such, or the year is not one of four digits (1 to
    /// 9999).
    public init?(year: Int, month: Int, day: Int) {
        guard (1...9999).contains(year), (1...12).contains(month), day >= 1,
            day <= CivilDate.length(ofMonth: month, year: year)
        else { return nil }
        self.day = CivilDate.dayNumber(year: year, month: month, day: day)
    }

    public var year: Int { components.year }

    /// 1 for January.
    public var month: Int { components.month }

    /// From 1.
    public var dayOfMonth: Int { components.day }

    public var weekday: Weekday {
        // 1970-01-01 was a Thursday.
        let fromMonday = ((day + 3) % 7 + 7) % 7
        guard let weekday = Weekday(rawValue: fromMonday) else {
            preconditionFailure("a remainder of seven is a weekday")
        }
        return weekday
    }

    public var next: CivilDate { self + 1 }
    public var previous: CivilDate { self + -1 }

    public static func < (left: CivilDate, right: CivilDate) -> Bool { left.day < right.day }

    /// The date `days` later; earlier where `days` is negative.
    public static func + (left: CivilDate, days: Int) -> CivilDate { CivilDate(day: left.day + days) }

    /// How many days `left` is later than `right`.
    public static func - (left: CivilDate, right: CivilDate) -> Int { left.day - right.day }
}

extension CivilDate {
    static func isLeap(year: Int) -> Bool {
        year.isMultiple(of: 4) && (!year.isMultiple(of: 100) || year.isMultiple(of: 400))
    }

    /// Days in a month; `month` is 1 to 12.
    static func length(ofMonth month: Int, year: Int) -> Int {
        switch month {
        case 2: isLeap(year: year) ? 29 : 28
        case 4, 6, 9, 11: 30
        default: 31
        }
    }

    /// Days from 1970-01-01 to the given day, which must exist.
    ///
    /// Years are counted from March, so that the leap day comes last, in eras of 400 years of 146,097 days
    /// each (Howard Hinnant, "chrono-Compatible Low-Level Date Algorithms", `days_from_civil`).
    static func dayNumber(year: Int, month: Int, day: Int) -> Int {
        let marchYear = month <= 2 ? year - 1 : year
        let era = (marchYear >= 0 ? marchYear : marchYear - 399) / 400
        let yearOfEra = marchYear - era * 400
        let dayOfYear = (153 * (month > 2 ? month - 3 : month + 9) + 2) / 5 + day - 1
        let dayOfEra = yearOfEra * 365 + yearOfEra / 4 - yearOfEra / 100 + dayOfYear
        return era * 146_097 + dayOfEra - 719_468
    }

    /// Year, month and day: `civil_from_days` of the same source.
    private var components: (year: Int, month: Int, day: Int) {
        let shifted = day + 719_468
        let era = (shifted >= 0 ? shifted : shifted - 146_096) / 146_097
        let dayOfEra = shifted - era * 146_097
        let yearOfEra = (dayOfEra - dayOfEra / 1460 + dayOfEra / 36_524 - dayOfEra / 146_096) / 365
        let dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
        let fromMarch = (5 * dayOfYear + 2) / 153
        let month = fromMarch < 10 ? fromMarch + 3 : fromMarch - 9
        let year = yearOfEra + era * 400 + (month <= 2 ? 1 : 0)
        return (year, month, dayOfYear - (153 * fromMarch + 2) / 5 + 1)
    }
}

extension CivilDate: CustomStringConvertible {
    /// Reads `YYYY-MM-DD` and nothing else.
    public init?(_ text: String) {
        var reader = ASCIIReader(text.utf8)
        guard let date = CivilDate(from: &reader), reader.isAtEnd else { return nil }
        self = date
    }

    /// Takes `YYYY-MM-DD` from the front.
    init?(from reader: inout ASCIIReader) {
        guard let year = reader.number(digits: 4...4), reader.take("-"),
            let month = reader.number(digits: 2...2), reader.take("-"),
            let day = reader.number(digits: 2...2)
        else { return nil }
        self.init(year: year, month: month, day: day)
    }

    /// `YYYY-MM-DD`.
    public var description: String {
        let (year, month, day) = components
        return "\(year.padded(to: 4))-\(month.padded(to: 2))-\(day.padded(to: 2))"
    }
}

extension CivilDate: Codable {
    public init(from decoder: any Decoder) throws {
        let container = try decoder.singleValueContainer()
        let text = try container.decode(String.self)
        guard let date = CivilDate(text) else {
            throw DecodingError.dataCorruptedError(
                in: container, debugDescription: "'\(text)' is not a date in the form YYYY-MM-DD")
        }
        self = date
    }

    public func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        try container.encode(description)
    }
}
