import AdviceCore
import AdviceMessage
import AdviceStore
import Crypto

/// Freezes the content of a release: what every attempt of every delivery of it will say, from now on.
enum Releaser {
    /// The neutral content and its rendering in each format in use.
    static func freeze(_ draft: ReleaseDraft, of series: Series) -> FrozenContent {
        freeze(released(draft, of: series), as: .pointReleased)
    }

    static func released(_ draft: ReleaseDraft, of series: Series) -> ReleasedPoint {
        ReleasedPoint(
            draft.point, in: series, edition: draft.edition,
            release: release(draft.row, in: draft.cohort, revision: draft.revision))
    }

    /// What those get who had the point, and what those get who had not.
    static func freeze(_ draft: CorrectionDraft, of series: Series) -> Correction {
        let point = ReleasedPoint(
            draft.point, in: series, edition: draft.edition,
            release: release(draft.row, in: draft.cohort, revision: draft.revision))
        switch draft.kind {
        case .revised:
            return Correction(
                draft: draft, correction: freeze(point, as: .pointRevised, at: draft.correctedAt),
                release: freeze(point, as: .pointReleased))
        case .withdrawn:
            let withdrawn = point.withdrawn(title: draft.point.title)
            return Correction(
                draft: draft, correction: freeze(withdrawn, as: .pointWithdrawn, at: draft.correctedAt),
                release: nil)
        }
    }

    static func freeze(_ alert: Alert) -> FrozenContent {
        let body = alertBody(alert)
        return FrozenContent(
            neutral: body, digest: Array(SHA256.hash(data: body)),
            renderings: [(format: .standard, bytes: body)])
    }

    private static func release(
        _ row: LedgerRow, in cohort: CohortRecord, revision: Int
    ) -> ReleasedPoint.Release {
        ReleasedPoint.Release(
            day: row.slotDate, zone: cohort.cohort.zone, sequence: row.sequence, revision: revision,
            scheduledFor: row.scheduledFor, releasedAt: row.releasedAt)
    }

    private static func freeze(
        _ point: ReleasedPoint, as type: EventType, at time: Instant? = nil
    ) -> FrozenContent {
        let neutral = point.neutralJSON()
        let body = standardBody(point, type: type, replaces: time == nil ? nil : "", at: time)
        return FrozenContent(
            neutral: neutral, digest: Array(SHA256.hash(data: neutral)),
            renderings: [(format: .standard, bytes: body)])
    }
}
