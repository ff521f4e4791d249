public import AdviceCore
import Foundation
import Synchronization

/// The system's zones, from its TZif files by our own reader: Foundation's are compiled in, and an update of
/// the tzdata package never reaches them.
public final class SystemZones: Sendable {
    public static let folder = "/usr/share/zoneinfo"

    private let root: String
    private let cache = Mutex<[String: ZoneRules]>([:])

    public init(root: String = SystemZones.folder) {
        self.root = root
    }

    /// The rules of `name`; nil where the system has no such zone.
    public func rules(_ name: String) -> ZoneRules? {
        if let known = cache.withLock({ $0[name] }) { return known }
        guard SystemZones.isPlausible(name),
            let data = FileManager.default.contents(atPath: "\(root)/\(name)"),
            let rules = try? ZoneRules(tzif: [UInt8](data))
        else { return nil }
        cache.withLock { $0[name] = rules }
        return rules
    }

    /// Forgets what was read: tzdata may have been updated.
    public func reload() { cache.withLock { $0 = [:] } }

    /// All names, from the index that comes with the data.
    public func names() -> [String] {
        guard let text = try? String(contentsOfFile: "\(root)/tzdata.zi", encoding: .utf8) else { return [] }
        var names: Set<String> = []
        for line in text.split(separator: "\n") {
            let words = line.split(separator: " ")
            if words.first == "Z", words.count > 1 { names.insert(String(words[1])) }
            if words.first == "L", words.count > 2 { names.insert(String(words[2])) }
        }
        return names.sorted()
    }

    /// The name behind /etc/localtime; nil where it cannot be told.
    public func local() -> String? {
        let link = try? FileManager.default.destinationOfSymbolicLink(atPath: "/etc/localtime")
        if let link, let range = link.range(of: "zoneinfo/") {
            let name = String(link[range.upperBound...])
            if rules(name) != nil { return name }
        }
        let name = try? String(contentsOfFile: "/etc/timezone", encoding: .utf8)
        let trimmed = name?.trimmingCharacters(in: .whitespacesAndNewlines)
        return trimmed.flatMap { rules($0) == nil ? nil : $0 }
    }

    /// Reads a known zone and a known transition (R9): a daemon that cannot tell the time of day must not
    /// guess it. nil where all is well; otherwise what is wrong and what to do.
    public func selfCheck() -> String? {
        let advice = "install or repair the package tzdata (\(root))"
        guard let berlin = rules("Europe/Berlin") else {
            return "the zone Europe/Berlin cannot be read; \(advice)"
        }
        // 2026-03-29T01:00:00Z: the clock in Berlin goes from 02:00 to 03:00.
        let transition = Instant(seconds: 1_774_746_000)
        guard berlin.offsetSeconds(at: transition - .seconds(1)) == 3600,
            berlin.offsetSeconds(at: transition) == 7200
        else { return "the zone Europe/Berlin reads wrong at its change to summer time in 2026; \(advice)" }
        return nil
    }

    /// No way out of the folder by a name from a configuration.
    private static func isPlausible(_ name: String) -> Bool {
        !name.isEmpty && name.utf8.count <= 64 && !name.hasPrefix("/") && !name.hasSuffix("/")
            && !name.split(separator: "/", omittingEmptySubsequences: false).contains {
                $0 == ".." || $0.isEmpty
            }
    }
}
