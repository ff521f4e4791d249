/// The last line of a TZif file: how the zone goes on after its last transition.
///
/// A POSIX `TZ` string (POSIX.1 §8.3) with the additions of RFC 9636 §3.3.1: names in angle brackets, times
/// of rules from -167 to 167 hours. `<+1030>-10:30<+11>-11,M10.1.0,M4.1.0` is Lord Howe's.
struct PosixFooter: Hashable {
    /// Seconds east of UTC of standard time.
    let standardOffset: Int32
    let daylight: Daylight?

    /// The other half of the year, and when it begins and ends; it may begin late in the year (the south),
    /// and lie behind standard time (Dublin).
    struct Daylight: Hashable {
        /// Seconds east of UTC.
        let offset: Int32
        let start: Rule
        let end: Rule
    }

    /// A moment of every year, on the wall clock as it stood until then.
    struct Rule: Hashable {
        let day: Day
        /// Seconds after midnight of that day: ±167 h 59 min 59 s.
        let time: Int
    }

    enum Day: Hashable {
        /// `Jn`: 1 to 365; 29 February is never counted.
        case withoutLeapDay(Int)
        /// `n`: 0 to 365; 29 February is counted.
        case ofYear(Int)
        /// `Mm.w.d`: month 1 to 12, week 1 to 5 (5 is the last), day 0 (Sunday) to 6.
        case ofMonth(Int, week: Int, day: Int)
    }

    init(_ bytes: some Sequence<UInt8>) throws(ZoneError) {
        let bytes = Array(bytes)
        var parser = FooterParser(bytes)
        do throws(FooterProblem) {
            self = try parser.footer()
        } catch {
            // Shown in logs: what is no printable ASCII is shown as '?'.
            let text = bytes.prefix(60).map { (32...126).contains($0) ? $0 : 63 }
            throw .footer(String(decoding: text, as: UTF8.self), problem: error.text)
        }
    }

    fileprivate init(standardOffset: Int32, daylight: Daylight?) {
        self.standardOffset = standardOffset
        self.daylight = daylight
    }

    /// The changes of the years `first` to `last`, in order; empty where the zone never changes.
    ///
    /// Of two at the same moment the later year's comes last, and counts: that is how "daylight saving all
    /// year" is written (`EST5EDT,0/0,J365/25`).
    func segments(from first: Int, through last: Int) -> [ZoneSegment] {
        guard let daylight, first <= last else { return [] }
        let changes = (first...last).flatMap { year in
            let start = daylight.start.seconds(in: year) - Int64(standardOffset)
            let end = daylight.end.seconds(in: year) - Int64(daylight.offset)
            return [
                ZoneSegment(start: start, offset: daylight.offset),
                ZoneSegment(start: end, offset: standardOffset),
            ]
        }
        let order = changes.indices.sorted { (changes[$0].start, $0) < (changes[$1].start, $1) }
        return order.map { changes[$0] }
    }
}

extension PosixFooter.Rule {
    /// Seconds from 1970-01-01 00:00 to this moment of `year`, both on the wall clock.
    func seconds(in year: Int) -> Int64 {
        Int64(day.number(in: year) * 86_400 + time)
    }
}

extension PosixFooter.Day {
    /// Days since 1970-01-01.
    func number(in year: Int) -> Int {
        let newYear = CivilDate.dayNumber(year: year, month: 1, day: 1)
        switch self {
        case .withoutLeapDay(let day):
            return newYear + day - (CivilDate.isLeap(year: year) && day >= 60 ? 0 : 1)
        case .ofYear(let day):
            return newYear + day
        case .ofMonth(let month, let week, let day):
            let first = CivilDate(day: CivilDate.dayNumber(year: year, month: month, day: 1))
            // `day` counts from Sunday, a weekday's raw value from Monday.
            let ahead = (day + 6 - first.weekday.rawValue) % 7
            let inMonth = ahead + (week - 1) * 7
            let isBeyond = inMonth >= CivilDate.length(ofMonth: month, year: year)
            return first.day + (isBeyond ? inMonth - 7 : inMonth)
        }
    }
}

private struct FooterProblem: Error {
    let text: String
}

/// Reads a footer from its first byte to its last.
private struct FooterParser {
    private var reader: ASCIIReader

    init(_ bytes: [UInt8]) {
        reader = ASCIIReader(bytes)
    }

    mutating func footer() throws(FooterProblem) -> PosixFooter {
        try name()
        let standard = try -seconds(hours: 24, what: "the offset")
        guard !reader.isAtEnd else { return PosixFooter(standardOffset: Int32(standard), daylight: nil) }
        try name()
        var offset = standard + 3600
        if !reader.isAtEnd, reader.next != comma {
            offset = try -seconds(hours: 24, what: "the offset of daylight saving")
        }
        let start = try rule()
        let end = try rule()
        guard reader.isAtEnd else { throw FooterProblem(text: "there is text after the second rule") }
        return PosixFooter(
            standardOffset: Int32(standard),
            daylight: PosixFooter.Daylight(offset: Int32(offset), start: start, end: end))
    }

    /// Three letters or more; within angle brackets digits and signs too.
    private mutating func name() throws(FooterProblem) {
        let isQuoted = reader.take("<")
        let length = reader.skip { byte in
            isASCIILetter(byte) || isQuoted && (isASCIIDigit(byte) || byte == plus || byte == minus)
        }
        guard length >= 3 else { throw FooterProblem(text: "a name has fewer than three characters") }
        guard !isQuoted || reader.take(">") else { throw FooterProblem(text: "a name lacks its '>'") }
    }

    /// `[+-]h[h[h]][:mm[:ss]]`.
    private mutating func seconds(hours most: Int, what: String) throws(FooterProblem) -> Int {
        let isNegative = reader.take("-")
        if !isNegative { _ = reader.take("+") }
        guard let hours = reader.number(digits: 1...(most > 99 ? 3 : 2)), hours <= most else {
            throw FooterProblem(text: "\(what) is not 0 to \(most) hours")
        }
        var total = hours * 3600
        for unit in [60, 1] where reader.take(":") {
            guard let value = reader.number(digits: 2, in: 0...59) else {
                throw FooterProblem(text: "\(what) has minutes or seconds that are not 00 to 59")
            }
            total += value * unit
        }
        return isNegative ? -total : total
    }

    /// `,date[/time]`; two in the morning where no time is given.
    private mutating func rule() throws(FooterProblem) -> PosixFooter.Rule {
        guard reader.take(",") else { throw FooterProblem(text: "daylight saving without its two rules") }
        let day = try day()
        let time = reader.take("/") ? try seconds(hours: 167, what: "the time of a rule") : 7200
        return PosixFooter.Rule(day: day, time: time)
    }

    private mutating func day() throws(FooterProblem) -> PosixFooter.Day {
        if reader.take("J") {
            guard let day = reader.number(digits: 1...3), (1...365).contains(day) else {
                throw FooterProblem(text: "the day after J is not 1 to 365")
            }
            return .withoutLeapDay(day)
        }
        if reader.take("M") {
            guard let month = reader.number(digits: 1...2), (1...12).contains(month), reader.take("."),
                let week = reader.number(digits: 1, in: 1...5), reader.take("."),
                let day = reader.number(digits: 1, in: 0...6)
            else { throw FooterProblem(text: "what follows M is not month.week.day") }
            return .ofMonth(month, week: week, day: day)
        }
        guard let day = reader.number(digits: 1...3), (0...365).contains(day) else {
            throw FooterProblem(text: "a rule begins neither with M, J nor a day from 0 to 365")
        }
        return .ofYear(day)
    }
}

private let plus: UInt8 = 43
private let comma: UInt8 = 44
private let minus: UInt8 = 45
