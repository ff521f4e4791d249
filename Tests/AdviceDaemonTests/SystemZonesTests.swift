import AdviceCore
import Foundation
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
}

/// A folder that goes with the test.
final class TemporaryFolder {
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
}
