public import AdviceCore

/// An announcement as one format writes it: made once, frozen with the release, and the same for every
/// subscriber. What is a subscriber's own (a chat's id, the webhook-id) is put in by `request(...)`, which
/// gives the same bytes for the same arguments always.
public struct Rendering: Hashable, Sendable {
    public let format: Format
    /// What is kept. For most formats these are the body's very bytes, so that one object in memory serves
    /// all subscribers: see `WrittenRequest.ownBody`.
    public let bytes: [UInt8]
    /// What the format's limits took away, and what a receiver may find too long. Empty for a rendering that
    /// was kept.
    public let misfits: [Misfit]

    /// Writes `announcement` in `format`.
    public init(_ announcement: Announcement, as format: Format) {
        self.format = format
        switch format {
        case .standard:
            bytes = StandardFormat.write(announcement)
            misfits = StandardFormat.misfits(bytes, format)
        case .cloudevents:
            bytes = CloudEvent.write(announcement)
            misfits = StandardFormat.misfits(bytes, format)
        case .slack: (bytes, misfits) = SlackBody.write(announcement)
        case .discord: (bytes, misfits) = DiscordBody.write(announcement)
        case .teams: (bytes, misfits) = TeamsBody.write(announcement)
        case .googlechat: (bytes, misfits) = TextBody.googleChat(announcement)
        case .mattermost: (bytes, misfits) = TextBody.mattermost(announcement)
        case .telegram: (bytes, misfits) = TextBody.telegram(announcement)
        case .matrix: (bytes, misfits) = TextBody.matrix(announcement)
        case .zulip: (bytes, misfits) = TextBody.zulip(announcement)
        case .ntfy: (bytes, misfits) = TextBody.ntfy(announcement)
        case .template:
            bytes = TemplateValues(announcement).json
            misfits = []
        }
    }

    /// As it was kept: `bytes` are those of a rendering in the same format.
    public init(kept bytes: [UInt8], as format: Format) {
        self.format = format
        self.bytes = bytes
        misfits = []
    }
}

/// Something of an announcement that a format has no room for.
public struct Misfit: Hashable, Sendable, CustomStringConvertible {
    public enum Part: String, Hashable, Sendable {
        case title, body, sources, notice
        /// The request's body as a whole.
        case whole
    }

    public var format: Format
    public var part: Part
    /// How long it is, in `unit`.
    public var length: Int
    /// The most that is taken, in `unit`.
    public var limit: Int
    public var unit: LengthUnit
    /// Whether the rendering was cut to `limit`; else it is sent as it is, and a receiver may refuse it.
    public var isCut: Bool

    /// A sentence to be put after a file and a line.
    public var description: String {
        guard isCut else {
            return "in format \(format.rawValue) it makes a request of \(length) \(unit.rawValue), "
                + "where receivers are promised no more than about \(limit)"
        }
        return "in format \(format.rawValue) the \(part.rawValue) has \(length) \(unit.rawValue) as it is "
            + "written there, and there is room for \(limit): the rest is cut off, with an ellipsis"
    }
}

/// What would be cut, or is too long, when `point` is released in `format`.
public func misfits(of point: Point, in series: Series, as format: Format) -> [Misfit] {
    let release = ReleasedPoint.Release(
        day: series.start, zone: "UTC", sequence: point.number, scheduledFor: Instant(seconds: 0),
        releasedAt: Instant(seconds: 0))
    let released = ReleasedPoint(point, in: series, edition: Edition(start: series.start), release: release)
    return Rendering(.released(released), as: format).misfits
}
