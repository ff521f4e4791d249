import AdviceCore
import AdviceDaemon
import AdviceListener
import AdviceMessage
import ArgumentParser
import Dispatch
import Foundation
import Glibc

struct Listen: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "A receiver for trying things out: prints each webhook, and whether its signature holds.")

    @Option(help: "The port on 127.0.0.1; 0 takes a free one.") var port = 8331
    @Option(help: "The secret to verify with (whsec_, whsk_ or whpk_), or a file that holds it.")
    var secret: String?
    @Option(help: "The HTTP status to answer with.") var status = 204
    @Option(help: "Seconds to wait before answering.") var delay = 0.0
    @Flag(help: "One JSON object a line on standard output, instead of text.") var json = false

    func validate() throws {
        guard (0...65_535).contains(port) else { throw ValidationError("--port is 0 to 65535") }
        guard (200...599).contains(status) else { throw ValidationError("--status is 200 to 599") }
        guard (0...300).contains(delay) else { throw ValidationError("--delay is 0 to 300 seconds") }
    }

    func run() throws {
        let printer = Printer(keys: try keys(), json: json)
        let listener: Listener
        do {
            listener = try Listener(port: port, status: status, delay: .seconds(delay)) { printer.show($0) }
        } catch {
            Output.note("advised: \(error)")
            throw Exits.unavailable
        }
        Output.note("listening on http://127.0.0.1:\(listener.port)/, answering \(status); Ctrl-C ends it")
        untilAsked()
        listener.stop()
    }

    private func keys() throws -> [VerificationKey] {
        guard let secret else { return [] }
        var text = secret
        if let data = FileManager.default.contents(atPath: secret) {
            text = String(decoding: data, as: UTF8.self).trimmingCharacters(in: .whitespacesAndNewlines)
        }
        do { return [try VerificationKey(text)] } catch { throw ValidationError("--secret: \(error)") }
    }

    /// Waits for TERM or INT.
    private func untilAsked() {
        let queue = DispatchQueue(label: "signals")
        let asked = OneAnswer<Int32>()
        let sources = [SIGTERM, SIGINT].map { number -> any DispatchSourceSignal in
            signal(number, SIG_IGN)
            let source = DispatchSource.makeSignalSource(signal: number, queue: queue)
            source.setEventHandler { asked.give(number) }
            source.activate()
            return source
        }
        _ = asked.wait()
        for source in sources { source.cancel() }
    }

    /// Shows a request to a person or to a script.
    private struct Printer: Sendable {
        var keys: [VerificationKey]
        var json: Bool

        func show(_ request: ReceivedRequest) {
            let result =
                keys.isEmpty
                ? nil
                : verify(
                    headers: request.headers, body: request.body, keys: keys, now: SystemClock().now.wall)
            json ? showJSON(request, result) : showText(request, result)
        }

        private func showText(_ request: ReceivedRequest, _ result: VerificationResult?) {
            var lines = ["", "\(request.method) \(request.path.escapedForTerminal)"]
            for header in request.headers where header.name.lowercased().hasPrefix("webhook-") {
                lines.append("  \(header.name): \(header.value)".escapedForTerminal)
            }
            if let result { lines.append("  \(result.isValid ? "VALID" : "INVALID"): \(result)") }
            lines.append(String(decoding: request.body, as: UTF8.self).escapedForTerminal)
            Output.line(lines.joined(separator: "\n"))
        }

        private func showJSON(_ request: ReceivedRequest, _ result: VerificationResult?) {
            struct Line: Encodable {
                var method: String
                var path: String
                var headers: [String: String]
                var body: String
                var valid: Bool?
                var verdict: String?
            }
            let line = Line(
                method: request.method, path: request.path,
                headers: Dictionary(request.headers.map { ($0.name.lowercased(), $0.value) }) {
                    $0 + ", " + $1
                },
                body: String(decoding: request.body, as: UTF8.self), valid: result?.isValid,
                verdict: result?.description)
            let encoder = JSONEncoder()
            encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
            if let data = try? encoder.encode(line) { Output.line(String(decoding: data, as: UTF8.self)) }
        }
    }
}
