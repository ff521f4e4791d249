/// The `Retry-After` header (RFC 9110 §10.2.3): whole seconds, or a date.
public enum RetryAfter {
    /// No receiver makes us wait longer.
    public static let longest = Span.hours(24)

    /// How long to wait from `now`, between nothing and 24 hours; nil for what is neither seconds nor a date.
    /// A date that has passed is no wait; a number too large for any integer is the longest.
    public static func parse(bytes value: [UInt8], now: Instant) -> Span? {
        let text = trimmed(value)
        guard !text.isEmpty else { return nil }
        if text.allSatisfy(isDigit) { return seconds(text) }
        guard let date = HTTPDate.secondsSince1970(text, now: now) else { return nil }
        // In whole seconds first: the year 9999 is beyond an Instant.
        let wait = date - now.seconds
        if wait <= 0 { return .zero }
        if wait > longest.seconds { return longest }
        return min(Instant(seconds: date) - now, longest)
    }

    /// As `parse(bytes:now:)`, from any bytes.
    @inlinable
    public static func parse(_ value: some Collection<UInt8>, now: Instant) -> Span? {
        parse(bytes: Array(value), now: now)
    }

    /// As `parse(bytes:now:)`, from text.
    public static func parse(_ value: String, now: Instant) -> Span? {
        parse(bytes: Array(value.utf8), now: now)
    }

    private static func seconds(_ digits: ArraySlice<UInt8>) -> Span {
        var count: Int64 = 0
        for digit in digits {
            count = count * 10 + Int64(digit - UInt8(ascii: "0"))
            if count >= longest.seconds { return longest }
        }
        return .seconds(count)
    }
}

/// The three dates of HTTP (RFC 9110 §5.6.7), all in UTC.
public enum HTTPDate {
    /// The moment `value` names, nil for anything but one of these forms or outside an `Instant`'s reach:
    /// `Sun, 06 Nov 1994 08:49:37 GMT`, `Sunday, 06-Nov-94 08:49:37 GMT`, `Sun Nov  6 08:49:37 1994`.
    /// The weekday must be one, but need not be the date's.
    ///
    /// `now` settles the century of the second form: a year that would be more than 50 years ahead is past.
    public static func parse(bytes value: [UInt8], now: Instant) -> Instant? {
        guard let seconds = secondsSince1970(trimmed(value), now: now) else { return nil }
        let (nanoseconds, overflow) = seconds.multipliedReportingOverflow(by: 1_000_000_000)
        return overflow ? nil : Instant(nanoseconds: nanoseconds)
    }

    /// As `parse(bytes:now:)`, from any bytes.
    @inlinable
    public static func parse(_ value: some Collection<UInt8>, now: Instant) -> Instant? {
        parse(bytes: Array(value), now: now)
    }

    /// As `parse(bytes:now:)`, from text.
    public static func parse(_ value: String, now: Instant) -> Instant? {
        parse(bytes: Array(value.utf8), now: now)
    }

    /// The longest form is `Wednesday, 09-Nov-94 08:49:37 GMT`.
    private static let longestForm = 33

    fileprivate static func secondsSince1970(_ text: ArraySlice<UInt8>, now: Instant) -> Int64? {
        guard text.count <= longestForm else { return nil }
        var reader = Reader(rest: text)
        let name = reader.word()
        if reader.takes(", ") {
            return shortDays.contains(name)
                ? fixed(&reader)
                : longDays.contains(name) ? obsolete(&reader, now: now) : nil
        }
        guard shortDays.contains(name), reader.takes(" ") else { return nil }
        return asctime(&reader)
    }

    /// `06 Nov 1994 08:49:37 GMT`, behind the weekday.
    private static func fixed(_ reader: inout Reader) -> Int64? {
        guard let day = reader.number(digits: 2), reader.takes(" "), let month = reader.month(),
            reader.takes(" "), let year = reader.number(digits: 4), reader.takes(" "),
            let time = reader.time(), reader.takes(" GMT"), reader.isAtEnd
        else { return nil }
        return seconds(year: year, month: month, day: day, time: time)
    }

    /// `06-Nov-94 08:49:37 GMT`, behind the weekday.
    private static func obsolete(_ reader: inout Reader, now: Instant) -> Int64? {
        guard let day = reader.number(digits: 2), reader.takes("-"), let month = reader.month(),
            reader.takes("-"), let short = reader.number(digits: 2), reader.takes(" "),
            let time = reader.time(), reader.takes(" GMT"), reader.isAtEnd
        else { return nil }
        let present = civilYear(ofDay: now.seconds.floorDivided(by: 86_400))
        var year = present / 100 * 100 + short
        if year > present + 50 { year -= 100 } else if year <= present - 50 { year += 100 }
        return seconds(year: year, month: month, day: day, time: time)
    }

    /// `Nov  6 08:49:37 1994`, behind the weekday; the day is padded with a space.
    private static func asctime(_ reader: inout Reader) -> Int64? {
        guard let month = reader.month(), reader.takes(" "),
            let day = reader.takes(" ") ? reader.number(digits: 1) : reader.number(digits: 2),
            reader.takes(" "), let time = reader.time(), reader.takes(" "),
            let year = reader.number(digits: 4), reader.isAtEnd
        else { return nil }
        return seconds(year: year, month: month, day: day, time: time)
    }

    private static func seconds(year: Int64, month: Int64, day: Int64, time: Int64) -> Int64? {
        let isLeap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0)
        let length: Int64 = month == 2 ? (isLeap ? 29 : 28) : [4, 6, 9, 11].contains(month) ? 30 : 31
        guard (1...length).contains(day) else { return nil }
        return days(year: year, month: month, day: day) * 86_400 + time
    }

    /// Days from 1970-01-01 in the proleptic Gregorian calendar. Years begin in March here, so that the leap
    /// day is a year's last and the months' lengths follow one line (Hinnant, chrono-compatible algorithms).
    private static func days(year: Int64, month: Int64, day: Int64) -> Int64 {
        let shifted = month <= 2 ? year - 1 : year
        let era = shifted.floorDivided(by: 400)
        let yearOfEra = shifted - era * 400
        let dayOfYear = (153 * (month > 2 ? month - 3 : month + 9) + 2) / 5 + day - 1
        return era * 146_097 + yearOfEra * 365 + yearOfEra / 4 - yearOfEra / 100 + dayOfYear - 719_468
    }

    private static func civilYear(ofDay day: Int64) -> Int64 {
        // An average year never errs by more than one either way.
        let guess = 1970 + (day * 400).floorDivided(by: 146_097)
        if days(year: guess, month: 1, day: 1) > day { return guess - 1 }
        if days(year: guess + 1, month: 1, day: 1) <= day { return guess + 1 }
        return guess
    }

    private static let shortDays = ["Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"].map(packed)
    private static let longDays = [
        "Sunday", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday",
    ].map(packed)
    private static let months = [
        "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec",
    ].map(packed)

    /// A name as a number, to be compared without an allocation: every reply has a date.
    private static func packed(_ name: String) -> UInt128 {
        name.utf8.reduce(0) { $0 << 8 | UInt128($1) }
    }

    /// Takes a date's parts from the front of its bytes; nil or false, and nothing more to hope for, where
    /// the next part is another.
    private struct Reader {
        var rest: ArraySlice<UInt8>

        var isAtEnd: Bool { rest.isEmpty }

        mutating func takes(_ text: String) -> Bool {
            guard rest.starts(with: text.utf8) else { return false }
            rest.removeFirst(text.utf8.count)
            return true
        }

        /// Up to 16 letters, packed; 0 where there are none.
        mutating func word() -> UInt128 {
            var word: UInt128 = 0
            for _ in 0..<16 {
                guard let letter = rest.first, (0x61...0x7a).contains(letter | 0x20) else { break }
                word = word << 8 | UInt128(letter)
                rest.removeFirst()
            }
            return word
        }

        mutating func number(digits: Int) -> Int64? {
            guard rest.count >= digits else { return nil }
            var number: Int64 = 0
            for digit in rest.prefix(digits) {
                guard isDigit(digit) else { return nil }
                number = number * 10 + Int64(digit - UInt8(ascii: "0"))
            }
            rest.removeFirst(digits)
            return number
        }

        mutating func month() -> Int64? {
            let name = word()
            return HTTPDate.months.firstIndex(of: name).map { Int64($0) + 1 }
        }

        /// `08:49:37` as seconds of the day. A leap second is the next minute's first.
        mutating func time() -> Int64? {
            guard let hour = number(digits: 2), hour <= 23, takes(":"),
                let minute = number(digits: 2), minute <= 59, takes(":"),
                let second = number(digits: 2), second <= 60
            else { return nil }
            return hour * 3600 + minute * 60 + second
        }
    }
}

private func isDigit(_ byte: UInt8) -> Bool { byte >= UInt8(ascii: "0") && byte <= UInt8(ascii: "9") }

private func isBlank(_ byte: UInt8) -> Bool { byte == UInt8(ascii: " ") || byte == UInt8(ascii: "\t") }

/// Without the spaces and tabs around it.
private func trimmed(_ bytes: [UInt8]) -> ArraySlice<UInt8> {
    var rest = bytes[...]
    while let last = rest.last, isBlank(last) { rest.removeLast() }
    while let first = rest.first, isBlank(first) { rest.removeFirst() }
    return rest
}

extension Int64 {
    fileprivate func floorDivided(by divisor: Int64) -> Int64 {
        let quotient = self / divisor
        return self % divisor < 0 ? quotient - 1 : quotient
    }
}
