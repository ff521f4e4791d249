import AdviceCore
import AdviceMessage
import AdviceStore

/// A point as readers see it: it has gone out to some cohort, and shows its newest text. What has not gone
/// out is in no such value, and so on no page and in no feed.
struct Publication {
    var edition: Edition
    var point: String
    /// Of the slot by which it first went out.
    var day: CivilDate
    var scheduledFor: Instant
    var releasedAt: Instant
    var revision = 1
    var correctedAt: Instant?
    var isWithdrawn = false
    /// The release that has the newest text.
    var textOf: Int64

    /// When anything last changed of what is shown.
    var updated: Instant { max(releasedAt, correctedAt ?? releasedAt) }
    var isLate: Bool { releasedAt - scheduledFor > Limits.onTime }
    /// Within a page.
    var anchor: String {
        "p-" + String("\(edition)".map { $0 == "." ? "-" : $0 }) + "-" + point
    }

    /// Of a series, the newest first.
    static func read(_ series: String, _ reader: any StoreReader) throws(StoreError) -> [Publication] {
        var publications: [Publication] = []
        var places: [String: Int] = [:]
        for row in try reader.published(series) {
            let key = "\(row.edition) \(row.point)"
            if let place = places[key] {
                publications[place].take(row)
            } else {
                places[key] = publications.count
                publications.append(Publication(row))
            }
        }
        return publications.reversed()
    }

    private init(_ row: PublishedRow) {
        edition = row.edition
        point = row.point
        day = row.slotDate
        scheduledFor = row.scheduledFor
        releasedAt = row.releasedAt
        revision = row.revision
        textOf = row.release
    }

    /// Another cohort's release, or a correction.
    private mutating func take(_ row: PublishedRow) {
        day = min(day, row.slotDate)
        guard row.revision > revision else { return }
        (revision, textOf) = (row.revision, row.release)
        if row.kind != .released { correctedAt = row.releasedAt }
        isWithdrawn = row.kind == .withdrawn
    }

    /// nil where the store has lost it.
    func content(_ reader: any StoreReader) throws(StoreError) -> ReleasedPoint? {
        try reader.neutralContent(textOf).flatMap { try? ReleasedPoint(neutralJSON: $0) }
    }
}

/// A publication with its text.
struct Article {
    var publication: Publication
    var content: ReleasedPoint

    static func read(
        _ publications: some Sequence<Publication>, _ reader: any StoreReader
    ) throws(StoreError) -> [Article] {
        var articles: [Article] = []
        for publication in publications {
            if let content = try publication.content(reader) {
                articles.append(Article(publication: publication, content: content))
            }
        }
        return articles
    }
}
