import AdviceCore
import AdviceMessage
import AdviceStore
import Crypto

/// Freezes the content of a release: what every attempt of every delivery of it will say, from now on.
enum Releaser {
    /// The neutral content and its rendering in each format in use.
    static func freeze(_ draft: ReleaseDraft, of series: Series) -> FrozenContent {
        let point = released(draft, of: series)
        let neutral = point.neutralJSON()
        return FrozenContent(
            neutral: neutral, digest: Array(SHA256.hash(data: neutral)),
            renderings: [(format: .standard, bytes: standardBody(point))])
    }

    static func released(_ draft: ReleaseDraft, of series: Series) -> ReleasedPoint {
        ReleasedPoint(
            draft.point, in: series, edition: draft.edition,
            release: ReleasedPoint.Release(
                day: draft.row.slotDate, zone: draft.cohort.cohort.zone, sequence: draft.row.sequence,
                scheduledFor: draft.row.scheduledFor, releasedAt: draft.row.releasedAt))
    }
}
