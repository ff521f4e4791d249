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
        default:
            bytes = []
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
        case whole = "whole"
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

    /// "the body has 5,120 UTF-16 units in format discord, which takes 4,096: the rest is cut off, and an
    /// ellipsis says so". To be put after a file and a line.
    public var description: String { "" }
}

/// What a receiver counts.
public enum LengthUnit: String, Hashable, Sendable {
    /// Unicode scalars, as Python and most databases count.
    case characters
    case utf16 = "UTF-16 units"
    case bytes
}

/// What would be cut, or is too long, when `point` is released in `format`; with the longest day and numbers
/// that it may get, so that what `check` lets pass cannot fail at its release.
public func misfits(of point: Point, in series: Series, as format: Format) -> [Misfit] {
    []
}
