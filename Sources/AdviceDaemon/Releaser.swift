import AdviceCore
import AdviceMessage
import AdviceStore
import Crypto

/// Freezes the content of a release: what every attempt of every delivery of it will say, from now on.
enum Releaser {
    /// The neutral content and its rendering in each format in use.
    static func freeze(_ announcement: Announcement, in formats: [Format]) -> FrozenContent {
        let neutral = announcement.neutralJSON()
        return FrozenContent(
            neutral: neutral, digest: Array(SHA256.hash(data: neutral)),
            renderings: formats.map { (format: $0, bytes: Rendering(announcement, as: $0).bytes) })
    }

    static func freeze(_ draft: ReleaseDraft, of series: Series, in formats: [Format]) -> FrozenContent {
        freeze(.released(released(draft, of: series)), in: formats)
    }

    static func released(_ draft: ReleaseDraft, of series: Series) -> ReleasedPoint {
        ReleasedPoint(
            draft.point, in: series, edition: draft.edition,
            release: release(draft.row, in: draft.cohort, revision: draft.revision))
    }

    /// What those get who had the point, and what those get who had not.
    static func freeze(_ draft: CorrectionDraft, of series: Series, in formats: [Format]) -> Correction {
        let point = ReleasedPoint(
            draft.point, in: series, edition: draft.edition,
            release: release(draft.row, in: draft.cohort, revision: draft.revision))
        let at = draft.correctedAt
        switch draft.kind {
        case .revised:
            return Correction(
                draft: draft, correction: freeze(.revised(point, at: at), in: formats),
                release: freeze(.released(point), in: formats))
        case .withdrawn:
            let withdrawn = point.withdrawn(title: draft.point.title)
            return Correction(
                draft: draft, correction: freeze(.withdrawn(withdrawn, at: at), in: formats), release: nil)
        }
    }

    private static func release(
        _ row: LedgerRow, in cohort: CohortRecord, revision: Int
    ) -> ReleasedPoint.Release {
        ReleasedPoint.Release(
            day: row.slotDate, zone: cohort.cohort.zone, sequence: row.sequence, revision: revision,
            scheduledFor: row.scheduledFor, releasedAt: row.releasedAt)
    }
}
