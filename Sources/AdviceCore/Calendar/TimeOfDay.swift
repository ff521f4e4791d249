/// A time on a wall clock of 24 hours, to the second, without a date or a zone.
public struct TimeOfDay: Hashable, Comparable, Sendable {
    /// Seconds since midnight on the wall clock, 0 to 86,399.
    public let secondsOfDay: Int

    public static let midnight = TimeOfDay(unchecked: 0)

    /// The time `secondsOfDay` after midnight; `nil` outside 0 to 86,399.
    public init?(secondsOfDay: Int) {
        guard (0..<86_400).contains(secondsOfDay) else { return nil }
        self.secondsOfDay = secondsOfDay
    }

    public init?(hour: Int, minute: Int, second: Int = 0) {
        guard (0...23).contains(hour), (0...59).contains(minute), (0...59).contains(second) else {
            return nil
        }
        self.secondsOfDay = hour * 3600 + minute * 60 + second
    }

    init(unchecked secondsOfDay: Int) {
        precondition((0..<86_400).contains(secondsOfDay), "a time of day lies within one day")
        self.secondsOfDay = secondsOfDay
    }

    public var hour: Int { secondsOfDay / 3600 }
    public var minute: Int { secondsOfDay / 60 % 60 }
    public var second: Int { secondsOfDay % 60 }

    public static func < (left: TimeOfDay, right: TimeOfDay) -> Bool {
        left.secondsOfDay < right.secondsOfDay
    }
}

extension TimeOfDay: CustomStringConvertible {
    /// Reads `HH:MM` or `HH:MM:SS`, two digits each, 00:00 to 23:59:59, and nothing else.
    public init?(_ text: String) {
        var reader = ASCIIReader(text.utf8)
        guard let hour = reader.number(digits: 2, in: 0...23), reader.take(":"),
            let minute = reader.number(digits: 2, in: 0...59)
        else { return nil }
        var second = 0
        if reader.take(":") {
            guard let read = reader.number(digits: 2, in: 0...59) else { return nil }
            second = read
        }
        guard reader.isAtEnd else { return nil }
        self.init(hour: hour, minute: minute, second: second)
    }

    /// `HH:MM`, or `HH:MM:SS` where the seconds are not zero.
    public var description: String {
        let minutes = "\(hour.padded(to: 2)):\(minute.padded(to: 2))"
        return second == 0 ? minutes : "\(minutes):\(second.padded(to: 2))"
    }
}

extension TimeOfDay: Codable {
    public init(from decoder: any Decoder) throws {
        let container = try decoder.singleValueContainer()
        let text = try container.decode(String.self)
        guard let time = TimeOfDay(text) else {
            throw DecodingError.dataCorruptedError(
                in: container, debugDescription: "'\(text)' is not a time in the form HH:MM or HH:MM:SS")
        }
        self = time
    }

    public func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        try container.encode(description)
    }
}
