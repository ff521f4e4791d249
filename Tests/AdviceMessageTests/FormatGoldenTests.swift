import AdviceCore
import AdviceMessage
import Foundation
import Testing

/// What each format sends for each type of announcement, byte for byte. `ADVISED_WRITE_GOLDEN=1` writes the
/// files anew: look at what changed before you commit it, for receivers will see it.
struct FormatGoldenTests {
    private static let formats = Format.allCases.filter { $0 != .standard && $0 != .template }
    private static let folder = URL(filePath: #filePath).deletingLastPathComponent().appending(path: "Golden")

    @Test("each format's requests are those of its golden file", arguments: formats)
    func golden(_ format: Format) throws {
        try compare(
            oneOfEach().map { ($0.name, try shown($0.announcement, format)) }, with: "\(format.rawValue).txt")
    }

    @Test("each preset's requests are those of its golden file", arguments: BodyTemplate.presetNames)
    func presets(_ name: String) throws {
        let destination = destination(.template, template: BodyTemplate.preset(name))
        try compare(
            oneOfEach().map { ($0.name, try shown($0.announcement, .template, destination)) },
            with: "template-\(name).txt")
    }

    @Test("CloudEvents in binary mode")
    func binary() throws {
        var destination = destination(.cloudevents)
        destination.mode = .binary
        try compare(
            oneOfEach().map { ($0.name, try shown($0.announcement, .cloudevents, destination)) },
            with: "cloudevents-binary.txt")
    }

    @Test("the standard format's bodies are those of before there were others")
    func standard() throws {
        let released = try buildTrust(notice: "General information, not medical advice.")
        let later = Instant(seconds: 1_783_083_600)
        #expect(Rendering(.released(released), as: .standard).bytes == standardBody(released))
        #expect(
            Rendering(.revised(released, at: later), as: .standard).bytes
                == standardBody(released, type: .pointRevised, replaces: "", at: later))
        #expect(Rendering(.test(released, at: later), as: .standard).bytes == testBody(released, at: later))
        #expect(
            Rendering(.verify(challenge: "x", at: later), as: .standard).bytes
                == challengeBody("x", at: later))
    }

    private func shown(
        _ announcement: Announcement, _ format: Format, _ destination: Destination? = nil
    ) throws -> String {
        let (request, body) = try write(announcement, as: format, to: destination)
        let head = ["\(request.method.rawValue) \(request.url)"] + request.headers
        return head.joined(separator: "\n") + "\n\n" + String(decoding: body, as: UTF8.self)
    }

    private func compare(_ parts: [(name: String, text: String)], with file: String) throws {
        let text = parts.map { "=== \($0.name)\n\($0.text)\n" }.joined(separator: "\n")
        let place = Self.folder.appending(path: file)
        if ProcessInfo.processInfo.environment["ADVISED_WRITE_GOLDEN"] != nil {
            try text.write(to: place, atomically: true, encoding: .utf8)
        }
        let expected = try String(contentsOf: place, encoding: .utf8)
        #expect(text == expected, "\(file) differs")
    }
}
