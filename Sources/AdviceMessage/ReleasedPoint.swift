public import AdviceCore

/// A point as it was at its release: all that any format says of it, and nothing of any subscriber. Frozen
/// with the release, so that an edited file or a later program changes nothing that was begun.
public struct ReleasedPoint: Hashable, Sendable, Codable {
    public var series: InSeries
    public var point: Content
    public var release: Release
    /// Sent with every delivery.
    public var notice: String?

    /// What is said of the series, at the time of the release.
    public struct InSeries: Hashable, Sendable, Codable {
        public var id: String
        public var title: String
        /// As `Edition` writes it.
        public var edition: String
        /// BCP 47.
        public var lang: String
    }

    public struct Content: Hashable, Sendable, Codable {
        public var id: String
        /// Its place in the series, from 1, of `of` points.
        public var number: Int
        public var of: Int
        public var title: String
        public var body: RenderedMarkdown
        public var url: String?
        public var tags: [String]
        public var sources: [Point.Source]
    }

    /// When and how it went out.
    public struct Release: Hashable, Sendable {
        /// The day of the slot in `zone`, the cohort's.
        public var day: CivilDate
        public var zone: String
        /// The number of this release in the edition, from 1; receivers order by it.
        public var sequence: Int
        /// Of the point's text, from 1.
        public var revision: Int
        public var scheduledFor: Instant
        public var releasedAt: Instant

        /// Instants are cut to whole seconds: receivers see no finer ones, and what is kept is what was said.
        public init(
            day: CivilDate, zone: String, sequence: Int, revision: Int = 1, scheduledFor: Instant,
            releasedAt: Instant
        ) {
            precondition(sequence >= 1, "the releases of an edition are numbered from 1")
            precondition(revision >= 1, "revisions are numbered from 1")
            self.day = day
            self.zone = zone
            self.sequence = sequence
            self.revision = revision
            self.scheduledFor = Instant(seconds: scheduledFor.seconds)
            self.releasedAt = Instant(seconds: releasedAt.seconds)
        }

        /// How late the release itself was; the same in every attempt, however late that is. Never negative.
        public var lateSeconds: Int64 { max(0, (releasedAt - scheduledFor).seconds) }
    }

    /// The same point as withdrawn: who shows it without a look at the type still tells the truth.
    public func withdrawn(title: String) -> ReleasedPoint {
        var withdrawn = self
        withdrawn.point.title = title
        withdrawn.point.body = RenderedMarkdown("This point has been withdrawn. Please disregard it.")
        withdrawn.point.url = nil
        withdrawn.point.sources = []
        return withdrawn
    }

    /// Renders the body of `point`: done once for a release.
    public init(_ point: Point, in series: Series, edition: Edition, release: Release) {
        self.series = InSeries(
            id: series.id, title: series.title, edition: edition.description, lang: series.lang)
        self.point = Content(
            id: point.id, number: point.number, of: series.points.count, title: point.title,
            body: RenderedMarkdown(point.body), url: point.url, tags: point.tags, sources: point.sources)
        self.release = release
        notice = series.notice
    }
}
