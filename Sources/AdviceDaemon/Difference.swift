import AdviceCore

/// What a reload changes, for people and, as JSON, for scripts (`reload --json`).
public struct Difference: Codable, Sendable {
    public var subscribers: Subscribers
    public var series: [SeriesChange] = []

    public struct Subscribers: Codable, Sendable {
        /// In all, now.
        public var count: Int
        public var added: [Added] = []
        public var removed: [String]
        public var changed: [String]
    }

    /// Where a new subscriber begins, in each series.
    public struct Added: Codable, Sendable {
        public var id: String
        public var begins: [Beginning]
    }

    public struct Beginning: Codable, Sendable {
        public var series: String
        /// The point that comes first; null where none will.
        public var point: String?
        public var number: Int?
        public var day: String?
        public var words: String
    }

    public struct SeriesChange: Codable, Sendable {
        public var id: String
        /// added, removed or changed.
        public var change: String
        public var inserted: [Place] = []
        public var removed: [String] = []
        public var moved: [Move] = []
        public var renamed: [Rename] = []
        /// Text changed before the release: it goes out as it is now.
        public var rewritten: [String] = []
        /// Text changed after the release: nobody is told unless it is revised.
        public var changed_after_release: [String] = []
        /// Points whose day is another.
        public var plan: [Replanned] = []
        /// Keys of the series that say something else than before.
        public var settings: [String] = []

        var isEmpty: Bool {
            change == "changed" && inserted.isEmpty && removed.isEmpty && moved.isEmpty && renamed.isEmpty
                && rewritten.isEmpty && changed_after_release.isEmpty && plan.isEmpty && settings.isEmpty
        }
    }

    public struct Place: Codable, Sendable {
        public var id: String
        public var number: Int
        public var is_next: Bool
    }

    public struct Move: Codable, Sendable {
        public var id: String
        public var from: Int
        public var to: Int
    }

    public struct Rename: Codable, Sendable {
        public var from: String
        public var to: String
    }

    public struct Replanned: Codable, Sendable {
        public var id: String
        /// Days; null where it is not planned.
        public var from: String?
        public var to: String?
    }

    init(subscribers: Int, removed: [String], changed: [String]) {
        self.subscribers = Subscribers(count: subscribers, removed: removed, changed: changed)
    }

    // MARK: Making it

    /// `outlook` is that of the subscriber's cohort in a series; nil where it is not known yet.
    mutating func add(
        _ subscriber: Subscriber, outlook: (Series) -> Outlook?, of all: () -> [Series]
    ) {
        let begins = all().filter { subscriber.series.contains($0.id) }.map { series in
            Difference.beginning(of: subscriber.id, in: series, outlook(series))
        }
        subscribers.added.append(Added(id: subscriber.id, begins: begins))
    }

    private static func beginning(
        of subscriber: String, in series: Series, _ outlook: Outlook?
    ) -> Beginning {
        let first = outlook?.coming.first { !$0.isMissed }
        var begin = Beginning(
            series: series.id, point: first?.point.id, number: first?.point.number,
            day: first.map { "\($0.slot.date)" }, words: "")
        let gone = (outlook?.rows ?? []).filter { $0.kind != .missed }.compactMap { row in
            series.points.first { $0.id == row.point }?.number
        }
        begin.words = "\(subscriber) " + words(first?.point.number, gone, series)
        return begin
    }

    private static func words(_ first: Int?, _ gone: [Int], _ series: Series) -> String {
        let of = series.points.count
        let next = first.map { "point \($0) of \(of)" } ?? "what is added to \(series.id)"
        guard !gone.isEmpty else { return "starts at \(next)" }
        let range = gone.count == 1 ? "\(gone[0])" : "\(gone.min() ?? 1)-\(gone.max() ?? of)"
        switch series.join {
        case .next: return "starts at \(next); \(range) will not be sent (join: next)"
        case .latest: return "gets \(gone.max() ?? of) now, then \(next) (join: latest)"
        case .all, .fromStart:
            return "gets \(range) in order, then \(next) (join: \(series.join.rawValue))"
        }
    }

    mutating func compare(
        _ old: Series?, _ new: Series, before: Outlook?, after: Outlook?, changedAfterRelease: [String]
    ) {
        guard let old else {
            series.append(SeriesChange(id: new.id, change: "added"))
            return
        }
        var change = SeriesChange(id: new.id, change: "changed")
        change.comparePoints(old, new, next: after?.coming.first { !$0.isMissed }?.point.id)
        change.compareSettings(old, new)
        change.changed_after_release = changedAfterRelease
        change.rewritten.removeAll { changedAfterRelease.contains($0) }
        if let before, let after { change.comparePlans(before, after) }
        if !change.isEmpty { series.append(change) }
    }

    mutating func drop(_ old: Series) {
        series.append(SeriesChange(id: old.id, change: "removed"))
    }
}

extension Difference.SeriesChange {
    fileprivate mutating func comparePoints(_ old: Series, _ new: Series, next: String?) {
        let before = Dictionary(uniqueKeysWithValues: old.points.map { ($0.id, $0) })
        let after = Dictionary(uniqueKeysWithValues: new.points.map { ($0.id, $0) })
        let fresh = new.points.filter { before[$0.id] == nil }
        var gone = old.points.filter { after[$0.id] == nil }
        for point in fresh {
            // The same content under another id: likely a rename, and a new point all the same.
            if let place = gone.firstIndex(where: { $0.digest == point.digest }) {
                renamed.append(Difference.Rename(from: gone[place].id, to: point.id))
                gone.remove(at: place)
            } else {
                inserted.append(
                    Difference.Place(id: point.id, number: point.number, is_next: point.id == next))
            }
        }
        removed = gone.map(\.id)
        for point in new.points {
            guard let known = before[point.id] else { continue }
            if known.digest != point.digest { rewritten.append(point.id) }
        }
        let kept = old.points.filter { after[$0.id] != nil }
        let order = new.points.filter { before[$0.id] != nil }
        for (was, now) in zip(kept, order) where was.id != now.id {
            guard let from = before[now.id]?.number else { continue }
            moved.append(Difference.Move(id: now.id, from: from, to: now.number))
        }
    }

    fileprivate mutating func compareSettings(_ old: Series, _ new: Series) {
        func note(_ isChanged: Bool, _ key: String) {
            if isChanged { settings.append(key) }
        }
        note(old.title != new.title, "title")
        note(old.start != new.start, "start")
        note(old.at != new.at, "at")
        note(old.zone != new.zone, "zone")
        note(old.days != new.days, "days")
        note(old.blackout != new.blackout, "blackout")
        note(old.window != new.window, "window")
        note(old.catchUp != new.catchUp, "catch_up")
        note(old.join != new.join, "join")
        note(old.atEnd != new.atEnd, "at_end")
        note(old.maxAge != new.maxAge, "max_age")
        note(old.spread != new.spread, "spread")
        note(old.shadow != new.shadow, "shadow")
        note(old.lang != new.lang, "lang")
        note(old.notice != new.notice, "notice")
    }

    fileprivate mutating func comparePlans(_ before: Outlook, _ after: Outlook) {
        func days(_ outlook: Outlook) -> [String: CivilDate] {
            Dictionary(
                outlook.coming.map { ($0.point.id, $0.slot.date) }, uniquingKeysWith: { first, _ in first })
        }
        let old = days(before)
        let new = days(after)
        for point in after.series.points {
            guard let was = old[point.id], let now = new[point.id], was != now else { continue }
            plan.append(Difference.Replanned(id: point.id, from: "\(was)", to: "\(now)"))
        }
    }
}

// MARK: Words

extension Difference {
    /// Long lists are cut: the JSON has them whole.
    private static let shown = 20

    var text: String {
        var lines = [
            "\(subscribers.count) subscribers, \(subscribers.added.count) added, "
                + "\(subscribers.removed.count) removed, \(subscribers.changed.count) changed"
        ]
        for added in subscribers.added.prefix(Difference.shown) {
            lines.append("  + \(added.id)")
            lines += added.begins.map { "    \($0.series): \($0.words)" }
        }
        Difference.cut(subscribers.added.count, &lines)
        lines += subscribers.removed.prefix(Difference.shown).map { "  - \($0)" }
        Difference.cut(subscribers.removed.count, &lines)
        lines += subscribers.changed.prefix(Difference.shown).map { "  ~ \($0)" }
        Difference.cut(subscribers.changed.count, &lines)
        for change in series { lines += change.lines }
        return lines.joined(separator: "\n")
    }

    fileprivate static func cut(_ count: Int, _ lines: inout [String]) {
        if count > shown { lines.append("    and \(count - shown) more") }
    }
}

extension Difference.SeriesChange {
    fileprivate var lines: [String] {
        guard change == "changed" else { return ["series \(id): \(change)"] }
        var lines = settings.isEmpty ? [] : ["\(id): changed \(settings.joined(separator: ", "))"]
        lines += inserted.map {
            "\(id): inserted \($0.id) as point \($0.number)" + ($0.is_next ? ": it is the next to go" : "")
        }
        lines += renamed.map { "\(id): \($0.from) is likely renamed to \($0.to): a new point all the same" }
        lines += removed.map { "\(id): removed \($0)" }
        lines += moved.map { "\(id): moved \($0.id) from \($0.from) to \($0.to)" }
        lines += rewritten.map { "\(id): rewritten \($0)" }
        lines += changed_after_release.map {
            "\(id): \($0) was changed after its release; `advised revise \($0)` sends a correction"
        }
        lines += plan.prefix(5).map {
            "\(id): \($0.id) goes on \($0.to ?? "no day"), not \($0.from ?? "none")"
        }
        if plan.count > 5 { lines.append("\(id): and \(plan.count - 5) further points on other days") }
        return lines
    }
}
