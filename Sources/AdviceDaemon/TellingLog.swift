import AdviceCore
import Logging

extension Logger {
    /// Says what the scheduler wants told, with the same words everywhere. No URL and no secret is ever in a
    /// telling: the subscriber's id is the only name shown.
    func tell(_ telling: Telling) {
        switch telling {
        case .begins(let series, let day):
            info("series \(series) begins on \(day)")
        case .unstarted(let series, let start):
            warning(
                """
                series \(series) was first seen after its start \(start) and has released nothing: \
                nothing is sent until you say `advised start \(series)`
                """)
        case .waitingForSubscribers(let series):
            info("series \(series) waits for subscribers; it begins with the first")
        case .startMoved(let series, let from, let to):
            error(
                """
                series \(series) began with start \(from); the configured start \(to) is not taken: \
                put \(from) back
                """)
        case .released(let draft, let late):
            tellReleased(draft, late)
        case .alreadyReleased(let series, let point):
            info("\(series)/\(point) was released already; nothing is repeated")
        case .missed(let series, let point, let day):
            warning("\(series)/\(point) was missed on \(day)")
        case .delivered(let settlement), .waiting(let settlement), .exhausted(let settlement),
            .cancelled(let settlement):
            tell(settlement)
        case .clockStepped(let step):
            let seconds = Double(step.milliseconds) / 1000
            warning("the clock was set by \(seconds) s; everything that is due is looked at anew")
        case .finished(let series):
            info("series \(series) is finished")
        case .status:
            break
        }
    }

    private func tellReleased(_ draft: ReleaseDraft, _ late: Span) {
        let lateness = late.milliseconds < 1000 ? "" : ", \(late.seconds) s late"
        info(
            """
            released \(draft.series)/\(draft.point.id) (\(draft.point.number) of \(draft.of)) \
            for \(draft.row.slotDate) to \(draft.cohort.members) subscribers\(lateness)
            """)
    }

    private func tell(_ settlement: Settlement) {
        let record = settlement.record
        let what = "\(settlement.release.series)/\(settlement.release.subject) to \(settlement.subscriber)"
        let reason = record.error.map { ": \($0.escapedForTerminal)" } ?? ""
        switch record.state {
        case .delivered:
            let status = record.attempt.map { " (\($0.status), \($0.latency.milliseconds) ms)" } ?? ""
            info("delivered \(what)\(status)")
        case .waiting, .held:
            let next = record.nextAttemptAt.map { "; next attempt at \($0)" } ?? ""
            notice(
                """
                attempt \(record.attempt?.number ?? record.attempts) of \(what) \
                did not succeed\(reason)\(next)
                """
            )
        case .exhausted:
            warning("gave up \(what) after \(record.attempts) attempts\(reason)")
        case .cancelled:
            notice("cancelled \(what)\(reason)")
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
