/// From `start` on, until the next one, what the wall clock shows stands for `wall - offset` in UTC.
struct WallSpan: Hashable, Sendable {
    /// What the wall clock shows, in seconds since it showed 1970-01-01 00:00; the first starts at
    /// `Int64.min`.
    let start: Int64
    let offset: Int32
    /// 0 where the clock shows these times once, `twice`, or the seconds it jumps where it never shows them.
    let jump: Int32

    static let once: Int32 = 0
    static let twice: Int32 = -1

    var isGap: Bool { jump > 0 }
}

/// The same time line seen from the wall clock: for each time it shows, the moment it shows it *first*.
///
/// Follows the highest time that the wall clock has shown so far. A jump forward leaves times that were not
/// shown: a gap, in which the offset before it applies. A step back repeats times that were shown before: an
/// overlap, in which the first showing counts.
struct WallTimeline {
    private(set) var spans: [WallSpan]

    init(_ segments: [ZoneSegment]) {
        spans = [WallSpan(start: .min, offset: segments[0].offset, jump: WallSpan.once)]
        var highest = Int64.min
        for index in segments.indices.dropFirst() {
            let before = segments[index - 1].offset
            let (change, after) = (segments[index].start, segments[index].offset)
            highest = max(highest, change + Int64(before))
            let shown = change + Int64(after)
            if shown > highest {
                append(WallSpan(start: highest, offset: before, jump: after - before))
                append(WallSpan(start: shown, offset: after, jump: WallSpan.once))
            } else {
                let end = index + 1 < segments.count ? segments[index + 1].start + Int64(after) : .max
                showAgain(from: shown, to: min(highest, end), offset: after)
                append(WallSpan(start: highest, offset: after, jump: WallSpan.once))
            }
        }
    }

    private mutating func append(_ span: WallSpan) {
        if spans.last?.start == span.start { spans.removeLast() }
        spans.append(span)
    }

    /// The clock was set back to `start` and runs to `end`: what was shown is shown twice now, and what was
    /// in a gap (where changes follow each other within hours) is shown at last.
    private mutating func showAgain(from start: Int64, to end: Int64, offset: Int32) {
        split(at: start)
        split(at: end)
        for index in spans.indices.reversed() {
            let span = spans[index]
            guard span.start >= start else { return }
            guard span.start < end else { continue }
            spans[index] =
                span.isGap
                ? WallSpan(start: span.start, offset: offset, jump: WallSpan.once)
                : WallSpan(start: span.start, offset: span.offset, jump: WallSpan.twice)
        }
    }

    /// Makes a span begin at `wall` without changing what any time stands for.
    private mutating func split(at wall: Int64) {
        guard let index = spans.lastIndex(where: { $0.start <= wall }), spans[index].start < wall else {
            return
        }
        let span = spans[index]
        spans.insert(WallSpan(start: wall, offset: span.offset, jump: span.jump), at: index + 1)
    }
}
