import AdviceCore
import Foundation
import Glibc
import Testing

@testable import AdviceDaemon

@Suite("The system's zones")
struct SystemZonesTests {
    @Test("a zone is read from the system's own files")
    func reads() throws {
        let berlin = try #require(SystemZones().rules("Europe/Berlin"))
        #expect(berlin.offsetSeconds(at: Instant(seconds: 1_783_000_000)) == 7200)
    }

    @Test(
        "no name leads out of the folder of zones",
        arguments: [
            "../../../etc/passwd", "/etc/localtime", "Europe/../../passwd", "", "Europe/", "Europe//Berlin",
        ])
    func stays(_ name: String) {
        #expect(SystemZones().rules(name) == nil)
    }

    @Test("all names can be read, and the known ones are among them")
    func names() {
        let zones = SystemZones()
        let names = zones.names()
        #expect(names.contains("America/New_York") && names.contains("Asia/Calcutta"))
        for name in names { #expect(zones.rules(name) != nil, "\(name)") }
    }

    @Test("the self-check passes here, and refuses a folder that lacks or falsifies a zone")
    func selfCheck() throws {
        #expect(SystemZones().selfCheck() == nil)
        let folder = try TemporaryFolder()
        let empty = SystemZones(root: folder.path)
        #expect(empty.selfCheck()?.contains("cannot be read") == true)

        let utc = try Data(contentsOf: URL(filePath: "/usr/share/zoneinfo/UTC"))
        try folder.write(utc, to: "Europe/Berlin")
        #expect(SystemZones(root: folder.path).selfCheck()?.contains("reads wrong") == true)
    }

    @Test("after a reload a zone is read anew")
    func reload() throws {
        let folder = try TemporaryFolder()
        let zones = SystemZones(root: folder.path)
        try folder.write(try Data(contentsOf: URL(filePath: "/usr/share/zoneinfo/Asia/Tokyo")), to: "Here")
        let moment = Instant(seconds: 1_783_000_000)
        #expect(zones.rules("Here")?.offsetSeconds(at: moment) == 9 * 3600)
        try folder.write(try Data(contentsOf: URL(filePath: "/usr/share/zoneinfo/UTC")), to: "Here")
        #expect(zones.rules("Here")?.offsetSeconds(at: moment) == 9 * 3600)
        zones.reload()
        #expect(zones.rules("Here")?.offsetSeconds(at: moment) == 0)
    }

    @Test("a refresh names the zones whose rules are others now, and reads them")
    func refresh() throws {
        let folder = try TemporaryFolder()
        for name in ["A", "B", "Etc/C"] { try folder.replace(name, by: "Asia/Tokyo") }
        let zones = SystemZones(root: folder.path)
        for name in ["Etc/C", "B", "A"] { #expect(zones.rules(name) != nil) }
        #expect(zones.refresh() == ZoneChanges())

        try folder.replace("Etc/C", by: "UTC")
        try folder.replace("A", by: "Europe/Berlin")
        // Another file with the same rules is no change.
        try folder.replace("B", by: "Asia/Tokyo")
        #expect(zones.refresh() == ZoneChanges(changed: ["A", "Etc/C"]))
        #expect(zones.rules("A") == SystemZones().rules("Europe/Berlin"))
        #expect(zones.rules("Etc/C") == SystemZones().rules("UTC"))
        #expect(zones.refresh() == ZoneChanges(), "told once")
    }

    /// Times of the file before and after, in seconds.
    @Test(
        "a file with as many bytes is noticed by its time, or, with the same time, as another file",
        arguments: [(5, 6, "Here"), (5.25, 5.5, "Here"), (5, 5, "Here.dpkg-new")])
    func sameSize(_ before: Double, _ after: Double, _ name: String) throws {
        let folder = try TemporaryFolder()
        let zones = SystemZones(root: folder.path)
        func write(_ zone: String, to name: String, _ time: Double) throws -> Int {
            let data = try Data(contentsOf: URL(filePath: SystemZones.folder + "/" + zone))
            let file = try folder.write(data, to: name)
            try FileManager.default.setAttributes(
                [.modificationDate: Date(timeIntervalSince1970: time)], ofItemAtPath: file)
            return data.count
        }
        let size = try write("Etc/GMT+1", to: "Here", before)
        #expect(zones.rules("Here") != nil)
        #expect(try write("Etc/GMT+2", to: name, after) == size)
        try folder.rename(name, to: "Here")
        #expect(zones.refresh().changed == ["Here"])
    }

    @Test("a zone that is gone or broken keeps its rules, is reported, and is read when it comes back")
    func unreadable() throws {
        let folder = try TemporaryFolder()
        for name in ["Gone", "Broken"] { try folder.replace(name, by: "Asia/Tokyo") }
        let zones = SystemZones(root: folder.path)
        let tokyo = try #require(zones.rules("Gone"))
        #expect(zones.rules("Broken") == tokyo)

        try FileManager.default.removeItem(atPath: folder.path + "/Gone")
        try folder.write(Data("TZif?".utf8), to: "Broken")
        for _ in 1...2 {
            #expect(zones.refresh() == ZoneChanges(unreadable: ["Broken", "Gone"]))
            #expect(zones.rules("Gone") == tokyo && zones.rules("Broken") == tokyo)
        }
        try folder.replace("Gone", by: "UTC")
        try folder.replace("Broken", by: "Asia/Tokyo")
        #expect(zones.refresh() == ZoneChanges(changed: ["Gone"]))
        #expect(zones.refresh() == ZoneChanges())
    }

    @Test("a link is followed: what it leads to is replaced, or it leads elsewhere")
    func link() throws {
        let folder = try TemporaryFolder()
        try folder.replace("Target", by: "Asia/Tokyo")
        try folder.link("Link", to: "Target")
        let zones = SystemZones(root: folder.path)
        #expect(zones.rules("Link") != nil)
        try folder.replace("Target", by: "Asia/Seoul")
        #expect(zones.refresh().changed == ["Link"])
        try folder.replace("Other", by: "UTC")
        try FileManager.default.removeItem(atPath: folder.path + "/Link")
        try folder.link("Link", to: "Other")
        #expect(zones.refresh().changed == ["Link"])
    }

    @Test("all zones of the system are refreshed, and none has changed")
    func refreshAll() {
        let zones = SystemZones()
        for name in zones.names() { _ = zones.rules(name) }
        #expect(zones.refresh() == ZoneChanges())
    }

    @Test(
        "the version of the data is the first line of its index",
        arguments: [
            ("# version 2025b\nR A 1 2\n", "2025b"), ("# version 2026a-dirty", "2026a-dirty"),
            ("# version \nR", nil), ("R A 1 2\n# version 2025b\n", nil), ("", nil), (nil, nil),
        ] as [(String?, String?)])
    func version(_ index: String?, _ expected: String?) throws {
        let folder = try TemporaryFolder()
        if let index { try folder.write(Data(index.utf8), to: "tzdata.zi") }
        #expect(SystemZones(root: folder.path).version() == expected)
    }

    @Test("this system's data has a version: a year and a letter")
    func realVersion() throws {
        #expect(try #require(SystemZones().version()).contains(/^20\d\d[a-z]/))
    }
}

/// A folder that goes with the test.
final class TemporaryFolder: Sendable {
    let path: String

    init() throws {
        path = NSTemporaryDirectory() + "advised-" + UUID().uuidString
        try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
    }

    deinit { try? FileManager.default.removeItem(atPath: path) }

    @discardableResult
    func write(_ data: Data, to name: String) throws -> String {
        let file = "\(path)/\(name)"
        try FileManager.default.createDirectory(
            atPath: (file as NSString).deletingLastPathComponent, withIntermediateDirectories: true)
        try data.write(to: URL(filePath: file))
        return file
    }

    /// As dpkg does it: a new file takes the name.
    func replace(_ name: String, by zone: String) throws {
        let data = try Data(contentsOf: URL(filePath: SystemZones.folder + "/" + zone))
        try write(data, to: name + ".dpkg-new")
        try rename(name + ".dpkg-new", to: name)
    }

    func rename(_ name: String, to other: String) throws {
        guard Glibc.rename("\(path)/\(name)", "\(path)/\(other)") == 0 else { throw POSIXError(.EIO) }
    }

    func link(_ name: String, to target: String) throws {
        try FileManager.default.createSymbolicLink(
            atPath: "\(path)/\(name)", withDestinationPath: "\(path)/\(target)")
    }
}
