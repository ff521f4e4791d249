import Foundation
import Testing

/// The doors between the rooms (docs/ARCHITECTURE.md): what each may import beside the standard library.
@Suite("Doors")
struct DoorsTests {
    static let doors: [String: Set<String>] = [
        "AdviceCore": [],
        "AdviceQueue": ["Dispatch"],
        "AdviceConfig": ["AdviceCore", "Yams", "Foundation", "FoundationEssentials"],
        "AdviceMessage": ["AdviceCore", "CMark", "Crypto", "FoundationEssentials"],
        "AdviceStore": ["AdviceCore", "CSQLite", "CPostgres", "FoundationEssentials", "Glibc"],
        "AdviceCourier": ["AdviceCore", "AdviceQueue", "CCurl", "Dispatch", "Glibc", "Synchronization"],
        "AdviceListener": ["CMicroHTTPD", "Dispatch", "Glibc", "Synchronization"],
        "AdviceStatus": [
            "AdviceCore", "AdviceConfig", "AdviceMessage", "AdviceStore", "AdviceListener", "Mustache",
            "Dispatch", "FoundationEssentials", "Synchronization",
        ],
        "AdviceDaemon": [
            "AdviceCore", "AdviceQueue", "AdviceConfig", "AdviceMessage", "AdviceStore", "AdviceCourier",
            "AdviceListener", "AdviceStatus", "CLinux", "Crypto", "Dispatch", "Foundation", "Glibc",
            "Logging", "Synchronization",
        ],
        "advised": [
            "AdviceCore", "AdviceConfig", "AdviceMessage", "AdviceStore", "AdviceCourier", "AdviceDaemon",
            "AdviceListener", "AdviceStatus", "ArgumentParser", "Dispatch", "Foundation", "Glibc", "Logging",
            "Synchronization",
        ],
    ]

    @Test("every import is a door")
    func importsAreDoors() throws {
        let files = try Repository.files(in: "Sources")
        #expect(files.count > 50, "the sources are where this test looks for them")
        for file in files {
            let allowed = try #require(
                DoorsTests.doors[file.module], "\(file.module) has no entry in the doors")
            for name in imports(of: file) {
                #expect(
                    allowed.contains(name), "\(file.path) imports \(name), which is no door of \(file.module)"
                )
            }
        }
    }

    @Test("a C module has exactly one importer")
    func oneImporter() throws {
        var importers: [String: Set<String>] = [:]
        for file in try Repository.files(in: "Sources") {
            for name in imports(of: file) where name.hasPrefix("C") && name != "Crypto" {
                importers[name, default: []].insert(file.module)
            }
        }
        #expect(Set(importers.keys) == ["CCurl", "CSQLite", "CPostgres", "CMicroHTTPD", "CMark", "CLinux"])
        for (module, rooms) in importers {
            #expect(rooms.count == 1, "\(module) is imported by \(rooms.sorted())")
        }
    }

    @Test("every door is used, and every room is on the map")
    func noDeadDoors() throws {
        var used: [String: Set<String>] = [:]
        for file in try Repository.files(in: "Sources") {
            used[file.module, default: []].formUnion(imports(of: file))
        }
        let map = try Repository.text("docs/ARCHITECTURE.md")
        for (room, names) in DoorsTests.doors {
            #expect(map.contains(room), "\(room) is not in docs/ARCHITECTURE.md")
            let dead = names.subtracting(used[room] ?? []).subtracting(["Foundation", "FoundationEssentials"])
            #expect(dead.isEmpty, "\(room) does not use \(dead.sorted())")
        }
    }

    private func imports(of file: Repository.File) -> [String] {
        file.lines.compactMap { line in
            let words = line.split(separator: " ")
            guard let place = words.firstIndex(of: "import"), place <= 2, words.count > place + 1,
                words[..<place].allSatisfy({ $0.hasPrefix("@") || ["public", "internal"].contains($0) })
            else { return nil }
            return String(words[place + 1])
        }
    }
}
