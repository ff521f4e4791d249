import AdviceConfig
import AdviceCore
import Foundation

/// The world in which the tests read configurations: the system's zones, a local zone, a moment and variables
/// that never change, and a parser of URLs that is good enough.
enum TestEnvironment {
    /// 2026-06-01T00:00:00Z.
    static let now = Instant(seconds: 1_780_272_000)

    static let variables = [
        "GOOD_SECRET": "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw",
        "SHORT_SECRET": "c2hvcnQ=",
    ]

    static func make(credentials: String? = nil, localZone: String? = "Europe/Berlin") -> ReadingEnvironment {
        var reading = ReadingEnvironment(
            zone: zone, zoneNames: { zoneNames }, localZone: { localZone }, parseURL: parseURL,
            variable: { variables[$0] }, credentialsDirectory: credentials, now: now)
        reading.templateMistakes = templateMistakes
        return reading
    }

    /// Knows two names, and takes any other in braces for a mistake.
    @Sendable private static func templateMistakes(_ text: String, _ contentType: String?) -> [TemplateFault]
    {
        let known = ["title", "url"]
        var faults: [TemplateFault] = []
        for (place, line) in text.split(separator: "\n", omittingEmptySubsequences: false).enumerated() {
            for tag in line.matches(of: /\{\{([a-z]+)\}\}/) where !known.contains(String(tag.output.1)) {
                let name = String(tag.output.1)
                faults.append(
                    TemplateFault(
                        line: place + 1, column: line[..<tag.range.lowerBound].count + 1,
                        message: "there is no '\(name)'", unknownName: name, knownNames: known))
            }
        }
        return faults
    }

    private static let zoneFolder = "/usr/share/zoneinfo"

    @Sendable private static func zone(_ name: String) -> ZoneRules? {
        let isName = name.utf8.allSatisfy { $0 > 0x20 && $0 < 0x7F } && !name.contains("..")
        guard isName, let data = FileManager.default.contents(atPath: "\(zoneFolder)/\(name)") else {
            return nil
        }
        return try? ZoneRules(tzif: Array(data))
    }

    private static let zoneNames: [String] = {
        let names = (try? FileManager.default.subpathsOfDirectory(atPath: zoneFolder)) ?? []
        return names.filter { !$0.hasPrefix("posix") && !$0.hasPrefix("right") && !$0.contains(".") }.sorted()
    }()

    /// Knows the same mistakes as the courier's parser, in other words.
    @Sendable static func parseURL(_ text: String) -> Result<EndpointURL, URLMistake> {
        let isPlain = text.utf8.allSatisfy { $0 > 0x20 && $0 < 0x7F && $0 != UInt8(ascii: "\\") }
        guard isPlain else {
            return .failure(URLMistake("a URL holds neither blanks, backslashes nor non-ASCII"))
        }
        guard let schemeEnd = text.firstRange(of: "://") else {
            return .failure(URLMistake("a URL begins with https://"))
        }
        let scheme = String(text[..<schemeEnd.lowerBound])
        guard scheme == "https" || scheme == "http" else {
            return .failure(URLMistake("a URL begins with https://"))
        }
        let authority = text[schemeEnd.upperBound...].prefix { !"/?#".contains($0) }
        guard !authority.contains("@") else { return .failure(URLMistake("a URL names no user or password")) }
        let parts = authority.split(separator: ":", maxSplits: 1)
        guard let host = parts.first, !host.isEmpty else { return .failure(URLMistake("a URL names a host")) }
        let standard = scheme == "https" ? 443 : 80
        guard let port = parts.count == 2 ? Int(parts[1]) : standard else {
            return .failure(URLMistake("a port is a number"))
        }
        return .success(EndpointURL(scheme: scheme, host: host.lowercased(), port: port, isLiteral: false))
    }
}

/// A temporary folder, removed with its owner.
final class Folder {
    let path: String

    init() throws {
        path = NSTemporaryDirectory() + "advice-config-" + UUID().uuidString
        try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
    }

    deinit {
        try? FileManager.default.removeItem(atPath: path)
    }

    /// Writes a file, with the folders above it, at mode 0640 unless told otherwise.
    func write(_ name: String, _ bytes: [UInt8], mode: Int = 0o640) throws {
        let target = path + "/" + name
        let above = URL(fileURLWithPath: target).deletingLastPathComponent().path
        try FileManager.default.createDirectory(atPath: above, withIntermediateDirectories: true)
        guard FileManager.default.createFile(atPath: target, contents: Data(bytes)) else {
            throw CocoaError(.fileWriteUnknown)
        }
        try FileManager.default.setAttributes([.posixPermissions: mode], ofItemAtPath: target)
    }

    func write(_ name: String, _ text: String, mode: Int = 0o640) throws {
        try write(name, Array(text.utf8), mode: mode)
    }
}
