internal import AdviceCore

/// The subscribers as far as they could be read, with what checks across all of them need.
struct Roster {
    struct Member {
        var subscriber: Subscriber
        var position: Position
        /// Where the URL and the time stand.
        var urlPosition: Position
        var atPosition: Position
        var url: EndpointURL?
    }

    /// The file in which they stand: one of their own, or the settings.
    let file: SourceFile
    var members: [Member] = []
    /// Also of those that could not be read.
    var ids: Set<String> = []
    /// Whether ids that are not there are known not to be there.
    var isComplete = false
    var series: [SeriesDraft] = []

    init(file: SourceFile) {
        self.file = file
    }

    var subscribers: [Subscriber] { members.map(\.subscriber) }

    var places: [String: Place] {
        Dictionary(
            members.map { ($0.subscriber.id, Place(file, $0.position)) },
            uniquingKeysWith: { first, _ in first })
    }
}

/// Reads the list of subscribers, in a file of its own or in the settings.
struct RosterReader {
    private let file: SourceFile
    private let series: [SeriesDraft]
    private let delivery: Configuration.Delivery
    private let isInSettings: Bool

    init(_ file: SourceFile, series: [SeriesDraft], delivery: Configuration.Delivery) {
        self.file = file
        self.series = series
        self.delivery = delivery
        isInSettings = file.isSettings
    }

    func read(_ entries: [Value]) -> Roster {
        var roster = Roster(file: file)
        roster.series = series
        roster.isComplete = !file.hasErrors || isInSettings
        roster.members.reserveCapacity(entries.count)
        var places: [String: Position] = [:]
        let context = SubscriberContext(
            file: file, series: series, delivery: delivery, isInSettings: isInSettings)
        for entry in entries {
            guard let fields = Fields(entry, of: "a subscriber", keys: Keys.subscriber, in: file) else {
                roster.isComplete = false
                continue
            }
            let id = readID(fields)
            if let id {
                let position = fields.position(of: "id")
                if let first = places[id] {
                    file.error(
                        at: position,
                        "the id \(quoted(id)) is given twice; the first is in line \(first.line)")
                } else {
                    places[id] = position
                }
                roster.ids.insert(id)
            } else {
                roster.isComplete = false
            }
            if let member = SubscriberReader(fields, context).read(id: id) { roster.members.append(member) }
        }
        return roster
    }

    private func readID(_ fields: Fields) -> String? {
        _ = fields.required("id", "1 to 64 of A-Z, a-z, 0-9, '_' and '-'")
        return fields.parsed("id", mustBe: "1 to 64 of A-Z, a-z, 0-9, '_' and '-'") { text in
            let isID = text.utf8.allSatisfy { isNameByte($0) && $0 != UInt8(ascii: ".") }
            return isID && (1...64).contains(text.utf8.count) ? text : nil
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
