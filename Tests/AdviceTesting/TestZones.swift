public import AdviceCore
import Foundation

/// The machine's zone files, as the daemon reads them, each read once.
public enum TestZones {
    /// Read once in the process; the tests of one process share it.
    private static let cache = ZoneCache()

    /// The rules of `name`. A machine without that file cannot run the tests at all, so this traps.
    public static func rules(_ name: String) -> ZoneRules { cache.rules(name) }

    public static func calendar(_ zone: String, _ at: TimeOfDay = .nine) -> SlotCalendar {
        SlotCalendar(zone: rules(zone), at: at)
    }
}

private final class ZoneCache: Sendable {
    private let known = Locked<[String: ZoneRules]>([:])

    func rules(_ name: String) -> ZoneRules {
        known.with { known in
            if let rules = known[name] { return rules }
            let path = "/usr/share/zoneinfo/\(name)"
            guard let data = FileManager.default.contents(atPath: path),
                let rules = try? ZoneRules(tzif: Array(data))
            else { preconditionFailure("the tests need the tzdata package: \(path) cannot be read") }
            known[name] = rules
            return rules
        }
    }
}
