/// From `start` on, until the next one, the zone is `offset` seconds east of UTC.
struct ZoneSegment: Hashable, Sendable {
    /// Seconds since 1970-01-01T00:00:00Z; the first segment of a zone starts at `Int64.min`.
    let start: Int64
    let offset: Int32
}

/// The whole of a zone's time line, as changes of its offset, each at its moment.
///
/// Cut to the span that an `Instant` holds, so that nothing worked out from it can overflow.
struct ZoneTimeline {
    private(set) var segments: [ZoneSegment]

    init(firstOffset: Int32) {
        segments = [ZoneSegment(start: .min, offset: firstOffset)]
    }

    init(_ file: TZifFile) {
        self.init(firstOffset: file.firstOffset)
        for segment in file.transitions { append(segment) }
        if let footer = file.footer { append(footer, after: file.transitions.last?.start ?? .min) }
    }

    /// Adds a change that is not before the last one; one at the same moment takes its place.
    private mutating func append(_ segment: ZoneSegment) {
        guard segment.start <= Int64(ZoneRules.bounds.upperBound) else { return }
        let start = segment.start <= Int64(ZoneRules.bounds.lowerBound) ? .min : segment.start
        if segments.last?.start == start { segments.removeLast() }
        guard segments.last?.offset != segment.offset else { return }
        segments.append(ZoneSegment(start: start, offset: segment.offset))
    }

    /// Unrolls the footer from the last transition to the end of the span.
    private mutating func append(_ footer: PosixFooter, after last: Int64) {
        guard last <= Int64(ZoneRules.bounds.upperBound) else { return }
        let from = max(last, Int64(ZoneRules.bounds.lowerBound))
        // Two years earlier, so that a change lies before `from` even where a rule's time is 167 hours away.
        let year = CivilDate.split(localSeconds: from).date.year - 2
        let changes = footer.segments(from: year, through: 2262)
        let inForce = changes.last { $0.start <= last }?.offset
        append(ZoneSegment(start: last, offset: inForce ?? footer.standardOffset))
        for change in changes where change.start > last { append(change) }
    }
}
