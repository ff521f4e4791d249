public import AdviceCore

/// The body of `advice.point.released` in the standard format, and of what corrects or retracts it
/// (interface.md §3). The same bytes for every subscriber and every attempt, unless it `replaces` something:
/// the webhook-id of the earlier delivery is a subscriber's own. `time` is a correction's own.
public func standardBody(
    _ released: ReleasedPoint, type: EventType = .pointReleased, replaces: String? = nil,
    at time: Instant? = nil
) -> [UInt8] {
    JSONWriter.object { body in
        body.field("type", type.rawValue)
        let timestamp = time.map { Instant(seconds: $0.seconds) } ?? released.release.releasedAt
        body.field("timestamp", timestamp.description)
        body.object("data") { $0.write(released, replaces: replaces) }
    }
}

/// A correction's body, frozen with an empty `replaces`, with the webhook-id that it replaces for one
/// subscriber. A body without that place is given back as it is.
public func standardBody(_ frozen: [UInt8], replacing id: String) -> [UInt8] {
    // Within a text the quotes would be escaped: it is the member itself or nothing.
    let place = Array(#""replaces":""#.utf8)
    guard let start = frozen.firstRange(of: place)?.upperBound else { return frozen }
    return frozen[..<start] + Array(id.utf8) + frozen[start...]
}

/// The body of `advice.test`: a point as it would come, marked as a test, or a short text without one.
/// `time` is the test's own, in whole seconds.
public func testBody(_ released: ReleasedPoint?, at time: Instant) -> [UInt8] {
    JSONWriter.object { body in
        body.field("type", EventType.test.rawValue)
        body.field("timestamp", Instant(seconds: time.seconds).description)
        body.object("data") { data in
            data.field("test", true)
            if let released {
                data.write(released, replaces: nil)
            } else {
                data.field("text", "This is a test: advice can reach you here. It holds no advice itself.")
            }
        }
    }
}

/// The body of `advice.endpoint.verify`: the endpoint is to answer with `challenge` (interface.md §3.3).
public func challengeBody(_ challenge: String, at time: Instant) -> [UInt8] {
    JSONWriter.object { body in
        body.field("type", EventType.endpointVerify.rawValue)
        body.field("timestamp", Instant(seconds: time.seconds).description)
        body.object("data") { $0.field("challenge", challenge) }
    }
}

/// The body of `advice.series.completed` (interface.md §3.2).
func completedBody(_ completed: CompletedSeries) -> [UInt8] {
    JSONWriter.object { body in
        body.field("type", EventType.seriesCompleted.rawValue)
        body.field("timestamp", completed.at.description)
        body.object("data") { data in
            data.write(completed.series)
            data.field("notice", completed.notice)
        }
    }
}

/// The body of `advice.alert`, to operators (interface.md §3.2).
public func alertBody(_ alert: Alert) -> [UInt8] {
    JSONWriter.object { body in
        body.field("type", EventType.alert.rawValue)
        body.field("timestamp", Instant(seconds: alert.at.seconds).description)
        body.object("data") { data in
            data.field("kind", alert.kind.rawValue)
            data.field("severity", alert.kind.severity.rawValue)
            data.field("title", alert.title)
            data.field("text", alert.text)
            data.field("series", alert.series)
            data.field("point", alert.point)
            data.array("subscribers", alert.subscribers)
            data.field("count", Int64(alert.count))
            data.field("since", Instant(seconds: alert.since.seconds).description)
        }
    }
}

extension JSONWriter {
    fileprivate mutating func write(_ released: ReleasedPoint, replaces: String?) {
        write(released.series)
        object("point") { $0.write(released.point) }
        object("release") { $0.write(released.release, replaces: replaces) }
        field("notice", released.notice)
    }

    fileprivate mutating func write(_ series: ReleasedPoint.InSeries) {
        object("series") { object in
            object.field("id", series.id)
            object.field("title", series.title)
            object.field("edition", series.edition)
            object.field("lang", series.lang)
        }
    }

    private mutating func write(_ point: ReleasedPoint.Content) {
        field("id", point.id)
        field("number", Int64(point.number))
        field("of", Int64(point.of))
        field("title", point.title)
        field("body_markdown", point.body.markdown)
        field("body_text", point.body.text)
        field("body_html", point.body.html)
        field("url", point.url)
        array("tags", point.tags)
        array("sources", point.sources) { writer, source in
            writer.field("title", source.title)
            writer.field("publisher", source.publisher)
            writer.field("url", source.url)
        }
    }

    private mutating func write(_ release: ReleasedPoint.Release, replaces: String?) {
        field("day", release.day.description)
        field("zone", release.zone)
        field("sequence", Int64(release.sequence))
        field("revision", Int64(release.revision))
        field("replaces", replaces)
        field("scheduled_for", release.scheduledFor.description)
        field("released_at", release.releasedAt.description)
        field("late_seconds", release.lateSeconds)
    }
}
