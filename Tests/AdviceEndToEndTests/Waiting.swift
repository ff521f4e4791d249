/// What was awaited did not come.
struct TimedOut: Error, CustomStringConvertible {
    var description: String
}

/// What the tests need is not on this machine.
struct Missing: Error, CustomStringConvertible {
    var description: String

    init(_ description: String) { self.description = description }
}

/// Looks every few milliseconds until `look` finds something. The one place where these tests wait: other
/// processes tell nobody here of what they have done but by files, sockets and their end.
func poll<Found>(
    _ what: @autoclosure () -> String, within limit: Duration = .seconds(60),
    every interval: Duration = .milliseconds(4),
    _ look: () throws -> Found?
) async throws -> Found {
    let deadline = ContinuousClock.now + limit
    while true {
        if let found = try look() { return found }
        guard ContinuousClock.now < deadline else {
            throw TimedOut(description: "not within \(limit): \(what())")
        }
        try await Task.sleep(for: interval)
    }
}

/// As `poll`, for a condition.
func poll(
    _ what: @autoclosure () -> String, within limit: Duration = .seconds(60),
    every interval: Duration = .milliseconds(4),
    until condition: () throws -> Bool
) async throws {
    try await poll(what(), within: limit, every: interval) { try condition() ? () : nil }
}
