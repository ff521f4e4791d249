/// What the store knows of a series' life.
///
/// A rehearsal (`shadow: true`) has a record of its own beside the series' real one: each finds its own as it
/// was left when the other is switched to (`key`).
public struct SeriesRecord: Hashable, Sendable {
    public var id: String
    public var firstSeen: Instant
    /// The `start` of the configuration when this record was last written.
    public var configuredStart: CivilDate
    public var edition: Edition
    public var state: State
    /// The first date from which slots count; nil until the series has begun.
    public var begin: CivilDate?
    /// Points that `start --after` passed over, by id.
    public var passed: [String]
    public var details: Details

    public enum State: String, Hashable, Sendable {
        /// First seen after its start, with members and nothing released: waits for `advised start` (R6).
        case unstarted
        /// Has no members yet: begins with the first (R6).
        case waiting
        case running
    }

    /// What operators and edits have added to the record. Its names are those of the JSON in which the store
    /// keeps it.
    public struct Details: Hashable, Sendable, Codable {
        /// When it came to be running: in a zone where the first day was over by then, it begins on the next.
        public var beganAt: Instant?
        /// In order, the newest last.
        public var pauses: [SeriesPause] = []
        public var skips: [Skip] = []
        /// Points that were withdrawn, by id: nobody gets them any more.
        public var withdrawn: [String] = []
        /// Points of which a correction was sent.
        public var revisions: [Revision] = []
        public var outOfTurn: OutOfTurn?
        /// The points as the configuration had them last.
        public var points: [KnownPoint] = []
        /// What `zone: local` came to when the series was first seen; kept until `reload --rebase` (R9).
        public var localZone: String?
        /// Editions that `reload --rebase` has left behind: what a subscriber had there is not sent again.
        public var rebasedFrom: [String] = []
        /// Since when the series begins anew at its end: days before that belong to no further cycle.
        public var loopsSince: Instant?

        public init() {}

        /// What an earlier version did not write is as if nobody had decided it.
        public init(from decoder: any Decoder) throws {
            let values = try decoder.container(keyedBy: CodingKeys.self)
            beganAt = try values.decodeIfPresent(Instant.self, forKey: .beganAt)
            pauses = try values.decodeIfPresent([SeriesPause].self, forKey: .pauses) ?? []
            skips = try values.decodeIfPresent([Skip].self, forKey: .skips) ?? []
            withdrawn = try values.decodeIfPresent([String].self, forKey: .withdrawn) ?? []
            revisions = try values.decodeIfPresent([Revision].self, forKey: .revisions) ?? []
            outOfTurn = try values.decodeIfPresent(OutOfTurn.self, forKey: .outOfTurn)
            points = try values.decodeIfPresent([KnownPoint].self, forKey: .points) ?? []
            localZone = try values.decodeIfPresent(String.self, forKey: .localZone)
            rebasedFrom = try values.decodeIfPresent([String].self, forKey: .rebasedFrom) ?? []
            loopsSince = try values.decodeIfPresent(Instant.self, forKey: .loopsSince)
        }
    }

    /// A point that is passed over, in one edition.
    public struct Skip: Hashable, Sendable, Codable {
        public var point: String
        public var edition: String
        public init(point: String, edition: String) {
            self.point = point
            self.edition = edition
        }
    }

    public struct Revision: Hashable, Sendable, Codable {
        public var point: String
        /// 2, 3, ...
        public var number: Int
        public init(point: String, number: Int) {
            self.point = point
            self.number = number
        }
    }

    public init(
        id: String, firstSeen: Instant, configuredStart: CivilDate, edition: Edition, state: State,
        begin: CivilDate? = nil, passed: [String] = [], details: Details = Details()
    ) {
        self.id = id
        self.firstSeen = firstSeen
        self.configuredStart = configuredStart
        self.edition = edition
        self.state = state
        self.begin = begin
        self.passed = passed
        self.details = details
    }

    /// What the record is kept under. No series id has a dot.
    public var key: String { SeriesRecord.key(id, isShadow: edition.shadow) }

    static func key(_ id: String, isShadow: Bool) -> String { isShadow ? id + ".shadow" : id }

    /// 1 where no correction was sent.
    public func revision(of point: String) -> Int {
        details.revisions.last { $0.point == point }?.number ?? 1
    }
}

extension Series {
    /// Under which its record is kept.
    public var recordKey: String { SeriesRecord.key(id, isShadow: shadow) }
}

/// A time in which no day of a series is a release day (R14).
public struct SeriesPause: Hashable, Sendable, Codable {
    public var from: Instant
    /// The first day that counts again; nil where a person ends it.
    public var until: CivilDate?
    /// When a person ended it.
    public var ended: Instant?
    /// Its days count as missed after all: their points go out in order when it has ended.
    public var withMissed: Bool

    public init(from: Instant, until: CivilDate? = nil, ended: Instant? = nil, withMissed: Bool = false) {
        self.from = from
        self.until = until
        self.ended = ended
        self.withMissed = withMissed
    }

    /// Whether it is on at `instant`, in a zone where the date is then `date`.
    public func isOn(at instant: Instant, date: CivilDate) -> Bool {
        from <= instant && ended.map { instant < $0 } ?? true && until.map { date < $0 } ?? true
    }

    /// Whether a slot lies in it.
    func covers(_ slot: Slot) -> Bool { isOn(at: slot.instant, date: slot.date) }
}

/// `release POINT --now`: the point goes before its turn, in each cohort whose slot of that day was free.
public struct OutOfTurn: Hashable, Sendable, Codable {
    public var point: String
    public var asked: Instant
    /// The store's numbers of those cohorts: one that comes later was never asked for.
    public var cohorts: [Int64]
    public init(point: String, asked: Instant, cohorts: [Int64]) {
        self.point = point
        self.asked = asked
        self.cohorts = cohorts
    }
}

/// A point of the configuration as it was last taken.
public struct KnownPoint: Hashable, Sendable, Codable {
    public var id: String
    /// Of everything that its receivers see; of a released point, as it was released or last revised.
    public var digest: Int64
    /// When it came to a series that had begun: no slot before that was ever its. nil where it was there.
    public var seen: Instant?
    public init(id: String, digest: Int64, seen: Instant? = nil) {
        self.id = id
        self.digest = digest
        self.seen = seen
    }
}

extension Point {
    /// FNV-1a 64 over everything that its receivers see but its place: tells an edit from none.
    public var digest: Int64 {
        var hash: UInt64 = 0xcbf2_9ce4_8422_2325
        func mix(_ text: String?) {
            for byte in (text ?? "").utf8 { hash = (hash ^ UInt64(byte)) &* 0x0000_0100_0000_01b3 }
            // No text has this byte: where one ends is part of what is hashed.
            hash = (hash ^ 0xff) &* 0x0000_0100_0000_01b3
        }
        mix(title)
        mix(body)
        mix(url)
        for tag in tags { mix(tag) }
        mix(nil)
        for source in sources {
            mix(source.title)
            mix(source.publisher)
            mix(source.url)
        }
        return Int64(bitPattern: hash)
    }
}
