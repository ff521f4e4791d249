public import AdviceCore
public import Logging

extension Logger {
    func tell(_ telling: Telling) {
        if let (level, text) = telling.said { log(level: level, "\(text)", metadata: telling.fields) }
    }
}

extension Telling {
    /// What the words name, for who asks by it: `journalctl ADVISED_SUBSCRIBER=ann`.
    var fields: Logger.Metadata {
        switch self {
        case .delivered(let settlement), .waiting(let settlement), .exhausted(let settlement),
            .cancelled(let settlement):
            var fields: Logger.Metadata = [
                "subscriber": .string(settlement.subscriber), "series": .string(settlement.release.series),
                "point": .string(settlement.release.subject),
                "state": .string(settlement.record.state.rawValue),
            ]
            if let attempt = settlement.record.attempt {
                fields["attempt"] = .string("\(attempt.number)")
                if attempt.status > 0 { fields["status"] = .string("\(attempt.status)") }
            }
            return fields
        case .released(let draft, _):
            return ["series": .string(draft.series), "point": .string(draft.point.id)]
        case .corrected(let draft):
            return ["series": .string(draft.series), "point": .string(draft.point.id)]
        case .alreadyReleased(let series, let point), .changedAfterRelease(let series, let point),
            .pointGone(let series, let point), .missed(let series, let point, _),
            .pointRenamed(let series, _, let point):
            return ["series": .string(series), "point": .string(point)]
        case .begins(let series, _), .unstarted(let series, _), .waitingForSubscribers(let series),
            .startMoved(let series, _, _), .finished(let series):
            return ["series": .string(series)]
        case .decided, .clockStepped, .clockSuspect, .clockAwaited, .clockTrusted, .heartbeatRefused,
            .heartbeatTaken, .status, .careful:
            return [:]
        }
    }
}

extension Telling {
    /// What the scheduler wants told, with the same words everywhere; nil where there is nothing to say. No
    /// URL and no secret is ever in a telling: the subscriber's id is the only name shown.
    public var said: (level: Logger.Level, text: String)? {
        switch self {
        case .begins(let series, let day):
            return (.info, "series \(series) begins on \(day)")
        case .unstarted(let series, let start):
            return (
                .warning,
                """
                series \(series) was first seen after its start \(start) and has released nothing: \
                nothing is sent until you say `advised start \(series)`
                """
            )
        case .waitingForSubscribers(let series):
            return (.info, "series \(series) waits for subscribers; it begins with the first")
        case .startMoved(let series, let from, let to):
            return (
                .error,
                """
                series \(series) began with start \(from); the configured start \(to) is not taken: \
                put \(from) back, or take a new edition with `advised reload --rebase`
                """
            )
        case .released(let draft, let late):
            return Telling.released(draft, late)
        case .alreadyReleased(let series, let point):
            return (.info, "\(series)/\(point) was released already; nothing is repeated")
        case .corrected(let draft):
            return (
                .notice,
                """
                \(draft.kind.rawValue) \(draft.series)/\(draft.point.id), revision \(draft.revision): \
                a correction goes to those who had it
                """
            )
        case .decided(let words):
            return (.notice, "decided: \(words)")
        case .changedAfterRelease(let series, let point):
            return (
                .warning,
                """
                \(series)/\(point) was changed after its release, and nobody is told of it: \
                `advised revise \(point)` sends a correction
                """
            )
        case .pointGone(let series, let point):
            return (.warning, "\(series)/\(point) is gone from the files and will not go out")
        case .pointRenamed(let series, let from, let to):
            return (
                .warning,
                """
                \(series)/\(from) is likely renamed to \(to): a new point all the same, which goes out again
                """
            )
        case .missed(let series, let point, let day):
            return (.warning, "\(series)/\(point) was missed on \(day)")
        case .delivered(let settlement), .waiting(let settlement), .exhausted(let settlement),
            .cancelled(let settlement):
            return Telling.settled(settlement)
        case .clockStepped(let step):
            let seconds = Double(step.milliseconds) / 1000
            return (.warning, "the clock was set by \(seconds) s; everything that is due is looked at anew")
        case .clockSuspect(let hold):
            let what =
                hold.leap.map { "has leapt by \($0.seconds) s" }
                ?? "is far beyond the last time that was seen"
            return (
                .error,
                """
                the clock \(what): nothing is released or sent until it is known to be synchronized, or \
                somebody says `advised clock accept`
                """
            )
        case .clockAwaited:
            return (.notice, "just booted: waits for the clock to be set, a minute at most")
        case .clockTrusted:
            return (.notice, "the clock is believed: going on")
        case .finished(let series):
            return (.info, "series \(series) is finished")
        case .careful(let starts):
            return (
                .warning,
                """
                the daemon was killed before, \(starts) times since anything was recorded: a delivery may be \
                why, so attempts are written down before they are made, until nothing is left to send
                """
            )
        case .heartbeatRefused(let reason):
            return (.warning, "the heartbeat was not taken and is tried again: \(reason.escapedForTerminal)")
        case .heartbeatTaken:
            return (.notice, "the heartbeat is taken again")
        case .status:
            return nil
        }
    }

    private static func released(
        _ draft: ReleaseDraft, _ late: Span
    ) -> (level: Logger.Level, text: String) {
        let lateness = late.milliseconds < 1000 ? "" : ", \(late.seconds) s late"
        return (
            .info,
            """
            released \(draft.series)/\(draft.point.id) (\(draft.point.number) of \(draft.of)) \
            for \(draft.row.slotDate) to \(draft.cohort.members) subscribers\(lateness)
            """
        )
    }

    private static func settled(
        _ settlement: Settlement
    ) -> (level: Logger.Level, text: String) {
        let record = settlement.record
        let what = "\(settlement.release.series)/\(settlement.release.subject) to \(settlement.subscriber)"
        let reason = record.error.map { ": \($0.escapedForTerminal)" } ?? ""
        switch record.state {
        case .delivered:
            let status = record.attempt.map { " (\($0.status), \($0.latency.milliseconds) ms)" } ?? ""
            return (.info, "delivered \(what)\(status)")
        case .held:
            return (.notice, "held \(what)\(reason)")
        case .waiting where record.attempt == nil:
            let next = record.nextAttemptAt.map { " until \($0)" } ?? ""
            return (.info, "\(what) waits\(next)\(reason)")
        case .waiting:
            let next = record.nextAttemptAt.map { "; next attempt at \($0)" } ?? ""
            return (
                .notice,
                """
                attempt \(record.attempt?.number ?? record.attempts) of \(what) \
                did not succeed\(reason)\(next)
                """
            )
        case .exhausted:
            return (.warning, "gave up \(what) after \(record.attempts) attempts\(reason)")
        case .cancelled:
            return (.notice, "cancelled \(what)\(reason)")
        }
    }
}

extension String {
    /// A receiver's words as they may be shown: control characters would let them write to a terminal or
    /// begin lines of their own in a log.
    public var escapedForTerminal: String {
        var text = ""
        for scalar in unicodeScalars {
            if scalar.value < 0x20 || (0x7f...0x9f).contains(scalar.value)
                || (0x2028...0x202e).contains(scalar.value) || (0x2066...0x2069).contains(scalar.value)
            {
                text += "\\u{\(String(scalar.value, radix: 16))}"
            } else {
                text.unicodeScalars.append(scalar)
            }
        }
        return text
    }
}
