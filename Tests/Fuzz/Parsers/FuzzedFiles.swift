import AdviceConfig
import AdviceCore
import AdviceCourier
import Foundation
import Synchronization

/// A configuration with one file of it given by the fuzzer, read as the program reads it.
final class FuzzedFiles: Sendable {
    static let shared = FuzzedFiles()

    private let folder: String
    /// One reading at a time: the folder is shared.
    private let lock = Mutex(())
    private let zones = Mutex<[String: ZoneRules?]>([:])

    private init() {
        // In memory, where there is such a folder: the files are written over for every input.
        let memory = "/dev/shm"
        let place = FileManager.default.isWritableFile(atPath: memory) ? memory : NSTemporaryDirectory()
        folder = "\(place)/advised-fuzz-\(ProcessInfo.processInfo.processIdentifier)"
        for name in ["yaml", "csv", "jsonl"] { FuzzedFiles.write(settings(name), folder, "settings-\(name)") }
        FuzzedFiles.write(FuzzedFiles.point, folder, "points/01-first.md")
        FuzzedFiles.write(
            "- id: ann\n  url: https://example.org/\n  secret: none\n", folder, "subscribers.yaml")
    }

    private static func write(_ text: String, _ folder: String, _ name: String) {
        write(Array(text.utf8), folder, name)
    }

    private static func write(_ bytes: [UInt8], _ folder: String, _ name: String) {
        let path = "\(folder)/\(name)"
        let above = (path as NSString).deletingLastPathComponent
        do {
            try FileManager.default.createDirectory(atPath: above, withIntermediateDirectories: true)
            try Data(bytes).write(to: URL(filePath: path))
            try FileManager.default.setAttributes([.posixPermissions: 0o640], ofItemAtPath: path)
        } catch {
            preconditionFailure("\(path) can be written: \(error)")
        }
    }

    private static let point = "---\nid: first\ntitle: First\n---\nDrink *water*.\n"

    private func settings(_ ending: String) -> String {
        """
        series:
          advice:
            title: Advice
            points: points/
            start: 2026-07-01
            zone: Europe/Berlin
            notice: Not medical advice.
        subscribers: { file: subscribers.\(ending) }
        """
    }

    /// Reads the configuration with `bytes` in the place of the file `name`.
    func read(_ bytes: [UInt8], as name: String) {
        lock.withLock { _ in
            FuzzedFiles.write(bytes, folder, name)
            let settings: String
            switch name {
            case "advised.yaml": settings = "advised.yaml"
            case "subscribers.csv": settings = "settings-csv"
            case "subscribers.jsonl": settings = "settings-jsonl"
            default: settings = "settings-yaml"
            }
            judge(loadConfiguration(at: "\(folder)/\(settings)", environment: environment))
            // The next input finds the sound file again.
            if name.hasPrefix("points/") { FuzzedFiles.write(FuzzedFiles.point, folder, name) }
        }
    }

    private func judge(_ loaded: Loaded) {
        let hasErrors = loaded.diagnostics.contains { $0.severity == .error }
        precondition((loaded.configuration == nil) == hasErrors, "a configuration, or an error that says why")
        for diagnostic in loaded.diagnostics {
            precondition(diagnostic.line >= 1 && diagnostic.column >= 1, "lines and columns count from 1")
            precondition(!diagnostic.message.isEmpty, "a diagnostic has words")
        }
    }

    private var environment: ReadingEnvironment {
        ReadingEnvironment(
            zone: { [self] in zone($0) }, zoneNames: { ["Europe/Berlin", "America/New_York", "UTC"] },
            localZone: { "Europe/Berlin" }, parseURL: parseEndpointURL,
            variable: { $0 == "HOME" ? "/root" : nil }, credentialsDirectory: nil, now: FuzzedParser.now)
    }

    private func zone(_ name: String) -> ZoneRules? {
        if let known = zones.withLock({ $0[name] }) { return known }
        let isName = name.utf8.allSatisfy { $0 > 0x20 && $0 < 0x7f } && !name.contains("..")
        guard isName, !name.isEmpty, name.utf8.count < 100,
            let data = FileManager.default.contents(atPath: "/usr/share/zoneinfo/\(name)")
        else { return nil }
        let rules = try? ZoneRules(tzif: Array(data))
        zones.withLock { $0[name] = .some(rules) }
        return rules
    }
}
