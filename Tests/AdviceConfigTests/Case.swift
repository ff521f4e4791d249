import AdviceConfig
import Foundation
import Testing

/// A folder of `Corpus`: files of a configuration, and in `expected.txt` what reading them says.
///
/// `modes.txt` may give files a mode other than 0640, one `MODE NAME` a line. A folder `credentials` stands
/// for the service's credentials. Nothing is read in place: git keeps no modes.
struct Case: CustomTestStringConvertible, Sendable {
    let name: String

    var testDescription: String { name }

    private static let corpus = URL(fileURLWithPath: #filePath).deletingLastPathComponent().path + "/Corpus"

    static let all: [Case] = {
        let names = (try? FileManager.default.contentsOfDirectory(atPath: corpus)) ?? []
        return names.sorted().map(Case.init)
    }()

    /// Those of which nothing but warnings is said.
    static let good = all.filter { !((try? $0.expected()) ?? "").contains(": error: ") }

    private var source: String { Case.corpus + "/" + name }

    func expected() throws -> String {
        try String(contentsOfFile: source + "/expected.txt", encoding: .utf8)
    }

    /// The case's files by name.
    func files() throws -> [String: [UInt8]] {
        var files: [String: [UInt8]] = [:]
        for name in try FileManager.default.subpathsOfDirectory(atPath: source).sorted() {
            guard name != "expected.txt", name != "modes.txt" else { continue }
            let path = source + "/" + name
            let type = try FileManager.default.attributesOfItem(atPath: path)[.type] as? FileAttributeType
            guard type == .typeRegular else { continue }
            files[name] = FileManager.default.contents(atPath: path).map(Array.init)
        }
        return files
    }

    private func modes() throws -> [String: Int] {
        guard FileManager.default.fileExists(atPath: source + "/modes.txt") else { return [:] }
        var modes: [String: Int] = [:]
        for line in try String(contentsOfFile: source + "/modes.txt", encoding: .utf8).split(separator: "\n")
        {
            let words = line.split(separator: " ", maxSplits: 1)
            modes[String(words[1])] = Int(words[0], radix: 8)
        }
        return modes
    }

    /// Reads a copy of the case.
    func load() throws -> (loaded: Loaded, text: String) {
        let folder = try Folder()
        let modes = try modes()
        for (name, bytes) in try files() { try folder.write(name, bytes, mode: modes[name] ?? 0o640) }
        let credentials = folder.path + "/credentials"
        let hasCredentials = FileManager.default.fileExists(atPath: credentials)
        let environment = TestEnvironment.make(credentials: hasCredentials ? credentials : nil)
        let loaded = loadConfiguration(at: folder.path + "/advised.yaml", environment: environment)
        let lines = loaded.diagnostics.map { "\($0)\n" }.joined()
        return (loaded, lines.replacing(folder.path + "/", with: ""))
    }
}
