public import AdviceCore

extension Fields {
    /// A text of one line, not empty.
    func line(_ key: String) -> String? {
        parsed(key, mustBe: "a text of one line") { text in
            let isBlank = text.utf8.allSatisfy { $0 == 0x20 }
            return isBlank || text.unicodeScalars.contains { $0.value < 0x20 } ? nil : text
        }
    }

    func flag(_ key: String) -> Bool? {
        parsed(key, mustBe: "true or false") { ["true": true, "false": false][$0] }
    }

    func count(_ key: String, in range: ClosedRange<Int>) -> Int? {
        parsed(key, mustBe: "a whole number from \(range.lowerBound) to \(range.upperBound)") { text in
            guard text.utf8.allSatisfy(isDigit), let count = Int(text), range.contains(count) else {
                return nil
            }
            return count
        }
    }

    func span(_ key: String, in range: ClosedRange<Span>, mustBe expectation: String) -> Span? {
        parsed(key, mustBe: expectation) { text in
            Span(settings: text).flatMap { range.contains($0) ? $0 : nil }
        }
    }

    func time(_ key: String) -> TimeOfDay? {
        parsed(key, mustBe: "HH:MM or HH:MM:SS (24 hours)") { TimeOfDay($0) }
    }

    func date(_ key: String) -> CivilDate? {
        parsed(key, mustBe: "a date of the calendar, YYYY-MM-DD, 1970 to 2200") { CivilDate(settings: $0) }
    }

    /// One of the cases of an enumeration, by its raw value.
    func word<Word: CaseIterable & RawRepresentable<String>>(_ key: String, _ type: Word.Type) -> Word? {
        guard let value = value(key) else { return nil }
        return word(value, of: key, type)
    }

    func word<Word: CaseIterable & RawRepresentable<String>>(
        _ value: Value, of key: String, _ type: Word.Type
    ) -> Word? {
        if let word = value.text.flatMap(Word.init(rawValue:)) { return word }
        let words = Word.allCases.map(\.rawValue)
        mistake(key, value, words)
        return nil
    }

    /// Reports a word that is none of `words`, with the nearest.
    func mistake(_ key: String, _ value: Value, _ words: [String]) {
        guard !value.isRefused else { return }
        if let text = value.text, let near = nearest(to: text, among: words) {
            file.error(at: value.position, "'\(key)' does not know \(quoted(text)); did you mean '\(near)'?")
        } else {
            mistake(key, value, mustBe: words.count == 1 ? "'\(words[0])'" : alternatives(words))
        }
    }

    /// Waits between attempts, shared by the settings and a subscriber.
    func waits(_ key: String) -> [Span]? {
        let range = Span(nanoseconds: 1)...Span.days(30)
        return list(key, of: "waits", such: "[5s, 5m, 2h]") { value in
            if let text = value.text, let span = Span(settings: text), range.contains(span) { return span }
            mistake(key, value, mustBe: "a list of waits such as 30s, 5m or 2h, each at most 30d")
            return nil
        }
    }

    /// `timeout` and `connect_timeout`.
    func timeout(_ key: String) -> Span? {
        let limit = Limits.timeoutSeconds
        return span(
            key, in: Span(nanoseconds: 1)...Span.seconds(limit),
            mustBe: "a time such as 15s or 500ms, at most \(limit)s")
    }
}

func isDigit(_ byte: UInt8) -> Bool {
    (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte)
}

extension Span {
    /// Reads `250ms`, `5s`, `5m`, `2h`, `7d`, or `0`; at most 10,000 days.
    public init?(settings text: String) {
        let digits = text.utf8.prefix(while: isDigit)
        guard (1...9).contains(digits.count), let number = Int64(String(decoding: digits, as: UTF8.self))
        else {
            return nil
        }
        let milliseconds: Int64
        switch text.dropFirst(digits.count) {
        case "ms": milliseconds = number
        case "s": milliseconds = number * 1000
        case "m": milliseconds = number * 60_000
        case "h": milliseconds = number * 3_600_000
        case "d": milliseconds = number * 86_400_000
        case "" where number == 0: milliseconds = 0
        default: return nil
        }
        guard milliseconds <= 864_000_000_000 else { return nil }
        self = .milliseconds(milliseconds)
    }
}

extension CivilDate {
    /// The years for which a configuration may name dates: within what an instant can hold, with room around
    /// it.
    private static let years = 1970...2200

    init?(settings text: String) {
        guard let date = CivilDate(text), CivilDate.years.contains(date.year) else { return nil }
        self = date
    }
}
