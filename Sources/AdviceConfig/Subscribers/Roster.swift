internal import AdviceCore

/// The subscribers as far as they could be read.
struct Roster {
    /// The file in which they stand: one of their own, or the settings.
    let file: SourceFile
    var subscribers: [Subscriber] = []
    /// Also of those that could not be read.
    var places: SubscriberPlaces
    /// Whether ids that are not there are known not to be there.
    var isComplete = false
    var rows: Configuration.Rows?

    init(file: SourceFile) {
        self.file = file
        places = SubscriberPlaces(file: file.path)
    }
}

/// A subscriber that could be read, with the places that checks across all of them point at.
struct RosterMember {
    var subscriber: Subscriber
    var urlPosition: Position
    /// Of the time, or else of the zone.
    var atPosition: Position
    var url: EndpointURL?
}

/// Takes in subscribers one by one, from whatever kind of file, and checks them by themselves and together.
/// No more is kept of each than is needed to the end: there may be a million.
struct RosterBuilder {
    let context: SubscriberContext
    private var roster: Roster
    private var checks: RosterChecks
    private let limit: Int
    private var isOverfull = false
    private var file: SourceFile { roster.file }

    /// Nothing more is to be read.
    var isFull: Bool { isOverfull || file.isFull }

    /// `limit` is how many there may be.
    init(
        _ file: SourceFile, series: [SeriesDraft], delivery: Configuration.Delivery, limit: Int = Limits.rows
    ) {
        self.limit = limit
        roster = Roster(file: file)
        roster.isComplete = true
        context = SubscriberContext(
            file: file, series: series, delivery: delivery, isInSettings: file.isSettings)
        checks = RosterChecks(file, series: series, delivery: delivery)
    }

    /// See `Roster.isComplete`.
    var isComplete: Bool {
        get { roster.isComplete }
        set { roster.isComplete = newValue }
    }

    /// The list of YAML.
    mutating func take(_ entries: [Value]) {
        for entry in entries where !isFull {
            if let fields = Fields(entry, of: "a subscriber", keys: Keys.subscriber, in: file) {
                take(fields)
            } else {
                roster.isComplete = false
            }
        }
    }

    /// One entry.
    mutating func take(_ fields: Fields) {
        guard roster.subscribers.count < limit else {
            file.error(at: fields.position, "more than \(limit) subscribers: what follows was not read")
            isOverfull = true
            return
        }
        let id = readID(fields)
        if let id {
            let position = fields.position(of: "id")
            if let first = roster.places.note(id, entry: fields.position, idLine: position.line) {
                file.error(
                    at: position, "the id \(quoted(id)) is given twice; the first is in line \(first)")
            }
        } else {
            roster.isComplete = false
        }
        guard let member = SubscriberReader(fields, context).read(id: id) else { return }
        checks.note(member, behind: roster.subscribers)
        roster.subscribers.append(member.subscriber)
    }

    consuming func finish() -> Roster {
        checks.finish()
        if isFull { roster.isComplete = false }
        return roster
    }

    private func readID(_ fields: Fields) -> String? {
        _ = fields.required("id", "1 to 64 of A-Z, a-z, 0-9, '_' and '-'")
        return fields.parsed("id", mustBe: "1 to 64 of A-Z, a-z, 0-9, '_' and '-'") {
            SubscribersText.isID($0) ? $0 : nil
        }
    }
}

/// What all entries of a roster are read with.
struct SubscriberContext {
    let file: SourceFile
    let seriesIDs: [String]
    let delivery: Configuration.Delivery
    /// Entries of the settings file may open link-local addresses.
    let isInSettings: Bool
    private let subscriberZoned: Set<String>
    private let fromStart: Set<String>
    /// A series that could not be read may say anything.
    private let areAllKnown: Bool

    init(file: SourceFile, series: [SeriesDraft], delivery: Configuration.Delivery, isInSettings: Bool) {
        self.file = file
        self.delivery = delivery
        self.isInSettings = isInSettings
        seriesIDs = series.map(\.id)
        subscriberZoned = Set(series.filter(\.isForSubscriberZones).map(\.id))
        fromStart = Set(series.filter { $0.series?.join == .fromStart }.map(\.id))
        areAllKnown = series.allSatisfy { $0.series != nil }
    }

    func mayNameZone(_ series: [String]) -> Bool {
        !areAllKnown || series.contains(where: subscriberZoned.contains)
    }

    func mayNameJoin(_ series: [String]) -> Bool {
        !areAllKnown || series.contains(where: fromStart.contains)
    }
}
