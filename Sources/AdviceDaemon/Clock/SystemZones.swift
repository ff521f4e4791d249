public import AdviceCore
import CLinux
import Foundation
import Glibc
import Synchronization

/// The system's zones, from its TZif files by our own reader: Foundation's are compiled in, and an update of
/// the tzdata package never reaches them.
public final class SystemZones: Sendable {
    public static let folder = "/usr/share/zoneinfo"

    private let root: String
    private let cache = Mutex<[String: Entry]>([:])

    private struct Entry {
        var rules: ZoneRules
        var file: ZoneFile
    }

    public init(root: String = SystemZones.folder) {
        self.root = root
    }

    /// The rules of `name`; nil where the system has no such zone.
    public func rules(_ name: String) -> ZoneRules? {
        if let known = cache.withLock({ $0[name]?.rules }) { return known }
        guard SystemZones.isPlausible(name), let entry = read(name) else { return nil }
        cache.withLock { $0[name] = entry }
        return entry.rules
    }

    /// Forgets what was read: tzdata may have been updated.
    public func reload() { cache.withLock { $0 = [:] } }

    /// Reads anew what has been replaced since it was read. A zone that has gone or cannot be read keeps its
    /// rules: the daemon goes on by what it knows. Costs a `stat` a zone where nothing has changed.
    public func refresh() -> ZoneChanges {
        var changed: [String] = []
        var unreadable: [String] = []
        for (name, known) in cache.withLock({ $0 }) where ZoneFile(at: path(name)) != known.file {
            guard let fresh = read(name) else {
                unreadable.append(name)
                continue
            }
            cache.withLock { $0[name] = fresh }
            if fresh.rules != known.rules { changed.append(name) }
        }
        return ZoneChanges(changed: changed.sorted(), unreadable: unreadable.sorted())
    }

    /// The version of the data, such as `2025b`; nil where its index is missing.
    public func version() -> String? {
        let mark = "# version "
        guard let file = FileHandle(forReadingAtPath: path("tzdata.zi")),
            let head = try? file.read(upToCount: 80),
            let line = String(decoding: head, as: UTF8.self).split(separator: "\n").first,
            line.hasPrefix(mark), line.count > mark.count
        else { return nil }
        return String(line.dropFirst(mark.count))
    }

    /// All names, from the index that comes with the data.
    public func names() -> [String] {
        guard let text = try? String(contentsOfFile: path("tzdata.zi"), encoding: .utf8) else { return [] }
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

    private func path(_ name: String) -> String { "\(root)/\(name)" }

    private func read(_ name: String) -> Entry? {
        let path = path(name)
        // Before the bytes: what is written in between differs again at the next look.
        guard let file = ZoneFile(at: path), let data = FileManager.default.contents(atPath: path),
            let rules = try? ZoneRules(tzif: [UInt8](data))
        else { return nil }
        return Entry(rules: rules, file: file)
    }

    /// No way out of the folder by a name from a configuration.
    private static func isPlausible(_ name: String) -> Bool {
        !name.isEmpty && name.utf8.count <= 64 && !name.hasPrefix("/") && !name.hasSuffix("/")
            && !name.split(separator: "/", omittingEmptySubsequences: false).contains {
                $0 == ".." || $0.isEmpty
            }
    }
}

/// What a refresh of the zones found; names in order.
public struct ZoneChanges: Hashable, Sendable {
    /// Zones whose rules are others now. A file that was replaced by an equal one is none.
    public var changed: [String]
    /// Zones whose file is gone or broken, at every refresh for as long as that lasts.
    public var unreadable: [String]

    public init(changed: [String] = [], unreadable: [String] = []) {
        self.changed = changed
        self.unreadable = unreadable
    }
}

/// Which file it is, and as of when: two that are equal have the same bytes.
private struct ZoneFile: Hashable {
    var device: UInt64
    var inode: UInt64
    /// Bytes.
    var size: Int64
    var seconds: Int
    var nanoseconds: Int

    /// Of what a link leads to; nil where there is nothing.
    init?(at path: String) {
        var status = stat()
        guard stat(path, &status) == 0 else { return nil }
        device = UInt64(status.st_dev)
        inode = UInt64(status.st_ino)
        size = Int64(status.st_size)
        seconds = status.st_mtim.tv_sec
        nanoseconds = status.st_mtim.tv_nsec
    }
}
