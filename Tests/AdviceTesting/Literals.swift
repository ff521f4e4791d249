public import AdviceCore

// Tests name days, times and moments the way people write them. A text that is none is a mistake in the test
// itself, and traps.

/// `day("2026-07-01")`
public func day(_ text: String) -> CivilDate {
    guard let date = CivilDate(text) else { preconditionFailure("'\(text)' is no date") }
    return date
}

/// `timeOfDay("09:00")`
public func timeOfDay(_ text: String) -> TimeOfDay {
    guard let time = TimeOfDay(text) else { preconditionFailure("'\(text)' is no time of day") }
    return time
}

/// `moment("2026-07-01T13:00:00Z")`, or with an offset
public func moment(_ text: String) -> Instant {
    guard let instant = Instant(rfc3339: text) else { preconditionFailure("'\(text)' is no moment") }
    return instant
}
