/// RFC 3339, the one form in which an instant is written.
extension Instant: CustomStringConvertible {
    /// UTC, `2026-07-02T13:00:00Z`; with milli-, micro- or nanoseconds only where they are not zero.
    public var description: String {
        let (date, time) = CivilDate.split(localSeconds: seconds)
        let clock = [time.hour, time.minute, time.second].map { $0.padded(to: 2) }.joined(separator: ":")
        return "\(date)T\(clock)\(fractionText)Z"
    }

    private var fractionText: String {
        let remainder = Int(nanoseconds % 1_000_000_000)
        let fraction = remainder < 0 ? remainder + 1_000_000_000 : remainder
        if fraction == 0 { return "" }
        if fraction.isMultiple(of: 1_000_000) { return "." + (fraction / 1_000_000).padded(to: 3) }
        if fraction.isMultiple(of: 1000) { return "." + (fraction / 1000).padded(to: 6) }
        return "." + fraction.padded(to: 9)
    }

    /// Reads an RFC 3339 date and time, with `Z` or an offset; what is finer than a nanosecond is cut off.
    ///
    /// `nil` for any other form, for a leap second (POSIX time has none) and for a moment that an `Instant`
    /// cannot hold.
    public init?(rfc3339 text: String) {
        var reader = ASCIIReader(text.utf8)
        guard let date = CivilDate(from: &reader), reader.take("T") || reader.take("t"),
            let hour = reader.number(digits: 2, in: 0...23), reader.take(":"),
            let minute = reader.number(digits: 2, in: 0...59), reader.take(":"),
            let second = reader.number(digits: 2, in: 0...59),
            let fraction = Instant.fraction(from: &reader),
            let offset = Instant.offset(from: &reader), reader.isAtEnd
        else { return nil }
        let whole = Int64(date.day * 86_400 + hour * 3600 + minute * 60 + second - offset)
        // Before 1970 the whole seconds alone may lie below the span while the sum lies in it.
        let (base, step) = whole < 0 ? (whole + 1, fraction - 1_000_000_000) : (whole, fraction)
        let (scaled, tooFar) = base.multipliedReportingOverflow(by: 1_000_000_000)
        let (sum, overflow) = scaled.addingReportingOverflow(step)
        guard !tooFar, !overflow else { return nil }
        self.init(nanoseconds: sum)
    }

    /// Nanoseconds of an optional `.digits`; `nil` where a point has no digit after it.
    private static func fraction(from reader: inout ASCIIReader) -> Int64? {
        guard reader.take(".") else { return 0 }
        var value: Int64 = 0
        var scale: Int64 = 100_000_000
        var digits = 0
        while let digit = reader.number(digits: 1...1) {
            value += Int64(digit) * scale
            scale /= 10
            digits += 1
        }
        return digits > 0 ? value : nil
    }

    /// Seconds east of UTC of `Z` or `±HH:MM`.
    private static func offset(from reader: inout ASCIIReader) -> Int? {
        if reader.take("Z") || reader.take("z") { return 0 }
        let isWest = reader.take("-")
        guard isWest || reader.take("+"), let hours = reader.number(digits: 2, in: 0...23),
            reader.take(":"), let minutes = reader.number(digits: 2, in: 0...59)
        else { return nil }
        let seconds = hours * 3600 + minutes * 60
        return isWest ? -seconds : seconds
    }
}

extension CivilDate {
    /// The date and time that a wall clock shows `localSeconds` after it showed 1970-01-01 00:00:00.
    static func split(localSeconds: Int64) -> (date: CivilDate, time: TimeOfDay) {
        let seconds = Int(localSeconds)
        let remainder = seconds % 86_400
        let time = remainder < 0 ? remainder + 86_400 : remainder
        return (CivilDate(day: (seconds - time) / 86_400), TimeOfDay(unchecked: time))
    }
}

extension Instant {
    /// `2026-07-02T13:00:00Z`, whole seconds.
    public var wholeSeconds: String { "\(Instant(seconds: seconds))" }

    /// From here to `other`, as a person says it: `in 3 d 4 h`, `2 min ago`.
    public func distance(to other: Instant) -> String {
        let span = (other - self).seconds
        let text = Instant.words(abs(span))
        return span >= 0 ? "in \(text)" : "\(text) ago"
    }

    private static func words(_ seconds: Int64) -> String {
        let parts = [
            (seconds / 86_400, "d"), (seconds / 3600 % 24, "h"), (seconds / 60 % 60, "min"),
            (seconds % 60, "s"),
        ]
        let shown = parts.drop { $0.0 == 0 }.prefix(2).filter { $0.0 != 0 }
        return shown.isEmpty ? "0 s" : shown.map { "\($0.0) \($0.1)" }.joined(separator: " ")
    }
}
