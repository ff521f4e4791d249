/// The members of a series who share a slot calendar: same zone, same time, and the same join day where that
/// counts (`join: from-start`). A series in one zone has one cohort.
///
/// Written `ZONE HH:MM[:SS][ joined DATE]`; that text is its key in the ledger.
public struct Cohort: Hashable, Sendable, CustomStringConvertible {
    public var zone: String
    public var at: TimeOfDay
    public var joined: CivilDate?

    public init(zone: String, at: TimeOfDay, joined: CivilDate? = nil) {
        self.zone = zone
        self.at = at
        self.joined = joined
    }

    public init?(_ text: String) {
        let words = text.split(separator: " ", omittingEmptySubsequences: false)
        guard words.count == 2 || (words.count == 4 && words[2] == "joined"), !words[0].isEmpty,
            let at = TimeOfDay(String(words[1]))
        else { return nil }
        self.init(zone: String(words[0]), at: at)
        if words.count == 4 {
            guard let joined = CivilDate(String(words[3])) else { return nil }
            self.joined = joined
        }
        // One cohort has one text: it is a key.
        guard description == text else { return nil }
    }

    public var description: String {
        "\(zone) \(at)" + (joined.map { " joined \($0)" } ?? "")
    }
}

extension Series {
    /// The cohort of a subscriber who names these in this series; `joined` counts with `join: from-start`.
    public func cohort(zone: String?, at: TimeOfDay?, joined: CivilDate? = nil) -> Cohort {
        let joined = join == .fromStart ? joined : nil
        return switch self.zone {
        case .named(let name): Cohort(zone: name, at: self.at, joined: joined)
        case .subscriber(let fallback): Cohort(zone: zone ?? fallback, at: at ?? self.at, joined: joined)
        }
    }
}
